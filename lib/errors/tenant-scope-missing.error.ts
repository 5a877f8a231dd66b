/**
 * A statement on tenants' rows was about to be made with no tenant scope in force.
 *
 * Thrown before any SQL is sent: a query whose tenant is unknown never runs unfiltered.
 * Outside a request put a scope in force with `tenancy.run(scope, fn)`, or say why none applies
 * with `tenancy.unscoped('why', fn)`.
 *
 * @example
 * await tenancy.run({ organizationId: 7 }, () => tickets.find());
 */
export class TenantScopeMissingError extends Error {
  override readonly name = 'TenantScopeMissingError';

  /** @param what the operation that needed a scope, for example `select on SupportTicket` */
  constructor(what: string) {
    super(
      `No tenant scope is in force: ${what}. ` +
        `Put one in force with tenancy.run(scope, fn), or, where no tenant applies (signing in, seeds, jobs over all tenants), ` +
        `say so with tenancy.unscoped('why', fn) or @Unscoped('why').`,
    );
  }
}
