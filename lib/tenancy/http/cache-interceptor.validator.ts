import { RequestMethod } from '@nestjs/common';
import { MetadataScanner } from '@nestjs/core';
import {
  INTERCEPTORS_METADATA,
  METHOD_METADATA,
  PARAMTYPES_METADATA,
  PROPERTY_DEPS_METADATA,
  SELF_DECLARED_DEPS_METADATA,
} from '../../common/peer-internals.js';
import { keepsTenantsApart } from './tenant-cache.js';
import { attempt, nameOf, safeRead } from '../../common/safe-read.js';
import { getRouteTenancy } from '../metadata/route-tenancy.metadata.js';
import { TenantInterceptor } from './tenant.interceptor.js';

/**
 * Class name of the interceptor of @nestjs/cache-manager, the same in every version. The package is not a dependency.
 */
const URL_CACHE = 'CacheInterceptor';
/** Methods that identify the interceptor if a bundler has renamed its class. */
const URL_CACHE_METHODS = ['trackBy', 'isRequestCacheable'];
/**
 * Metadata key that `@CacheKey()` sets on a handler. The interceptor then caches every request, whatever its method and
 * transport.
 */
const CACHE_KEY_METADATA = 'cache_module:cache_key';

/** `CacheInterceptor` that an interceptor is or holds. */
interface FoundCache {
  readonly type: Function;
  /** Interceptor that holds the cache; undefined if the cache itself is applied to the handler. */
  readonly holder?: Function;
}

/**
 * Finds caches that would return one tenant's response to another. Nest's `CacheInterceptor` finds a response by its
 * URL, or by a fixed `@CacheKey()`. Only a class from `tenantCache()`, or a class that extends it, adds the tenant to
 * the key.
 *
 * @param hosts classes with handlers: controllers, and providers such as resolvers and gateways
 * @param everywhere global interceptors, classes or instances
 * @param instancesOf returns the application's instances of an interceptor class
 * @returns problems, each of which stops the start
 */
export function validateCacheInterceptors(
  hosts: readonly Function[],
  everywhere: readonly unknown[],
  instancesOf: (type: unknown) => readonly unknown[] = () => [],
): string[] {
  // Cached, because the same few interceptors apply to most hosts.
  const known = new Map<unknown, readonly FoundCache[]>();
  const findIn = (interceptor: unknown): readonly FoundCache[] => {
    const found =
      known.get(interceptor) ??
      [interceptor, ...instancesOf(interceptor)]
        .map((one) => findCache(one, new Set()))
        .filter((cache) => cache !== undefined);
    known.set(interceptor, found);
    return found;
  };
  const find = (interceptors: readonly unknown[]): readonly FoundCache[] => interceptors.flatMap(findIn);
  const isOpenedEverywhere = everywhere.some(opensScope);
  const global = find(everywhere);

  return hosts.flatMap((host) => {
    const ofHost = interceptorsOf(host);
    const cachesOfHost = find(ofHost);
    return handlersOf(host).flatMap((handler) => {
      const ofHandler = interceptorsOf(handler);
      const caches = [...global, ...cachesOfHost, ...find(ofHandler)];
      const route = attempt(() => getRouteTenancy(handler, host), undefined);
      const isScoped =
        route === undefined
          ? isOpenedEverywhere || [...ofHost, ...ofHandler].some(opensScope)
          : route.kind === 'scoped';
      if (!isScoped) return [];
      const found = caches.find((cache) => mayCache(cache, handler));
      return found === undefined ? [] : [problem(found, `${nameOf(host)}.${nameOf(handler)}`)];
    });
  });
}

/** Returns true if an interceptor is, or holds, a cache that does not keep tenants apart. */
export function isSharedCache(interceptor: unknown): boolean {
  return findCache(interceptor, new Set()) !== undefined;
}

function problem({ type, holder }: FoundCache, route: string): string {
  const where = holder === undefined ? '' : `, which ${nameOf(holder)} holds,`;
  return (
    `${nameOf(type)}${where} caches ${route} without the tenant in its key: a tenant would get another tenant's response. ` +
    `Use tenantCache(${nameOf(type)}), which nestjs-muck exports, in its place: @UseInterceptors(tenantCache(${nameOf(type)}))`
  );
}

