import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Body,
  Controller,
  Get,
  Global,
  Injectable,
  Module,
  Post,
  Scope,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import type { CanActivate, ExecutionContext, INestApplication, Provider, Type } from '@nestjs/common';
import { APP_INTERCEPTOR, HttpAdapterHost, Reflector } from '@nestjs/core';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import {
  CrossTenant,
  Crud,
  CrudController,
  declareScope,
  MuckModule,
  Tenancy,
  tenantCache,
  tenantCacheKey,
  tenantFromUser,
  TenantScoped,
} from 'nestjs-muck';
import request from 'supertest';
import type { App } from 'supertest/types.js';
import { Column, DataSource, Entity, PrimaryGeneratedColumn, Repository } from 'typeorm';
import { adaptersToTest, createApplication } from '../../support/adapters.js';
import type { Adapter } from '../../support/adapters.js';
import { CACHE_MANAGER, CacheInterceptor, CacheKey, MemoryCache } from '../../support/cache-interceptor.js';

declareScope({ organizationId: Number });

@Entity()
@TenantScoped()
class Order {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() text!: string;
}

@Injectable()
class OrganizationGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const call = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined>; user?: unknown }>();
    call.user = { organizationId: Number(call.headers['x-organization']) };
    return true;
  }
}

@Global()
@Module({ providers: [{ provide: CACHE_MANAGER, useClass: MemoryCache }], exports: [CACHE_MANAGER] })
class CacheModule {}

abstract class Orders {
  @InjectRepository(Order) protected readonly orders!: Repository<Order>;

  @Get()
  list(): Promise<Order[]> {
    return this.orders.find();
  }

  @Get('named')
  @CacheKey('orders')
  named(): Promise<Order[]> {
    return this.orders.find();
  }

  @Post()
  make(@Body() { text }: { text: string }): Promise<Order> {
    return this.orders.save({ text });
  }

  @Get('all')
  @CrossTenant('the platform looks on')
  all(): Promise<Order[]> {
    return this.orders.find();
  }
}

@Controller('orders')
@UseInterceptors(tenantCache(CacheInterceptor))
@TenantScoped()
@UseGuards(OrganizationGuard)
class CacheWithin extends Orders {}

@Controller('orders')
@TenantScoped()
@UseInterceptors(tenantCache(CacheInterceptor))
@UseGuards(OrganizationGuard)
class CacheAround extends Orders {}

@Controller('orders')
@TenantScoped()
@UseGuards(OrganizationGuard)
class CacheElsewhere extends Orders {}

/** A base class decides about the key, and so does a class that extends the tenant's cache. */
@Injectable()
class PathCache extends tenantCache(CacheInterceptor) {
  protected override trackBy(context: ExecutionContext): string | undefined {
    return this.isRequestCacheable(context)
      ? context.switchToHttp().getRequest<{ url: string }>().url.split('?')[0]
      : undefined;
  }
}

@Injectable({ scope: Scope.REQUEST })
class RequestCache extends CacheInterceptor {}

@Controller('orders')
@TenantScoped()
@UseInterceptors(PathCache)
@UseGuards(OrganizationGuard)
class CacheByPath extends Orders {}

@Controller('orders')
@TenantScoped()
@UseInterceptors(tenantCache(RequestCache))
@UseGuards(OrganizationGuard)
class CacheOfRequest extends Orders {}

const cache = tenantCache(CacheInterceptor);

const places: [string, Type, Provider[], ((app: INestApplication<App>) => void)?][] = [
  ['above @TenantScoped', CacheWithin, []],
  ['below @TenantScoped', CacheAround, []],
  ['for each request', CacheOfRequest, []],
  ['with a key of its own', CacheByPath, []],
  ['as APP_INTERCEPTOR', CacheElsewhere, [{ provide: APP_INTERCEPTOR, useClass: cache }]],
  [
    'as APP_INTERCEPTOR for each request',
    CacheElsewhere,
    [{ provide: APP_INTERCEPTOR, useClass: tenantCache(RequestCache) }],
  ],
];

