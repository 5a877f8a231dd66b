/**
 * Application code named or reached another tenant on purpose: an insert with a foreign tenant's key, an update
 * that moves a row, a transaction of one tenant continued in the scope of another.
 *
 * Thrown before the statement is sent. A request body never gets this far: the CRUD layer drops server-owned columns.
 */
export class TenantScopeViolationError extends Error {
  override readonly name = 'TenantScopeViolationError';

  /** @param reason what was attempted and, where there is one, what to do instead */
  constructor(reason: string) {
    super(`Refused, it would leave the tenant scope: ${reason}.`);
  }
}
