import { assertReason } from '../tenancy.service.js';
import { putRoute } from './tenant-scoped.decorator.js';

/**
 * On a controller or a handler: it works over all tenants. Put a guard on it; the boot log lists it, and warns where no guard is.
 *
 * @param why for the reader of the code and of the boot log
 * @example
 * @Controller('admin/tickets') @CrossTenant('support staff of the platform') @UseGuards(PlatformAdminGuard)
 */
export function CrossTenant(why: string): ClassDecorator & MethodDecorator {
  assertReason(why);
  return (target: object, property?: string | symbol, descriptor?: PropertyDescriptor): void =>
    putRoute({ kind: 'cross-tenant', why }, target, property, descriptor);
}
