/** How an entity's rows belong to a tenant. */
export interface ScopedOptions {
  /** Scope keys whose column has another property name, for example `{ organizationId: 'id' }` on Organization itself. */
  readonly columns?: Readonly<Record<string, string>>;
  /** Scope keys that do not apply to this entity. */
  readonly omit?: readonly string[];
  /** A required to-one relation to a scoped entity: the rows belong to whom that row belongs. */
  readonly via?: string;
  /**
   * What a row means whose tenant columns are NULL. `'shared'`: a default that every tenant reads and refers to, and
   * that only `unscoped` code and `@CrossTenant()` routes write. Of several tenant columns the nullable ones count: the
   * row is shared if all of them are NULL. Without the option a nullable tenant column stops the start.
   */
  readonly nullMeans?: 'shared';
  /**
   * Unique keys that leave the tenant column out, acknowledged, each with the reason. Such a key lets a tenant find out that a value is
   * taken by another one. Named by its property, or by its properties joined with a comma.
   */
  readonly globallyUnique?: Readonly<Record<string, string>>;
}

/** What is declared of an entity. */
export type EntityTenancy =
  { readonly kind: 'scoped'; readonly options: ScopedOptions } | { readonly kind: 'shared'; readonly why: string };
