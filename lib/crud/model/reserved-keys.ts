import { randomBytes } from 'node:crypto';
import { instanceToPlain } from 'class-transformer';
import { isPlainObject } from '../../common/is-plain-object.js';

/*
 * Stored JSON is a client's, and so are its keys. class-transformer takes what an object calls its constructor for its class, and breaks
 * on `{ "constructor": "x" }`: while it works, such keys have another name, which no client knows.
 */
const PREFIX = `muck${randomBytes(8).toString('hex')}_`;
const CLASS_KEYS: ReadonlySet<string> = new Set(['constructor', '__proto__']);

/**
 * Hides keys that would tell class-transformer what an object is.
 *
 * @returns the value itself where it has none, at any depth of plain objects and lists
 */
export function escapeReservedKeys(value: unknown): unknown {
  return hasReservedKeys(value) ? renamed(value, (key) => (CLASS_KEYS.has(key) ? PREFIX + key : key)) : value;
}

/** Whether a value has such keys. */
export function hasReservedKeys(value: unknown): boolean {
  return hasKey(value, (key) => CLASS_KEYS.has(key));
}

/** Makes of an object what class-transformer shows of it; keys that were hidden have their names again. */
export function instanceToPlainUnescaped(value: object): unknown {
  const plain: unknown = instanceToPlain(value);
  const isHidden = (key: string): boolean => key.startsWith(PREFIX);
  return hasKey(plain, isHidden) ? renamed(plain, (key) => (isHidden(key) ? key.slice(PREFIX.length) : key)) : plain;
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
  // Not by assignment, which would set a prototype.
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [rename(key), renamed(item, rename)]));
}
