import type { INestApplicationContext } from '@nestjs/common';
import { MuckConfigurationError } from '../errors/muck-configuration.error.js';
import { completeOperation } from './merge-swagger-operation.js';
import type {
  DocumentInfo,
  OpenApiDocument,
  OperationObject,
  PathItemObject,
  ResourceDocument,
} from './openapi.types.js';
import { documentContext } from './describe-options.js';
import type { DescribeOptions, DocumentContext } from './describe-options.js';
import { SchemaRegistry } from './schemas/schema-registry.js';
import { describeOperation } from './describe-operation.js';
import { exploreCrudRoutes } from './crud-route-explorer.js';
import type { CrudRouteInfo } from './crud-route-explorer.js';

/** The first OpenAPI version whose schemas are standard JSON Schema, e.g. for null. */
const VERSION = '3.1.0';

/**
 * Completes an OpenAPI document of `@nestjs/swagger`: parameters, bodies, responses, errors and headers of all routes
 * of `@Crud`, from the compiled resources. Other parts of the document, and what decorators such as `@ApiResponse()`
 * declare on these routes, are kept.
 *
 * @param app after `NestFactory.create`, with global prefix and versioning set
 * @param document of version 3.1
 * @param options what to describe; by default all
 * @returns a new document
 * @throws MuckConfigurationError for a document of another version, or invalid options of `@Crud`
 * @example
 * const config = new DocumentBuilder().setOpenAPIVersion('3.1.0').setTitle('Support desk').build();
 * const document = describeResources(app, SwaggerModule.createDocument(app, config));
 * SwaggerModule.setup('api/docs', app, document);
 */
export function describeResources<D extends OpenApiDocument>(
  app: INestApplicationContext,
  document: D,
  options: DescribeOptions = {},
): D {
  if (!document.openapi.startsWith('3.1')) {
    throw new MuckConfigurationError([
      `The OpenAPI document is of version ${document.openapi}, and resources are described in ${VERSION}: new DocumentBuilder().setOpenAPIVersion('${VERSION}').`,
    ]);
  }
  const routes = exploreCrudRoutes(app);
  const existing = document.components?.schemas ?? {};
  // First pass: schemas that only the replaced operations referenced are removed, so that their names become free.
  const taken = new SchemaRegistry(new Set(Object.keys(existing)));
  const first = completePaths(routes, document, documentContext(options, taken));
  const kept = withoutOrphans(existing, document.paths, first);
  const schemas = new SchemaRegistry(new Set(Object.keys(kept)));
  const paths = completePaths(routes, document, documentContext(options, schemas));
  return { ...document, paths, components: { ...document.components, schemas: { ...kept, ...schemas.all() } } };
}

/**
 * Creates an OpenAPI document of the routes of all controllers with `@Crud`, without `@nestjs/swagger`.
 *
 * @param app after `NestFactory.create`, with global prefix and versioning set
 * @param info title, version and description of the API
 * @param options what to describe; by default all
 * @returns a document of version 3.1
 * @throws MuckConfigurationError for invalid options of `@Crud`
 * @example
 * const document = createResourceDocument(app, { title: 'Support desk', version: '1.0' });
 */
export function createResourceDocument(
  app: INestApplicationContext,
  info: DocumentInfo,
  options: DescribeOptions = {},
): ResourceDocument {
  const context = documentContext(options, new SchemaRegistry(new Set()));
  const paths: Record<string, Record<string, OperationObject>> = {};
  for (const route of exploreCrudRoutes(app)) {
    for (const [index, path] of route.paths.entries()) {
      const operation = describeOperation(route, path, context);
      const operationId = index === 0 ? operation.operationId : `${operation.operationId}_${index + 1}`;
      (paths[path] ??= {})[route.verb] = { ...operation, operationId };
    }
  }
  return { openapi: VERSION, info, paths, components: { schemas: context.schemas.all() } };
}

function completePaths<D extends OpenApiDocument>(
  routes: readonly CrudRouteInfo[],
  document: D,
  context: DocumentContext,
): D['paths'] {
  const paths = { ...document.paths } as Record<string, PathItemObject>;
  for (const route of routes) {
    for (const served of route.paths) {
      // The document's `servers` may contain the prefix instead of its paths.
      const bare = served.startsWith(`${route.prefix}/`) ? served.slice(route.prefix.length) : served;
      const path = [served, bare].find((candidate) => paths[candidate]?.[route.verb] !== undefined);
      if (path === undefined) continue;
      const found = paths[path][route.verb];
      const known = describeOperation(route, path, context);
      paths[path] = { ...paths[path], [route.verb]: completeOperation(found, known, route) };
    }
  }
  return paths;
}

/**
 * Returns the schemas that the new paths reference, and those that no path has ever referenced, because the application
 * added them on purpose.
 */
function withoutOrphans(
  schemas: Readonly<Record<string, object>>,
  before: object,
  after: object,
): Record<string, object> {
  const wereUsed = reachable(schemas, before);
  const areUsed = reachable(schemas, after);
  return Object.fromEntries(Object.entries(schemas).filter(([name]) => areUsed.has(name) || !wereUsed.has(name)));
}

function reachable(schemas: Readonly<Record<string, object>>, from: object): Set<string> {
  const found = new Set<string>();
  const follow = (value: object): void => {
    for (const [, name] of JSON.stringify(value).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (found.has(name)) continue;
      found.add(name);
      if (name in schemas) follow(schemas[name]);
    }
  };
  follow(from);
  return found;
}
