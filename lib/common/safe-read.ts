/**
 * Reads a property of a value that the application made. Providers may be proxies that throw, or objects whose getters do.
 *
 * @returns undefined for a property that cannot be read
 */
export function safeRead(value: unknown, key: string): unknown {
  // What is no object cannot be read either.
  return attempt<unknown>(() => Reflect.get(value as object, key), undefined);
}

/** Whether a value that the application made is an instance of a class; false for one that does not tell. */
export function isInstance<T extends object>(value: unknown, type: abstract new (...args: never[]) => T): value is T {
  try {
    return value instanceof type;
  } catch {
    return false;
  }
}

/**
 * Reads something of values that the application made, where one that does not let itself be read is as good as none: a revoked proxy, a static
 * getter that throws.
 *
 * @returns `otherwise` if the reading throws
 */
export function attempt<R>(read: () => R, otherwise: R): R {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

/** The name of a class, for messages. */
export function nameOf(type: unknown): string {
  const name = safeRead(type, 'name');
  return typeof name === 'string' && name !== '' ? name : 'a class without a name';
}
