import { assertReason } from '../tenancy.service.js';
import { putRoute } from './tenant-scoped.decorator.js';

/**
 * Runs a controller or handler over all tenants. Put a guard on it: the startup log lists it, and warns if it has no
 * guard.
 *
 * @param why reason, for readers of the code and of the startup log
 * @returns a decorator for a controller or a handler
 * @throws TypeError if `why` is empty
 * @example
 * @Controller('admin/tickets') @CrossTenant('support staff of the platform') @UseGuards(PlatformAdminGuard)
 * export class AdminTicketsController { … }
 */
export function CrossTenant(why: string): ClassDecorator & MethodDecorator {
  assertReason(why);
  return (target: object, property?: string | symbol, descriptor?: PropertyDescriptor): void =>
    putRoute({ kind: 'cross-tenant', why }, target, property, descriptor);
}
