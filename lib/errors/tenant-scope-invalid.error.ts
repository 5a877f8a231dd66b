/**
 * Error of a value that is not a valid tenant scope. A key is missing or unknown, or a value is not a plain string,
 * number or bigint of its declared type.
 *
 * The message names keys and types, but not the value, because the value may come from a client.
 *
 * @example
 * declareScope({ organizationId: Number });
 * tenancy.run({ organizationId: '7' }, fn); // throws TenantScopeInvalidError
 */
export class TenantScopeInvalidError extends TypeError {
  override readonly name = 'TenantScopeInvalidError';

  /** @param reason what is wrong, in terms of keys and types */
  constructor(reason: string) {
    super(`Not a tenant scope: ${reason}.`);
  }
}