describe.each(adaptersToTest())('tenantCache(CacheInterceptor) on %s', (adapter) => {
  let app: INestApplication<App>;
  afterEach(() => app.close());

  const start = async (controller: Type, providers: Provider[]): Promise<void> => {
    app = await open(adapter, controller, providers);
  };
  const get = async (path: string, organization: 1 | 2): Promise<string[]> => {
    const { body } = await request(app.getHttpServer())
      .get(path)
      .set('x-organization', String(organization))
      .expect(200);
    return (body as Order[]).map(({ text }) => text).sort();
  };
  const storeUnseen = (organizationId: 1 | 2, text: string): Promise<unknown> =>
    app.get(Tenancy).run({ organizationId }, () => app.get(DataSource).getRepository(Order).save({ text }));
  const entries = (): number => app.get<MemoryCache>(CACHE_MANAGER).size;

  it.each(places)('keeps the responses of each tenant: %s', async (_where, controller, providers) => {
    await start(controller, providers);
    for (const path of ['/orders', '/orders/named']) {
      expect(await get(path, 2)).toEqual(['of globex']);
      expect(await get(path, 1)).toEqual(['of acme']);
    }
    await storeUnseen(1, 'unseen');
    for (const path of ['/orders', '/orders/named']) {
      expect(await get(path, 1)).toEqual(['of acme']);
      expect(await get(path, 2)).toEqual(['of globex']);
    }
  });

  it.each(places)('stores what each POST says, and answers with it: %s', async (_where, controller, providers) => {
    await start(controller, providers);
    for (const text of ['first', 'second']) {
      const { body } = await request(app.getHttpServer())
        .post('/orders')
        .set('x-organization', '1')
        .send({ text })
        .expect(201);
      expect(body).toMatchObject({ organizationId: 1, text });
    }
    expect(await get('/orders', 1)).toEqual(['first', 'of acme', 'second']);
  });

  it.each(places)('keeps nothing of a route over all tenants: %s', async (_where, controller, providers) => {
    await start(controller, providers);
    expect(await get('/orders/all', 1)).toEqual(['of acme', 'of globex']);
    await storeUnseen(2, 'later');
    expect(await get('/orders/all', 1)).toEqual(['later', 'of acme', 'of globex']);
    expect(entries()).toBe(0);
  });

  it('keeps nothing of a route that belongs to no tenant', async () => {
    @Controller('news')
    class NewsController {
      private asked = 0;
      @Get() count(): { text: string }[] {
        this.asked += 1;
        return [{ text: String(this.asked) }];
      }
    }
    await start(NewsController, [{ provide: APP_INTERCEPTOR, useClass: cache }]);
    expect(await get('/news', 1)).toEqual(['1']);
    expect(await get('/news', 1)).toEqual(['2']);
  });

  it('keeps the responses of a resource', async () => {
    @Controller('orders')
    @UseInterceptors(cache)
    @TenantScoped()
    @UseGuards(OrganizationGuard)
    @Crud(Order)
    class OrdersResource extends CrudController<Order> {}
    await start(OrdersResource, []);
    const ask = (path: string, organization: 1 | 2): request.Test =>
      request(app.getHttpServer()).get(path).set('x-organization', String(organization));
    const first = await ask('/orders', 1).expect(200);
    const row = await ask('/orders/1', 1).expect(200);
    await storeUnseen(1, 'unseen');
    expect((await ask('/orders', 1).expect(200)).body).toEqual(first.body);
    expect((await ask('/orders/1', 1).expect(200)).body).toEqual(row.body);
    await ask('/orders/1', 2).expect(404);
    expect((await ask('/orders', 2).expect(200)).body).toMatchObject({ items: [{ text: 'of globex' }] });
  });

  it('gives the key of a response, to remove it', async () => {
    await start(CacheAround, []);
    await get('/orders', 1);
    await get('/orders', 2);
    await storeUnseen(1, 'new');
    await storeUnseen(2, 'unseen');
    const key = app.get(Tenancy).run({ organizationId: 1 }, () => tenantCacheKey('/orders'));
    await app.get<MemoryCache>(CACHE_MANAGER).del(key!);
    expect(await get('/orders', 1)).toEqual(['new', 'of acme']);
    expect(await get('/orders', 2)).toEqual(['of globex']);
  });

  it('keeps tenants apart where the application puts it there itself, and keeps nothing before a scope is open', async () => {
    app = await open(adapter, CacheElsewhere, [], (application) => {
      const made = new cache(application.get(CACHE_MANAGER), application.get(Reflector));
      application.useGlobalInterceptors(Object.assign(made, { httpAdapterHost: application.get(HttpAdapterHost) }));
    });
    expect(await get('/orders', 2)).toEqual(['of globex']);
    expect(await get('/orders', 1)).toEqual(['of acme']);
    expect(entries()).toBe(0);
  });
});

