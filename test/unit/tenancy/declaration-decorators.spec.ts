import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  BadRequestException,
  ConflictException,
  ForbiddenException,
  HttpException,
  Inject,
  Injectable,
  NotFoundException,
  Scope,
} from '@nestjs/common';
import type { INestApplication, Type } from '@nestjs/common';
import { INTERCEPTORS_METADATA } from '@nestjs/common/constants.js';
import { ContextIdFactory, ModuleRef, REQUEST } from '@nestjs/core';
import { REQUEST_CONTEXT_ID } from '@nestjs/core/router/request/request-constants.js';
import {
  CrossTenant,
  ReferenceUnknownError,
  scoped,
  shared,
  TenantScoped,
  TenantScopeInvalidError,
  TenantScopeMissingError,
  TenantScopeViolationError,
  TenantShared,
  UniqueConflictError,
  Unscoped,
} from 'nestjs-muck';
import { EntityNotFoundError, EntitySchema } from 'typeorm';
import type { App } from 'supertest/types.js';
import { isUnscoped } from '../../../lib/orm/policy/access.js';
import {
  tenancyOf,
  registerCrudController,
  registerEntityTenancy,
  entityOfController,
} from '../../../lib/tenancy/metadata/entity-tenancy.registry.js';
import { toHttpException } from '../../../lib/tenancy/http/http-exception.mapper.js';
import { ProviderInstances } from '../../../lib/tenancy/resolvers/provider-instances.js';
import { currentContext } from '../../../lib/tenancy/context/tenant-context.js';
import { getRouteTenancy } from '../../../lib/tenancy/metadata/route-tenancy.metadata.js';
import { TenantInterceptor } from '../../../lib/tenancy/http/tenant.interceptor.js';
import { createApplication } from '../../support/adapters.js';

/*
 * What decorators leave behind, and what is found of it.
 */

const SCOPED = { kind: 'scoped', options: {} };
const WHYS = ['', ' \n', undefined, null, 7] as string[];

describe('what is declared of an entity', () => {
  it('is its own word, or that of a class that it extends', () => {
    @TenantScoped({ via: 'parent', columns: { a: 'b' }, omit: ['c'], globallyUnique: { d: 'why' } })
    class Base {}
    class Child extends Base {}
    @TenantShared('the same for all')
    class Other extends Child {}
    class Unknown {}
    const options = { via: 'parent', columns: { a: 'b' }, omit: ['c'], globallyUnique: { d: 'why' } };
    for (const type of [Base, Child]) expect(tenancyOf(type)).toEqual({ kind: 'scoped', options });
    expect(tenancyOf(Other)).toEqual({ kind: 'shared', why: 'the same for all' });
    expect(tenancyOf(Unknown)).toBeUndefined();
  });

  it('names no resolver: that is for controllers', () => {
    class Resolver {
      resolve(): undefined {
        return undefined;
      }
    }
    @TenantScoped({ resolver: Resolver, via: 'parent' })
    class Entity {}
    expect(tenancyOf(Entity)).toEqual({ kind: 'scoped', options: { via: 'parent' } });
    expect(getRouteTenancy(Entity)).toEqual({ kind: 'scoped', resolver: Resolver });
  });

  it('may be said by name, of one with a class and of one without', () => {
    class Named {}
    registerEntityTenancy('declared-by-name', { kind: 'shared', why: 'a test' }, 'forRoot');
    expect(tenancyOf('declared-by-name')).toEqual({ kind: 'shared', why: 'a test' });
    expect(tenancyOf(Named, 'declared-by-name')).toEqual({ kind: 'shared', why: 'a test' });
    expect(tenancyOf('declared-by-nobody', 'declared-by-name')).toEqual({ kind: 'shared', why: 'a test' });
    expect(tenancyOf(Named, 'Named')).toBeUndefined();
    expect(tenancyOf('declared-by-nobody')).toBeUndefined();
  });

  it('follows from a controller that is scoped, and from no other one', () => {
    class Served {}
    class Child extends Served {}
    class Open {}
    class OpenController {}
    @CrossTenant('the platform looks on')
    class AllController {}
    @TenantScoped()
    class ScopedController {}
    registerCrudController(OpenController, Open);
    registerCrudController(AllController, Open);
    expect(tenancyOf(Open)).toBeUndefined();
    registerCrudController(AllController, Served);
    registerCrudController(ScopedController, Served);
    expect(tenancyOf(Served)).toEqual(SCOPED);
    expect(tenancyOf(Child)).toEqual(SCOPED);
    registerCrudController(ScopedController, 'served-by-name');
    // A controller serves one entity: the one before has lost its declaration.
    expect(tenancyOf(Served)).toBeUndefined();
    expect(tenancyOf('served-by-name')).toEqual(SCOPED);
    expect(tenancyOf(Open, 'served-by-name')).toEqual(SCOPED);
    registerEntityTenancy(Served, { kind: 'shared', why: 'its own word' }, 'forRoot');
    expect(tenancyOf(Served)).toEqual({ kind: 'shared', why: 'its own word' });
  });

  it('is found for the controllers that serve it', () => {
    class First {}
    class Second {}
    class Controller {}
    class Another {}
    registerCrudController(Controller, First);
    registerCrudController(Another, First);
    expect(entityOfController(Controller)).toBe(First);
    expect(entityOfController(Another)).toBe(First);
    expect(entityOfController(Second)).toBeUndefined();
  });

  it('is said for one that cannot be decorated by its class, its name or its schema', () => {
    class Entity {}
    const plain = new EntitySchema({ name: 'Plain', columns: {} });
    const withClass = new EntitySchema({ name: 'WithClass', target: Entity, columns: {} });
    for (const [given, entity] of [
      [Entity, Entity],
      ['Name', 'Name'],
      [plain, 'Plain'],
      [withClass, Entity],
    ] as const) {
      expect(scoped(given)).toEqual({ entity, declaration: SCOPED });
      expect(scoped(given, { via: 'a' })).toEqual({ entity, declaration: { kind: 'scoped', options: { via: 'a' } } });
      expect(shared(given, 'why')).toEqual({ entity, declaration: { kind: 'shared', why: 'why' } });
    }
  });

  it('says why where it is shared', () => {
    for (const why of WHYS) expect(() => TenantShared(why)).toThrow('Say why');
  });
});

