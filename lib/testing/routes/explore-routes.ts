import { RequestMethod, VersioningType, VERSION_NEUTRAL } from '@nestjs/common';
import type { INestApplicationContext } from '@nestjs/common';
import { ApplicationConfig, DiscoveryService, MetadataScanner, ModulesContainer } from '@nestjs/core';
import {
  METHOD_METADATA,
  PARAMTYPES_METADATA,
  PATH_METADATA,
  ROUTE_ARGS_METADATA,
  SSE_METADATA,
} from '../../common/peer-internals.js';
import { attempt } from '../../common/safe-read.js';
import { CrudRegistry } from '../../crud/crud-registry.js';
import { RoutePaths } from '../../crud/routing/route-paths.js';
import { exploreCrudRoutes } from '../../openapi/crud-route-explorer.js';
import { getRouteTenancy } from '../../tenancy/metadata/route-tenancy.metadata.js';
import type { ApplicationRoute, HandlerParameter } from './application-route.js';

/** Parts of the request by Nest's number of the parameter decorator. */
const SOURCES: Readonly<Record<number, HandlerParameter['source']>> = {
  3: 'body',
  4: 'query',
  6: 'headers',
  8: 'file',
  9: 'file',
};

/** Returns every route of every controller, with the paths of Nest's router. */
export function exploreRoutes(app: INestApplicationContext): ApplicationRoute[] {
  const config = app.get(ApplicationConfig, { strict: false });
  const paths = new RoutePaths(config, app.get(ModulesContainer, { strict: false }).applicationId);
  const registry = app.get(CrudRegistry, { strict: false });
  const crudRoutes = new Map(exploreCrudRoutes(app).map((route) => [route.handler, route]));
  const routes: ApplicationRoute[] = [];
  for (const { metatype: controller, host } of app.get(DiscoveryService, { strict: false }).getControllers()) {
    if (typeof controller !== 'function') continue;
    const prototype = controller.prototype as Record<string, unknown>;
    const entity = attempt(() => registry.resourceOf(controller)?.metadata, undefined);
    for (const name of new MetadataScanner().getAllMethodNames(prototype)) {
      const handler = prototype[name];
      if (typeof handler !== 'function' || !Reflect.hasMetadata(PATH_METADATA, handler)) continue;
      const requestMethod = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod;
      const crud = crudRoutes.get(handler);
      const tenancy = getRouteTenancy(handler, controller);
      for (const found of paths.of(controller, handler, host?.metatype, requestMethod)) {
        const path = found.replace(/[{}]/g, '').replace(/(?<=.)\/$/, '');
        const method = requestMethod === RequestMethod.ALL ? 'GET' : RequestMethod[requestMethod];
        routes.push({
          label: `${method} ${path}`,
          method,
          path,
          controller,
          handler: name,
          pathParameters: [...path.matchAll(/[:*](\w+)/g)].map(([, parameter]) => parameter),
          parameters: parametersOf(controller, name),
          headers: versionHeaders(config, paths.versionOf(controller, handler)),
          crossTenant: tenancy?.kind === 'cross-tenant' ? tenancy.why : undefined,
          isScoped: tenancy?.kind === 'scoped',
          isStream: Reflect.hasMetadata(SSE_METADATA, handler),
          crud: crud && { resource: crud.resource, operation: crud.name, relation: crud.relation },
          entity,
        });
      }
    }
  }
  return routes.sort((one, other) => (one.path === other.path ? 0 : one.path < other.path ? -1 : 1));
}

function parametersOf(controller: Function, method: string): HandlerParameter[] {
  const declared = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, method) ?? {}) as Readonly<
    Record<string, { readonly index: number; readonly data?: unknown }>
  >;
  const types = (Reflect.getMetadata(PARAMTYPES_METADATA, controller.prototype as object, method) ??
    []) as readonly unknown[];
  return Object.entries(declared).flatMap(([key, { index, data }]) => {
    const source = SOURCES[Number(key.split(':')[0])];
    const type = types[index];
    return source === undefined
      ? []
      : [
          {
            source,
            name: typeof data === 'string' ? data : undefined,
            type: typeof type === 'function' && type !== Object ? type : undefined,
          },
        ];
  });
}

/** Returns the headers that select a version, for applications whose versions are not in the path. */
function versionHeaders(config: ApplicationConfig, version: unknown): Record<string, string> {
  const versioning = config.getVersioning();
  const first = (Array.isArray(version) ? version : [version]).find((one) => one !== VERSION_NEUTRAL) as unknown;
  if (versioning === undefined || typeof first !== 'string') return {};
  if (versioning.type === VersioningType.HEADER) return { [versioning.header.toLowerCase()]: first };
  if (versioning.type === VersioningType.MEDIA_TYPE) return { accept: `application/json;${versioning.key}${first}` };
  return {};
}
