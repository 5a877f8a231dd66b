import * as classValidator from 'class-validator';

/** Rules that forbid something: a second spelling of the value would get past them. Rules about dates want a Date. */
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
 * The rules of class-validator that say what a value must be, by the names that their errors have. A rule about the text
 * of a date, such as `@IsDateString()`, can only be met by what the client has sent; a rule of the application is asked
 * about what is stored.
 */
export const RULES_FOR_SENT: ReadonlySet<string> = new Set(
  Object.entries(classValidator)
    .filter(
      ([constant, name]) => /^[A-Z][A-Z0-9_]+$/.test(constant) && typeof name === 'string' && !FOR_STORED.has(constant),
    )
    .map(([, name]) => name as string),
);
