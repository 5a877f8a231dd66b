import type { Comparability, ValueType } from '../column-types/column-type.js';

/** What stands on the other side of a comparison: a value of the column's type, several, a range, yes or no, a part of a text, an element. */
export type OperandKind = 'value' | 'list' | 'range' | 'presence' | 'part' | 'element';

const OPERANDS = {
  eq: 'value',
  ne: 'value',
  lt: 'value',
  lte: 'value',
  gt: 'value',
  gte: 'value',
  in: 'list',
  not_in: 'list',
  between: 'range',
  is_null: 'presence',
  contains: 'part',
  starts_with: 'part',
  ends_with: 'part',
  icontains: 'part',
  istarts_with: 'part',
  iends_with: 'part',
} as const satisfies Readonly<Record<string, OperandKind>>;

/** The name of a comparison. */
export type Operator = keyof typeof OPERANDS;

/**
 * How a filter compares a column: `eq` where nothing is said, any other behind two underscores, as in `createdAt__gte`. The names are
 * Flask-Muck's, and those of its kind where it has none.
 */
export const OPERATORS = Object.keys(OPERANDS) as readonly Operator[];

/** What an operator compares values of a type to. A list is asked for an element where a text is asked for a part. */
export function operandKind(type: ValueType, operator: Operator): OperandKind {
  const kind = OPERANDS[operator];
  return kind === 'part' && type.element !== undefined ? 'element' : kind;
}

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
  switch (operandKind(type, operator)) {
    case 'value':
      return type.expects;
    case 'list':
      return `a list of at most ${MAX_LIST_LENGTH} values, each ${type.expects}`;
    case 'range':
      return `a list of two values, each ${type.expects}`;
    case 'presence':
      return 'true or false';
    case 'part':
      return `a text of 1 to ${MAX_PART_LENGTH} characters`;
    case 'element':
      return type.element!.expects;
  }
}

/**
 * Reads what a column is compared to.
 *
 * @param value from JSON or from application code
 * @returns undefined when it does not fit
 */
export function readOperand(type: ValueType, operator: Operator, value: unknown): unknown {
  switch (operandKind(type, operator)) {
    case 'value':
      return readOne(type, value);
    case 'list':
      return readList(type, value, 0, MAX_LIST_LENGTH);
    case 'range':
      return readList(type, value, 2, 2);
    case 'presence':
      return typeof value === 'boolean' ? value : undefined;
    case 'part':
      return readPart(value);
    case 'element':
      return readOne(type.element!, value);
  }
}

/**
 * Reads what a column is compared to from the text of a query parameter; the values of a list stand with commas between them.
 *
 * @returns undefined when it does not fit
 */
export function parseOperand(type: ValueType, operator: Operator, text: string): unknown {
  switch (operandKind(type, operator)) {
    case 'value':
      return type.parse?.(text);
    case 'list':
    case 'range': {
      const values = text.split(',').map((part) => type.parse?.(part));
      return values.includes(undefined) ? undefined : readOperand(type, operator, values);
    }
    case 'presence':
      return text === 'true' ? true : text === 'false' ? false : undefined;
    case 'part':
      return readPart(text);
    case 'element':
      return type.element!.parse?.(text);
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
