import { RequestMethod } from '@nestjs/common';
import { INTERCEPTORS_METADATA, METHOD_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner } from '@nestjs/core';
import { tenantRouteOf } from './tenant-route.js';

/** The interceptor of @nestjs/cache-manager, by the name that it has in every version; it is no dependency of this package. */
const URL_CACHE = 'CacheInterceptor';
/** Its method that makes the key of an answer. */
const KEY_METHOD = 'trackBy';

/**
 * Finds caches that would give one tenant another one's answers: Nest's `CacheInterceptor` finds an answer by its URL, whoever asks.
 * A class that extends it with a `trackBy` of its own is taken at its word.
 *
 * @param controllers the application's controller classes
 * @param everywhere interceptors that stand before every route, classes or instances
 * @returns problems, each of which stops the application from starting
 */
export function checkCaches(controllers: readonly Function[], everywhere: readonly unknown[]): string[] {
  return controllers.flatMap((controller) =>
    scopedReadsOf(controller).flatMap((handler) => {
      const cache = [...everywhere, ...interceptorsOf(controller), ...interceptorsOf(handler)]
        .map(classOf)
        .find((type) => type !== undefined && goesByUrl(type));
      return cache === undefined ? [] : [problem(cache, `${controller.name}.${handler.name}`)];
    }),
  );
}

function problem(cache: Function, route: string): string {
  return (
    `${cache.name} stands before ${route} and finds answers by their URL: one tenant would get another one's. Extend it, and put the ` +
    `tenant into the key: protected trackBy(context) { const { current } = this.tenancy; ` +
    `return current && JSON.stringify([current, super.trackBy(context)]); }`
  );
}

/** The handlers of a controller that read rows of the tenant in force; nothing else is cached. */
function scopedReadsOf(controller: Function): Function[] {
  const prototype = controller.prototype as Record<string, unknown>;
  return new MetadataScanner()
    .getAllMethodNames(prototype)
    .map((name) => prototype[name])
    .filter(
      (handler): handler is Function =>
        typeof handler === 'function' &&
        Reflect.getMetadata(METHOD_METADATA, handler) === RequestMethod.GET &&
        (tenantRouteOf(handler) ?? tenantRouteOf(controller))?.kind === 'scoped',
    );
}

function interceptorsOf(target: Function): unknown[] {
  return (Reflect.getMetadata(INTERCEPTORS_METADATA, target) ?? []) as unknown[];
}

function classOf(interceptor: unknown): Function | undefined {
  if (typeof interceptor === 'function') return interceptor;
  return typeof interceptor === 'object' ? interceptor?.constructor : undefined;
}

/** Whether a class is that cache, or extends it and leaves the key as it is. */
function goesByUrl(type: Function): boolean {
  for (let ancestor: unknown = type; typeof ancestor === 'function'; ancestor = Object.getPrototypeOf(ancestor)) {
    if (ancestor.name === URL_CACHE) return true;
    if (Object.hasOwn((ancestor.prototype ?? {}) as object, KEY_METHOD)) return false;
  }
  return false;
}
