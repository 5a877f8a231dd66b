import { ForbiddenException, Inject, Injectable, Logger, Optional } from '@nestjs/common';
import type { CallHandler, ExecutionContext, HttpException, NestInterceptor, Type } from '@nestjs/common';
import { HttpAdapterHost, ModuleRef } from '@nestjs/core';
import { Observable, Subscription } from 'rxjs';
import type { Observer } from 'rxjs';
import { ClientDisconnectedError } from '../../errors/client-disconnected.error.js';
import { TenantScopeMissingError } from '../../errors/tenant-scope-missing.error.js';
import { TenantScopeInvalidError } from '../../errors/tenant-scope-invalid.error.js';
import { TenantScopeViolationError } from '../../errors/tenant-scope-violation.error.js';
import { setTenantContext, tenantContextOf } from './handler-call.js';
import { toHttpException, withOrigin } from './http-exception.mapper.js';
import { RequestObserver } from './request-observer.js';
import { toRetryableException } from './retryable-error.js';
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
  isOtherTenant,
} from '../context/tenant-context.js';
import { UnscopedSection } from '../context/unscoped-section.js';
import type { TenantContext } from '../context/tenant-context.js';
import type { RequestObservation } from './request-observer.js';
import { isAbandoned, noteHandled, noteWaitingClient } from './request-client.js';
import { bindStreamedFile } from './streamed-file.js';
import { getRouteTenancy } from '../metadata/route-tenancy.metadata.js';
import type { RouteTenancy } from '../metadata/route-tenancy.metadata.js';
import { noteWritingRequest } from '../context/writing-request.js';
import type { TenantResolver } from '../resolvers/tenant-resolver.interface.js';
import { validateScope } from '../context/tenant-scope.js';
import type { ValidScope } from '../context/tenant-scope.js';
import { DEFAULT_RESOLVER } from '../metadata/tenancy.tokens.js';
import type { DefaultResolver } from '../metadata/tenancy.tokens.js';

/** Runs a handler and passes its results to an observer. */
export type HandlerRunner = (observer: Observer<unknown>) => Subscription;

/**
 * Interceptor that runs each request in the tenant scope of the resolver. `@TenantScoped()` and `@CrossTenant()` add it
 * to controllers and handlers. It runs after guards and before pipes.
 *
 * The scope is stored per request in AsyncLocalStorage. The interceptor itself is a singleton, so controllers stay
 * singletons.
 *
 * @example
 * @Controller('invoices')
 * @UseInterceptors(TenantInterceptor)
 * export class InvoicesController { … }
 */
@Injectable()
export class TenantInterceptor implements NestInterceptor {
  private readonly logger = new Logger('MuckModule');
  private readonly instances: ProviderInstances;
  /** Cached route tenancy per controller and handler. */
  private readonly routes = new Map<Function, Map<Function, RouteTenancy | undefined>>();

  private readonly defaultResolver: DefaultResolver;

  /** @throws MuckConfigurationError if the application does not import `MuckModule.forRoot` */
  constructor(
    moduleRef: ModuleRef,
    @Optional() @Inject(DEFAULT_RESOLVER) defaultResolver: DefaultResolver | undefined,
    private readonly adapterHost: HttpAdapterHost<HttpAdapter>,
    @Optional() private readonly observer?: RequestObserver,
  ) {
    this.defaultResolver = requireForRoot(defaultResolver);
    this.instances = new ProviderInstances(moduleRef);
  }

  /**
   * Runs the handler in the tenant scope of the request.
   *
   * @param context the call that Nest intercepts
   * @param next the handler
   * @returns the results of the handler; in HTTP, errors of this package, and those of a database that is unavailable,
   *   become HTTP exceptions
   * @throws ForbiddenException if the request has no tenant
   */
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> | Promise<Observable<unknown>> {
    const observation = this.observer?.begin(context);
    // A resolver, too, may need a database that is unavailable.
    const refuse = (error: unknown): never => {
      observation?.fail(error);
      throw this.toRetryable(error, context) ?? error;
    };
    const handled = (handling: HandlerRunner): Observable<unknown> =>
      new Observable((subscriber) =>
        observation === undefined
          ? handling(subscriber)
          : observation.run(() => handling(observed(subscriber, observation))),
      );
    try {
      const run =
        observation === undefined
          ? this.openScope(context, next)
          : observation.run(() => this.openScope(context, next));
      return isPromiseLike(run) ? run.then(handled, refuse) : handled(run);
    } catch (error) {
      return refuse(error);
    }
  }

