import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  ForbiddenException,
  Get,
  HttpException,
  Inject,
  Injectable,
  NotFoundException,
  Scope,
} from '@nestjs/common';
import type { ExecutionContext, INestApplication, Type } from '@nestjs/common';
import { HttpAdapterHost, ModuleRef, REQUEST } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import {
  CrossTenant,
  MuckModule,
  Tenancy,
  TenantScoped,
  TenantScopeInvalidError,
  TenantScopeMissingError,
  TenantScopeViolationError,
} from 'nestjs-muck';
import type { TenantResolver } from 'nestjs-muck';
import { defer, from, isObservable, lastValueFrom, NEVER, of, Subject, throwError } from 'rxjs';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Observable } from 'rxjs';
import type { App } from 'supertest/types.js';
import { EntityNotFoundError } from 'typeorm';
import { retryableKindOf } from '../../../lib/orm/execution/driver-error.parser.js';
import { isUnscoped } from '../../../lib/orm/policy/access.js';
import { currentContext } from '../../../lib/tenancy/context/tenant-context.js';
import type { TenantContext } from '../../../lib/tenancy/context/tenant-context.js';
import { RequestObserver } from '../../../lib/tenancy/http/request-observer.js';
import type { RequestObservation } from '../../../lib/tenancy/http/request-observer.js';
import { TenantInterceptor } from '../../../lib/tenancy/http/tenant.interceptor.js';
import { registerRetryableClassifier } from '../../../lib/tenancy/http/retryable-error.js';
import { DEFAULT_RESOLVER } from '../../../lib/tenancy/metadata/tenancy.tokens.js';
import { createApplication } from '../../support/adapters.js';

/*
 * The interceptor on its own: a call that has come by no wire stands before it, and behind it a handler of the test.
 */

/** What the module's resolver does next, and the current tenants that it was asked in. */
let script: (context: ExecutionContext) => unknown;
const askedIn: unknown[] = [];

@Injectable()
class Scripted implements TenantResolver {
  readonly vary = ['X-Scripted'];
  constructor(private readonly tenancy: Tenancy) {}
  resolve(context: ExecutionContext): never {
    askedIn.push(this.tenancy.current);
    return script(context) as never;
  }
}

/** One for each call; what represents its request says the tenant. */
@Injectable({ scope: Scope.REQUEST })
class OfTheCall implements TenantResolver {
  constructor(@Inject(REQUEST) private readonly call: { tenant?: number }) {}
  resolve(): { organizationId: number } | undefined {
    return this.call.tenant === undefined ? undefined : { organizationId: this.call.tenant };
  }
}

@Injectable()
class Always7 implements TenantResolver {
  resolve(): { organizationId: number } {
    return { organizationId: 7 };
  }
}

@Controller('plain')
class PlainController {
  handle(): void {}
  @TenantScoped() scoped(): void {}
}

@Controller('scoped')
@TenantScoped()
class ScopedController {
  @Get() handle(): void {}
  @TenantScoped({ resolver: Always7 }) seven(): void {}
  @CrossTenant('the platform looks on') all(): void {}
}

@Controller('by-call')
@TenantScoped({ resolver: OfTheCall })
class ByCallController {
  @Get() handle(): void {}
}

@Controller('all')
@CrossTenant('the platform looks on')
class AllController {
  @Get() handle(): void {}
}

