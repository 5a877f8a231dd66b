import { afterEach, describe, expect, it } from '@jest/globals';
import {
  All,
  Controller,
  Get,
  Global,
  Inject,
  Injectable,
  Module,
  Post,
  Scope,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import type {
  CallHandler,
  CanActivate,
  ExecutionContext,
  INestApplication,
  NestInterceptor,
  Provider,
  Type,
} from '@nestjs/common';
import { APP_INTERCEPTOR, HttpAdapterHost, Reflector } from '@nestjs/core';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import {
  Crud,
  CrudController,
  MuckModule,
  Tenancy,
  tenantFromUser,
  TenantInterceptor,
  TenantScoped,
} from 'nestjs-muck';
import type { Observable } from 'rxjs';
import request from 'supertest';
import type { App } from 'supertest/types.js';
import { Column, DataSource, Entity, PrimaryGeneratedColumn, Repository } from 'typeorm';
import { StartupValidator } from '../../../lib/startup/startup-validator.js';
import { adaptersToTest, createApplication } from '../../support/adapters.js';
import type { Adapter } from '../../support/adapters.js';
import { CACHE_MANAGER, CacheInterceptor, CacheKey, MemoryCache } from '../../support/cache-interceptor.js';

/*
 * Every way to put Nest's CacheInterceptor before a handler that reads a tenant's rows. Each is tried twice: without the check of the start,
 * where one tenant must get another tenant's response, and with it, where the application must not start (or fail the request).
 */

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

/** A part of an application that a cache stands in. */
interface Attempt {
  readonly controllers: Type[];
  readonly providers?: Provider[];
  /** What a main.ts does before it listens. */
  readonly configure?: (app: INestApplication<App>) => void;
  readonly method?: 'get' | 'post';
  /** True if the cache shows only when a request comes: that request fails. */
  readonly failsLate?: boolean;
}

async function start(adapter: Adapter, attempt: Attempt): Promise<INestApplication<App>> {
  @Module({
    imports: [
      TypeOrmModule.forRoot({ type: 'sqljs', entities: [Order], synchronize: true, retryAttempts: 0 }),
      TypeOrmModule.forFeature([Order]),
      MuckModule.forRoot({ scope: { organizationId: Number }, resolver: tenantFromUser('organizationId') }),
      CacheModule,
    ],
    controllers: attempt.controllers,
    providers: attempt.providers ?? [],
  })
  class AppModule {}
  const app = await createApplication(AppModule, { adapter, configure: attempt.configure });
  const orders = app.get(DataSource).getRepository(Order);
  await app.get(Tenancy).unscoped('two organizations', async () => {
    await orders.save({ organizationId: 1, text: 'of acme' });
    await orders.save({ organizationId: 2, text: 'of globex' });
  });
  return app;
}

async function startUnchecked(adapter: Adapter, attempt: Attempt): Promise<INestApplication<App>> {
  const check = Object.getOwnPropertyDescriptor(StartupValidator.prototype, 'onModuleInit')!;
  Object.assign(StartupValidator.prototype, { onModuleInit: () => undefined });
  try {
    return await start(adapter, attempt);
  } finally {
    Object.defineProperty(StartupValidator.prototype, 'onModuleInit', check);
  }
}

/** A controller that lists orders, behind interceptors on its class and on its handler. */
function listing(onClass: (Type | NestInterceptor)[], onHandler: (Type | NestInterceptor)[] = []): Type {
  @Controller('orders')
  @UseInterceptors(...(onClass as Type<NestInterceptor>[]))
  @TenantScoped()
  @UseGuards(OrganizationGuard)
  class OrdersController {
    constructor(@InjectRepository(Order) private readonly orders: Repository<Order>) {}

    @Get()
    @UseInterceptors(...(onHandler as Type<NestInterceptor>[]))
    list(): Promise<Order[]> {
      return this.orders.find();
    }
  }
  return OrdersController;
}

@Injectable()
class LoggingCache extends CacheInterceptor {}

/** As Nest's documentation shows it: a key of its own, made of the URL. */
@Injectable()
class PathCache extends CacheInterceptor {
  protected override trackBy(context: ExecutionContext): string | undefined {
    return context.switchToHttp().getRequest<{ url: string }>().url;
  }
}

@Injectable()
class EveryMethodCache extends CacheInterceptor {
  protected override allowedMethods = ['GET', 'POST'];
}

@Injectable({ scope: Scope.REQUEST })
class RequestCache extends CacheInterceptor {}

/** It hands on to the cache that it is given. */
@Injectable()
class DelegatingInterceptor implements NestInterceptor {
  constructor(private readonly cache: CacheInterceptor) {}

  intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    return this.cache.intercept(context, next);
  }
}

