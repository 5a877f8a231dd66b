import type { ExecutionContext } from '@nestjs/common';
import type { TenantScope } from '../context/tenant-scope.js';

/**
 * Provider that resolves the tenant of a request, message or event. It may inject other providers and may be
 * `Scope.REQUEST`.
 *
 * It runs after guards and before pipes, without a current scope. To read tenant-scoped tables, it calls
 * `tenancy.unscoped('why', fn)`.
 *
 * @example
 * @Injectable()
 * export class CurrentOrganization implements TenantResolver {
 *   resolve(context: ExecutionContext) {
 *     const { user } = context.switchToHttp().getRequest<{ user?: { organizationId: number } }>();
 *     return user && { organizationId: user.organizationId };
 *   }
 * }
 */
export interface TenantResolver<S extends TenantScope = TenantScope> {
  /**
   * Request headers that the tenant is read from, for the `Vary` header of the response. `Authorization` and `Cookie`
   * are always included.
   */
  readonly vary?: readonly string[];

  /**
   * Resolves the tenant.
   *
   * @param context the request, message or event
   * @returns exactly the declared keys, or undefined if there is no tenant: the response is then 403, and no query runs
   * unfiltered
   */
  resolve(context: ExecutionContext): S | undefined | Promise<S | undefined>;
}
