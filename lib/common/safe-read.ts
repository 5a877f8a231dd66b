/**
 * Reads a property of an application's value without throwing. A provider may be a proxy or have a getter that throws.
 *
 * @returns undefined if the property cannot be read
 */
export function safeRead(value: unknown, key: string): unknown {
  // Reflect.get throws for a primitive, so a primitive gives undefined too.
  return attempt<unknown>(() => Reflect.get(value as object, key), undefined);
}

/** Checks whether an application's value is an instance of a class; false if `instanceof` throws. */
export function isInstance<T extends object>(value: unknown, type: abstract new (...args: never[]) => T): value is T {
  try {
    return value instanceof type;
  } catch {
    return false;
  }
}

/**
 * Reads from application values that may throw, e.g. a revoked proxy or a class with a static getter that throws.
 *
 * @returns `otherwise` if `read` throws
 */
export function attempt<R>(read: () => R, otherwise: R): R {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

/** Returns the name of a class, for messages. */
export function nameOf(type: unknown): string {
  const name = safeRead(type, 'name');
  return typeof name === 'string' && name !== '' ? name : 'a class without a name';
}