describe('what is declared of a route', () => {
  const interceptors = (target: object): unknown => Reflect.getMetadata(INTERCEPTORS_METADATA, target) as unknown;

  it('stands on the class or on the handler, with the interceptor', () => {
    @CrossTenant('all of it')
    class All {
      @TenantScoped() own(): void {}
      plain(): void {}
    }
    expect(getRouteTenancy(All)).toEqual({ kind: 'cross-tenant', why: 'all of it' });
    expect(interceptors(All)).toEqual([TenantInterceptor]);
    const { own, plain } = All.prototype as unknown as Record<string, () => void>;
    expect(getRouteTenancy(own)).toEqual({ kind: 'scoped' });
    expect(interceptors(own)).toEqual([TenantInterceptor]);
    expect(getRouteTenancy(plain)).toBeUndefined();
    expect(interceptors(plain)).toBeUndefined();
    class Heir extends All {}
    expect(getRouteTenancy(Heir)).toEqual({ kind: 'cross-tenant', why: 'all of it' });
  });

  it('declares no entity where it is a handler', () => {
    class Plain {
      @TenantScoped() own(): void {}
      @TenantScoped() static shared(): void {}
    }
    expect(tenancyOf(Plain)).toBeUndefined();
    expect(getRouteTenancy(Plain)).toBeUndefined();
    expect(getRouteTenancy((Plain as unknown as Record<string, () => void>)['shared'])).toEqual({ kind: 'scoped' });
  });

  it('has no interceptor of its own on the controller of a resource, whose one opens the scope, but on its handlers', () => {
    class Row {}
    class Resource {
      handle(): void {}
    }
    registerCrudController(Resource, Row);
    (TenantScoped() as ClassDecorator)(Resource);
    expect(getRouteTenancy(Resource)).toEqual({ kind: 'scoped' });
    expect(interceptors(Resource)).toBeUndefined();
    const descriptor = Object.getOwnPropertyDescriptor(Resource.prototype, 'handle')!;
    (TenantScoped() as MethodDecorator)(Resource.prototype, 'handle', descriptor);
    expect(interceptors(descriptor.value as object)).toEqual([TenantInterceptor]);
  });

  it('is on a class or method, and nothing else', () => {
    const put = (decorator: ClassDecorator & MethodDecorator): unknown =>
      decorator({}, 'field', { value: 7 } as PropertyDescriptor);
    for (const decorator of [TenantScoped(), CrossTenant('a test')]) {
      expect(() => put(decorator)).toThrow(new TypeError('field is not a method or class.'));
      expect(() => decorator({} as never, 'field', undefined as never)).toThrow(TypeError);
    }
  });

  it('says why where it is for all tenants', () => {
    for (const why of WHYS) expect(() => CrossTenant(why)).toThrow('Say why');
  });
});

describe('a method that is unscoped', () => {
  const MARK =
    (value: string): MethodDecorator =>
    (_target, _property, descriptor: PropertyDescriptor) =>
      Reflect.defineMetadata('mark', value, descriptor.value as object);
  class Accounts {
    readonly name = 'ada';
    @Unscoped('loads the signed-in user')
    @MARK('kept')
    find(greeting: string, mark: string): unknown[] {
      return [`${greeting} ${this.name}${mark}`, isUnscoped(), currentContext()?.unscopedSection?.why];
    }
    @Unscoped('loads it later')
    async later(): Promise<boolean> {
      await Promise.resolve();
      return isUnscoped();
    }
  }

  it('runs as it is, over all tenants', async () => {
    const accounts = new Accounts();
    expect(accounts.find('hello', '!')).toEqual(['hello ada!', true, 'loads the signed-in user']);
    expect(await accounts.later()).toBe(true);
    expect(isUnscoped()).toBe(false);
  });

  it('keeps its name and what other decorators have put on it', () => {
    const { find, later } = Accounts.prototype as unknown as Record<string, () => void>;
    expect([find.name, later.name]).toEqual(['find', 'later']);
    expect(Reflect.getMetadata('mark', find)).toBe('kept');
  });

  it('is a method, and says why', () => {
    for (const why of WHYS) expect(() => Unscoped(why)).toThrow('Say why');
    const put = (): unknown => Unscoped('a test')({}, 'field', { value: 7 });
    expect(put).toThrow(new TypeError('@Unscoped belongs on a method, not on field.'));
  });
});

