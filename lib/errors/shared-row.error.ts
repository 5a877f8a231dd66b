/**
 * Error of a write in a tenant scope to a row that all tenants share. The row's tenant is NULL, and its entity is
 * decorated with `@TenantScoped({ nullMeans: 'shared' })`.
 *
 * Every tenant reads such rows. Only `tenancy.unscoped` and `@CrossTenant()` routes write them.
 *
 * @example
 * const template = await templates.findOneByOrFail({ name: 'default' }); // shared by all tenants
 * await templates.remove(template); // throws SharedRowError
 */
export class SharedRowError extends Error {
  override readonly name = 'SharedRowError';

  /** @param entity class name of the entity of the shared row */
  constructor(readonly entity: string) {
    super(
      `A row of ${entity} is shared by all tenants: a tenant cannot change it or add children to it. ` +
        `Run it in tenancy.unscoped('why', fn).`,
    );
  }
}
