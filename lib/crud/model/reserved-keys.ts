import { randomBytes } from 'node:crypto';
import { isPlainObject } from '../../common/is-plain-object.js';

/**
 * Clients choose the keys of stored JSON. class-transformer uses an object's `constructor` property as its class and
 * fails on `{ "constructor": "x" }`. During serialization such keys get a random prefix that clients cannot know.
 */
const PREFIX = `muck${randomBytes(8).toString('hex')}_`;
/** The keys that class-transformer interprets, and never converts. */
export const RESERVED_KEYS: ReadonlySet<string> = new Set(['constructor', '__proto__']);

/**
 * Renames the keys that class-transformer would interpret.
 *
 * @returns the value itself if it has no such key, at any depth of plain objects and arrays
 */
export function escapeReservedKeys(value: unknown): unknown {
  return hasReservedKeys(value) ? renamed(value, (key) => (RESERVED_KEYS.has(key) ? PREFIX + key : key)) : value;
}

/** Checks for such keys at any depth. */
export function hasReservedKeys(value: unknown): boolean {
  return hasKey(value, (key) => RESERVED_KEYS.has(key));
}

/** Restores the keys that {@link escapeReservedKeys} has renamed. */
export function unescapeReservedKeys(value: unknown): unknown {
  const isHidden = (key: string): boolean => key.startsWith(PREFIX);
  return hasKey(value, isHidden) ? renamed(value, (key) => (isHidden(key) ? key.slice(PREFIX.length) : key)) : value;
}

function hasKey(value: unknown, is: (key: string) => boolean): boolean {
  if (Array.isArray(value)) return value.some((item) => hasKey(item, is));
  if (!isPlainObject(value)) return false;
  for (const key of Object.keys(value)) if (is(key) || hasKey(value[key], is)) return true;
  return false;
}

function renamed(value: unknown, rename: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename));
  if (!isPlainObject(value)) return value;
  // Object.fromEntries defines properties; assigning `__proto__` would set the prototype.
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [rename(key), renamed(item, rename)]));
}
