import { HttpCode } from '@nestjs/common';
import {
  HTTP_CODE_METADATA,
  PARAMTYPES_METADATA,
  PATH_METADATA,
  ROUTE_ARGS_METADATA,
} from '../../common/peer-internals.js';
import type { RouteDefinition } from './route-definition.js';
import { isBaseHandler, registerBaseHandler, registerForwarder } from './inherited-handlers.js';

type Method = (...args: unknown[]) => unknown;

/**
 * Makes methods of a controller routes. Each one becomes a function on the controller's own prototype, because metadata
 * on a base class would apply to all subclasses.
 *
 * Nest registers routes in the order of the prototype's properties, then of its base classes. The controller's other
 * routes come first, including inherited ones, so that `:id` does not match them.
 *
 * @param controller the class with `@Crud`
 * @param base the prototype of `CrudController`, whose methods serve the routes that the controller does not override
 * @param routes the routes to serve, by method name
 * @param definitions the definitions of all possible routes
 */
export function defineRoutes(
  controller: Function,
  base: object,
  routes: readonly string[],
  definitions: readonly RouteDefinition[],
): void {
  const prototype = controller.prototype as Record<string, Method>;
  const names = new Set(definitions.map(({ name }) => name));
  copyInheritedRoutes(prototype, base, names);
  for (const definition of definitions) {
    if (routes.includes(definition.name)) defineRoute(prototype, base as Record<string, Method>, definition);
    else removeRoute(prototype, definition.name);
  }
}

function defineRoute(
  prototype: Record<string, Method>,
  base: Record<string, Method>,
  { name, route, status, parameters, method: ready }: RouteDefinition,
): void {
  const own = Object.hasOwn(prototype, name);
  const given = own ? prototype[name] : ((prototype[name] as Method | undefined) ?? (ready as Method));
  const method = own ? given : createForwarder(given, true);
  if (given === base[name] || given === ready || isBaseHandler(given)) registerBaseHandler(method);
  moveToEnd(prototype, name, method);
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name)!;
  if (!Reflect.hasMetadata(PATH_METADATA, method)) route(prototype, name, descriptor);
  if (!Reflect.hasMetadata(HTTP_CODE_METADATA, method)) HttpCode(status)(prototype, name, descriptor);
  decorateParameters(prototype, name, parameters);
}

/** Adds decorators to the parameters that the method has not decorated itself. */
function decorateParameters(prototype: object, name: string, decorators: readonly ParameterDecorator[]): void {
  const known = (Reflect.getMetadata(ROUTE_ARGS_METADATA, prototype.constructor, name) ?? {}) as Record<
    string,
    { readonly index: number }
  >;
  const decorated = new Set(Object.values(known).map(({ index }) => index));
  const types = [...((Reflect.getMetadata(PARAMTYPES_METADATA, prototype, name) ?? []) as unknown[])];
  decorators.forEach((decorate, index) => {
    types[index] ??= Object;
    if (decorated.has(index)) return;
    decorate(prototype, name, index);
    // A global ValidationPipe ignores the type Object, so only the route's own pipe validates the parameter.
    types[index] = Object;
  });
  Reflect.defineMetadata(PARAMTYPES_METADATA, types, prototype, name);
}

/** Removes a route that a base class serves but this controller does not. */
function removeRoute(prototype: Record<string, Method>, name: string): void {
  const isInherited = !Object.hasOwn(prototype, name);
  if (isInherited && isRoute(prototype[name])) moveToEnd(prototype, name, createForwarder(prototype[name], false));
}

function copyInheritedRoutes(prototype: Record<string, Method>, base: object, defined: ReadonlySet<string>): void {
  for (let parent = parentOf(prototype, base); parent !== undefined; parent = parentOf(parent, base)) {
    for (const name of Object.getOwnPropertyNames(parent)) {
      const descriptor = Object.getOwnPropertyDescriptor(parent, name)!;
      const isAdoptable = !Object.hasOwn(prototype, name) && !defined.has(name);
      if (isAdoptable && isRoute(descriptor.value)) Object.defineProperty(prototype, name, descriptor);
    }
  }
}

/** Returns the base class prototype; undefined if it is `CrudController` or null. */
function parentOf(prototype: object, base: object): object | undefined {
  const parent = Object.getPrototypeOf(prototype) as object | null;
  return parent === null || parent === base ? undefined : parent;
}

/** Creates a function that calls an inherited method, with or without the method's metadata. */
function createForwarder(method: Method, withMetadata: boolean): Method {
  const forwarding = function (this: unknown, ...args: unknown[]): unknown {
    return Reflect.apply(method, this, args);
  };
  Object.defineProperty(forwarding, 'name', { value: method.name });
  registerForwarder(forwarding, method);
  for (const key of withMetadata ? Reflect.getMetadataKeys(method) : []) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, method), forwarding);
  }
  return forwarding;
}

function moveToEnd(prototype: Record<string, Method>, name: string, method: Method): void {
  delete prototype[name];
  Object.defineProperty(prototype, name, { value: method, writable: true, enumerable: false, configurable: true });
}

function isRoute(value: unknown): value is Method {
  return typeof value === 'function' && Reflect.hasMetadata(PATH_METADATA, value);
}
