import { Inject, HttpException, HttpStatus, Injectable, Optional } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor, Type } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Observable } from 'rxjs';
import type { Observer, Subscriber, TeardownLogic } from 'rxjs';
import { toHttpException } from '../tenancy/http/http-exception.mapper.js';
import { toRetryableException } from '../tenancy/http/retryable-error.js';
import { setPrivateCacheHeaders } from '../tenancy/http/cache-headers.js';
import type { HttpAdapter } from '../tenancy/http/cache-headers.js';
import { isPromiseLike } from '../common/is-promise-like.js';
import { runInRequest } from '../tenancy/context/tenant-context.js';
import { requireForRoot } from '../tenancy/resolvers/require-for-root.js';
import { TenantInterceptor } from '../tenancy/http/tenant.interceptor.js';
import { RequestObserver } from '../tenancy/http/request-observer.js';
import type { RequestObservation } from '../tenancy/http/request-observer.js';
import type { HandlerRunner } from '../tenancy/http/tenant.interceptor.js';
import { noteWaitingClient } from '../tenancy/http/request-client.js';
import { noteWritingRequest } from '../tenancy/context/writing-request.js';
import { assertJsonBody } from './http/media-type.js';
import { isPlainObject } from '../common/is-plain-object.js';
import { CrudRequestContext } from './http/crud-request-context.js';
import { crudMetadataOf } from './options/crud.metadata.js';
import type { CrudRoute } from './options/crud-routes.js';
import { CrudController } from './crud.controller.js';
import { CrudRegistry } from './crud-registry.js';
import { linkRoutesFor } from './routing/link-routes.js';
import type { DirectHandler } from './routing/direct-handler.js';
import { bypassesUserCode, inheritedMethod, isBaseHandler } from './routing/inherited-handlers.js';
import { responseEtag, isNotModified } from './preconditions/if-none-match.js';
import { IfMatch } from './preconditions/if-match.js';
import { wantsProblemDocument } from './errors/content-negotiation.js';
import { PROBLEM_MEDIA_TYPE, ProblemException } from './errors/problem-details.js';
import { Page } from './response/page.js';
import { lazyResponse, SerializedRow, SerializedRows } from './response/serialized-rows.js';
import { sendAsText } from './http/text-response.js';
import { returnPreferenceOf } from './http/return-preference.js';
import { headerText, pageLinks, TOTAL_COUNT } from './http/link-header.js';
import { parseProjection } from './query/projection-parser.js';
import type { Resource } from './resource/resource.js';

/**
 * The HTTP layer of a resource, added to its controller by `@Crud`. Serializes results, sets `Location`, `Link` and
 * cache headers, and converts errors to HTTP exceptions. Pipes and handlers run within the request context that it
 * opens.
 */
@Injectable()
export class CrudInterceptor implements NestInterceptor {
  private readonly served = new Map<Function, ControllerState>();

  private readonly services: CrudRegistry;
  private readonly tenants: TenantInterceptor;

  /** @throws MuckConfigurationError if the application does not import `MuckModule.forRoot` */
  constructor(
    @Optional() @Inject(CrudRegistry) services: CrudRegistry | undefined,
    @Optional() @Inject(TenantInterceptor) tenants: TenantInterceptor | undefined,
    private readonly adapterHost: HttpAdapterHost<HttpAdapter>,
    @Optional() private readonly observer?: RequestObserver,
  ) {
    this.services = requireForRoot(services);
    this.tenants = requireForRoot(tenants);
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const controller = this.controllerOf(context.getClass());
    if (controller === undefined) return next.handle();
    const { resource } = controller;
    const call = new CrudRequestContext(context, resource);
    const isHttp = context.getType() === 'http';
    const observation = this.observer?.begin(context);
    const route = isHttp ? controller.routes.get(context.getHandler().name) : undefined;
    if (route === 'findAll' || route === 'findOne')
      call.acceptsRawRows = controller.canSkipEntities(context.getHandler(), route);
    // Subscribing runs pipes and handler, so the subscription must be within the request context. One Observable
    // without operators, because this runs for every request.
    return new Observable((subscriber) => {
      const handle = (): TeardownLogic => {
        const isRead = noteWritingRequest(context);
        if (isHttp && (isRead || controller.beginsWithStatement(context.getHandler()))) noteWaitingClient(context);
        const fail = (error: unknown): void => {
          observation?.fail(error);
          subscriber.error(isHttp ? this.toHttpError(error, call) : error);
        };
        const observer = isHttp ? this.toResponseObserver(call, route, subscriber, fail, observation) : subscriber;
        try {
          if (isHttp) call.setPrecondition(IfMatch.of(context, route, resource));
          if (isHttp && controller.isOfCrud(context.getHandler().name)) assertJsonBody(context);
          // Not in a pipe, because an override declares its own parameters.
          if (route === 'findOne') call.setProjection(parseProjection(queryOf(context), resource.row), resource.row);
          const direct = isHttp ? controller.directHandlerOf(context.getHandler()) : undefined;
          const openScopeAndHandle = this.handling(context, direct?.callFor(context) ?? next);
          if (!isPromiseLike(openScopeAndHandle)) return openScopeAndHandle(observer);
          // Do not run the handler if the client has disconnected.
          openScopeAndHandle.then((run) => void (subscriber.closed || subscriber.add(run(observer))), fail);
        } catch (error) {
          fail(error);
        }
        return undefined;
      };
      return runInRequest(call, () => (observation === undefined ? handle() : observation.run(handle)));
    });
  }

