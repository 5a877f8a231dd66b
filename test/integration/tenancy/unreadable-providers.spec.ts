import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, SetMetadata, UseInterceptors } from '@nestjs/common';
import type { CallHandler, INestApplication, NestInterceptor, Provider, Type } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { Crud, CrudController, MuckModule, tenantFromUser, TenantScoped } from 'nestjs-muck';
import type { App } from 'supertest/types.js';
import { Column, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { createApplication } from '../../support/adapters.js';
import { validateControllers } from '../../../lib/startup/controller.validator.js';
import { problemFilterOf } from '../../../lib/openapi/problem-details-mode.js';
import { validateCacheInterceptors, isSharedCache } from '../../../lib/tenancy/http/cache-interceptor.validator.js';
import { isInstance, safeRead } from '../../../lib/common/safe-read.js';

@Entity()
@TenantScoped()
class Note {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
}

@Controller('notes')
@TenantScoped()
@Crud(Note)
class NotesController extends CrudController<Note> {}

const fail = (): never => {
  throw new Error('not to be read');
};
/** What Nest itself reads of every provider. */
const ofNest = (key: string | symbol): boolean =>
  typeof key === 'symbol' ||
  /^(then|intercept|on[A-Z]\w+|beforeApplicationShutdown|constructor|prototype|name)$/.test(key);
const throwing = (target: object): ProxyHandler<object> => ({
  get: (_, key) => (ofNest(key) ? (Reflect.get(target, key) as unknown) : fail()),
  has: fail,
  ownKeys: fail,
  getOwnPropertyDescriptor: fail,
});
const allThrowing: ProxyHandler<object> = { ...throwing({}), get: fail, getPrototypeOf: fail };
const proxyOf = (target: object, handler: ProxyHandler<object> = throwing(target)): object =>
  new Proxy(target, handler);
const revoked = (target: object): object => {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
};

class StaticThrows {
  static get name(): string {
    return fail();
  }
  static get intercept(): unknown {
    return fail();
  }
  intercept(): never {
    return fail();
  }
}
class GetterThrows {
  get intercept(): unknown {
    return fail();
  }
  get forwardRef(): unknown {
    return fail();
  }
  get isInitialized(): unknown {
    return fail();
  }
}
class PrivateParts {
  readonly #secret = 1;
  get secret(): number {
    return this.#secret;
  }
}

/** Values that do not let themselves be read. Nest starts with the first ones among its providers, the others stop Nest itself. */
const READ_BY_NEST: readonly [name: string, make: () => unknown][] = [
  ['a proxy that throws on all that Nest does not read', () => proxyOf({})],
  ['such a proxy of a function', () => proxyOf(function provided() {})],
  ['such a proxy of a class', () => proxyOf(class Provided {})],
  ['such a proxy of a list', () => proxyOf([])],
  ['an object whose getters throw', () => new GetterThrows()],
  ['an object without a prototype', () => Object.create(null) as object],
  ['a class whose static properties throw', () => StaticThrows],
  ['a proxy of an object with private parts', () => new Proxy(new PrivateParts(), {})],
  ['an object that holds a revoked proxy', () => ({ held: revoked({}), list: [revoked([])] })],
  ['a list of such values', () => [revoked({}), proxyOf({})]],
  ['a proxy that says it is a DataSource', () => proxyOf({ '@instanceof': Symbol.for('DataSource') })],
  ['nothing', () => undefined],
];
const UNREADABLE: typeof READ_BY_NEST = [
  ...READ_BY_NEST,
  ['a proxy that throws on everything', () => proxyOf({}, allThrowing)],
  ['a function proxy that throws on everything', () => proxyOf(class Provided {}, allThrowing)],
  ['a revoked proxy of an object', () => revoked({})],
  ['a revoked proxy of a class', () => revoked(class Provided {})],
  ['a revoked proxy of a list', () => revoked([])],
];

class CacheInterceptor implements NestInterceptor {
  intercept: NestInterceptor['intercept'] = (_, next) => next.handle();
  trackBy(): string {
    return '';
  }
  isRequestCacheable(): boolean {
    return true;
  }
}

describe('providers that do not let themselves be read', () => {
  let app: INestApplication<App> | undefined;
  afterEach(async () => {
    await app?.close();
    app = undefined;
  });

  const start = async (providers: Provider[], interceptors: unknown[] = []): Promise<void> => {
    @Controller('plain')
    class PlainController {
      @Get() list(): unknown[] {
        return [];
      }
    }
    app = await createApplication(
      {
        module: class UnreadableModule {},
        imports: [
          TypeOrmModule.forRoot({ type: 'sqljs', entities: [Note], synchronize: true, retryAttempts: 0 }),
          MuckModule.forRoot({ scope: { organizationId: Number }, resolver: tenantFromUser('organizationId') }),
        ],
        controllers: [NotesController, PlainController],
        providers,
      },
      { configure: (made) => made.useGlobalInterceptors(...(interceptors as NestInterceptor[])) },
    );
  };

  it.each(READ_BY_NEST)('an application with %s starts', async (_, make) => {
    const value = make();
    await start([
      { provide: 'VALUE', useValue: value },
      { provide: 'MADE', useFactory: () => make() },
      { provide: 'OTHER', inject: ['VALUE'], useFactory: (given: unknown) => given },
    ]);
    expect(app!.get(DataSource).isInitialized).toBe(true);
  });

  it('an application with such a proxy as a global interceptor starts', async () => {
    await start([], [proxyOf({ intercept: (_: unknown, next: CallHandler) => next.handle() })]);
    expect(app!.get(ApplicationConfig).getGlobalInterceptors()).toHaveLength(1);
  });

  it('a DataSource is found among them', async () => {
    await start([{ provide: 'VALUE', useValue: proxyOf({}) }]);
    expect(app!.get<DataSource>(getDataSourceToken()).hasMetadata(Note)).toBe(true);
  });

  it.each(UNREADABLE)('the checks of the start pass by %s', (_, make) => {
    const value = make();
    const config = {
      getGlobalFilters: () => [value],
      getGlobalRequestFilters: () => [{ metatype: value }],
    } as unknown as ApplicationConfig;
    @UseInterceptors(
      new (class Holder {
        held = value;
        list = [value];
        intercept(): void {}
      })() as unknown as NestInterceptor,
    )
    class Host {
      @SetMetadata('x', 1)
      method(): void {}
    }
    const hosts = [Host, ...(typeof value === 'function' ? [value as Type] : [])];
    expect(validateCacheInterceptors(hosts, [value], () => [value])).toEqual([]);
    expect(isSharedCache(value)).toBe(false);
    expect(validateControllers(hosts, new Set([value])).problems).toEqual([]);
    expect(problemFilterOf([Host], config)).toBeUndefined();
    expect(isInstance(value, DataSource)).toBe(false);
    expect(() => safeRead(value, 'anything')).not.toThrow();
  });

  it.each(UNREADABLE)('a cache by URL is found beside %s', (_, make) => {
    const value = make();
    @Injectable()
    class Holding {
      before = value;
      caches = [value, new CacheInterceptor()];
      intercept(): void {}
    }
    @Controller()
    @TenantScoped()
    class Host {
      @Get() list(): void {}
    }
    for (const interceptor of [new CacheInterceptor(), new Holding(), CacheInterceptor as Type<unknown>]) {
      expect(validateCacheInterceptors([Host], [value, interceptor], () => [value])).toHaveLength(1);
    }
  });
});
