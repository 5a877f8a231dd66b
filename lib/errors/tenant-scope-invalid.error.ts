/**
 * A value that was offered as a tenant scope is not one: a key too many or too few, or a value that is
 * not a plain string, number or bigint of its declared type.
 *
 * The message names keys and types, never the value: it may have come from a client.
 */
export class TenantScopeInvalidError extends TypeError {
  override readonly name = 'TenantScopeInvalidError';

  /** @param reason what is wrong, in terms of keys and types */
  constructor(reason: string) {
    super(`Not a tenant scope: ${reason}.`);
  }
}
