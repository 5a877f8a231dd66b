import { HttpException, HttpStatus, Injectable } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { catchError, defer, map, Observable, throwError } from 'rxjs';
import { httpErrorOf } from '../tenancy/http-errors.js';
import { makePrivate } from '../tenancy/private-answer.js';
import type { HttpAdapter } from '../tenancy/private-answer.js';
import { isPlainObject } from './body/plain-object.js';
import { CrudCall, runInCall } from './crud-call.js';
import { crudMetadataOf } from './crud-metadata.js';
import type { CrudRoute } from './crud-routes.js';
import { CrudController } from './crud.controller.js';
import { CrudServices } from './crud-services.js';
import { isSeenByNobody } from './routing/own-handler.js';
import { answeredTag, isKnown } from './preconditions/answered-tag.js';
import { Precondition } from './preconditions/precondition.js';
import { wantsProblemDocument } from './problem-details/negotiation.js';
import { PROBLEM_MEDIA_TYPE, ProblemException } from './problem-details/problem-document.js';
import { Page } from './query/list-query.js';
import { headerText, pageLinks } from './query/page-links.js';
import { readRowQuery } from './query/row-rules.js';
import type { Resource } from './resource/resource.js';

/**
 * The HTTP side of a resource, put on its controller by `@Crud`: shapes what handlers return, sets `Location`, `Link`
 * and the headers for caches, and turns errors into answers. Pipes and handlers run within the call that it opens.
 */
@Injectable()
export class CrudInterceptor implements NestInterceptor {
  /** By controller: whether the application sees nothing of what its `findAll` returns. */
  private readonly unseen = new WeakMap<Function, boolean>();

  constructor(
    private readonly services: CrudServices,
    private readonly adapterHost: HttpAdapterHost<HttpAdapter>,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const resource = this.services.resourceOf(context.getClass());
    if (resource === undefined) return next.handle();
    const call = new CrudCall(context, resource);
    // The subscription is what runs pipes and handler, so it is what has to be within the call.
    const handled = new Observable<unknown>((subscriber) => runInCall(call, () => next.handle().subscribe(subscriber)));
    if (context.getType() !== 'http') return handled;
    const route = routeOf(context);
    call.takesJson = route === 'findAll' && this.isUnseen(context);
    call.keepPrecondition(Precondition.of(context, route, resource));
    const asked = defer(() => {
      // Not by a pipe: an override's parameters are its own.
      if (route === 'findOne') call.asks(readRowQuery(queryOf(context), resource.row), resource.row);
      return handled;
    });
    return asked.pipe(
      map((value) => {
        this.setHeaders(call, route, value);
        if (this.isKnownToClient(call, route, value)) return undefined;
        const shaped = call.isShaped ? { ...(value as object) } : resource.shape.shape(value, route, call.keys);
        return route === 'findAll' && answersFlat(call) ? itemsOf(shaped) : shaped;
      }),
      catchError((error: unknown) => throwError(() => this.answerTo(error, call))),
    );
  }

  private isUnseen(context: ExecutionContext): boolean {
    const controller = context.getClass();
    let isUnseen = this.unseen.get(controller);
    if (isUnseen === undefined) {
      isUnseen = isSeenByNobody(
        controller,
        context.getHandler(),
        Reflect.get(CrudController.prototype, 'findAll') as Function,
        CrudInterceptor,
      );
      this.unseen.set(controller, isUnseen);
    }
    return isUnseen;
  }

  /** Sets the `ETag` of a row, and the status where the client has that row already. */
  private isKnownToClient({ context, resource }: CrudCall, route: CrudRoute | undefined, value: unknown): boolean {
    const adapter = this.adapterHost.httpAdapter;
    const response = context.switchToHttp().getResponse<unknown>();
    const tag = answeredTag(context, route, resource, value);
    if (tag === undefined || adapter.isHeadersSent(response) === true) return false;
    adapter.setHeader(response, 'ETag', tag);
    const isUnchanged = isKnown(context, route, tag);
    if (isUnchanged) adapter.status(response, HttpStatus.NOT_MODIFIED);
    return isUnchanged;
  }

  /** The error to throw on: as a problem document where the client wants one. */
  private answerTo(thrown: unknown, { context, resource }: CrudCall): unknown {
    const error = httpErrorOf(thrown);
    const isTold = error instanceof HttpException && wantsProblemDocument(context, resource.problemDetails);
    if (!isTold || error instanceof ProblemException) return error;
    this.adapterHost.httpAdapter.setHeader(context.switchToHttp().getResponse(), 'Content-Type', PROBLEM_MEDIA_TYPE);
    return new ProblemException(error);
  }

  private setHeaders({ context, resource }: CrudCall, route: CrudRoute | undefined, value: unknown): void {
    const adapter = this.adapterHost.httpAdapter;
    const http = context.switchToHttp();
    const response = http.getResponse<unknown>();
    if (adapter.isHeadersSent(response) === true) return;
    const url = String(adapter.getRequestUrl(http.getRequest()));
    makePrivate(adapter, context);
    if (route === 'findAll' && value instanceof Page) {
      const links = pageLinks(url, value);
      if (links !== undefined) adapter.setHeader(response, 'Link', links);
    }
    if (route === 'create' && value instanceof resource.entity) {
      adapter.setHeader(response, 'Location', locationOf(url, resource, value));
    }
  }
}

/** The route of `@Crud` that a handler is; undefined for a controller's own ones. */
function routeOf(context: ExecutionContext): CrudRoute | undefined {
  const name = context.getHandler().name;
  return crudMetadataOf(context.getClass())?.routes.find((route) => route === name);
}

function locationOf(url: string, resource: Resource, row: object): string {
  const path = headerText(url.split('?', 1)[0].replace(/\/+$/, ''));
  return resource.isOneToOne ? path : `${path}/${resource.id.segmentOf(row)}`;
}

/** Whether the list goes out as a bare array: where that is the resource's way, and no part of it was asked for. */
function answersFlat({ context, resource }: CrudCall): boolean {
  const query = queryOf(context);
  return resource.list.mode === 'flat' && ['limit', 'offset', 'cursor'].every((name) => query[name] === undefined);
}

function queryOf(context: ExecutionContext): Readonly<Record<string, unknown>> {
  return context.switchToHttp().getRequest<{ readonly query?: Readonly<Record<string, unknown>> }>().query ?? {};
}

function itemsOf(page: unknown): unknown {
  return isPlainObject(page) && Array.isArray(page['items']) ? page['items'] : page;
}
