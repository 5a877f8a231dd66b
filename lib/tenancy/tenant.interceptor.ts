import { ForbiddenException, Inject, Injectable, Logger } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor, Type } from '@nestjs/common';
import { HttpAdapterHost, ModuleRef } from '@nestjs/core';
import { catchError, Observable, tap, throwError } from 'rxjs';
import type { Subscriber, TeardownLogic } from 'rxjs';
import { TenantScopeInvalidError } from '../exceptions/tenant-scope-invalid.error.js';
import { TenantScopeViolationError } from '../exceptions/tenant-scope-violation.error.js';
import { httpErrorOf } from './http-errors.js';
import { makePrivate } from './private-answer.js';
import type { HttpAdapter } from './private-answer.js';
import { ProviderInstances } from './provider-instances.js';
import {
  currentFrame,
  runInScope,
  runOutside,
  runUnscopedUntilClosed,
  UnscopedSection,
  worksForAnother,
} from './scope-frame.js';
import type { ScopeFrame } from './scope-frame.js';
import { tenantRouteOf } from './tenant-route.js';
import type { TenantRoute } from './tenant-route.js';
import type { TenantResolver } from './tenant-resolver.js';
import { checkScope } from './tenant-scope.js';
import type { CheckedScope } from './tenant-scope.js';
import { DEFAULT_RESOLVER } from './tokens.js';
import type { DefaultResolver } from './tokens.js';

/**
 * Puts the resolver's scope in force for one request. It is request-scoped in what it holds (AsyncLocalStorage), not in how Nest
 * instantiates it: controllers stay singletons.
 *
 * Put on controllers and handlers by `@TenantScoped()` and `@CrossTenant()`. It runs after guards and before pipes.
 */
@Injectable()
export class TenantInterceptor implements NestInterceptor {
  private readonly logger = new Logger('MuckModule');
  private readonly instances: ProviderInstances;
  /** The frame made for a call: class and handler may both carry the interceptor, and then one of them has done the work. */
  private readonly frames = new WeakMap<object, ScopeFrame>();

  constructor(
    moduleRef: ModuleRef,
    @Inject(DEFAULT_RESOLVER) private readonly defaultResolver: DefaultResolver,
    private readonly adapterHost: HttpAdapterHost<HttpAdapter>,
  ) {
    this.instances = new ProviderInstances(moduleRef);
  }

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const call = context.getArgs<unknown[]>();
    const frame = currentFrame();
    if (frame !== undefined && this.frames.get(call) === frame) return next.handle();

    const route = routeOf(context);
    const subscribe = (subscriber: Subscriber<unknown>): TeardownLogic => {
      const own = currentFrame()!;
      this.frames.set(call, own);
      return next
        .handle()
        .pipe(tap(() => this.refuseForeignValue(own, context)))
        .subscribe(subscriber);
    };
    if (route.kind === 'cross-tenant') {
      this.makePrivate(context);
      return answering(context, subscribeUnscoped(route.why, subscribe));
    }
    const scope = await this.resolve(context, route.resolver ?? this.defaultResolver.type);
    // The subscription, not only the call, is made within the scope: Nest runs pipes and handler when it subscribes.
    return answering(context, new Observable((subscriber) => runInScope(scope, () => subscribe(subscriber))));
  }

  private async resolve(context: ExecutionContext, type: Type<TenantResolver>): Promise<CheckedScope> {
    const resolver = await this.instances.of(type, requestOf(context));
    this.makePrivate(context, resolver.vary);
    const answer = await this.ask(resolver, context);
    if (answer === undefined) throw noTenant();
    try {
      return checkScope(answer);
    } catch (error) {
      if (!(error instanceof TenantScopeInvalidError)) throw error;
      this.logger.error(`${type.name} at ${context.getClass().name}.${context.getHandler().name}: ${error.message}`);
      throw noTenant();
    }
  }

  private async ask(resolver: TenantResolver, context: ExecutionContext): Promise<unknown> {
    try {
      return await runOutside(() => resolver.resolve(context));
    } catch (error) {
      // Of what a handler throws some is an answer: a row that is missing, a conflict. In a resolver it is a fault like any other.
      if (httpErrorOf(error) === error) throw error;
      throw new Error(`${resolver.constructor.name} failed: ${String(error)}`, { cause: error });
    }
  }

  private makePrivate(context: ExecutionContext, vary?: readonly string[]): void {
    if (context.getType() === 'http') makePrivate(this.adapterHost.httpAdapter, context, vary);
  }

  /**
   * A stream may listen to something that other requests set off. Then its operators run for their tenant, and what they read of the
   * database is that tenant's.
   */
  private refuseForeignValue(own: ScopeFrame, context: ExecutionContext): void {
    if (own.section !== undefined || !worksForAnother(own)) return;
    const place = `${context.getClass().name}.${context.getHandler().name}`;
    const error = new TenantScopeViolationError(
      `${place} would send a value that a request of another tenant set off. Give what it listens to the scope of the stream: ` +
        "tenancy.bind(source). Where the value is for all tenants, say so where it is sent: tenancy.unscoped('why', fn)",
    );
    this.logger.error(error.message);
    throw error;
  }
}

function routeOf(context: ExecutionContext): TenantRoute {
  return tenantRouteOf(context.getHandler()) ?? tenantRouteOf(context.getClass()) ?? { kind: 'scoped' };
}

/** What a handler throws of this package's errors is answered alike everywhere: a foreign row as a missing one. */
function answering(context: ExecutionContext, handled: Observable<unknown>): Observable<unknown> {
  if (context.getType() !== 'http') return handled;
  return handled.pipe(catchError((error: unknown) => throwError(() => httpErrorOf(error))));
}

/** The answer where there is no tenant. Always the same one: it must not tell why. */
function noTenant(): ForbiddenException {
  return new ForbiddenException('This account does not belong to a tenant.');
}

function requestOf(context: ExecutionContext): Record<string, unknown> {
  const type = context.getType();
  if (type === 'http') return context.switchToHttp().getRequest();
  return type === 'ws' ? context.switchToWs().getClient() : context.switchToRpc().getContext();
}

function subscribeUnscoped(
  why: string,
  subscribe: (subscriber: Subscriber<unknown>) => TeardownLogic,
): Observable<unknown> {
  return new Observable((subscriber) => {
    const section = new UnscopedSection(why);
    subscriber.add(() => section.close());
    return runUnscopedUntilClosed(section, () => subscribe(subscriber));
  });
}
