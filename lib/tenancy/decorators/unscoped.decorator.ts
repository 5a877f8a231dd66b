import { runUnscoped, UnscopedSection } from '../context/tenant-context.js';
import { assertReason } from '../tenancy.service.js';

/**
 * On a method of any provider: the method runs over all tenants, as in `tenancy.unscoped(why, fn)`.
 *
 * @param why for the reader of the code, and of errors
 * @example
 * @Unscoped('loads the signed-in user')
 * findByAccount(accountId: number) {
 *   return this.users.findOneBy({ accountId });
 * }
 */
export function Unscoped(why: string): MethodDecorator {
  assertReason(why);
  return (_target, property, descriptor: PropertyDescriptor) => {
    const method: unknown = descriptor.value;
    if (typeof method !== 'function') throw new TypeError(`@Unscoped belongs on a method, not on ${String(property)}.`);
    const unscoped = function (this: unknown, ...args: unknown[]): unknown {
      return runUnscoped(new UnscopedSection(why), () => Reflect.apply(method, this, args) as unknown);
    };
    Object.defineProperty(unscoped, 'name', { value: method.name });
    // Other decorators put their metadata on the function (routes, guards): keep it.
    for (const key of Reflect.getMetadataKeys(method) as unknown[]) {
      Reflect.defineMetadata(key, Reflect.getMetadata(key, method), unscoped);
    }
    descriptor.value = unscoped;
  };
}
