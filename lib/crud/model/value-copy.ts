import { isPlainObject } from '../../common/is-plain-object.js';

/**
 * Copies mutable values, so that a hook that pushes into an array changes the new row only: neither the stored one, nor
 * the values for another attempt.
 */
export function copyOfValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return new Date(value);
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (Array.isArray(value)) return value.map(copyOfValue);
  // Object.fromEntries defines own properties, because stored JSON may contain any key, e.g. `__proto__`.
  return isPlainObject(value)
    ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copyOfValue(item)]))
    : value;
}
