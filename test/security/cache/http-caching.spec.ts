import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Header, Injectable, UseGuards, UseInterceptors } from '@nestjs/common';
import type { CanActivate, DynamicModule, ExecutionContext, NestInterceptor, Provider, Type } from '@nestjs/common';
import { APP_INTERCEPTOR, Reflector } from '@nestjs/core';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import {
  CrossTenant,
  Crud,
  CrudController,
  MuckModule,
  tenantCache,
  tenantFromHeader,
  tenantFromUser,
  TenantScoped,
} from 'nestjs-muck';
import type { TenantResolver } from 'nestjs-muck';
import request from 'supertest';
import { Repository } from 'typeorm';
import { createApplication } from '../../support/adapters.js';
import { CACHE_MANAGER, CacheInterceptor, MemoryCache } from '../../support/cache-interceptor.js';
import { adaptersAndDatabases, openShop, Order } from '../http/shop.js';
import type { Shop } from '../http/shop.js';

const TenantCacheInterceptor = tenantCache(CacheInterceptor);

/** Its key is the URL still. */
@Injectable()
class LoggingCacheInterceptor extends CacheInterceptor {}

@Injectable()
class OrganizationGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const call = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined>; user?: unknown }>();
    call.user = { organizationId: Number(call.headers['x-organization']) };
    return true;
  }
}

/** The cache stands within the scope. */
@Controller('cached')
@UseInterceptors(TenantCacheInterceptor)
@TenantScoped()
@UseGuards(OrganizationGuard)
@Crud(Order)
class CachedController extends CrudController<Order> {}

/** The cache stands before the scope is known. */
@Controller('early')
@TenantScoped()
@UseInterceptors(TenantCacheInterceptor)
@UseGuards(OrganizationGuard)
@Crud(Order)
class EarlyController extends CrudController<Order> {}

const ByHeader = tenantFromHeader('X-Organization', { authorize: () => true });

@Controller('by-header')
@TenantScoped({ resolver: ByHeader })
class ByHeaderController {
  constructor(@InjectRepository(Order) private readonly orders: Repository<Order>) {}

  @Get()
  list(): Promise<Order[]> {
    return this.orders.find();
  }

  @Get('for-a-minute')
  @Header('Cache-Control', 'private, max-age=60')
  forAMinute(): Promise<Order[]> {
    return this.orders.find();
  }

  @Get('missing')
  missing(): Promise<Order> {
    return this.orders.findOneByOrFail({ text: 'without an owner' });
  }
}

@Controller('of-all')
@CrossTenant('the platform looks on')
@UseGuards(OrganizationGuard)
class OfAllController {
  @Get()
  list(): string[] {
    return [];
  }
}

describe.each(adaptersAndDatabases())('G-08 what caches keep, over HTTP with %s on %s', (adapter, kind) => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await openShop(adapter, kind, {
      resolver: tenantFromUser('organizationId'),
      controllers: [CachedController, EarlyController, ByHeaderController, OfAllController],
      providers: [
        ByHeader,
        { provide: CACHE_MANAGER, useClass: MemoryCache },
        { provide: APP_INTERCEPTOR, useClass: TenantCacheInterceptor },
      ],
      imports: [TypeOrmModule.forFeature([Order])],
    });
  });
  afterAll(() => shop.close());

  const get = (path: string, organization: 1 | 2): request.Test =>
    request(shop.app.getHttpServer()).get(path).set('x-organization', String(organization));

  it.each(['/cached', '/early', '/by-header'])(
    'is kept apart for each tenant where the tenant is in its key, or not kept: %s',
    async (path) => {
      for (const [organization, text] of [
        [1, 'of acme'],
        [2, 'of globex'],
        [1, 'of acme'],
        [2, 'of globex'],
      ] as const) {
        const { body } = await get(path, organization).expect(200);
        const rows = (Array.isArray(body) ? body : body.items) as Order[];
        expect(rows).toMatchObject([{ organizationId: organization, text }]);
      }
    },
  );

  it('comes from the cache where the cache stands within the scope', async () => {
    await get('/cached?limit=7', 1).expect(200);
    shop.statements.length = 0;
    await get('/cached?limit=7', 1).expect(200);
    expect(shop.statements).toEqual([]);
    await get('/cached?limit=7', 2).expect(200);
    expect(shop.statements).not.toEqual([]);
  });

  it('is not in a shared cache, and told apart by who asks', async () => {
    for (const path of ['/cached', '/early', '/of-all']) {
      const { headers } = await get(path, 1).expect(200);
      expect(headers).toMatchObject({ 'cache-control': 'private', vary: 'Authorization, Cookie' });
    }
  });

  it('is told apart by the header that names the tenant, also where a row is missing or the answer may be kept', async () => {
    const vary = 'Authorization, Cookie, X-Organization';
    expect((await get('/by-header', 1).expect(200)).headers).toMatchObject({ 'cache-control': 'private', vary });
    expect((await get('/by-header/missing', 1).expect(404)).headers).toMatchObject({
      'cache-control': 'private',
      vary,
    });
    expect((await get('/by-header/for-a-minute', 1).expect(200)).headers).toMatchObject({
      'cache-control': 'private, max-age=60',
      vary,
    });
  });
});

