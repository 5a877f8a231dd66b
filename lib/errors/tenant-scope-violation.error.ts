/**
 * Error of application code that explicitly names or reaches another tenant. Examples are an insert with another
 * tenant's key, an update that moves a row, and one tenant's transaction continued in the scope of another.
 *
 * Thrown before the statement is sent. A request body cannot cause it, because the CRUD layer drops server-owned
 * columns.
 *
 * @example
 * await tenancy.run({ organizationId: 1 }, () => tickets.insert({ subject: 'Late', organizationId: 2 })); // throws
 */
export class TenantScopeViolationError extends Error {
  override readonly name = 'TenantScopeViolationError';

  /** @param reason what was attempted and, if possible, what to do instead */
  constructor(reason: string) {
    super(`Refused, it would leave the tenant scope: ${reason}.`);
  }
}
