import { ForbiddenException, Inject, Injectable, Logger, Optional } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor, Type } from '@nestjs/common';
import { HttpAdapterHost, ModuleRef } from '@nestjs/core';
import { Observable } from 'rxjs';
import type { Observer, Subscription } from 'rxjs';
import { TenantScopeInvalidError } from '../../errors/tenant-scope-invalid.error.js';
import { TenantScopeViolationError } from '../../errors/tenant-scope-violation.error.js';
import { toHttpException } from './http-exception.mapper.js';
import { setPrivateCacheHeaders } from './cache-headers.js';
import type { HttpAdapter } from './cache-headers.js';
import { requireForRoot } from '../resolvers/require-for-root.js';
import { ProviderInstances } from '../resolvers/provider-instances.js';
import { isPromiseLike } from '../../common/is-promise-like.js';
import {
  currentContext,
  isSameContext,
  runWithScope,
  runWithoutContext,
  runInOpenSection,
  UnscopedSection,
  isOtherTenant,
} from '../context/tenant-context.js';
import type { TenantContext } from '../context/tenant-context.js';
import { bindStreamedFile } from './streamed-file.js';
import { getRouteTenancy } from '../metadata/route-tenancy.metadata.js';
import type { RouteTenancy } from '../metadata/route-tenancy.metadata.js';
import { noteWritingRequest } from '../context/writing-request.js';
import type { TenantResolver } from '../resolvers/tenant-resolver.interface.js';
import { validateScope } from '../context/tenant-scope.js';
import type { ValidScope } from '../context/tenant-scope.js';
import { DEFAULT_RESOLVER } from '../metadata/tenancy.tokens.js';
import type { DefaultResolver } from '../metadata/tenancy.tokens.js';

