import { MAX_LIST_LENGTH, MAX_SUBSTRING_LENGTH, operandKind } from '../../crud/query/operators.js';
import type { Operator } from '../../crud/query/operators.js';
import type { JsonSchema } from '../../crud/column-types/json-schema.js';
import type { ColumnType } from '../../crud/column-types/column-type.js';
import { textOf } from './column-schemas.js';

/** Returns the schema of an operand in the JSON of `filters`. */
export function operandSchema(type: ColumnType, operator: Operator): JsonSchema {
  return operandOf(type, operator, ({ inputSchema, schema }) => inputSchema ?? schema);
}

/** Returns the schema of an operand in its own parameter, where list values are separated by commas. */
export function operandParameterSchema(type: ColumnType, operator: Operator): JsonSchema {
  const schema = operandOf(type, operator, textOf);
  if (schema.type !== 'array') return schema;
  const { items = {} } = schema;
  const isFreeText =
    items.type === 'string' && [items.enum, items.format, items.pattern].every((rule) => rule === undefined);
  return { ...schema, minItems: schema.minItems ?? 1, items: isFreeText ? { ...items, pattern: '^[^,]*$' } : items };
}

function operandOf(type: ColumnType, operator: Operator, valueOf: (type: ColumnType) => JsonSchema): JsonSchema {
  switch (operandKind(type, operator)) {
    case 'value':
      return valueOf(type);
    case 'list':
      return { type: 'array', items: valueOf(type), maxItems: MAX_LIST_LENGTH };
    case 'range':
      return { type: 'array', items: valueOf(type), minItems: 2, maxItems: 2 };
    case 'presence':
      return { type: 'boolean' };
    case 'part':
      return { type: 'string', minLength: 1, maxLength: MAX_SUBSTRING_LENGTH };
    case 'element':
      return valueOf(type.element!);
  }
}

/** Descriptions of the operators. */
export const COMPARISONS: Readonly<Record<Operator, (path: string) => string>> = {
  eq: (path) => `${path} is this.`,
  ne: (path) => `${path} has a value, and not this one.`,
  lt: (path) => `${path} is less than this.`,
  lte: (path) => `${path} is this or less.`,
  gt: (path) => `${path} is more than this.`,
  gte: (path) => `${path} is this or more.`,
  in: (path) => `${path} is one of these.`,
  not_in: (path) => `${path} has a value, and none of these.`,
  between: (path) => `${path} is one of these two or lies between them.`,
  is_null: (path) => `${path} has no value, or with false: has one.`,
  contains: (path) => `${path} contains this.`,
  starts_with: (path) => `${path} starts with this.`,
  ends_with: (path) => `${path} ends with this.`,
  icontains: (path) => `${path} contains this, in any case.`,
  istarts_with: (path) => `${path} starts with this, in any case.`,
  iends_with: (path) => `${path} ends with this, in any case.`,
};
