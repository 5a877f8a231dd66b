import type { Comparability, ValueType } from '../values/value-type.js';

/**
 * How a filter compares a column: `eq` where nothing is said, any other behind two underscores, as in `createdAt__gte`. The names are
 * Flask-Muck's, and those of its kind where it has none.
 */
export const OPERATORS = [
  'eq',
  'ne',
  'lt',
  'lte',
  'gt',
  'gte',
  'in',
  'not_in',
  'between',
  'is_null',
  'contains',
  'starts_with',
  'ends_with',
  'icontains',
  'istarts_with',
  'iends_with',
] as const;

/** The name of a comparison. */
export type Operator = (typeof OPERATORS)[number];

/** Most values of a list that a column is compared to. */
export const MAX_LIST_LENGTH = 200;
/** Longest text that a part of another one is compared to, in characters. */
export const MAX_PART_LENGTH = 200;

const EQUALITY: readonly Operator[] = ['eq', 'ne', 'in', 'not_in', 'is_null'];
const ORDER: readonly Operator[] = [...EQUALITY, 'lt', 'lte', 'gt', 'gte', 'between'];

const BY_COMPARABILITY: Readonly<Record<Comparability, readonly Operator[]>> = {
  equality: EQUALITY,
  order: ORDER,
  text: OPERATORS,
  list: ['contains', 'is_null'],
};

/** The operators that values of a type can be compared by. */
export function operatorsOf({ compares }: ValueType): readonly Operator[] {
  return compares === undefined ? ['is_null'] : BY_COMPARABILITY[compares];
}

/** A filter's key taken apart: `createdAt__gte`. A column that is itself named so is the caller's to try first. */
export function splitKey(key: string): { readonly path: string; readonly operator: Operator } | undefined {
  const mark = key.lastIndexOf('__');
  const operator = OPERATORS.find((name) => name === key.slice(mark + 2));
  return mark < 1 || operator === undefined ? undefined : { path: key.slice(0, mark), operator };
}

/** What a filter's value must be, for messages: `must be ${expectation(…)}`. */
export function expectation(type: ValueType, operator: Operator): string {
  switch (operator) {
    case 'in':
    case 'not_in':
      return `a list of at most ${MAX_LIST_LENGTH} values, each ${type.expects}`;
    case 'between':
      return `a list of two values, each ${type.expects}`;
    case 'is_null':
      return 'true or false';
    case 'contains':
      return type.element?.expects ?? partExpectation;
    case 'starts_with':
    case 'ends_with':
    case 'icontains':
    case 'istarts_with':
    case 'iends_with':
      return partExpectation;
    case 'eq':
    case 'ne':
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return type.expects;
  }
}

const partExpectation = `a text of 1 to ${MAX_PART_LENGTH} characters`;

/**
 * Reads what a column is compared to.
 *
 * @param value from JSON or from application code
 * @returns undefined when it does not fit
 */
export function readOperand(type: ValueType, operator: Operator, value: unknown): unknown {
  switch (operator) {
    case 'in':
    case 'not_in':
      return readList(type, value, 0, MAX_LIST_LENGTH);
    case 'between':
      return readList(type, value, 2, 2);
    case 'is_null':
      return typeof value === 'boolean' ? value : undefined;
    case 'contains':
      return type.element === undefined ? readPart(value) : readOne(type.element, value);
    case 'starts_with':
    case 'ends_with':
    case 'icontains':
    case 'istarts_with':
    case 'iends_with':
      return readPart(value);
    case 'eq':
    case 'ne':
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return readOne(type, value);
  }
}

/**
 * Reads what a column is compared to from the text of a query parameter; the values of a list stand with commas between them.
 *
 * @returns undefined when it does not fit
 */
export function parseOperand(type: ValueType, operator: Operator, text: string): unknown {
  switch (operator) {
    case 'in':
    case 'not_in':
    case 'between': {
      const values = text.split(',').map((part) => type.parse?.(part));
      return values.includes(undefined) ? undefined : readOperand(type, operator, values);
    }
    case 'is_null':
      return text === 'true' ? true : text === 'false' ? false : undefined;
    case 'contains':
      return type.element === undefined ? readPart(text) : type.element.parse?.(text);
    case 'starts_with':
    case 'ends_with':
    case 'icontains':
    case 'istarts_with':
    case 'iends_with':
      return readPart(text);
    case 'eq':
    case 'ne':
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return type.parse?.(text);
  }
}

function readOne(type: ValueType, value: unknown): unknown {
  return value === null ? undefined : type.read(value);
}

function readList(type: ValueType, value: unknown, least: number, most: number): unknown[] | undefined {
  if (!Array.isArray(value) || value.length < least || value.length > most) return undefined;
  const values = value.map((item: unknown) => readOne(type, item));
  return values.includes(undefined) ? undefined : values;
}

function readPart(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= MAX_PART_LENGTH && !value.includes('\0')
    ? value
    : undefined;
}
