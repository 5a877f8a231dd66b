import { textual } from './column-type.js';
import { enumSchema } from './enum-schema.js';
import type { ColumnType } from './column-type.js';
import { hasUnstorableText } from './unstorable-text.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * Returns a type for strings.
 *
 * @param maxLength in characters; undefined for no limit
 */
export function text(maxLength?: number): ColumnType {
  const read = (value: unknown): string | undefined => {
    if (typeof value !== 'string' || hasUnstorableText(value)) return undefined;
    return maxLength === undefined || value.length <= maxLength || [...value].length <= maxLength ? value : undefined;
  };
  return {
    description: maxLength === undefined ? 'a string' : `a string of at most ${maxLength} characters`,
    schema: { type: 'string', ...(maxLength !== undefined && { maxLength }) },
    comparability: 'text',
    fromJson: read,
    fromText: read,
  };
}

/** Returns a type for path segments: URL parsers resolve `.` and `..`, so these cannot be ids. */
export function pathSegment(type: ColumnType): ColumnType {
  const read = (value: unknown): unknown => (value === '.' || value === '..' ? undefined : type.fromJson(value));
  return { ...type, description: `${type.description} other than . and ..`, fromJson: read, fromText: read };
}

/** UUIDs of any version, in lower case as the database returns them, so that one row has one spelling of its id. */
export const uuid: ColumnType = textual(
  'a UUID',
  { comparability: 'equality', schema: { type: 'string', format: 'uuid' } },
  (value) => (typeof value === 'string' && UUID.test(value) ? value.toLowerCase() : undefined),
);

export const boolean: ColumnType = {
  description: 'true or false',
  comparability: 'equality',
  schema: { type: 'boolean' },
  fromJson: (value) => (typeof value === 'boolean' ? value : undefined),
  fromText: (value) => (value === 'true' ? true : value === 'false' ? false : undefined),
};

/** Returns a type for the members of an enum. */
export function oneOf(values: readonly (string | number)[]): ColumnType {
  return {
    description: `one of ${values.join(', ')}`,
    comparability: 'equality',
    schema: enumSchema(values),
    fromJson: (value) => values.find((member) => member === value),
    fromText: (text) => values.find((member) => String(member) === text),
  };
}

/** Bytes, as base64 in JSON. */
export const binary: ColumnType = {
  description: 'a base64 string',
  schema: { type: 'string', contentEncoding: 'base64' },
  fromJson: (value) => {
    if (value instanceof Uint8Array) return value;
    return typeof value === 'string' && BASE64.test(value) ? Buffer.from(value, 'base64') : undefined;
  },
  toJson: (value) => (value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value),
};
