import { HttpStatus, Inject, Injectable, MethodNotAllowedException } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { ApplicationConfig, DiscoveryService, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { prefersProblemDocument } from '../errors/content-negotiation.js';
import type { ProblemDetailsMode } from '../errors/content-negotiation.js';
import { PROBLEM_MEDIA_TYPE, problemDocumentOf } from '../errors/problem-details.js';
import { MERGE_PATCH_TYPE } from '../http/media-type.js';
import { CRUD_DEFAULTS } from '../options/crud-defaults.js';
import type { CrudDefaults } from '../options/crud-defaults.js';
import { crudMetadataOf } from '../options/crud.metadata.js';
import type { PathMatching } from './path-pattern.js';
import { RoutePaths } from './route-paths.js';
import { RouteTable } from './route-table.js';
import type { AllowedMethods, RoutedRequest } from './route-table.js';

type RequestHandler = (request: RoutedRequest, response: unknown, ...rest: unknown[]) => unknown;

/** The part of an HTTP adapter that this file uses. */
interface RoutingAdapter {
  getType(): string;
  /** Nest 11 has none. */
  getRouteMatchingOptions?(): PathMatching;
  getRequestMethod(request: unknown): string;
  getRequestUrl(request: unknown): string;
  getRequestHostname(request: unknown): string;
  setHeader(response: unknown, name: string, value: string): unknown;
  reply(response: unknown, body: unknown, status: number): unknown;
  setNotFoundHandler?(handler: RequestHandler, ...rest: unknown[]): unknown;
}

/** The parts of paths that start with a character of a query or fragment. */
const NOT_PATH = /[?#][^]*$/;

/**
 * Responds to requests that no route serves, if their path is one of a resource: `OPTIONS` with 204, other methods with
 * 405, both with `Allow`. It runs instead of Nest's 404, after every route, middleware and CORS handler, so it never
 * takes a request from one of them.
 */
@Injectable()
export class UnmatchedRequestHandler implements OnModuleInit {
  private table: RouteTable | undefined;

  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly discovery: DiscoveryService,
    private readonly config: ApplicationConfig,
    private readonly modules: ModulesContainer,
    @Inject(CRUD_DEFAULTS) private readonly defaults: CrudDefaults,
  ) {}

  /** Wraps the handler of unmatched requests, which Nest registers after this hook and after all routes. */
  onModuleInit(): void {
    const adapter = this.adapterHost.httpAdapter as unknown as RoutingAdapter | undefined;
    const register = adapter?.setNotFoundHandler?.bind(adapter);
    if (adapter === undefined || register === undefined) return;
    adapter.setNotFoundHandler = (notFound, ...rest) => {
      adapter.setNotFoundHandler = register;
      return register(
        (request, response, ...others) =>
          this.respond(adapter, request, response) ? undefined : notFound(request, response, ...others),
        ...rest,
      );
    };
  }

  /**
   * @returns false if the request is not one to a resource's path
   * @throws MethodNotAllowedException for any method but OPTIONS, unless the response is a problem document
   */
  private respond(adapter: RoutingAdapter, request: RoutedRequest, response: unknown): boolean {
    const method = adapter.getRequestMethod(request);
    const path = adapter.getRequestUrl(request).replace(NOT_PATH, '');
    const allowed = this.routes(adapter).find(path, adapter.getRequestHostname(request), request);
    if (allowed === undefined) return false;
    const isOptions = method === 'OPTIONS';
    // A handler passed the request on, or the path has a notation that only its router reads.
    if (!isOptions && allowed.methods.includes(method)) return false;
    adapter.setHeader(response, 'Allow', allowed.methods.join(', '));
    if (!isOptions) {
      this.refuse(adapter, request, response, method, allowed);
      return true;
    }
    if (allowed.methods.includes('PATCH')) {
      adapter.setHeader(response, 'Accept-Patch', `application/json, ${MERGE_PATCH_TYPE}`);
    }
    adapter.reply(response, undefined, HttpStatus.NO_CONTENT);
    return true;
  }

  /**
   * Sends a problem document itself: Fastify removes the type of a response when a handler throws.
   *
   * @throws MethodNotAllowedException for the application's filters, if the client does not prefer problem documents
   */
  private refuse(
    adapter: RoutingAdapter,
    { headers: { accept } }: RoutedRequest,
    response: unknown,
    method: string,
    { controller, methods }: AllowedMethods,
  ): void {
    const error = new MethodNotAllowedException(`${method} is not allowed. Allowed: ${methods.join(', ')}`);
    if (!prefersProblemDocument([accept ?? []].flat().join(), this.problemDetailsOf(controller))) throw error;
    adapter.setHeader(response, 'Content-Type', PROBLEM_MEDIA_TYPE);
    adapter.reply(response, problemDocumentOf(error), HttpStatus.METHOD_NOT_ALLOWED);
  }

  private problemDetailsOf(controller: Function): ProblemDetailsMode {
    return crudMetadataOf(controller)?.options.problemDetails ?? this.defaults.problemDetails ?? 'negotiate';
  }

  /** The table is made at the first request that needs it, when prefix and versions are final. */
  private routes(adapter: RoutingAdapter): RouteTable {
    return (this.table ??= new RouteTable(
      this.discovery,
      this.config,
      new RoutePaths(this.config, this.modules.applicationId),
      adapter.getRouteMatchingOptions?.() ?? matchingOf(adapter.getType()),
    ));
  }
}

/** Returns the standard settings of an adapter's router. */
function matchingOf(type: string): PathMatching {
  const isLenient = type === 'express';
  return { caseSensitive: !isLenient, ignoreTrailingSlash: isLenient };
}
