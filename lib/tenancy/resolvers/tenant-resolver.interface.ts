import type { ExecutionContext } from '@nestjs/common';
import type { TenantScope } from '../context/tenant-scope.js';

/**
 * Says which tenant a request, message or event works for. An ordinary provider: inject what you need. It may be `Scope.REQUEST`.
 *
 * It runs after guards and before pipes, with no scope in force: where it reads scoped tables it says
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
  /** Request headers that the tenant is read from, for the answer's `Vary`. `Authorization` and `Cookie` are there without being named. */
  readonly vary?: readonly string[];

  /**
   * @returns exactly the declared keys, or undefined when there is no tenant: the answer is then 403, never "no filter"
   */
  resolve(context: ExecutionContext): S | undefined | Promise<S | undefined>;
}