function handlersOf(host: Function): Function[] {
  const prototype = safeRead(host, 'prototype') as object | undefined;
  return attempt(() => new MetadataScanner().getAllMethodNames(prototype ?? null), [])
    .map((name) => safeRead(prototype, name))
    .filter((method): method is Function => typeof method === 'function');
}

/**
 * Checks whether a cache may store a handler's response. Nest's own class caches GET, which an `@All()` handler serves
 * too. A class that extends it may cache any method.
 */
function mayCache({ type }: FoundCache, handler: Function): boolean {
  if (attempt(() => Reflect.hasMetadata(CACHE_KEY_METADATA, handler), true)) return true;
  if (!isUrlCache(type)) return Reflect.getMetadataKeys(handler).length > 0;
  const method = metadataOf(METHOD_METADATA, handler);
  return method === RequestMethod.GET || method === RequestMethod.ALL;
}

function opensScope(interceptor: unknown): boolean {
  return classOf(interceptor) === TenantInterceptor;
}

function interceptorsOf(target: Function): unknown[] {
  return (metadataOf(INTERCEPTORS_METADATA, target) ?? []) as unknown[];
}

function metadataOf(key: string, target: Function): unknown {
  return attempt((): unknown => Reflect.getMetadata(key, target), undefined);
}

/** Returns the class of an interceptor; Object for an object without a constructor. */
function classOf(interceptor: unknown): Function {
  if (typeof interceptor === 'function') return interceptor;
  const type = safeRead(interceptor, 'constructor');
  return typeof type === 'function' ? type : Object;
}

/**
 * Returns the cache that an interceptor is or holds: as a constructor parameter, a property or an element of a list.
 */
function findCache(interceptor: unknown, seen: Set<unknown>): FoundCache | undefined {
  const type = classOf(interceptor);
  if (seen.has(interceptor) || attempt(() => keepsTenantsApart(type), false)) return undefined;
  seen.add(interceptor);
  if (extendsUrlCache(type)) return { type };
  for (const part of [...dependenciesOf(type), ...valuesOf(interceptor)]) {
    const found = isInterceptor(part) ? findCache(part, seen) : undefined;
    if (found !== undefined) return { ...found, holder: type };
  }
  return undefined;
}

function extendsUrlCache(type: Function): boolean {
  let ancestor: unknown = type;
  while (typeof ancestor === 'function') {
    if (isUrlCache(ancestor)) return true;
    const below = ancestor;
    ancestor = attempt((): unknown => Object.getPrototypeOf(below), undefined);
  }
  return false;
}

/** Returns true for Nest's own class, false for a class that extends it. */
function isUrlCache(type: Function): boolean {
  const prototype = safeRead(type, 'prototype') as object;
  return (
    safeRead(type, 'name') === URL_CACHE ||
    URL_CACHE_METHODS.every((method) => attempt(() => Object.hasOwn(prototype, method), false))
  );
}

/** Returns the tokens that Nest injects into a class. */
function dependenciesOf(type: Function): unknown[] {
  const list = (key: string): unknown[] => (metadataOf(key, type) ?? []) as unknown[];
  const declared = [...list(SELF_DECLARED_DEPS_METADATA), ...list(PROPERTY_DEPS_METADATA)] as {
    readonly param?: unknown;
    readonly type?: unknown;
  }[];
  return [...list(PARAMTYPES_METADATA), ...declared.map(({ param, type: property }) => param ?? property)].map(
    (token) => (isForwardReference(token) ? attempt(() => token.forwardRef(), undefined) : token),
  );
}

function isForwardReference(token: unknown): token is { forwardRef(): unknown } {
  return typeof safeRead(token, 'forwardRef') === 'function';
}

/** Returns the property values of an instance, with lists flattened. Getters are not called. */
function valuesOf(interceptor: unknown): unknown[] {
  if (typeof interceptor !== 'object') return [];
  const none: PropertyDescriptor[] = [];
  const properties = attempt(() => Object.values(Object.getOwnPropertyDescriptors(interceptor!)), none);
  return properties.flatMap(({ value }): unknown[] =>
    attempt<unknown[]>(() => (Array.isArray(value) ? [...(value as unknown[])] : [value]), []),
  );
}

function isInterceptor(part: unknown): boolean {
  const carrier = typeof part === 'function' ? safeRead(part, 'prototype') : part;
  return typeof safeRead(carrier, 'intercept') === 'function';
}
