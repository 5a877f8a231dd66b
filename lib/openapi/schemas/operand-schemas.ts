import { MAX_LIST_LENGTH, MAX_SUBSTRING_LENGTH, operandKind } from '../../crud/query/operators.js';
import type { Operator } from '../../crud/options/filter-operators.js';
import type { JsonSchema } from '../../crud/column-types/json-schema.types.js';
import type { ColumnType } from '../../crud/column-types/column-type.js';
import { parameterSchema } from './column-json-schema.js';

/** Returns the schema of an operand in the JSON of `filters`. */
export function operandSchema(type: ColumnType, operator: Operator): JsonSchema {
  return operandOf(type, operator, ({ operandSchema, inputSchema, schema }) => operandSchema ?? inputSchema ?? schema);
}

/** Returns the schema of an operand in its own parameter, where a comma in a text would separate two values. */
export function operandParameterSchema(type: ColumnType, operator: Operator): JsonSchema {
  const schema = operandOf(type, operator, (one) => one.operandSchema ?? parameterSchema(one));
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
    case 'nullCheck':
      return { type: 'boolean' };
    case 'substring':
      return { type: 'string', minLength: 1, maxLength: MAX_SUBSTRING_LENGTH };
    case 'element':
      return valueOf(type.element!);
  }
}

/** Descriptions of the operators. */
export const COMPARISONS: Readonly<Record<Operator, (path: string) => string>> = {
  eq: (path) => `${path} equals the value.`,
  ne: (path) => `${path} is not null and differs from the value.`,
  lt: (path) => `${path} is less than the value.`,
  lte: (path) => `${path} is less than or equal to the value.`,
  gt: (path) => `${path} is greater than the value.`,
  gte: (path) => `${path} is greater than or equal to the value.`,
  in: (path) => `${path} is one of the values.`,
  not_in: (path) => `${path} is not null and not one of the values.`,
  between: (path) => `${path} lies between the two values, or equals one of them.`,
  is_null: (path) => `${path} is null; with false: is not null.`,
  contains: (path) => `${path} contains the text.`,
  starts_with: (path) => `${path} starts with the text.`,
  ends_with: (path) => `${path} ends with the text.`,
  icontains: (path) => `${path} contains the text, ignoring case.`,
  istarts_with: (path) => `${path} starts with the text, ignoring case.`,
  iends_with: (path) => `${path} ends with the text, ignoring case.`,
};
