/**
 * Error of a statement on a tenant-scoped entity outside of a tenant scope.
 *
 * Thrown before any SQL is sent, so a query whose tenant is unknown never runs without a tenant predicate. Outside a
 * request, call `tenancy.run(scope, fn)`. If no tenant applies, call `tenancy.unscoped('why', fn)`.
 *
 * @example
 * await tickets.find(); // throws TenantScopeMissingError
 * await tenancy.run({ organizationId: 7 }, () => tickets.find());
 */
export class TenantScopeMissingError extends Error {
  override readonly name = 'TenantScopeMissingError';

  /** @param what the operation that needed a scope, e.g. `select on SupportTicket` */
  constructor(what: string) {
    super(
      `There is no tenant scope: ${what}. ` +
        `Start one with tenancy.run(scope, fn). If no tenant applies (sign-in, seeds, jobs for all tenants), ` +
        `use tenancy.unscoped('why', fn) or @Unscoped('why').`,
    );
  }
}