describe('the interceptor of tenants', () => {
  let app: INestApplication<App>;
  let interceptor: TenantInterceptor;
  let tenancy: Tenancy;
  const logged: string[] = [];

  beforeAll(async () => {
    const ignore = (): void => undefined;
    app = await createApplication(
      {
        module: class {},
        imports: [MuckModule.forRoot({ scope: { organizationId: Number }, resolver: Scripted })],
        controllers: [ScopedController, ByCallController, AllController],
        providers: [OfTheCall, Always7],
      },
      { logger: { log: ignore, warn: ignore, error: (message: unknown) => void logged.push(String(message)) } },
    );
    interceptor = app.get(TenantInterceptor);
    tenancy = app.get(Tenancy);
  });
  afterAll(() => app.close());
  beforeEach(() => {
    logged.length = askedIn.length = 0;
    script = () => ({ organizationId: 1 });
  });

  interface Headers {
    [name: string]: string;
  }
  /** A call of a controller's method, and the headers of its answer. */
  const call = (
    controller: Type,
    method = 'handle',
    args?: unknown[],
  ): { context: ExecutionContextHost; headers: Headers } => {
    const headers: Headers = {};
    const response = {
      headersSent: false,
      get: (name: string) => headers[name],
      set: (name: string, value: string) => void (headers[name] = value),
    };
    const handler = (controller.prototype as Record<string, () => void>)[method];
    return { context: new ExecutionContextHost(args ?? [{ method: 'GET' }, response], controller, handler), headers };
  };
  const intercept = async (
    context: ExecutionContext,
    handle: () => Observable<unknown>,
  ): Promise<Observable<unknown>> => await interceptor.intercept(context, { handle });
  const answer = async (context: ExecutionContext, handle: () => Observable<unknown>): Promise<unknown> =>
    lastValueFrom(await intercept(context, handle));
  const current = (): Observable<unknown> => of(tenancy.current);
  const failure = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      (value) => ({ answered: value }),
      (error: unknown) => error,
    );

  describe('makes the scope current', () => {
    it.each([
      ['at once', () => ({ organizationId: 1 })],
      ['later', () => Promise.resolve({ organizationId: 1 })],
      ['by something like a promise', () => ({ then: (give: (scope: object) => void) => give({ organizationId: 1 }) })],
    ])('that the resolver says %s, for as long as the handler answers', async (_, resolve) => {
      script = resolve;
      const seen: unknown[] = [];
      const values = await intercept(call(ScopedController).context, () => {
        seen.push(tenancy.current);
        return defer(async () => {
          seen.push(tenancy.current);
          await Promise.resolve();
          return tenancy.current;
        });
      });
      expect(seen).toEqual([]);
      expect(await lastValueFrom(values)).toEqual({ organizationId: 1 });
      expect(seen).toEqual([{ organizationId: 1 }, { organizationId: 1 }]);
      expect(tenancy.current).toBeUndefined();
    });

    it('and answers at once where the resolver does, once it is known', async () => {
      await answer(call(ScopedController).context, current);
      expect(isObservable(interceptor.intercept(call(ScopedController).context, { handle: current }))).toBe(true);
    });

    it('each time that it is asked for', async () => {
      const { context } = call(ScopedController);
      expect(await answer(context, current)).toEqual({ organizationId: 1 });
      script = () => ({ organizationId: 2 });
      expect(await answer(context, current)).toEqual({ organizationId: 2 });
      expect(await answer(call(ScopedController).context, current)).toEqual({ organizationId: 2 });
    });

    it('of a handler that says nothing: that of the module', async () => {
      expect(await answer(call(PlainController).context, current)).toEqual({ organizationId: 1 });
    });

    it('of the resolver that the handler names, or the class', async () => {
      expect(await answer(call(ScopedController, 'seven').context, current)).toEqual({ organizationId: 7 });
      for (const tenant of [3, 4]) {
        const { context, headers } = call(ByCallController);
        (context.getArgs()[0] as { tenant?: number }).tenant = tenant;
        expect(await answer(context, current)).toEqual({ organizationId: tenant });
        expect(headers).toEqual({ 'Cache-Control': 'private', Vary: 'Authorization, Cookie' });
      }
      expect(askedIn).toEqual([]);
    });

    it('once, where class and handler both ask for it', async () => {
      const { context } = call(ScopedController);
      const nested = (): Observable<unknown> =>
        from(intercept(context, current).then((values) => lastValueFrom(values)));
      expect(await answer(context, nested)).toEqual({ organizationId: 1 });
      expect(askedIn).toHaveLength(1);
    });

    it('anew, where another one has become current meanwhile', async () => {
      const { context } = call(ScopedController);
      const inAnother = (): Observable<unknown> =>
        defer(() => tenancy.run({ organizationId: 5 }, async () => lastValueFrom(await intercept(context, current))));
      expect(await answer(context, inAnother)).toEqual({ organizationId: 1 });
      expect(askedIn).toHaveLength(2);
    });

    it('with the resolver in none, whatever the scope around it', async () => {
      await tenancy.run({ organizationId: 5 }, () => answer(call(ScopedController).context, current));
      expect(askedIn).toEqual([undefined]);
    });
  });

  describe('of which transport the call may be', () => {
    it.each([
      ['rpc', [{ tenant: 8 }, { tenant: 9 }], 9],
      ['ws', [{ tenant: 8 }, { tenant: 9 }], 8],
      [
        'http',
        [
          { tenant: 8, method: 'POST' },
          { tenant: 9, headersSent: true },
        ],
        8,
      ],
    ])('%s: a resolver of its own for each gets what represents the request', async (type, args, tenant) => {
      const { context } = call(ByCallController, 'handle', args);
      context.setType(type);
      expect(await answer(context, current)).toEqual({ organizationId: tenant });
    });

    it('and no headers are set but those of HTTP', async () => {
      const http = call(ScopedController);
      await answer(http.context, current);
      expect(http.headers).toEqual({ 'Cache-Control': 'private', Vary: 'Authorization, Cookie, X-Scripted' });
      const all = call(AllController);
      await answer(all.context, current);
      expect(all.headers).toEqual({ 'Cache-Control': 'private', Vary: 'Authorization, Cookie' });
      for (const controller of [ScopedController, AllController]) {
        const { context, headers } = call(controller);
        context.setType('rpc');
        await answer(context, current);
        expect(headers).toEqual({});
      }
    });

    it('and errors of this package are answers over HTTP alone', async () => {
      const missing = new EntityNotFoundError('Order', {});
      const { context } = call(ScopedController);
      const throwing = (): Observable<never> => throwError(() => missing);
      expect(await failure(answer(context, throwing))).toEqual(new NotFoundException());
      context.setType('rpc');
      expect(await failure(answer(context, throwing))).toBe(missing);
    });
  });

  describe('without a tenant', () => {
    const NO_TENANT = new ForbiddenException('This account does not belong to a tenant.');
    const nobody = (): Observable<unknown> => {
      throw new Error('the handler has run');
    };

    it.each([undefined, Promise.resolve(undefined)])('lets no handler run', async (nothing) => {
      script = () => nothing;
      expect(await failure(answer(call(ScopedController).context, nobody))).toEqual(NO_TENANT);
      expect(logged).toEqual([]);
    });

    it.each<[what: string, wrong: unknown]>([
      ['null', null],
      ['no key', {}],
      ['a number', 1],
      ['a list', []],
      ['a value of another type', { organizationId: '1' }],
      ['one key too many', { organizationId: 1, more: 1 }],
      ['what comes later', Promise.resolve({})],
    ])('says so of what is no scope, and tells the log alone: %s', async (_, wrong) => {
      script = () => wrong;
      expect(await failure(answer(call(ScopedController).context, nobody))).toEqual(NO_TENANT);
      expect(logged).toEqual([expect.stringMatching(/^Scripted at ScopedController\.handle: /)]);
    });

    it('says so in private', async () => {
      script = () => undefined;
      const { context, headers } = call(ScopedController);
      await failure(answer(context, nobody));
      expect(headers).toMatchObject({ 'Cache-Control': 'private' });
    });

    it('does not hide an error that comes of reading the scope', async () => {
      const error = new RangeError('a getter of its own');
      script = () => ({
        get organizationId() {
          throw error;
        },
      });
      expect(await failure(answer(call(ScopedController).context, nobody))).toBe(error);
      expect(logged).toEqual(['GET ScopedController.handle failed with 500']);
    });

    it('gives the answer that a resolver throws itself', async () => {
      for (const error of [new HttpException('later', 503), new TypeError('a fault')]) {
        for (const fail of [
          () => Promise.reject(error),
          () => {
            throw error;
          },
        ]) {
          script = fail;
          expect(await failure(answer(call(ScopedController).context, nobody))).toBe(error);
        }
      }
    });

    it.each<[name: string, error: Error]>([
      ['EntityNotFoundError', new EntityNotFoundError('Order', {})],
      ['TenantScopeInvalidError', new TenantScopeInvalidError('not this one')],
      ['TenantScopeViolationError', new TenantScopeViolationError('not that one')],
    ])('an %s of a resolver is a fault of the resolver, and no 404 or 403', async (_, error) => {
      for (const fail of [
        () => Promise.reject(error),
        () => {
          throw error;
        },
      ]) {
        script = fail;
        const failed = await failure(answer(call(ScopedController).context, nobody));
        expect(failed).toEqual(new Error(`Scripted failed: ${String(error)}`));
        expect(failed).toMatchObject({ cause: error });
        expect(failed).not.toBeInstanceOf(HttpException);
      }
    });
  });

  describe('over all tenants', () => {
    it.each([
      ['a class', AllController, 'handle'],
      ['a handler of a class that is scoped', ScopedController, 'all'],
    ])('runs %s that says so, and asks no resolver', async (_, controller, method) => {
      const { context } = call(controller, method);
      expect(
        await answer(context, () => of([isUnscoped(), tenancy.current, currentContext()?.unscopedSection?.why])),
      ).toEqual([true, undefined, 'the platform looks on']);
      expect(askedIn).toEqual([]);
      expect(isUnscoped()).toBe(false);
    });

    it('and within it once', async () => {
      const { context } = call(AllController);
      const nested = (): Observable<unknown> =>
        from(
          intercept(context, () => of(currentContext()?.unscopedSection)).then(async (values) => [
            await lastValueFrom(values),
            currentContext()?.unscopedSection,
          ]),
        );
      const [inner, outer] = (await answer(context, nested)) as unknown[];
      expect(inner).toBeDefined();
      expect(inner).toBe(outer);
    });

    it.each<[how: string, (answers: Subject<unknown>, leave: () => void) => void]>([
      ['completes', (answers) => answers.complete()],
      ['fails', (answers) => answers.error(new Error('lost'))],
      ['is no longer wanted', (_, leave) => leave()],
    ])('until it %s: what goes on after that is refused', async (_, end) => {
      const answers = new Subject<unknown>();
      let unscoped: (() => boolean) | undefined;
      const values = await intercept(call(AllController).context, () => {
        unscoped = tenancy.bind(() => isUnscoped());
        return answers;
      });
      const heard: unknown[] = [];
      const subscription = values.subscribe({ next: (value) => heard.push(value), error: () => undefined });
      answers.next('first');
      expect(unscoped!()).toBe(true);
      end(answers, () => subscription.unsubscribe());
      expect(unscoped).toThrow(TenantScopeMissingError);
      expect(answers.observed).toBe(false);
      expect(heard).toEqual(['first']);
    });
  });

  describe('of a stream', () => {
    /** Subscribes for a tenant; gives what was heard. */
    const listen = async (context: ExecutionContext, values: Observable<unknown>): Promise<unknown[]> => {
      const heard: unknown[] = [];
      (await intercept(context, () => values)).subscribe({
        next: (value) => heard.push(value),
        error: (error) => heard.push(error),
        complete: () => heard.push('complete'),
      });
      return heard;
    };

    it('ends it where another tenant sets off a value, and says where and what to do', async () => {
      const source = new Subject<unknown>();
      const heard = await listen(call(ScopedController).context, source);
      source.next('no tenant');
      tenancy.run({ organizationId: 1 }, () => source.next('own'));
      expect(heard).toEqual(['no tenant', 'own']);
      tenancy.run({ organizationId: 2 }, () => source.next('foreign'));
      source.next('later');
      expect(heard).toEqual(['no tenant', 'own', new ForbiddenException('This account may not access this.')]);
      expect(logged).toEqual([
        expect.stringMatching(
          / ScopedController\.handle would send a value emitted by a request of another tenant.*bind/,
        ),
      ]);
    });

    it('gives the error itself where there is no HTTP', async () => {
      const source = new Subject<unknown>();
      const { context } = call(ScopedController);
      context.setType('ws');
      const heard = await listen(context, source);
      tenancy.run({ organizationId: 2 }, () => source.next('foreign'));
      expect(heard).toEqual([expect.any(TenantScopeViolationError)]);
    });

    it('lets through what is for all tenants, and not what is for some entities of all', async () => {
      const source = new Subject<unknown>();
      const heard = await listen(call(ScopedController).context, source);
      const foreign = (send: () => void): void => tenancy.run({ organizationId: 2 }, send);
      foreign(() => tenancy.unscoped('an announcement', () => source.next('announced')));
      expect(heard).toEqual(['announced']);
      foreign(() => tenancy.unscoped('an announcement', { entities: [ScopedController] }, () => source.next('some')));
      expect(heard).toEqual(['announced', expect.any(ForbiddenException)]);
    });

    it('lets through what the stream itself does for another tenant', async () => {
      const values = defer(() => tenancy.run({ organizationId: 2 }, () => of('nested')));
      expect(await listen(call(ScopedController).context, values)).toEqual(['nested', 'complete']);
    });

    it('over all tenants lets through what any of them sets off', async () => {
      const source = new Subject<unknown>();
      const heard = await listen(call(AllController).context, source);
      tenancy.run({ organizationId: 2 }, () => source.next('of one'));
      source.complete();
      expect(heard).toEqual(['of one', 'complete']);
      expect(logged).toEqual([]);
    });

    it('passes on its end, and unsubscribes without a listener', async () => {
      let left = false;
      const values = await intercept(call(ScopedController).context, () =>
        defer(() => NEVER).pipe((source) => {
          const { subscribe } = source;
          source.subscribe = ((...args: Parameters<typeof subscribe>) => {
            const subscription = subscribe.apply(source, args);
            subscription.add(() => (left = true));
            return subscription;
          }) as typeof subscribe;
          return source;
        }),
      );
      values.subscribe().unsubscribe();
      expect(left).toBe(true);
    });
  });

  it('knows for which handlers something says how they stand to tenants', () => {
    const isFor = (controller: Type, method?: string): boolean =>
      interceptor.appliesTo(call(controller, method).context);
    for (let i = 0; i < 2; i += 1) {
      expect(isFor(PlainController)).toBe(false);
      expect(isFor(PlainController, 'scoped')).toBe(true);
      expect(isFor(ScopedController)).toBe(true);
      expect(isFor(AllController)).toBe(true);
    }
  });

  it('tells handlers apart that controllers share by inheritance', async () => {
    abstract class Base {
      handle(): void {}
    }
    @TenantScoped({ resolver: Always7 })
    class First extends Base {}
    @CrossTenant('the platform looks on')
    class Second extends Base {}
    const frame = (): Observable<TenantContext | undefined> => of(currentContext());
    for (let i = 0; i < 2; i += 1) {
      expect(await answer(call(First).context, frame)).toMatchObject({ scope: { values: { organizationId: 7 } } });
      expect(await answer(call(Second).context, frame)).toMatchObject({ scope: undefined });
    }
  });

  describe('observed', () => {
    const told: unknown[] = [];
    const within = new AsyncLocalStorage<true>();
    class Observer extends RequestObserver {
      begin(): RequestObservation {
        return {
          run: (fn) => within.run(true, fn),
          succeed: () => told.push('succeeded'),
          fail: (error) => told.push(error),
        };
      }
    }
    const made = (observer?: RequestObserver): TenantInterceptor =>
      new TenantInterceptor(app.get(ModuleRef), app.get(DEFAULT_RESOLVER), app.get(HttpAdapterHost), observer);
    const ask = async (by: TenantInterceptor, handle: () => Observable<unknown>): Promise<unknown> =>
      lastValueFrom(await by.intercept(call(ScopedController).context, { handle }));
    beforeEach(() => void (told.length = 0));

    it('without an observer, it answers and refuses as ever', async () => {
      expect(await ask(made(), current)).toEqual({ organizationId: 1 });
      for (const nobody of [undefined, Promise.resolve(undefined)]) {
        script = () => nobody;
        expect(await failure(ask(made(), current))).toBeInstanceOf(ForbiddenException);
      }
    });

    it('runs resolver and handler within the observation, and tells how the handler has ended', async () => {
      const seen: boolean[] = [];
      script = () => {
        seen.push(within.getStore() === true);
        return { organizationId: 1 };
      };
      const handle = (): Observable<unknown> => defer(() => of(seen.push(within.getStore() === true)));
      await ask(made(new Observer()), handle);
      expect([seen, told]).toEqual([[true, true], ['succeeded']]);
      const error = new Error('lost');
      await failure(ask(made(new Observer()), () => throwError(() => error)));
      expect(told).toEqual(['succeeded', error]);
    });
  });

  describe('of a client that has gone', () => {
    const gone = { headersSent: false, get: () => undefined, set: () => undefined, destroyed: true };

    it('runs no handler, over HTTP', async () => {
      const { context } = call(ScopedController, 'handle', [{ method: 'GET' }, gone]);
      let runs = 0;
      const handle = (): Observable<unknown> => of((runs += 1));
      expect(await failure(answer(context, handle))).toBeInstanceOf(HttpException);
      expect(runs).toBe(0);
      context.setType('rpc');
      await answer(context, handle);
      expect(runs).toBe(1);
    });

    it.each([
      ['GET', true],
      ['POST', false],
    ])('may drop a %s that waits for its first statement: %s', async (method, isDropped) => {
      const response = { ...gone, destroyed: false };
      const { context } = call(ScopedController, 'handle', [{ method }, response]);
      const client = await answer(context, () => of(currentContext()?.unitOfWork.client));
      expect(client !== undefined).toBe(isDropped);
    });
  });

  it('answers that the database is unavailable, whether resolver or handler needed it', async () => {
    const lost = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const failures: (() => unknown)[] = [
      () => Promise.reject(lost),
      () => {
        throw lost;
      },
    ];
    registerRetryableClassifier((error) => (error === lost ? 'unavailable' : undefined));
    try {
      const unavailable = { status: 503, message: 'The service is temporarily unavailable. Try again.' };
      expect(await failure(answer(call(ScopedController).context, () => throwError(() => lost)))).toMatchObject(
        unavailable,
      );
      for (const fail of failures) {
        script = fail;
        expect(await failure(answer(call(ScopedController).context, current))).toMatchObject(unavailable);
      }
    } finally {
      registerRetryableClassifier(retryableKindOf);
    }
  });
});
