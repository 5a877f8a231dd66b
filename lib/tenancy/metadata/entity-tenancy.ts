/** Options of a tenant-scoped entity. */
export interface ScopedOptions {
  /**
   * Property names of tenant columns that differ from the scope key, e.g. `{ organizationId: 'id' }` on Organization.
   */
  readonly columns?: Readonly<Record<string, string>>;
  /** Scope keys that do not apply to this entity. */
  readonly omit?: readonly string[];
  /** Required to-one relation to a tenant-scoped entity: a row belongs to the tenant of the related row. */
  readonly via?: string;
  /**
   * Meaning of a row whose tenant columns are NULL.
   *
   * `'shared'`: every tenant reads and references the row, but only unscoped code and `@CrossTenant()` routes write it.
   * With several tenant columns, the nullable ones count: the row is shared if all of them are NULL.
   *
   * Without this option, a nullable tenant column stops the start.
   */
  readonly nullMeans?: 'shared';
  /**
   * Accepted unique keys without the tenant column, each with the reason. With such a key, a tenant can find out that
   * another tenant uses a value.
   *
   * The name is the property, or the properties joined with commas.
   */
  readonly globallyUnique?: Readonly<Record<string, string>>;
}

/** Declaration of an entity: tenant-scoped or shared. */
export type EntityTenancy =
  { readonly kind: 'scoped'; readonly options: ScopedOptions } | { readonly kind: 'shared'; readonly why: string };
