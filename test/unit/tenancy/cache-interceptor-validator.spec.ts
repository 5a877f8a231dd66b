import { describe, expect, it } from '@jest/globals';
import { All, Controller, forwardRef, Get, Inject, Injectable, Post, UseInterceptors } from '@nestjs/common';
import type { CallHandler, NestInterceptor, Type } from '@nestjs/common';
import { CrossTenant, tenantCache, TenantInterceptor, TenantScoped } from 'nestjs-muck';
import type { Observable } from 'rxjs';
import { CacheKey } from '../../support/cache-interceptor.js';
import { isSharedCache, validateCacheInterceptors } from '../../../lib/tenancy/http/cache-interceptor.validator.js';

/*
 * Which caches an application does not start with, since they would give one tenant another one's answers.
 */

class CacheInterceptor implements NestInterceptor {
  intercept(_: unknown, next: CallHandler): Observable<unknown> {
    return next.handle();
  }
  trackBy(): string {
    return 'the URL';
  }
}
class LoggingCache extends CacheInterceptor {}
class PathCache extends CacheInterceptor {
  override trackBy(): string {
    return 'the path';
  }
}
class TenantCache extends tenantCache(CacheInterceptor) {}
class LoggingTenantCache extends tenantCache(LoggingCache) {}
class Other implements NestInterceptor {
  intercept(_: unknown, next: CallHandler): Observable<unknown> {
    return next.handle();
  }
}

@Controller('orders')
@TenantScoped()
class OrdersController {
  readonly pageSize = 20;
  static trackBy = 'nothing';

  get open(): boolean {
    throw new Error('is not there before there is an instance');
  }

  @Get() list(): void {}
  @Get(':id') one(): void {}
  @Post() make(): void {}
  @Get('all') @CrossTenant('the platform looks on') all(): void {}
  helper(): void {}
}

/** The routes before which a cache stands, with its name. */
function found(controllers: readonly Type[], everywhere: readonly unknown[] = []): string[] {
  return validateCacheInterceptors(controllers, everywhere).map((problem) => {
    expect(problem).toContain("without the tenant in its key: a tenant would get another tenant's response");
    const [, cache, route] = /^(\S+?)(?:, which \S+ holds,)? caches (\S+) /.exec(problem) ?? [];
    return `${cache}: ${route}`;
  });
}

