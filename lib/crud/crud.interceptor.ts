import { Injectable } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { catchError, map, Observable, throwError } from 'rxjs';
import { isPlainObject } from './body/plain-object.js';
import { CrudCall, runInCall } from './crud-call.js';
import { crudMetadataOf } from './crud-metadata.js';
import type { CrudRoute } from './crud-routes.js';
import { CrudServices } from './crud-services.js';
import { httpErrorOf } from './http-errors.js';
import { Page } from './query/list-query.js';
import { headerText, pageLinks } from './query/page-links.js';
import type { Resource } from './resource.js';

/**
 * The HTTP side of a resource, put on its controller by `@Crud`: shapes what handlers return, sets `Location`, `Link` and `Cache-Control`, and
 * turns errors into answers. Pipes and handlers run within the call that it opens.
 */
@Injectable()
export class CrudInterceptor implements NestInterceptor {
  constructor(
    private readonly services: CrudServices,
    private readonly adapterHost: HttpAdapterHost<AbstractHttpAdapter<unknown, unknown, unknown>>,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const resource = this.services.resourceOf(context.getClass());
    if (resource === undefined) return next.handle();
    const call = new CrudCall(context, resource);
    // The subscription is what runs pipes and handler, so it is what has to be within the call.
    const handled = new Observable<unknown>((subscriber) => runInCall(call, () => next.handle().subscribe(subscriber)));
    if (context.getType() !== 'http') return handled;
    return handled.pipe(
      map((value) => this.answer(context, resource, value)),
      catchError((error: unknown) => throwError(() => httpErrorOf(error, resource))),
    );
  }

  private answer(context: ExecutionContext, resource: Resource, value: unknown): unknown {
    const route = routeOf(context);
    const request = context.switchToHttp().getRequest<unknown>();
    const response = context.switchToHttp().getResponse<unknown>();
    const adapter = this.adapterHost.httpAdapter;
    if (!adapter.isHeadersSent(response)) {
      const url = String(adapter.getRequestUrl(request));
      const method = String(adapter.getRequestMethod(request));
      const isRead = method === 'GET' || method === 'HEAD';
      if (isRead && !adapter.getHeader(response, 'Cache-Control'))
        adapter.setHeader(response, 'Cache-Control', 'private');
      if (value instanceof Page) adapter.setHeader(response, 'Link', pageLinks(url, value));
      if (route === 'create' && value instanceof resource.entity)
        adapter.setHeader(response, 'Location', locationOf(url, resource, value));
    }
    const shaped = resource.shape.shape(value, route);
    return route === 'findAll' && resource.list.mode === 'flat' && !asksForPage(request) ? itemsOf(shaped) : shaped;
  }
}

/** The route of `@Crud` that a handler is; undefined for a controller's own ones. */
function routeOf(context: ExecutionContext): CrudRoute | undefined {
  const name = context.getHandler().name;
  return crudMetadataOf(context.getClass())?.routes.find((route) => route === name);
}

function locationOf(url: string, resource: Resource, row: object): string {
  const path = url.split('?', 1)[0].replace(/\/+$/, '');
  return `${headerText(path)}/${encodeURIComponent(String(resource.idOf(row)))}`;
}

function asksForPage(request: unknown): boolean {
  const { query = {} } = request as { readonly query?: Readonly<Record<string, unknown>> };
  return query['limit'] !== undefined || query['offset'] !== undefined;
}

function itemsOf(page: unknown): unknown {
  return isPlainObject(page) && Array.isArray(page['items']) ? page['items'] : page;
}
