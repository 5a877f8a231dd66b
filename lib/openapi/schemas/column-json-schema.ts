import { MAX_LINKS } from '../../crud/links/link-field.js';
import type { LinkField } from '../../crud/links/link-field.js';
import type { ResourceColumn } from '../../crud/model/resource-column.js';
import type { JsonSchema, JsonType } from '../../crud/column-types/json-schema.types.js';
import type { ColumnType } from '../../crud/column-types/column-type.js';

/** Returns the schema of a column in a response. */
export function outputSchema({ type, metadata, writableBy }: ResourceColumn): JsonSchema {
  // A transformer may return any value, including null.
  // A response has only values that the column holds.
  const { minimum: _min, maximum: _max, ...bare } = type.schema;
  const shown = type.schema.type === 'integer' ? bare : type.schema;
  const schema = metadata.isNullable || metadata.transformer !== undefined ? orNull(shown) : shown;
  return writableBy === 'client' ? schema : { ...schema, readOnly: true };
}

/** Returns the schema of a column in a request body. */
export function inputSchema({ type, metadata }: ResourceColumn): JsonSchema {
  const schema = type.inputSchema ?? type.schema;
  return metadata.isNullable ? orNull(schema) : schema;
}

/**
 * Returns the schema of a many-to-many relation in a request body: objects with keys, or the keys, unless they are
 * composite.
 */
export function linkListSchema({ columns }: LinkField): JsonSchema {
  const row: JsonSchema = {
    type: 'object',
    required: columns.map(({ property }) => property),
    properties: Object.fromEntries(columns.map((column) => [column.property, inputSchema(column)])),
  };
  const items = columns.length === 1 ? { anyOf: [inputSchema(columns[0]), row] } : row;
  return { type: 'array', items, maxItems: MAX_LINKS };
}

/** Returns the schema of a path or query parameter. */
export function parameterSchema(type: ColumnType): JsonSchema {
  const schema = type.inputSchema ?? type.schema;
  return Array.isArray(schema.type) && schema.type.includes('string') ? { ...schema, type: 'string' } : schema;
}

/** Makes a schema nullable. */
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

/** Returns the JSON types of a schema; empty if it allows any. */
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

/** Returns the schema of a property's TypeScript type; `{}` unless it is a built-in class. */
export function declaredSchema(type: Function, property: string): JsonSchema {
  return schemaOfDeclared(Reflect.getMetadata('design:type', type.prototype as object, property));
}

/** Returns the schema of a built-in class; `{}` for any other. */
export function schemaOfDeclared(type: unknown): JsonSchema {
  return DECLARED.get(type) ?? {};
}
