/**
 * A query on an entity of which nothing says whether its rows belong to a tenant. It is refused rather than run unfiltered.
 */
export class EntityUndeclaredError extends Error {
  override readonly name = 'EntityUndeclaredError';

  /** @param entity the entity's class name */
  constructor(entity: string) {
    super(
      `Nothing says whether the rows of ${entity} belong to a tenant. ` +
        `Decorate the class with @TenantScoped() or @TenantShared('why'), or list it in MuckModule.forRoot({ entities: [scoped(${entity})] }).`,
    );
  }
}