  /**
   * Returns a function that runs the handler, within the tenant scope of its route. The scope is opened here because a
   * second interceptor would add cost to every request.
   */
  private handling(context: ExecutionContext, next: CallHandler): HandlerRunner | Promise<HandlerRunner> {
    return this.tenants.appliesTo(context)
      ? this.tenants.openScope(context, next)
      : (observer) => next.handle().subscribe(observer);
  }

  private toResponseObserver(
    call: CrudRequestContext,
    route: CrudRoute | undefined,
    subscriber: Subscriber<unknown>,
    fail: (error: unknown) => void,
    observation: RequestObservation | undefined,
  ): Observer<unknown> {
    return {
      next: (value) => {
        try {
          subscriber.next(this.toResponse(call, route, value));
        } catch (error) {
          fail(error);
        }
      },
      error: fail,
      complete: () => {
        observation?.succeed();
        subscriber.complete();
      },
    };
  }

  private toResponse(call: CrudRequestContext, route: CrudRoute | undefined, value: unknown): unknown {
    this.setHeaders(call, route, value);
    if (this.applyEtag(call, route, value) || this.applyReturnPreference(call, route)) return undefined;
    const { resource } = call;
    if (value instanceof SerializedRow) return value.toObject();
    if (call.isSerialized) return this.toListResponse(call, value as Page<unknown>);
    const shaped = resource.serializer.serialize(value, route, call.visibleKeys);
    return route === 'findAll' && respondsWithArray(call) ? itemsOf(shaped) : shaped;
  }

  /** Returns a page whose rows are in response format: as objects, or as text that is sent as it is. */
  private toListResponse(call: CrudRequestContext, page: Page<unknown>): unknown {
    const items: unknown = page.items;
    const isArray = respondsWithArray(call);
    if (!(items instanceof SerializedRows)) return isArray ? items : { ...page };
    if (isArray) return items.objects;
    const lazy = lazyResponse(page, items);
    sendAsText(this.adapterHost.httpAdapter, call.context.switchToHttp().getResponse(), lazy);
    return lazy.body;
  }

  /** Returns the state of a controller; undefined for one without `@Crud`. */
  private controllerOf(type: Type<object>): ControllerState | undefined {
    let controller = this.served.get(type);
    if (controller === undefined) {
      const resource = this.services.resourceOf(type);
      if (resource === undefined) return undefined;
      controller = new ControllerState(type, resource, this.services);
      this.served.set(type, controller);
    }
    return controller;
  }

  /** Sets the `ETag` of a row, and status 304 if the client already has that version. */
  private applyEtag({ context, resource }: CrudRequestContext, route: CrudRoute | undefined, value: unknown): boolean {
    const tag = responseEtag(context, route, resource, value);
    if (tag === undefined) return false;
    const adapter = this.adapterHost.httpAdapter;
    const response = context.switchToHttp().getResponse<unknown>();
    if (adapter.isHeadersSent(response) === true) return false;
    adapter.setHeader(response, 'ETag', tag);
    const isUnchanged = isNotModified(context, route, tag);
    if (isUnchanged) adapter.status(response, HttpStatus.NOT_MODIFIED);
    return isUnchanged;
  }

  /** Applies `Prefer: return=…`. Returns whether the response has no body: a 204, or the status of a new row. */
  private applyReturnPreference({ context }: CrudRequestContext, route: CrudRoute | undefined): boolean {
    const preference = returnPreferenceOf(context, route);
    const adapter = this.adapterHost.httpAdapter;
    const response = context.switchToHttp().getResponse<{ readonly statusCode: number }>();
    if (preference === undefined || adapter.isHeadersSent(response) === true) return false;
    adapter.setHeader(response, 'Preference-Applied', `return=${preference}`);
    if (preference === 'representation') return false;
    const isOk = response.statusCode === (HttpStatus.OK as number);
    if (isOk) adapter.status(response, HttpStatus.NO_CONTENT);
    return true;
  }

  /** Maps an error to the HTTP exception to throw, as problem details if the client prefers them. */
  private toHttpError(thrown: unknown, { context, resource }: CrudRequestContext): unknown {
    const response = context.switchToHttp().getResponse<unknown>();
    const error = toRetryableException(thrown, context, this.adapterHost.httpAdapter) ?? toHttpException(thrown);
    const isTold = error instanceof HttpException && wantsProblemDocument(context, resource.problemDetails);
    if (!isTold || error instanceof ProblemException) return error;
    this.adapterHost.httpAdapter.setHeader(response, 'Content-Type', PROBLEM_MEDIA_TYPE);
    return new ProblemException(error);
  }

