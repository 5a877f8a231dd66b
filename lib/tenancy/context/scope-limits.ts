type Value = string | number | bigint;

/** Values of a scope key that one tenant column can store. */
export interface ScopeLimit {
  /** Column and type for errors, e.g. `Ticket.organizationId (varchar(36))`. */
  readonly column: string;
  /** @returns the value as the column stores it; undefined if the column would truncate, round, pad or reject it */
  hold(value: Value): Value | undefined;
}

/** Limits of the tenant columns of one open DataSource. */
export interface ScopeLimitSource {
  limitsOf(key: string): readonly ScopeLimit[];
}

/** Weak references, so that an unused DataSource can be garbage-collected. */
const sources = new Set<WeakRef<ScopeLimitSource>>();

/** Makes scope values fit the tenant columns of one more DataSource. */
export function provideScopeLimits(source: ScopeLimitSource): void {
  sources.add(new WeakRef(source));
}

/**
 * Returns a scope value as all tenant columns of its key store it.
 *
 * @param refuse throws the error for a value that a column does not store exactly
 */
export function storedScopeValue<V extends Value>(key: string, value: V, refuse: (column: string) => never): V {
  let stored: V | undefined;
  for (const reference of sources) {
    const source = reference.deref();
    if (source === undefined) {
      sources.delete(reference);
      continue;
    }
    for (const limit of source.limitsOf(key)) {
      const held = limit.hold(value) as V | undefined;
      // If two columns stored different spellings of a value, one tenant would become two.
      if (held === undefined || (stored !== undefined && held !== stored)) refuse(limit.column);
      stored = held;
    }
  }
  return stored ?? value;
}
