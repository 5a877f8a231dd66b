import { MAX_LINKS } from '../../crud/links/link-field.js';
import type { LinkField } from '../../crud/links/link-field.js';
import type { ResourceColumn } from '../../crud/model/resource-column.js';
import type { JsonSchema, JsonType } from '../../crud/column-types/json-schema.js';
import type { ColumnType } from '../../crud/column-types/column-type.js';

/** What an answer holds for a column. */
export function answerOf({ type, metadata, writableBy }: ResourceColumn): JsonSchema {
  // What a transformer makes of a value is its own word, null included.
  const schema = metadata.isNullable || metadata.transformer !== undefined ? orNull(type.schema) : type.schema;
  return writableBy === 'client' ? schema : { ...schema, readOnly: true };
}

/** What a body may hold for a column. */
export function inputOf({ type, metadata }: ResourceColumn): JsonSchema {
  const schema = type.inputSchema ?? type.schema;
  return metadata.isNullable ? orNull(schema) : schema;
}

/** What a body may hold for a relation to many rows: objects that hold their keys, or the keys, if they have one column. */
export function linksOf({ columns }: LinkField): JsonSchema {
  const row: JsonSchema = {
    type: 'object',
    required: columns.map(({ property }) => property),
    properties: Object.fromEntries(columns.map((column) => [column.property, inputOf(column)])),
  };
  const items = columns.length === 1 ? { anyOf: [inputOf(columns[0]), row] } : row;
  return { type: 'array', items, maxItems: MAX_LINKS };
}

/** What the text of a parameter may be for a value of a type. */
export function textOf(type: ColumnType): JsonSchema {
  const schema = type.inputSchema ?? type.schema;
  return Array.isArray(schema.type) && schema.type.includes('string') ? { ...schema, type: 'string' } : schema;
}

/** A schema that takes null too. */
export function orNull(schema: JsonSchema): JsonSchema {
  if (schema.enum !== undefined) return { ...withNullType(schema), enum: [...schema.enum, null] };
  if (schema.type !== undefined) return withNullType(schema);
  if (schema.anyOf !== undefined) return { anyOf: [...schema.anyOf, { type: 'null' }] };
  return Object.keys(schema).length === 0 ? schema : { anyOf: [schema, { type: 'null' }] };
}

function withNullType(schema: JsonSchema): JsonSchema {
  if (schema.type === undefined) return schema;
  const types = typesOf(schema);
  return { ...schema, type: types.includes('null') ? types : [...types, 'null'] };
}

/** The JSON types that a schema names; none for one that leaves them open. */
export function typesOf({ type }: JsonSchema): readonly JsonType[] {
  return type === undefined ? [] : typeof type === 'string' ? [type] : type;
}

const DECLARED: ReadonlyMap<unknown, JsonSchema> = new Map<unknown, JsonSchema>([
  [String, { type: 'string' }],
  [Number, { type: 'number' }],
  [Boolean, { type: 'boolean' }],
  [Date, { type: 'string', format: 'date-time' }],
  [Array, { type: 'array', items: {} }],
]);

/** What TypeScript says of a property, as far as it is one plain type; open otherwise. */
export function declaredSchema(type: Function, property: string): JsonSchema {
  return schemaOfDeclared(Reflect.getMetadata('design:type', type.prototype as object, property));
}

/** The schema of a built-in class; open for any other. */
export function schemaOfDeclared(type: unknown): JsonSchema {
  return DECLARED.get(type) ?? {};
}
