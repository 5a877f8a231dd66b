import { runWithScope } from '../tenancy/context/tenant-context.js';
import { validateScope } from '../tenancy/context/tenant-scope.js';
import type { TenantScope } from '../tenancy/context/tenant-scope.js';

/**
 * Runs `fn` in a tenant scope, as `tenancy.run` does. Needs no application.
 *
 * @param scope exactly the declared keys, each of its declared type
 * @param fn function to run
 * @returns the result of `fn`
 * @throws TenantScopeInvalidError if `scope` is anything else
 * @example
 * const ticket = await withTenant({ organizationId: 1 }, () => tickets.save({ subject: 'Late' }));
 */
export function withTenant<R>(scope: TenantScope, fn: () => R): R {
  return runWithScope(validateScope(scope), fn);
}
