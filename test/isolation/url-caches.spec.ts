import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Post, UseInterceptors } from '@nestjs/common';
import type { CallHandler, NestInterceptor, Type } from '@nestjs/common';
import { CrossTenant, TenantScoped } from 'nestjs-muck';
import type { Observable } from 'rxjs';
import { checkCaches } from '../../lib/tenancy/cache-check.js';

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
class TenantCache extends CacheInterceptor {
  override trackBy(): string {
    return 'the tenant and the URL';
  }
}
class LoggingTenantCache extends TenantCache {}
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
  return checkCaches(controllers, everywhere).map((problem) => {
    expect(problem).toContain('finds answers by their URL');
    const [, cache, route] = /^(\S+) stands before (\S+) /.exec(problem) ?? [];
    return `${cache}: ${route}`;
  });
}

describe('a cache that goes by URLs', () => {
  const both = (cache: string): string[] => [`${cache}: OrdersController.list`, `${cache}: OrdersController.one`];

  it('is found before each route that reads rows of a tenant, and before no other one', () => {
    expect(found([OrdersController], [CacheInterceptor])).toEqual(both('CacheInterceptor'));
    expect(found([OrdersController], [new CacheInterceptor()])).toEqual(both('CacheInterceptor'));
    expect(found([OrdersController], [Other, LoggingCache, CacheInterceptor])).toEqual(both('LoggingCache'));
    expect(found([], [CacheInterceptor])).toEqual([]);
  });

  it('is none where it has a key of its own, or is something else', () => {
    expect(found([OrdersController], [TenantCache, new TenantCache(), LoggingTenantCache, Other])).toEqual([]);
    expect(found([OrdersController])).toEqual([]);
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
    ]);
  });

  it('is told of with what to write instead', () => {
    const [problem] = checkCaches([OrdersController], [CacheInterceptor]);
    expect(problem).toContain('Extend it, and put the tenant into the key: protected trackBy(context)');
    expect(problem).toContain('return current && JSON.stringify([current, super.trackBy(context)]); }');
  });
});