describe('tenantCache', () => {
  it('gives one class for one base class, named after it', () => {
    expect(tenantCache(CacheInterceptor)).toBe(cache);
    expect(tenantCache(RequestCache)).not.toBe(cache);
    expect(cache.name).toBe('TenantCacheInterceptor');
    class OwnCache extends CacheInterceptor {}
    expect(tenantCache(OwnCache).name).toBe('TenantOwnCache');
  });

  it('takes no class without a key', () => {
    class Logging {
      intercept(): never {
        throw new Error('is not called');
      }
    }
    expect(() => tenantCache(Logging)).toThrow('it has no trackBy method');
    expect(() => tenantCache((() => new Logging()) as unknown as Type)).toThrow('it has no trackBy method');
  });

  it('keeps its key where Nest copies the properties of an instance, as it does behind a forward reference', () => {
    class FixedKey extends CacheInterceptor {
      protected override trackBy(): string {
        return 'one for all';
      }
    }
    const FixedTenantKey = tenantCache(FixedKey);
    const made = new FixedTenantKey(new MemoryCache(), new Reflector());
    const copy = Object.assign(Object.create(FixedTenantKey.prototype as object), made) as { trackBy(): unknown };
    expect(copy.trackBy()).toBeUndefined();
  });

  it('cannot have its key taken over by a property', () => {
    class OwnKey extends cache {
      constructor() {
        super(new MemoryCache(), new Reflector());
        Object.assign(this, { trackBy: () => 'one for all' });
      }
    }
    expect(() => new OwnKey()).toThrow(TypeError);
  });
});

describe('tenantCacheKey', () => {
  const tenancy = new Tenancy();
  const keyOf = (organizationId: number): string | undefined =>
    tenancy.run({ organizationId }, () => tenantCacheKey('/orders'));

  it('differs for tenants and keys alone', () => {
    expect(keyOf(1)).toBe(keyOf(1));
    expect(keyOf(1)).not.toBe(keyOf(2));
    expect(keyOf(1)).toMatch(/^[0-9a-f]{64}:\/orders$/);
  });

  it('is undefined where rows of other tenants may be read', () => {
    expect(tenantCacheKey('/orders')).toBeUndefined();
    tenancy.run({ organizationId: 1 }, () => {
      expect(tenancy.unscoped('test', () => tenantCacheKey('/orders'))).toBeUndefined();
      expect(tenancy.unscoped('test', { entities: [Order] }, () => tenantCacheKey('/orders'))).toBeUndefined();
    });
  });
});

async function open(
  adapter: Adapter,
  controller: Type,
  providers: Provider[],
  configure?: (app: INestApplication<App>) => void,
): Promise<INestApplication<App>> {
  @Module({
    imports: [
      TypeOrmModule.forRoot({ type: 'sqljs', entities: [Order], synchronize: true, retryAttempts: 0 }),
      TypeOrmModule.forFeature([Order]),
      MuckModule.forRoot({ scope: { organizationId: Number }, resolver: tenantFromUser('organizationId') }),
      CacheModule,
    ],
    controllers: [controller],
    providers,
  })
  class AppModule {}
  const app = await createApplication(AppModule, { adapter, configure });
  await app.get(Tenancy).unscoped('two organizations', async () => {
    await app.get(DataSource).getRepository(Order).save({ organizationId: 1, text: 'of acme' });
    await app.get(DataSource).getRepository(Order).save({ organizationId: 2, text: 'of globex' });
  });
  return app;
}