@Injectable()
class PropertyInterceptor implements NestInterceptor {
  @Inject(CacheInterceptor) private readonly cache!: CacheInterceptor;

  intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    return this.cache.intercept(context, next);
  }
}

/** It makes the cache itself. */
@Injectable()
class MakingInterceptor implements NestInterceptor {
  private readonly caches: CacheInterceptor[];

  constructor(@Inject(CACHE_MANAGER) cache: MemoryCache, reflector: Reflector, adapterHost: HttpAdapterHost) {
    this.caches = [withAdapter(new CacheInterceptor(cache, reflector), adapterHost)];
  }

  intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    return this.caches[0].intercept(context, next);
  }
}

function withAdapter(cache: CacheInterceptor, adapterHost: HttpAdapterHost): CacheInterceptor {
  return Object.assign(cache, { httpAdapterHost: adapterHost });
}

function mixin(Base: typeof CacheInterceptor): Type<NestInterceptor> {
  @Injectable()
  class MixedIn extends Base {}
  return MixedIn;
}

/** As a bundler leaves it. */
const Renamed = ((): Type<NestInterceptor> => {
  @Injectable()
  class CacheInterceptor2 extends CacheInterceptor {
    protected override isRequestCacheable(context: ExecutionContext): boolean {
      return super.isRequestCacheable(context);
    }
    protected override trackBy(context: ExecutionContext): Promise<string | undefined> | string | undefined {
      return super.trackBy(context);
    }
  }
  Object.defineProperty(CacheInterceptor2, 'name', { value: 'r' });
  return CacheInterceptor2;
})();

const everywhere = (provider: object): Provider[] => [{ provide: APP_INTERCEPTOR, ...provider } as Provider];
const factory = (scope: Scope): object => ({
  scope,
  inject: [CACHE_MANAGER, Reflector, HttpAdapterHost],
  useFactory: (cache: MemoryCache, reflector: Reflector, adapterHost: HttpAdapterHost) =>
    withAdapter(new CacheInterceptor(cache, reflector), adapterHost),
});

@Controller('orders')
@UseGuards(OrganizationGuard)
class AllController {
  constructor(@InjectRepository(Order) private readonly orders: Repository<Order>) {}

  @All()
  @TenantScoped()
  @UseInterceptors(CacheInterceptor)
  list(): Promise<Order[]> {
    return this.orders.find();
  }
}

@Controller('orders')
@TenantScoped()
@UseGuards(OrganizationGuard)
class SearchController {
  constructor(@InjectRepository(Order) private readonly orders: Repository<Order>) {}

  @Post()
  @CacheKey('orders')
  @UseInterceptors(CacheInterceptor)
  search(): Promise<Order[]> {
    return this.orders.find();
  }
}

@Controller('orders')
@TenantScoped()
@UseInterceptors(EveryMethodCache)
@UseGuards(OrganizationGuard)
class PostController {
  constructor(@InjectRepository(Order) private readonly orders: Repository<Order>) {}

  @Post()
  search(): Promise<Order[]> {
    return this.orders.find();
  }
}

abstract class Listing {
  @InjectRepository(Order) protected readonly orders!: Repository<Order>;

  @Get()
  @UseInterceptors(CacheInterceptor)
  list(): Promise<Order[]> {
    return this.orders.find();
  }
}

@Controller('orders')
@TenantScoped()
@UseGuards(OrganizationGuard)
class InheritingController extends Listing {}

@Controller('orders')
@UseInterceptors(CacheInterceptor)
@TenantScoped()
@UseGuards(OrganizationGuard)
@Crud(Order)
class ResourceController extends CrudController<Order> {}

@Controller('orders')
@UseGuards(OrganizationGuard)
class UndecoratedController {
  constructor(@InjectRepository(Order) private readonly orders: Repository<Order>) {}

  @Get()
  @UseInterceptors(CacheInterceptor)
  list(): Promise<Order[]> {
    return this.orders.find();
  }
}

