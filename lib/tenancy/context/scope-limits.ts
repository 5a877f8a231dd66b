type Value = string | number | bigint;

/** What one tenant column can hold of the values of its scope key. */
export interface ScopeLimit {
  /** The column and its type, for errors: `Ticket.organizationId (varchar(36))`. */
  readonly column: string;
  /**
   * @returns the value as the column stores it; undefined if the column would cut, round, pad or refuse it
   */
  hold(value: Value): Value | undefined;
}

/** Knows the tenant columns of one open DataSource. */
export interface ScopeLimitSource {
  limitsOf(key: string): readonly ScopeLimit[];
}

/** A DataSource that nothing else holds is forgotten. */
const sources = new Set<WeakRef<ScopeLimitSource>>();

/** Makes values that are put in force fit the tenant columns of one more DataSource. */
export function provideScopeLimits(source: ScopeLimitSource): void {
  sources.add(new WeakRef(source));
}

/**
 * Returns a value as all tenant columns of its key store it.
 *
 * @param refuse throws the error about a value that a column does not keep exactly
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
      // Two columns that store two spellings of a value would make two tenants of one.
      if (held === undefined || (stored !== undefined && held !== stored)) refuse(limit.column);
      stored = held;
    }
  }
  return stored ?? value;
}