  private setHeaders(call: CrudRequestContext, route: CrudRoute | undefined, value: unknown): void {
    const { context, resource } = call;
    const adapter = this.adapterHost.httpAdapter;
    const http = context.switchToHttp();
    const response = http.getResponse<unknown>();
    if (adapter.isHeadersSent(response) === true) return;
    // The handler may have changed the cache headers that were set before it ran.
    if (!call.isSerialized || !this.tenants.appliesTo(context)) setPrivateCacheHeaders(adapter, context);
    const url = withoutHost(String(adapter.getRequestUrl(http.getRequest())));
    if (route === 'findAll' && value instanceof Page) {
      const links = pageLinks(url, value);
      if (links !== undefined) adapter.setHeader(response, 'Link', links);
      const { total, totalIsCapped } = value;
      if (total !== undefined && totalIsCapped !== true) adapter.setHeader(response, TOTAL_COUNT, String(total));
    }
    if (route === 'create' && value instanceof resource.entity) {
      adapter.setHeader(response, 'Location', locationOf(url, resource, value));
    }
  }
}

class ControllerState {
  /** The routes of `@Crud` by handler name; the other handlers of the controller are custom routes. */
  readonly routes: ReadonlyMap<string, CrudRoute>;
  private readonly links: ReadonlySet<string>;
  private readonly unseen = new Map<CrudRoute, boolean>();
  private readonly beginnings = new Map<Function, boolean>();
  private readonly directHandlers = new Map<Function, DirectHandler | undefined>();

  constructor(
    private readonly type: Type<object>,
    readonly resource: Resource,
    private readonly services: CrudRegistry,
  ) {
    const { routes = [], options } = crudMetadataOf(type) ?? {};
    this.routes = new Map(routes.map((route) => [route, route]));
    this.links = new Set(linkRoutesFor(options?.links ?? []).map(({ name }) => name));
  }

  /** Checks whether a handler serves a route of `@Crud`, including the link routes. */
  isOfCrud(handler: string): boolean {
    return this.routes.has(handler) || this.links.has(handler);
  }

  /** Returns whether no application code runs in a handler before its first statement. */
  beginsWithStatement(handler: Function): boolean {
    let begins = this.beginnings.get(handler);
    if (begins === undefined) {
      begins =
        isBaseHandler(handler) && bypassesUserCode(this.type, handler, inheritedMethod(handler), CrudInterceptor);
      this.beginnings.set(handler, begins);
    }
    return begins;
  }

  /** Returns what runs a handler without Nest's Observables; undefined if Nest has to run it. */
  directHandlerOf(handler: Function): DirectHandler | undefined {
    if (!this.directHandlers.has(handler)) {
      const isDirect = this.isOfCrud(handler.name) && this.beginsWithStatement(handler);
      this.directHandlers.set(handler, isDirect ? this.services.directHandlerOf(this.type, handler) : undefined);
    }
    return this.directHandlers.get(handler);
  }

  /** Returns whether no application code sees the result of a reading route. */
  canSkipEntities(handler: Function, route: 'findAll' | 'findOne'): boolean {
    let isUnseen = this.unseen.get(route);
    if (isUnseen === undefined) {
      const stock = Reflect.get(CrudController.prototype, route) as Function;
      this.unseen.set(route, (isUnseen = bypassesUserCode(this.type, handler, stock, CrudInterceptor)));
    }
    return isUnseen;
  }
}

/**
 * Removes scheme and host: a request line may contain an absolute URL, as for proxies, and its host must not be echoed.
 */
function withoutHost(url: string): string {
  return url.startsWith('/') ? url : url.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?]*/i, '');
}

function locationOf(url: string, resource: Resource, row: object): string {
  const path = headerText(url.split('?', 1)[0].replace(/\/+$/, ''));
  return resource.isOneToOne ? path : `${path}/${resource.id.toPathSegment(row)}`;
}

/**
 * Checks whether the list is sent as a bare array: if the resource has mode `flat` and the query has no paging
 * parameter.
 */
function respondsWithArray({ context, resource }: CrudRequestContext): boolean {
  if (resource.list.format !== 'array') return false;
  const query = queryOf(context);
  return ['limit', 'offset', 'page', 'cursor'].every((name) => query[name] === undefined);
}

function queryOf(context: ExecutionContext): Readonly<Record<string, unknown>> {
  return context.switchToHttp().getRequest<{ readonly query?: Readonly<Record<string, unknown>> }>().query ?? {};
}

function itemsOf(page: unknown): unknown {
  return isPlainObject(page) && Array.isArray(page['items']) ? page['items'] : page;
}
