import { RequestMethod } from '@nestjs/common';
import type { INestApplicationContext, Type } from '@nestjs/common';
import { ApplicationConfig, DiscoveryService, ModulesContainer } from '@nestjs/core';
import {
  GUARDS_METADATA,
  HTTP_CODE_METADATA,
  METHOD_METADATA,
  PATH_METADATA,
  ROUTE_ARGS_METADATA,
} from '../common/peer-internals.js';
import type { Module } from '../common/peer-internals.js';
import { crudMetadataOf } from '../crud/options/crud.metadata.js';
import type { CrudMetadata } from '../crud/options/crud.metadata.js';
import type { CrudRoute } from '../crud/options/crud-routes.js';
import { CrudRegistry } from '../crud/crud-registry.js';
import { RoutePaths } from '../crud/routing/route-paths.js';
import type { LinkRoute } from '../crud/options/crud-routes.js';
import type { ProblemDetailsMode } from '../crud/errors/content-negotiation.js';
import type { Resource } from '../crud/resource/resource.js';
import { isInstance } from '../common/safe-read.js';
import { getRouteTenancy } from '../tenancy/metadata/route-tenancy.metadata.js';
import { problemFilterOf } from './problem-details-mode.js';

/** The operation of a route. */
export type CrudOperation = CrudRoute | LinkRoute['action'];

/** A route of `@Crud` that an application serves. */
export interface CrudRouteInfo {
  readonly controller: Type<object>;
  readonly name: CrudOperation;
  /** The controller's method. */
  readonly method: string;
  /** The relation of a link route; undefined for other routes. */
  readonly relation: string | undefined;
  readonly handler: Function;
  readonly resource: Resource;
  /** The HTTP method in lower case. */
  readonly verb: string;
  /** In OpenAPI notation: `/tickets/{id}`. */
  readonly paths: readonly string[];
  /** The global prefix of all paths that are not excluded from it; an empty string without one. */
  readonly prefix: string;
  /** The HTTP status of a success. */
  readonly status: number;
  /** True if a guard applies to the route. */
  readonly isGuarded: boolean;
  /** True if the route needs a tenant. */
  readonly isScoped: boolean;
  /** When a filter on the route sends errors as problem details; undefined without such a filter. */
  readonly problemFilter: ProblemDetailsMode | undefined;
  /** Returns whether a parameter of the handler has a pipe of this class. */
  readonly isReadBy: (pipe: abstract new (...args: never[]) => object) => boolean;
}

/** Returns the routes of all controllers with `@Crud`, with the paths of Nest's router. */
export function exploreCrudRoutes(app: INestApplicationContext): CrudRouteInfo[] {
  const config = app.get(ApplicationConfig, { strict: false });
  const services = app.get(CrudRegistry, { strict: false });
  const { applicationId } = app.get(ModulesContainer, { strict: false });
  const paths = new RoutePaths(config, applicationId);
  return app
    .get(DiscoveryService, { strict: false })
    .getControllers()
    .flatMap(({ metatype, host }) => {
      const controller = metatype as Type<object>;
      const crud = typeof controller === 'function' ? crudMetadataOf(controller) : undefined;
      const resource = crud && services.resourceOf(controller);
      if (crud === undefined || resource === undefined) return [];
      return actionsOf(crud)
        .filter(({ method }) => isRoute(controller, method))
        .map((action) => servedRoute({ controller, ...action, resource, config, paths, host }));
    });
}

type Action = Pick<CrudRouteInfo, 'name' | 'method' | 'relation'>;

function actionsOf({ routes, links }: CrudMetadata): Action[] {
  return [
    ...routes.map((name): Action => ({ name, method: name, relation: undefined })),
    ...links.map(({ action, name, relation }): Action => ({ name: action, method: name, relation })),
  ];
}

function isRoute(controller: Type<object>, method: string): boolean {
  const handler = (controller.prototype as Record<string, Function | undefined>)[method];
  return handler !== undefined && Reflect.hasMetadata(PATH_METADATA, handler);
}

interface RouteSource extends Action {
  readonly controller: Type<object>;
  readonly resource: Resource;
  readonly config: ApplicationConfig;
  readonly paths: RoutePaths;
  readonly host: Module | undefined;
}

function servedRoute(source: RouteSource): CrudRouteInfo {
  const { controller, name, method, relation, resource, config, paths, host } = source;
  const handler = (controller.prototype as Record<string, Function>)[method];
  const requestMethod = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod;
  let pipes: readonly unknown[] | undefined;
  const globalGuards = config.getGlobalGuards().length + config.getGlobalRequestGuards().length;
  return {
    controller,
    name,
    method,
    relation,
    handler,
    resource,
    verb: RequestMethod[requestMethod].toLowerCase(),
    paths: paths.of(controller, handler, host?.metatype, requestMethod).map(toTemplate),
    prefix: config
      .getGlobalPrefix()
      .replace(/^\/?(?=.)/, '/')
      .replace(/\/$/, ''),
    status: Reflect.getMetadata(HTTP_CODE_METADATA, handler) as number,
    isGuarded:
      globalGuards > 0 ||
      Reflect.hasMetadata(GUARDS_METADATA, handler) ||
      Reflect.hasMetadata(GUARDS_METADATA, controller),
    isScoped: getRouteTenancy(handler, controller)?.kind === 'scoped',
    problemFilter: problemFilterOf([handler, controller], config),
    isReadBy: (pipe) => (pipes ??= pipesOf(controller, method)).some((used) => isInstance(used, pipe)),
  };
}

/** Converts a path from Nest's notation to OpenAPI's. */
function toTemplate(path: string): string {
  return path.replace(/[{}]/g, '').replace(/[:*](\w+)/g, '{$1}');
}

function pipesOf(controller: Function, method: string): readonly unknown[] {
  const parameters = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, method) ?? {}) as Record<
    string,
    { readonly pipes?: readonly unknown[] }
  >;
  return Object.values(parameters).flatMap(({ pipes = [] }) => pipes);
}

/** Returns the prefix of a schema name that another schema already has. */
export function qualifierOf(controller: Function): string {
  return controller.name.replace(/Controller$/, '');
}