describe('a cache that goes by URLs', () => {
  const both = (cache: string): string[] => [`${cache}: OrdersController.list`, `${cache}: OrdersController.one`];

  it('is found before each route that reads rows of a tenant, and before no other one', () => {
    expect(found([OrdersController], [CacheInterceptor])).toEqual(both('CacheInterceptor'));
    expect(found([OrdersController], [new CacheInterceptor()])).toEqual(both('CacheInterceptor'));
    expect(found([OrdersController], [Other, CacheInterceptor, LoggingCache]).slice(0, 2)).toEqual(
      both('CacheInterceptor'),
    );
    expect(found([], [CacheInterceptor])).toEqual([]);
  });

  it('is not found if tenantCache made it, or if it is another interceptor', () => {
    const caches = [tenantCache(CacheInterceptor), TenantCache, new TenantCache(), LoggingTenantCache];
    expect(found([OrdersController], [...caches, Other])).toEqual([]);
    expect(found([OrdersController])).toEqual([]);
  });

  it('is found before handlers of every method if it extends the cache of Nest, which decides about methods', () => {
    const routes = ['list', 'one', 'make'];
    for (const cache of [LoggingCache, PathCache]) {
      expect(found([OrdersController], [cache])).toEqual(
        routes.map((route) => `${cache.name}: OrdersController.${route}`),
      );
    }
  });

  it('is found before a handler with a fixed key, of whatever transport', () => {
    class OrdersResolver {
      @TenantScoped() @CacheKey('orders') @UseInterceptors(CacheInterceptor) orders(): void {}
      @TenantScoped() @UseInterceptors(CacheInterceptor) others(): void {}
      @CacheKey('news') @UseInterceptors(CacheInterceptor) news(): void {}
      @CrossTenant('the platform looks on') @CacheKey('all') @UseInterceptors(CacheInterceptor) all(): void {}
    }
    expect(found([OrdersResolver])).toEqual(['CacheInterceptor: OrdersResolver.orders']);
  });

  it('is found in what an interceptor holds, and the interceptor is named', () => {
    class Holder implements NestInterceptor {
      readonly parts: unknown[];
      constructor(...parts: unknown[]) {
        this.parts = parts;
      }
      get cache(): unknown {
        throw new Error('is not asked');
      }
      intercept(_: unknown, next: CallHandler): Observable<unknown> {
        return next.handle();
      }
    }
    const strange = new Proxy({}, { get: () => fail('knows no properties') });
    const circle = new Holder();
    circle.parts.push(circle, strange, undefined, 7, new Other());
    expect(found([OrdersController], [circle, new Holder(tenantCache(CacheInterceptor))])).toEqual([]);
    circle.parts.push(new Holder(new CacheInterceptor()));
    expect(found([OrdersController], [circle])).toEqual(both('CacheInterceptor'));
    expect(validateCacheInterceptors([OrdersController], [circle])[0]).toContain(
      'CacheInterceptor, which Holder holds, caches OrdersController.list without',
    );
  });

  it('is found in what the application has made of an interceptor class', () => {
    const instances = new Map<unknown, unknown[]>([
      [Other, [Object.assign(new Other(), { inner: new CacheInterceptor() })]],
    ]);
    const problems = validateCacheInterceptors([OrdersController], [Other], (type) => instances.get(type) ?? []);
    expect(problems.map((problem) => problem.split(' caches')[0])).toEqual([
      'CacheInterceptor, which Other holds,',
      'CacheInterceptor, which Other holds,',
    ]);
  });

  it('is found behind what is no interceptor', () => {
    const bare = Object.create(null) as object;
    const odd = [
      undefined,
      null,
      'CacheInterceptor',
      7,
      Symbol('a'),
      bare,
      () => undefined,
      { constructor: 'CacheInterceptor' },
    ];
    expect(found([OrdersController], odd)).toEqual([]);
    expect(found([OrdersController], [...odd, CacheInterceptor])).toEqual(both('CacheInterceptor'));
  });

  it('is found by its name, whichever copy of its package it is of', () => {
    const other = { CacheInterceptor: class CacheInterceptor {} };
    expect(found([OrdersController], [other.CacheInterceptor])).toEqual(both('CacheInterceptor'));
  });

  it('is found on the controller, on the handler, and behind others there', () => {
    @Controller('notes')
    @TenantScoped()
    @UseInterceptors(Other, new LoggingCache())
    class NotesController {
      @Get() list(): void {}
      @Post() make(): void {}
    }
    @Controller('labels')
    class LabelsController {
      @Get() list(): void {}
      @Get('own') @TenantScoped() @UseInterceptors(Other, CacheInterceptor) own(): void {}
      @Get('plain') @TenantScoped() plain(): void {}
      @Get('free') @UseInterceptors(CacheInterceptor) free(): void {}
    }
    expect(found([LabelsController, NotesController])).toEqual([
      'CacheInterceptor: LabelsController.own',
      'LoggingCache: NotesController.list',
      'LoggingCache: NotesController.make',
    ]);
  });

  it('is found before an undecorated handler whose scope an interceptor opens, wherever the two stand', () => {
    class OnHost {
      @Get() @UseInterceptors(CacheInterceptor) list(): void {}
    }
    UseInterceptors(Other, TenantInterceptor)(OnHost);
    class OnHandler {
      @Get() @UseInterceptors(Other, TenantInterceptor, CacheInterceptor) list(): void {}
      @Get('free') @UseInterceptors(CacheInterceptor) free(): void {}
    }
    class Undecorated {
      @Get() list(): void {}
      @Get('all') @CrossTenant('the platform looks on') all(): void {}
    }
    expect(found([OnHost, OnHandler, Undecorated])).toEqual([
      'CacheInterceptor: OnHost.list',
      'CacheInterceptor: OnHandler.list',
    ]);
    expect(found([Undecorated], [Other, TenantInterceptor, CacheInterceptor])).toEqual([
      'CacheInterceptor: Undecorated.list',
    ]);
    expect(found([Undecorated], [CacheInterceptor])).toEqual([]);
  });

  it('is found before a handler of all methods, which serves GET too', () => {
    class Everything {
      @All() @TenantScoped() @UseInterceptors(CacheInterceptor) all(): void {}
    }
    expect(found([Everything])).toEqual(['CacheInterceptor: Everything.all']);
  });

  it('is found by its two methods if a bundler has renamed it, and not by one of them', () => {
    class r extends Other {
      trackBy(): void {}
      isRequestCacheable(): void {}
    }
    class Tracking extends Other {
      trackBy(): void {}
    }
    class Asking extends Other {
      isRequestCacheable(): void {}
    }
    expect(found([OrdersController], [r])).toEqual(both('r'));
    expect(found([OrdersController], [Tracking, Asking])).toEqual([]);
  });

  it('is found in what Nest injects into an interceptor', () => {
    @Injectable()
    class ByType extends Other {
      constructor(readonly cache: LoggingCache) {
        super();
      }
    }
    class ByToken extends Other {
      constructor(@Inject(CacheInterceptor) readonly cache: unknown) {
        super();
      }
    }
    class ByProperty extends Other {
      @Inject(CacheInterceptor) readonly cache: unknown;
    }
    class ByReference extends Other {
      constructor(@Inject(forwardRef(() => CacheInterceptor)) readonly cache: unknown) {
        super();
      }
    }
    class ByBrokenReference extends Other {
      constructor(@Inject(forwardRef(() => fail('is not loaded yet'))) readonly cache: unknown) {
        super();
      }
    }
    for (const holder of [ByType, ByToken, ByProperty, ByReference]) {
      expect(validateCacheInterceptors([OrdersController], [holder])[0]).toContain(`, which ${holder.name} holds,`);
    }
    expect(found([OrdersController], [ByBrokenReference])).toEqual([]);
  });

  it('is found in an interceptor without a prototype', () => {
    const { intercept } = Other.prototype;
    const bare = Object.assign(Object.create(null) as object, { intercept, inner: new CacheInterceptor() });
    expect(validateCacheInterceptors([OrdersController], [bare])[0]).toContain(
      'CacheInterceptor, which Object holds, caches OrdersController.list without',
    );
  });

  it('is not found in a part that is no interceptor, nor in a static property', () => {
    class Service {
      static intercept = 'nothing';
      readonly cache = new CacheInterceptor();
    }
    class Naming extends Other {
      static readonly base = CacheInterceptor;
    }
    const holder = Object.assign(new Other(), { service: new Service(), type: Service });
    expect(found([OrdersController], [holder, Naming])).toEqual([]);
  });

  it('is found although its class cannot be searched for the mark of tenantCache', () => {
    const unsearchable = new Proxy(CacheInterceptor, { has: () => fail('is not searched') });
    expect(found([OrdersController], [unsearchable])).toEqual(both('CacheInterceptor'));
  });

  it('is found before a handler whose metadata cannot be read', () => {
    class Unreadable {}
    const handler = new Proxy(function handler() {}, { getPrototypeOf: () => fail('has no prototype') });
    Object.assign(Unreadable.prototype, { handler });
    expect(found([Unreadable], [TenantInterceptor, CacheInterceptor])).toEqual([
      'CacheInterceptor: Unreadable.handler',
    ]);
  });

  it('passes by a host whose methods cannot be listed or read', () => {
    const hostOf = (traps: ProxyHandler<object>): Type => {
      const host = function (): void {} as unknown as Type;
      Object.assign(host, { prototype: new Proxy({ list: () => undefined }, traps) });
      return host;
    };
    const keyed = (): void => {};
    CacheKey('orders')(keyed);
    const unlisted = hostOf({ ownKeys: () => fail('lists nothing'), get: () => keyed });
    let reads = 0;
    const readOnce = hostOf({ get: () => (reads++ === 0 ? keyed : fail('reads nothing')) });
    expect(found([unlisted, readOnce], [TenantInterceptor, CacheInterceptor])).toEqual([]);
    expect(reads).toBe(2);
  });

  it('is known by isSharedCache, also in what an interceptor holds', () => {
    const holder = Object.assign(new Other(), { inner: new CacheInterceptor() });
    const made = [CacheInterceptor, new LoggingCache(), holder];
    expect(made.map((interceptor) => isSharedCache(interceptor))).toEqual([true, true, true]);
    const others = [TenantCache, new TenantCache(), Other, undefined];
    expect(others.map((interceptor) => isSharedCache(interceptor))).toEqual([false, false, false, false]);
  });

  it('is told of with the line to type', () => {
    const [problem] = validateCacheInterceptors([OrdersController], [LoggingCache]);
    expect(problem).toBe(
      "LoggingCache caches OrdersController.list without the tenant in its key: a tenant would get another tenant's response. " +
        'Use tenantCache(LoggingCache), which nestjs-muck exports, in its place: @UseInterceptors(tenantCache(LoggingCache))',
    );
  });
});

function fail(reason: string): never {
  throw new Error(reason);
}
