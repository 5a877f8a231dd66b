import { textual } from './column-type.js';
import type { ValueType } from './column-type.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** Half of a pair of surrogates. */
const HALF_CHARACTER = /\p{Surrogate}/u;

/**
 * Strings.
 *
 * @param maxLength in characters; undefined for no limit
 */
export function text(maxLength?: number): ValueType {
  const read = (value: unknown): string | undefined => {
    // PostgreSQL stores no NUL character; the others only look as if they did. Half a character is stored as another one.
    if (typeof value !== 'string' || value.includes('\0') || HALF_CHARACTER.test(value)) return undefined;
    return maxLength === undefined || value.length <= maxLength || [...value].length <= maxLength ? value : undefined;
  };
  return {
    expects: maxLength === undefined ? 'a string' : `a string of at most ${maxLength} characters`,
    schema: { type: 'string', ...(maxLength !== undefined && { maxLength }) },
    compares: 'text',
    read,
    parse: read,
  };
}

/** Strings that can stand in a path: programs that read one take `.` and `..` for directions. */
export function pathSegment(type: ValueType): ValueType {
  const read = (value: unknown): unknown => (value === '.' || value === '..' ? undefined : type.read(value));
  return { ...type, expects: `${type.expects} other than . and ..`, read, parse: read };
}

/** UUIDs of any version, in lower case as the database writes them: one row has one spelling. */
export const uuid: ValueType = textual(
  'a UUID',
  { compares: 'equality', schema: { type: 'string', format: 'uuid' } },
  (value) => (typeof value === 'string' && UUID.test(value) ? value.toLowerCase() : undefined),
);

export const boolean: ValueType = {
  expects: 'true or false',
  compares: 'equality',
  schema: { type: 'boolean' },
  read: (value) => (typeof value === 'boolean' ? value : undefined),
  parse: (value) => (value === 'true' ? true : value === 'false' ? false : undefined),
};

/** One of a fixed set. */
export function oneOf(values: readonly (string | number)[]): ValueType {
  return {
    expects: `one of ${values.join(', ')}`,
    compares: 'equality',
    schema: { enum: values },
    read: (value) => values.find((member) => member === value),
    parse: (text) => values.find((member) => String(member) === text),
  };
}

/** Bytes, as base64 in JSON. */
export const binary: ValueType = {
  expects: 'a base64 string',
  schema: { type: 'string', contentEncoding: 'base64' },
  read: (value) => {
    if (value instanceof Uint8Array) return value;
    return typeof value === 'string' && BASE64.test(value) ? Buffer.from(value, 'base64') : undefined;
  },
  toJson: (value) => (value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value),
};