describe('G-08 an application with a cache that goes by URLs', () => {
  const refusal = async (controllers: Type[], providers: Provider[] = []): Promise<string> => {
    const module: DynamicModule = {
      module: class {},
      imports: [
        TypeOrmModule.forRoot({ type: 'sqljs', entities: [Order], synchronize: true, retryAttempts: 0 }),
        MuckModule.forRoot({ scope: { organizationId: Number }, resolver: tenantFromUser('organizationId') }),
      ],
      controllers,
      providers: [{ provide: CACHE_MANAGER, useClass: MemoryCache }, ...providers],
    };
    try {
      await (await createApplication(module)).close();
      return 'started';
    } catch (error) {
      return (error as Error).message;
    }
  };
  const listing = (...interceptors: (Type<NestInterceptor> | NestInterceptor)[]): Type => {
    @Controller('orders')
    @TenantScoped()
    @UseInterceptors(...interceptors)
    class OrdersController {
      @Get() list(): string {
        return 'orders';
      }
    }
    return OrdersController;
  };

  it.each([
    ['by its class', CacheInterceptor],
    ['as an instance', new CacheInterceptor(new MemoryCache(), new Reflector())],
    ['extended, with the key as it is', LoggingCacheInterceptor],
  ])('does not start where it stands before the rows of a tenant, %s', async (_how, cache) => {
    expect(await refusal([listing(cache)])).toMatch(
      /CacheInterceptor caches OrdersController\.list without the tenant in its key/,
    );
  });

  it('does not start where it stands before a handler', async () => {
    @Controller('orders')
    class OrdersController {
      @Get() @TenantScoped() @UseInterceptors(CacheInterceptor) list(): string {
        return 'orders';
      }
    }
    expect(await refusal([OrdersController])).toMatch(/CacheInterceptor caches OrdersController\.list/);
  });

  it('does not start where it stands before every route', async () => {
    const everywhere = { provide: APP_INTERCEPTOR, useClass: CacheInterceptor };
    expect(await refusal([listing()], [everywhere])).toMatch(/CacheInterceptor caches OrdersController\.list/);
  });

  it('starts where it stands before nothing that belongs to a tenant', async () => {
    @Controller('news')
    @UseInterceptors(CacheInterceptor)
    class NewsController {
      @Get() list(): string {
        return 'news';
      }
      @Get('all') @CrossTenant('the platform looks on') all(): string {
        return 'all';
      }
    }
    expect(await refusal([NewsController])).toBe('started');
    expect(await refusal([NewsController], [{ provide: APP_INTERCEPTOR, useClass: CacheInterceptor }])).toBe('started');
  });

  it('starts where the tenant is in the key', async () => {
    expect(await refusal([listing(TenantCacheInterceptor)])).toBe('started');
  });
});

/** A resolver of one's own that says what it reads. */
@Injectable()
class FromCountry implements TenantResolver {
  readonly vary = ['X-Country', 'Cookie'];

  resolve(): { organizationId: number } {
    return { organizationId: 1 };
  }
}

describe('G-08 the answer of a route whose resolver is the application’s own', () => {
  it('varies on what that says, and on what was there before', async () => {
    @Controller('orders')
    @TenantScoped()
    class OrdersController {
      @Get() list(): string {
        return 'orders';
      }
    }
    const app = await createApplication(
      {
        module: class {},
        imports: [MuckModule.forRoot({ scope: { organizationId: Number }, resolver: FromCountry })],
        controllers: [OrdersController],
      },
      { configure: (application) => application.enableCors({ origin: ['https://example.com'] }) },
    );
    const { headers } = await request(app.getHttpServer())
      .get('/orders')
      .set('origin', 'https://example.com')
      .expect(200);
    expect(headers['vary']).toBe('Origin, Authorization, Cookie, X-Country');
    await app.close();
  });
});
