import { INTERCEPTORS_METADATA } from '@nestjs/common/constants.js';
import { TenantInterceptor } from '../../tenancy/tenant.interceptor.js';

/** By the function that stands for it on a controller: a method that the controller inherits. */
const inherited = new WeakMap<Function, Function>();

/** Remembers that a function does what an inherited method does. */
export function standsFor(forwarding: Function, method: Function): void {
  inherited.set(forwarding, inherited.get(method) ?? method);
}

/** Returns the method that a function on a controller forwards to; the function itself if it forwards to none. */
export function inheritedMethod(handler: Function): Function {
  return inherited.get(handler) ?? handler;
}

/**
 * Whether nothing of the application sees what a handler returns, before this package shapes it: the handler is the base's own, and no
 * interceptor stands between. Global ones are outside.
 *
 * @param own the base's method
 * @param ownInterceptor the one that shapes
 */
export function isSeenByNobody(
  controller: Function,
  handler: Function,
  own: Function,
  ownInterceptor: Function,
): boolean {
  const interceptors = [controller, handler].flatMap(
    (place) => (Reflect.getMetadata(INTERCEPTORS_METADATA, place) ?? []) as unknown[],
  );
  return (
    inheritedMethod(handler) === own &&
    interceptors.every((interceptor) => interceptor === TenantInterceptor || interceptor === ownInterceptor)
  );
}