describe('the answer to an error', () => {
  it('tells nothing of rows', () => {
    const outside = new ForbiddenException('This account may not access this.');
    const reference = new ReferenceUnknownError('Order', 'customer');
    for (const [error, answer] of [
      [new EntityNotFoundError('Order', { secret: 'globex' }), new NotFoundException()],
      [new TenantScopeInvalidError('globex'), outside],
      [new TenantScopeViolationError('globex'), outside],
      [reference, new BadRequestException(['customer refers to a row that does not exist'])],
      [new UniqueConflictError('Order', ['a', 'b']), new ConflictException(['a, b must be unique'])],
      [new UniqueConflictError('Order', ['a']), new ConflictException(['a must be unique'])],
      [new UniqueConflictError('Order', []), new ConflictException(['a row with the same unique key exists already'])],
    ] as const) {
      const given = toHttpException(error) as HttpException;
      expect(given.getResponse()).toEqual(answer.getResponse());
      expect(given).toBeInstanceOf(answer.constructor);
      const isTold = error === reference || error instanceof UniqueConflictError;
      expect(given.cause).toBe(isTold ? error : undefined);
    }
  });

  it('is the error itself where that is no answer, or one already', () => {
    for (const error of [
      new Error('a'),
      new TenantScopeMissingError('Order'),
      new HttpException('a', 418),
      'a',
      undefined,
    ])
      expect(toHttpException(error)).toBe(error);
  });
});

describe('instances of what an application provides', () => {
  @Injectable()
  class Single {}
  @Injectable({ scope: Scope.REQUEST })
  class EachRequest {
    constructor(@Inject(REQUEST) readonly request: unknown) {}
  }
  @Injectable({ scope: Scope.TRANSIENT })
  class EachTime {}
  @Injectable()
  class NeedsRequest {
    constructor(readonly each: EachRequest) {}
  }
  class Elsewhere {}
  const requestOf = (made: object): unknown =>
    ((made instanceof NeedsRequest ? made.each : made) as EachRequest).request;
  let app: INestApplication<App>;
  let instances: ProviderInstances;

  beforeAll(async () => {
    // Nest reads by these what a constructor takes.
    Reflect.defineMetadata('design:paramtypes', [EachRequest], NeedsRequest);
    const inner = { module: class Inner {}, providers: [Single, EachRequest, EachTime, NeedsRequest] };
    app = await createApplication({ module: class Outer {}, imports: [inner] });
    instances = new ProviderInstances(app.get(ModuleRef));
  });
  afterAll(() => app.close());

  it('are there in whatever module they are provided', () => {
    for (const type of [Single, EachRequest, EachTime, NeedsRequest]) expect(instances.has(type)).toBe(true);
    expect(instances.has(Elsewhere)).toBe(false);
  });

  it('are the one of all requests where there is one, which is known from then on', async () => {
    expect(instances.getCached(Single)).toBeUndefined();
    const single = await instances.resolve(Single, {});
    expect(single).toBeInstanceOf(Single);
    expect(instances.getCached(Single)).toBe(single);
    expect(await instances.resolve(Single, undefined)).toBe(single);
    expect(await new ProviderInstances(app.get(ModuleRef)).resolve(Single, {})).toBe(single);
  });

  it.each<[what: string, Type<object>]>([
    ['is made for each', EachRequest],
    ['needs such a one', NeedsRequest],
  ])('are the one of a request where something %s', async (_, type) => {
    // What Nest puts on a request for which it has made something already.
    const requests = [{ [REQUEST_CONTEXT_ID]: ContextIdFactory.create() }, { a: 2 }];
    const [first, again, second] = await Promise.all([
      instances.resolve(type, requests[0]),
      instances.resolve(type, requests[0]),
      instances.resolve(type, requests[1]),
    ]);
    expect(first).toBeInstanceOf(type);
    expect(first).toBe(again);
    expect(first).not.toBe(second);
    expect(requestOf(first)).toBe(requests[0]);
    expect(requestOf(second)).toBe(requests[1]);
    expect(instances.getCached(type)).toBeUndefined();
    const outside = await Promise.all([instances.resolve(type, undefined), instances.resolve(type, undefined)]);
    expect(outside[0]).toBeInstanceOf(type);
    expect(outside[0]).not.toBe(outside[1]);
    expect(outside.map(requestOf)).toEqual([undefined, undefined]);
  });

  it('are missed where nothing provides them', async () => {
    await expect(instances.resolve(Elsewhere, {})).rejects.toThrow('Elsewhere');
  });
});
