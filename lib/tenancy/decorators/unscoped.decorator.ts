import { runUnscoped } from '../context/tenant-context.js';
import { UnscopedSection } from '../context/unscoped-section.js';
import { assertReason } from '../tenancy.service.js';

/**
 * Runs a method of any provider over all tenants, as `tenancy.unscoped(why, fn)` does.
 *
 * @param why reason, for readers of the code and of errors
 * @returns a method decorator
 * @throws TypeError if `why` is empty, or the decorated member is not a method
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
    // Other decorators store metadata on the function (routes, guards), so it is copied.
    for (const key of Reflect.getMetadataKeys(method) as unknown[]) {
      Reflect.defineMetadata(key, Reflect.getMetadata(key, method), unscoped);
    }
    descriptor.value = unscoped;
  };
}
