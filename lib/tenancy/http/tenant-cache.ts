import { createHash } from 'node:crypto';
import { Inject, Optional } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor, Type } from '@nestjs/common';
import { defer, mergeAll } from 'rxjs';
import { isPromiseLike } from '../../common/is-promise-like.js';
import { currentContext } from '../context/tenant-context.js';
import { TenantInterceptor } from './tenant.interceptor.js';

/**
 * Marks the classes of {@link tenantCache}, so that the startup check accepts them as caches that keep tenants apart.
 */
const KEEPS_TENANTS_APART = Symbol('nestjs-muck:keeps-tenants-apart');

type Key = string | null | undefined;
type TrackBy = (this: unknown, context: ExecutionContext) => Key | Promise<Key>;
type CacheClass = new (...args: never[]) => NestInterceptor & { trackBy: TrackBy };

/** One class per base class, so that an application has one instance of it. */
const made = new WeakMap<object, unknown>();

/**
 * Returns a `CacheInterceptor` that keeps tenants apart: each cache key starts with the current tenant scope. The base
 * class still decides which requests are cached; `@CacheKey()` and `@CacheTTL()` still apply.
 *
 * It may be placed anywhere before a route, also as `APP_INTERCEPTOR`, because it opens the tenant scope of
 * `@TenantScoped()` itself. Without a tenant scope (`@CrossTenant()`, a route without a decorator) no response is
 * cached.
 *
 * @param base `CacheInterceptor` of the application's own `@nestjs/cache-manager`, or a class that extends it
 * @returns a class to use in place of the base class; always the same one for the same base class
 * @throws TypeError if the base class has no `trackBy` method
 * @example
 * @Controller('price-lists')
 * @TenantScoped()
 * @UseInterceptors(tenantCache(CacheInterceptor))
 * export class PriceListsController { … }
 *
 * providers: [{ provide: APP_INTERCEPTOR, useClass: tenantCache(CacheInterceptor) }]
 */
export function tenantCache<C extends Type<NestInterceptor>>(base: C): C {
  const known = made.get(base);
  if (known !== undefined) return known as C;
  const tenantCacheClass = extend(base as unknown as CacheClass);
  made.set(base, tenantCacheClass);
  return tenantCacheClass as unknown as C;
}

/**
 * Returns the key under which a {@link tenantCache} stores a response for the current tenant. Use it to remove an
 * outdated response.
 *
 * @param key the key of the base class: the request's URL or the `@CacheKey()`
 * @returns undefined without a tenant scope and in an unscoped section
 * @example
 * await this.cache.del(tenantCacheKey('/price-lists')!);
 */
export function tenantCacheKey(key: string): string | undefined {
  const frame = currentContext();
  if (frame?.scope === undefined || frame.unscopedSection !== undefined) return undefined;
  // A store may compare keys without case or accents, as MySQL does. The digests of two tenants still differ.
  return `${createHash('sha256').update(frame.scope.fingerprint).digest('hex')}:${key}`;
}

/** Returns true for a class of {@link tenantCache}, and for a class that extends one. */
export function keepsTenantsApart(type: Function): boolean {
  return KEEPS_TENANTS_APART in type;
}

function extend(Base: CacheClass): CacheClass {
  if (typeof (Base as { prototype?: { trackBy?: unknown } }).prototype?.trackBy !== 'function') {
    throw new TypeError(
      'tenantCache takes CacheInterceptor of @nestjs/cache-manager, or a class that extends it: it has no trackBy method.',
    );
  }
  class TenantCacheInterceptor extends Base {
    static readonly [KEEPS_TENANTS_APART] = true;

    @Optional()
    @Inject(TenantInterceptor)
    private readonly tenants: TenantInterceptor | undefined;

    constructor(...args: never[]) {
      super(...args);
      // Defined on the instance, to wrap a subclass's override too. Enumerable, because Nest copies the properties of
      // request-scoped instances.
      const { trackBy } = this;
      Object.defineProperty(this, 'trackBy', {
        enumerable: true,
        // Async only if the base class is: a class that does not await its key would use the promise as the key.
        value: function (this: unknown, context: ExecutionContext): Key | Promise<Key> {
          const key = trackBy.call(this, context);
          return isPromiseLike(key) ? key.then(keyForTenant) : keyForTenant(key);
        },
      });
    }

    override intercept(context: ExecutionContext, next: CallHandler): ReturnType<NestInterceptor['intercept']> {
      const { tenants } = this;
      if (tenants?.appliesTo(context) !== true) return super.intercept(context, next);
      return tenants.intercept(context, {
        handle: () => defer(async () => await super.intercept(context, next)).pipe(mergeAll()),
      });
    }
  }
  Object.defineProperty(TenantCacheInterceptor, 'name', { value: `Tenant${Base.name}` });
  return TenantCacheInterceptor;
}

function keyForTenant(key: Key): Key {
  return key ? tenantCacheKey(key) : undefined;
}
