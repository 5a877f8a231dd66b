import { INTERCEPTORS_METADATA } from '../../common/peer-internals.js';
import { TenantInterceptor } from '../../tenancy/http/tenant.interceptor.js';

/** Maps a forwarder on a controller to the inherited method that it calls. */
const inherited = new WeakMap<Function, Function>();
/** The handlers that run a method of the base controller and no application code. */
const base = new WeakSet<Function>();

/** Registers a handler that runs a method of the base controller. */
export function registerBaseHandler(handler: Function): void {
  base.add(handler);
}

/** Checks whether a handler runs a method of the base controller and no application code. */
export function isBaseHandler(handler: Function): boolean {
  return base.has(handler);
}

/** Registers a forwarder: a function on a controller that calls an inherited method. */
export function registerForwarder(forwarding: Function, method: Function): void {
  inherited.set(forwarding, inherited.get(method) ?? method);
}

/** Returns the method that a forwarder calls; the function itself if it is not a forwarder. */
export function inheritedMethod(handler: Function): Function {
  return inherited.get(handler) ?? handler;
}

/**
 * Checks that no application code sees the result of a handler before it is serialized: the handler runs the base
 * method, and neither controller nor handler has another interceptor. Global interceptors run outside of the
 * serializing one.
 *
 * @param baseMethod the method of the base controller
 * @param serializer the interceptor that serializes
 */
export function bypassesUserCode(
  controller: Function,
  handler: Function,
  baseMethod: Function,
  serializer: Function,
): boolean {
  const interceptors = [controller, handler].flatMap(
    (place) => (Reflect.getMetadata(INTERCEPTORS_METADATA, place) ?? []) as unknown[],
  );
  return (
    inheritedMethod(handler) === baseMethod &&
    interceptors.every((interceptor) => interceptor === TenantInterceptor || interceptor === serializer)
  );
}