  /**
   * Resolves the tenant of a call.
   *
   * Neither async nor built from operators: it runs for every request, and each promise and operator costs time.
   *
   * @returns a function that runs the handler for that tenant
   * @throws ForbiddenException if there is no tenant
   */
  openScope(context: ExecutionContext, next: CallHandler): HandlerRunner | Promise<HandlerRunner> {
    const opened = tenantContextOf(context);
    if (opened !== undefined && isSameContext(opened, currentContext())) {
      return (observer) => next.handle().subscribe(observer);
    }

    const route = this.routeOf(context) ?? { kind: 'scoped' };
    // Subscribes within the scope, because Nest runs pipes and the handler on subscription.
    const handling: HandlerRunner = (observer) => {
      const own = currentContext()!;
      setTenantContext(context, own);
      const guarded = this.guardEmissions(context, own, observer);
      if (isAbandoned(context)) {
        guarded.error(new ClientDisconnectedError());
        return Subscription.EMPTY;
      }
      if (noteWritingRequest(context)) noteWaitingClient(context);
      return next.handle().subscribe(guarded);
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

  /**
   * Returns an observer that passes on a handler's results and maps errors of this package. Another tenant's row gives
   * the same error as a missing row.
   */
  private guardEmissions(
    context: ExecutionContext,
    own: TenantContext,
    observer: Observer<unknown>,
  ): Observer<unknown> {
    const fail = (error: unknown): void =>
      observer.error(
        context.getType() === 'http' ? (this.toRetryable(error, context) ?? toHttpException(error)) : error,
      );
    return {
      next: (value) => {
        noteHandled(own.unitOfWork);
        const foreign = this.crossTenantEmission(own, context);
        if (foreign !== undefined) return fail(foreign);
        bindStreamedFile(value);
        observer.next(value);
      },
      error: fail,
      complete: () => observer.complete(),
    };
  }

  private toRetryable(error: unknown, context: ExecutionContext): HttpException | undefined {
    return toRetryableException(error, context, this.adapterHost.httpAdapter);
  }

  /** Returns true if the handler or its class has a tenancy decorator. */
  appliesTo(context: ExecutionContext): boolean {
    return this.routeOf(context) !== undefined;
  }

  private routeOf(context: ExecutionContext): RouteTenancy | undefined {
    const controller = context.getClass();
    const handler = context.getHandler();
    let routes = this.routes.get(controller);
    if (routes === undefined) this.routes.set(controller, (routes = new Map<Function, RouteTenancy | undefined>()));
    if (!routes.has(handler)) routes.set(handler, getRouteTenancy(handler, controller));
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
      // Errors such as EntityNotFoundError become a 404 when a handler throws them. A resolver that throws one has a
      // bug, so the response must be a 500.
      if (toHttpException(error) === error) throw error;
      throw new Error(`${type.name} failed: ${String(error)}`, { cause: error });
    };
    let resolved: unknown;
    try {
      resolved = runWithoutContext(() => resolver.resolve(context));
    } catch (error) {
      return fail(error);
    }
    if (!isPromiseLike(resolved)) return this.check(resolved, type, context);
    return Promise.resolve(resolved).then((given) => this.check(given, type, context), fail);
  }

  private check(resolved: unknown, type: Type<TenantResolver>, context: ExecutionContext): ValidScope {
    if (resolved === undefined) throw withOrigin(noTenant(), new TenantScopeMissingError('the request'));
    try {
      return validateScope(resolved);
    } catch (error) {
      if (!(error instanceof TenantScopeInvalidError)) throw error;
      this.logger.error(`${type.name} at ${context.getClass().name}.${context.getHandler().name}: ${error.message}`);
      throw withOrigin(noTenant(), error);
    }
  }

  private makePrivate(context: ExecutionContext, vary?: readonly string[]): void {
    if (context.getType() === 'http') setPrivateCacheHeaders(this.adapterHost.httpAdapter, context, vary);
  }

  /**
   * Detects a value that another tenant's request emitted. A stream may listen to events of other requests. Its
   * operators then run in that tenant's scope and read that tenant's rows.
   *
   * @returns the error that ends the stream; undefined if the value belongs to the stream's own tenant
   */
  private crossTenantEmission(own: TenantContext, context: ExecutionContext): TenantScopeViolationError | undefined {
    if (own.unscopedSection !== undefined || !isOtherTenant(own)) return undefined;
    const place = `${context.getClass().name}.${context.getHandler().name}`;
    const error = new TenantScopeViolationError(
      `${place} would send a value emitted by a request of another tenant. Bind its source to the scope of the stream: ` +
        "tenancy.bind(source). If the value is for all tenants, emit it in tenancy.unscoped('why', fn)",
    );
    this.logger.error(error.message);
    return error;
  }
}

/** Returns an observer that passes everything on and tells an observation how the handler has ended. */
function observed(observer: Observer<unknown>, observation: RequestObservation): Observer<unknown> {
  return {
    next: (value) => observer.next(value),
    error: (error) => {
      observation.fail(error);
      observer.error(error);
    },
    complete: () => {
      observation.succeed();
      observer.complete();
    },
  };
}

/** Returns the error for a call without a tenant. It is always the same, so that it does not reveal the reason. */
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
