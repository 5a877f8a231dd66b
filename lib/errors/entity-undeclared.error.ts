/**
 * Error of a query on an entity that is declared neither tenant-scoped nor shared. Without a declaration, the query
 * would run without a tenant predicate.
 *
 * @example
 * @Entity()
 * export class Invoice { … } // neither @TenantScoped() nor @TenantShared('why')
 *
 * await invoices.find(); // throws EntityUndeclaredError
 */
export class EntityUndeclaredError extends Error {
  override readonly name = 'EntityUndeclaredError';

  /** @param entity class name of the entity */
  constructor(entity: string) {
    super(
      `${entity} does not declare whether its rows belong to a tenant. ` +
        `Decorate the class with @TenantScoped() or @TenantShared('why'), or list it in MuckModule.forRoot({ entities: [scoped(${entity})] }).`,
    );
  }
}
