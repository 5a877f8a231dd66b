import type { JsonSchema, JsonType } from './json-schema.types.js';

/** Returns the schema of one of some values, with their types. */
export function enumSchema(values: readonly unknown[]): JsonSchema {
  const types = [...new Set(values.map(jsonTypeOf))];
  if (types.length === 0 || types.includes(undefined)) return { enum: values };
  const known = types as JsonType[];
  return { type: known.length === 1 ? known[0] : known, enum: values };
}

/** Returns the values of an array or a TypeScript enum. A numeric enum contains its names too, which are no values. */
export function membersOf(members: unknown): readonly unknown[] {
  if (Array.isArray(members)) return members;
  const entries = Object.entries((members ?? {}) as Readonly<Record<string, unknown>>);
  return entries.filter(([name]) => !/^\d+$/.test(name)).map(([, value]) => value);
}

function jsonTypeOf(value: unknown): JsonType | undefined {
  if (value === null) return 'null';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value === 'string' || typeof value === 'boolean' ? (typeof value as JsonType) : undefined;
}
