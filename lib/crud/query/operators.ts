import { hasUnstorableText } from '../column-types/unstorable-text.js';
import type { Comparability, ColumnType } from '../column-types/column-type.js';
import { OPERANDS, OPERATORS } from '../options/filter-operators.js';
import type { OperandKind, Operator } from '../options/filter-operators.js';
import type { QueryField } from './query-field.js';

/** Returns the kind of operand for a type. For lists, the substring operators compare an element. */
export function operandKind(type: ColumnType, operator: Operator): OperandKind {
  const kind = OPERANDS[operator];
  return kind === 'substring' && type.element !== undefined ? 'element' : kind;
}

/** Maximum number of values in a list operand. */
export const MAX_LIST_LENGTH = 200;
/** Maximum length of a substring operand, in characters. */
export const MAX_SUBSTRING_LENGTH = 200;

const EQUALITY: readonly Operator[] = ['eq', 'ne', 'in', 'not_in', 'is_null'];
const ORDER: readonly Operator[] = [...EQUALITY, 'lt', 'lte', 'gt', 'gte', 'between'];

const BY_COMPARABILITY: Readonly<Record<Comparability, readonly Operator[]>> = {
  equality: EQUALITY,
  order: ORDER,
  text: OPERATORS,
  list: ['contains', 'is_null'],
};

/** Returns the operators that a type supports. */
export function operatorsOf({ comparability }: ColumnType): readonly Operator[] {
  return comparability === undefined ? ['is_null'] : BY_COMPARABILITY[comparability];
}

/** Returns the operators of a field: of a relation only whether there is a row. */
export function operatorsOfField({ column, isRelation, operators }: QueryField): readonly Operator[] {
  return isRelation === true ? ['is_null'] : (operators ?? operatorsOf(column.type));
}

/** Splits a filter key: `createdAt__gte`. The caller must first check for a column with the whole name. */
export function parseFilterKey(key: string): { readonly path: string; readonly operator: Operator } | undefined {
  const mark = key.lastIndexOf('__');
  const operator = OPERATORS.find((name) => name === key.slice(mark + 2));
  return mark < 1 || operator === undefined ? undefined : { path: key.slice(0, mark), operator };
}

/** Describes an operand, for messages: `must be ${describeOperand(…)}`. */
export function describeOperand(type: ColumnType, operator: Operator): string {
  switch (operandKind(type, operator)) {
    case 'value':
      return type.description;
    case 'list':
      return `a list of at most ${MAX_LIST_LENGTH} values, each ${type.description}`;
    case 'range':
      return `a list of two values, each ${type.description}`;
    case 'nullCheck':
      return 'true or false';
    case 'substring':
      return `a text of 1 to ${MAX_SUBSTRING_LENGTH} characters`;
    case 'element':
      return type.element!.description;
  }
}

/**
 * Converts an operand.
 *
 * @param value from JSON or from application code
 * @returns undefined if it does not fit
 */
export function readOperand(type: ColumnType, operator: Operator, value: unknown): unknown {
  switch (operandKind(type, operator)) {
    case 'value':
      return readOne(type, value);
    case 'list':
      return readList(type, value, 0, MAX_LIST_LENGTH);
    case 'range':
      return readList(type, value, 2, 2);
    case 'nullCheck':
      return typeof value === 'boolean' ? value : undefined;
    case 'substring':
      return readSubstring(value);
    case 'element':
      return readOne(type.element!, value);
  }
}

/**
 * Parses an operand from a query parameter. The values of a list are separated by commas, or each is a parameter.
 *
 * @param given the text of the parameter, or the texts if it is given several times
 * @returns undefined if it does not fit
 */
export function parseOperand(type: ColumnType, operator: Operator, given: string | readonly string[]): unknown {
  const kind = operandKind(type, operator);
  if (kind === 'list' || kind === 'range') {
    const texts = typeof given === 'string' ? given.split(',') : given;
    const values = texts.map((text) => readText(type, text));
    return values.includes(undefined) ? undefined : readOperand(type, operator, values);
  }
  if (typeof given !== 'string') return undefined;
  switch (kind) {
    case 'value':
      return readText(type, given);
    case 'nullCheck':
      return given === 'true' ? true : given === 'false' ? false : undefined;
    case 'substring':
      return readSubstring(given);
    case 'element':
      return type.element!.fromText?.(given);
  }
}

function readText(type: ColumnType, text: string): unknown {
  return (type.fromOperand ?? type.fromText)?.(text);
}

function readOne(type: ColumnType, value: unknown): unknown {
  return value === null ? undefined : (type.fromOperand ?? type.fromJson)(value);
}

function readList(type: ColumnType, value: unknown, least: number, most: number): unknown[] | undefined {
  if (!Array.isArray(value) || value.length < least || value.length > most) return undefined;
  const values = value.map((item: unknown) => readOne(type, item));
  return values.includes(undefined) ? undefined : values;
}

function readSubstring(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= MAX_SUBSTRING_LENGTH && !hasUnstorableText(value)
    ? value
    : undefined;
}
