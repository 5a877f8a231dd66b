import * as classValidator from 'class-validator';

/** Rules that forbid a value: another spelling of the same value would bypass them. Rules about dates need a Date. */
const FOR_STORED: ReadonlySet<string> = new Set([
  'ARRAY_NOT_CONTAINS',
  'IS_DATE',
  'IS_EMPTY',
  'IS_INSTANCE',
  'IS_NOT_IN',
  'MAX_DATE',
  'MIN_DATE',
  'NOT_CONTAINS',
  'NOT_EQUALS',
]);

/**
 * The class-validator rules that may be checked against the sent value, by the names in their errors. A rule about the
 * text of a date, such as `@IsDateString()`, can only pass on the sent string. Custom rules of the application are
 * checked against the stored value.
 */
export const RULES_FOR_SENT: ReadonlySet<string> = new Set(
  Object.entries(classValidator)
    .filter(
      ([constant, name]) => /^[A-Z][A-Z0-9_]+$/.test(constant) && typeof name === 'string' && !FOR_STORED.has(constant),
    )
    .map(([, name]) => name as string),
);
