import { RequestMethod } from '@nestjs/common';
import {
  INTERCEPTORS_METADATA,
  METHOD_METADATA,
  PARAMTYPES_METADATA,
  PROPERTY_DEPS_METADATA,
  SELF_DECLARED_DEPS_METADATA,
} from '@nestjs/common/constants.js';
import { MetadataScanner } from '@nestjs/core';
import { keepsTenantsApart } from './tenant-cache.js';
import { attempt, nameOf, safeRead } from '../../common/safe-read.js';
import { getRouteTenancy } from '../metadata/route-tenancy.metadata.js';
import { TenantInterceptor } from './tenant.interceptor.js';

/** The interceptor of @nestjs/cache-manager, by the name that it has in every version; it is no dependency of this package. */
const URL_CACHE = 'CacheInterceptor';
/** Methods by which it is known if a bundler has renamed it. */
const URL_CACHE_METHODS = ['trackBy', 'isRequestCacheable'];
/** What `@CacheKey()` leaves on a handler: then every request is cached, of whatever method and transport. */
const CACHE_KEY_METADATA = 'cache_module:cache_key';

/** A `CacheInterceptor` that was found behind an interceptor. */
interface FoundCache {
  readonly type: Function;
  /** The interceptor that was given it, if it does not stand before the handler itself. */
  readonly holder?: Function;
}

/**
 * Finds caches that would give one tenant another tenant's response: Nest's `CacheInterceptor` finds a response by its URL, or by a fixed
 * `@CacheKey()`. Only a class that `tenantCache()` made, or one that extends it, puts the tenant into the key.
 *
 * @param hosts classes with handlers: controllers, and providers such as resolvers and gateways
 * @param everywhere interceptors that stand before every handler, classes or instances
 * @param instancesOf the instances that the application has of an interceptor class
 * @returns problems, each of which stops the application from starting
 */
export function validateCacheInterceptors(
  hosts: readonly Function[],
  everywhere: readonly unknown[],
  instancesOf: (type: unknown) => readonly unknown[] = () => [],
): string[] {
  // The same few interceptors stand before most hosts.
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
      if (caches.length === 0) return [];
      const route = attempt(() => getRouteTenancy(handler) ?? getRouteTenancy(host), undefined);
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

/** Whether an interceptor is a cache that does not keep tenants apart, or holds one. */
export function isSharedCache(interceptor: unknown): boolean {
  return findCache(interceptor, new Set()) !== undefined;
}

function problem({ type, holder }: FoundCache, route: string): string {
  const where = holder === undefined ? '' : `, which ${nameOf(holder)} holds,`;
  return (
    `${nameOf(type)}${where} caches ${route} without the tenant in its key: one tenant would get another tenant's response. ` +
    `Use tenantCache(${nameOf(type)}), which nestjs-muck exports, in its place: @UseInterceptors(tenantCache(${nameOf(type)}))`
  );
}

function handlersOf(host: Function): Function[] {
  const prototype = safeRead(host, 'prototype') as object | undefined;
  return attempt(() => new MetadataScanner().getAllMethodNames(prototype ?? null), [])
    .map((name) => safeRead(prototype, name))
    .filter((method): method is Function => typeof method === 'function');
}

/** Nest's own class caches GET, which an `@All()` handler serves too; a class that extends it may cache any method. */
function mayCache({ type }: FoundCache, handler: Function): boolean {
  if (attempt(() => Reflect.hasMetadata(CACHE_KEY_METADATA, handler), true)) return true;
  if (!isUrlCache(type)) return attempt(() => Reflect.getMetadataKeys(handler).length > 0, true);
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

function classOf(interceptor: unknown): Function | undefined {
  if (typeof interceptor === 'function') return interceptor;
  const type = safeRead(interceptor, 'constructor');
  return typeof type === 'function' ? type : undefined;
}

/** The cache that an interceptor is, or that it was given: by its constructor, as a property, or in a list of interceptors. */
function findCache(interceptor: unknown, seen: Set<unknown>): FoundCache | undefined {
  const type = classOf(interceptor);
  if (type === undefined || seen.has(interceptor) || attempt(() => keepsTenantsApart(type), false)) return undefined;
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

/** Whether a class is Nest's own one, not one that extends it. */
function isUrlCache(type: Function): boolean {
  const prototype = safeRead(type, 'prototype') ?? {};
  return (
    safeRead(type, 'name') === URL_CACHE ||
    URL_CACHE_METHODS.every((method) => attempt(() => Object.hasOwn(prototype, method), false))
  );
}

/** What Nest injects into a class. */
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

/** What an instance holds, lists opened up. Getters are not called. */
function valuesOf(interceptor: unknown): unknown[] {
  if (typeof interceptor !== 'object' || interceptor === null) return [];
  const none: PropertyDescriptor[] = [];
  const properties = attempt(() => Object.values(Object.getOwnPropertyDescriptors(interceptor)), none);
  return properties.flatMap(({ value }): unknown[] =>
    attempt<unknown[]>(() => (Array.isArray(value) ? [...(value as unknown[])] : [value]), []),
  );
}

function isInterceptor(part: unknown): boolean {
  const carrier = typeof part === 'function' ? safeRead(part, 'prototype') : part;
  return typeof safeRead(carrier, 'intercept') === 'function';
}