const attempts: Record<string, Attempt> = {
  'on the class of a controller': { controllers: [listing([CacheInterceptor])] },
  'on a handler': { controllers: [listing([], [CacheInterceptor])] },
  'on a handler that a controller inherits': { controllers: [InheritingController] },
  'on a handler for all methods': { controllers: [AllController] },
  'on a POST with a fixed key': { controllers: [SearchController], method: 'post' },
  'on a resource': { controllers: [ResourceController] },
  'with a fixed key': {
    controllers: [
      (() => {
        const controller = listing([CacheInterceptor]);
        CacheKey('orders')(Reflect.get(controller.prototype as object, 'list') as never, 'list', {
          value: Reflect.get(controller.prototype as object, 'list'),
        } as never);
        return controller;
      })(),
    ],
  },
  'extended, with the key as it is': { controllers: [listing([LoggingCache])] },
  'extended, with a key that is made of the URL': { controllers: [listing([PathCache])] },
  'extended, for POST too': { controllers: [PostController], method: 'post' },
  'as a mixin': { controllers: [listing([mixin(CacheInterceptor)])] },
  'renamed by a bundler': { controllers: [listing([Renamed])] },
  'for each request': { controllers: [listing([RequestCache])] },
  'behind an interceptor that injects it': {
    controllers: [listing([DelegatingInterceptor])],
    providers: [CacheInterceptor],
  },
  'behind an interceptor that injects it as a property': {
    controllers: [listing([], [PropertyInterceptor])],
    providers: [CacheInterceptor],
  },
  'behind an interceptor that makes it': { controllers: [listing([MakingInterceptor])] },
  'as APP_INTERCEPTOR by useClass': {
    controllers: [listing([])],
    providers: everywhere({ useClass: CacheInterceptor }),
  },
  'as APP_INTERCEPTOR by useClass with an interceptor that makes it': {
    controllers: [listing([])],
    providers: everywhere({ useClass: MakingInterceptor }),
  },
  'as APP_INTERCEPTOR by useFactory': {
    controllers: [listing([])],
    providers: everywhere(factory(Scope.DEFAULT)),
  },
  'as APP_INTERCEPTOR by useExisting': {
    controllers: [listing([])],
    providers: [CacheInterceptor, ...everywhere({ useExisting: CacheInterceptor })],
  },
  'as APP_INTERCEPTOR for each request by the scope of its class': {
    controllers: [listing([])],
    providers: everywhere({ useClass: RequestCache }),
  },
  'as APP_INTERCEPTOR for each request by the scope of its provider': {
    controllers: [listing([])],
    providers: everywhere({ useClass: CacheInterceptor, scope: Scope.REQUEST }),
  },
  'as APP_INTERCEPTOR for each request by useExisting': {
    controllers: [listing([])],
    providers: [RequestCache, ...everywhere({ useExisting: RequestCache })],
  },
  'as APP_INTERCEPTOR for each request by useFactory': {
    controllers: [listing([])],
    providers: everywhere(factory(Scope.REQUEST)),
    failsLate: true,
  },
  'as APP_INTERCEPTOR for each request by useFactory that is async': {
    controllers: [listing([])],
    providers: everywhere({
      scope: Scope.REQUEST,
      inject: [CACHE_MANAGER, Reflector, HttpAdapterHost],
      useFactory: (cache: MemoryCache, reflector: Reflector, adapterHost: HttpAdapterHost) =>
        Promise.resolve(withAdapter(new CacheInterceptor(cache, reflector), adapterHost)),
    }),
    failsLate: true,
  },
  'by app.useGlobalInterceptors': {
    controllers: [listing([])],
    configure: (app) =>
      void app.useGlobalInterceptors(
        withAdapter(new CacheInterceptor(app.get(CACHE_MANAGER), app.get(Reflector)), app.get(HttpAdapterHost)),
      ),
  },
  'on a handler whose scope an interceptor of the whole application opens': {
    controllers: [UndecoratedController],
    providers: [{ provide: APP_INTERCEPTOR, useExisting: TenantInterceptor }],
  },
};

describe.each(adaptersToTest())('G-08 a CacheInterceptor before the rows of a tenant, on %s', (adapter) => {
  let app: INestApplication<App> | undefined;
  afterEach(async () => {
    await app?.close();
    app = undefined;
  });

  const answers = async (method: 'get' | 'post' = 'get'): Promise<string> => {
    const texts: string[] = [];
    for (const organization of [2, 1]) {
      const { text } = await request(app!.getHttpServer())
        [method]('/orders')
        .set('x-organization', String(organization));
      texts.push(text);
    }
    return texts[1];
  };

  it.each(Object.entries(attempts))('gives no tenant the response of another one: %s', async (_how, attempt) => {
    app = await startUnchecked(adapter, attempt);
    expect(await answers(attempt.method)).toContain('of globex');
    await app.close();
    app = undefined;

    if (attempt.failsLate === true) {
      app = await start(adapter, attempt);
      expect(await answers(attempt.method)).toMatch(/"statusCode":500,"message":"Internal server error"/);
    } else {
      const refusal = start(adapter, attempt).then((started) => (app = started));
      await expect(refusal).rejects.toThrow(/Use tenantCache\(\w+\), which nestjs-muck exports/);
    }
  });
});