/** Runs a handler, and tells an observer what it gives. */
export type HandlerRunner = (observer: Observer<unknown>) => Subscription;

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
  /** By controller and handler. */
  private readonly routes = new Map<Function, Map<Function, RouteTenancy | undefined>>();

  private readonly defaultResolver: DefaultResolver;

  /** @throws MuckConfigurationError in an application without `MuckModule.forRoot` */
  constructor(
    moduleRef: ModuleRef,
    @Optional() @Inject(DEFAULT_RESOLVER) defaultResolver: DefaultResolver | undefined,
    private readonly adapterHost: HttpAdapterHost<HttpAdapter>,
  ) {
    this.defaultResolver = requireForRoot(defaultResolver);
    this.instances = new ProviderInstances(moduleRef);
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> | Promise<Observable<unknown>> {
    const run = this.openScope(context, next);
    const handled = (handling: HandlerRunner): Observable<unknown> =>
      new Observable((subscriber) => handling(subscriber));
    return isPromiseLike(run) ? run.then(handled) : handled(run);
  }

  /**
   * Asks whose rows the handler works on.
   *
   * Neither async nor made of operators: this runs for every request, and each promise and each operator costs.
   *
   * @returns what runs the handler for that tenant
   * @throws ForbiddenException without a tenant
   */
  openScope(context: ExecutionContext, next: CallHandler): HandlerRunner | Promise<HandlerRunner> {
    const call = context.getArgs<HandlerArguments>();
    if (call[CONTEXT] !== undefined && isSameContext(call[CONTEXT], currentContext())) {
      return (observer) => next.handle().subscribe(observer);
    }

    const route = this.routeOf(context) ?? { kind: 'scoped' };
    // The subscription, not only the call, is made within the scope: Nest runs pipes and handler when it subscribes.
    const handling: HandlerRunner = (observer) => {
      call[CONTEXT] = currentContext()!;
      noteWritingRequest(context);
      return next.handle().subscribe(this.guardEmissions(context, call[CONTEXT], observer));
    };
    if (route.kind === 'cross-tenant') {
      this.makePrivate(context);
      return (observer) => runUnscopedHandling(route.why, handling, observer);
    }
    const within =
      (scope: ValidScope): HandlerRunner =>
      (observer) =>
        runWithScope(scope, () => handling(observer));
    const scope = this.resolve(context, route.resolver ?? this.defaultResolver.type);
    return isPromiseLike(scope) ? scope.then(within) : within(scope);
  }

  /** Hands on what a handler gives. Its errors of this package are answered alike everywhere: a foreign row as a missing one. */
  private guardEmissions(
    context: ExecutionContext,
    own: TenantContext,
    observer: Observer<unknown>,
  ): Observer<unknown> {
    const fail = (error: unknown): void =>
      observer.error(context.getType() === 'http' ? toHttpException(error) : error);
    return {
      next: (value) => {
        const foreign = this.crossTenantEmission(own, context);
        if (foreign !== undefined) return fail(foreign);
        bindStreamedFile(value);
        observer.next(value);
      },
      error: fail,
      complete: () => observer.complete(),
    };
  }

  /** Whether a decorator on the handler or its class says how it stands to tenants. */
  appliesTo(context: ExecutionContext): boolean {
    return this.routeOf(context) !== undefined;
  }

  private routeOf(context: ExecutionContext): RouteTenancy | undefined {
    const controller = context.getClass();
    const handler = context.getHandler();
    let routes = this.routes.get(controller);
    if (routes === undefined) this.routes.set(controller, (routes = new Map<Function, RouteTenancy | undefined>()));
    if (!routes.has(handler)) routes.set(handler, getRouteTenancy(handler) ?? getRouteTenancy(controller));
    return routes.get(handler);
  }

  private resolve(context: ExecutionContext, type: Type<TenantResolver>): ValidScope | Promise<ValidScope> {
    const resolver = this.instances.getCached(type);
    if (resolver !== undefined) return this.resolveScope(resolver, type, context);
    return this.instances.resolve(type, requestOf(context)).then((found) => this.resolveScope(found, type, context));
  }

  private resolveScope(
    resolver: TenantResolver,
    type: Type<TenantResolver>,
    context: ExecutionContext,
  ): ValidScope | Promise<ValidScope> {
    this.makePrivate(context, resolver.vary);
    const fail = (error: unknown): never => {
      // Of what a handler throws some is an answer: a row that is missing, a conflict. In a resolver it is a fault like any other.
      if (toHttpException(error) === error) throw error;
      throw new Error(`${type.name} failed: ${String(error)}`, { cause: error });
    };
    let answer: unknown;
    try {
      answer = runWithoutContext(() => resolver.resolve(context));
    } catch (error) {
      return fail(error);
    }
    if (!isPromiseLike(answer)) return this.check(answer, type, context);
    return Promise.resolve(answer).then((given) => this.check(given, type, context), fail);
  }

  private check(answer: unknown, type: Type<TenantResolver>, context: ExecutionContext): ValidScope {
    if (answer === undefined) throw noTenant();
    try {
      return validateScope(answer);
    } catch (error) {
      if (!(error instanceof TenantScopeInvalidError)) throw error;
      this.logger.error(`${type.name} at ${context.getClass().name}.${context.getHandler().name}: ${error.message}`);
      throw noTenant();
    }
  }

  private makePrivate(context: ExecutionContext, vary?: readonly string[]): void {
    if (context.getType() === 'http') setPrivateCacheHeaders(this.adapterHost.httpAdapter, context, vary);
  }

  /**
   * A stream may listen to something that other requests set off. Then its operators run for their tenant, and what they read of the
   * database is that tenant's.
   *
   * @returns the error to end it with; undefined for a value that is the stream's own tenant's
   */
  private crossTenantEmission(own: TenantContext, context: ExecutionContext): TenantScopeViolationError | undefined {
    if (own.unscopedSection !== undefined || !isOtherTenant(own)) return undefined;
    const place = `${context.getClass().name}.${context.getHandler().name}`;
    const error = new TenantScopeViolationError(
      `${place} would send a value that a request of another tenant set off. Give what it listens to the scope of the stream: ` +
        "tenancy.bind(source). Where the value is for all tenants, say so where it is sent: tenancy.unscoped('why', fn)",
    );
    this.logger.error(error.message);
    return error;
  }
}

/** The frame made for a call, on its arguments: class and handler may both carry the interceptor, and then one of them has done the work. */
const CONTEXT = Symbol('frame');
type HandlerArguments = unknown[] & { [CONTEXT]?: TenantContext };

/** The answer where there is no tenant. Always the same one: it must not tell why. */
function noTenant(): ForbiddenException {
  return new ForbiddenException('This account does not belong to a tenant.');
}

function requestOf(context: ExecutionContext): Record<string, unknown> {
  const type = context.getType();
  if (type === 'http') return context.switchToHttp().getRequest();
  return type === 'ws' ? context.switchToWs().getClient() : context.switchToRpc().getContext();
}

function runUnscopedHandling(why: string, handling: HandlerRunner, observer: Observer<unknown>): Subscription {
  const section = new UnscopedSection(why);
  const subscription = runInOpenSection(section, () => handling(observer));
  subscription.add(() => section.close());
  return subscription;
}
