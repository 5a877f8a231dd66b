import type { INestApplicationContext } from '@nestjs/common';
import { MuckConfigurationError } from '../errors/muck-configuration.error.js';
import { completeOperation } from './merge-swagger-operation.js';
import type { JsonSchema } from '../crud/column-types/json-schema.types.js';
import type {
  ComponentsObject,
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
import { declareTags } from './document-tags.js';
import { SharedComponents } from './shared-components.js';
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
  let context = startDocument(options, new Set(Object.keys(existing)), routes);
  let completed = completePaths(routes, document, context);
  const kept = withoutOrphans(existing, document.paths, completed.paths);
  if ([...context.schemas.avoided].some((name) => !(name in kept))) {
    context = startDocument(options, new Set(Object.keys(kept)), routes);
    completed = completePaths(routes, document, context);
  }
  const { paths, components } = finish(completed, { ...document.components, schemas: kept }, context);
  return { ...document, paths, components, tags: declareTags(document.tags ?? [], paths, routes) };
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
  const routes = exploreCrudRoutes(app);
  const context = startDocument(options, new Set(), routes);
  const drafts: Record<string, Record<string, OperationObject>> = {};
  for (const route of routes) {
    for (const [index, path] of route.paths.entries()) {
      const operation = describeOperation(route, path, context);
      const operationId = index === 0 ? operation.operationId : `${operation.operationId}_${index + 1}`;
      (drafts[path] ??= {})[route.verb] = { ...operation, operationId };
    }
  }
  const described = new Set(Object.values(drafts).flatMap((item) => Object.values(item)));
  const { paths, components } = finish({ paths: drafts, described }, {}, context);
  return {
    openapi: VERSION,
    info,
    paths,
    // Safe cast: only this library has added components.
    components: components as ResourceDocument['components'],
    tags: declareTags([], paths, routes),
  };
}

/** Starts a description; enums have the names that entities and DTOs give them. */
function startDocument(
  options: DescribeOptions,
  taken: ReadonlySet<string>,
  routes: readonly CrudRouteInfo[],
): DocumentContext {
  const context = documentContext(options, new SchemaRegistry(taken));
  for (const { resource } of routes) {
    const { bodies, serializer, dataSource } = resource;
    const dtos = Object.values(bodies).map(({ form }) => form.dto);
    const entities = dataSource.entityMetadatas.map(({ target }) => target);
    for (const type of [...dtos, serializer.summary, serializer.detail, ...entities]) {
      if (typeof type === 'function') context.enums.scan(type);
    }
  }
  return context;
}

/** Paths, and those of their operations that this library describes. */
interface CompletedPaths {
  readonly paths: Readonly<Record<string, PathItemObject>>;
  readonly described: ReadonlySet<OperationObject>;
}

function completePaths(
  routes: readonly CrudRouteInfo[],
  document: OpenApiDocument,
  context: DocumentContext,
): CompletedPaths {
  const paths = { ...document.paths } as Record<string, PathItemObject>;
  const described = new Set<OperationObject>();
  for (const route of routes) {
    for (const served of route.paths) {
      // The document's `servers` may contain the prefix instead of its paths.
      const bare = served.startsWith(`${route.prefix}/`) ? served.slice(route.prefix.length) : served;
      const path = [served, bare].find((candidate) => paths[candidate]?.[route.verb] !== undefined);
      if (path === undefined) continue;
      const operation = completeOperation(paths[path][route.verb], describeOperation(route, path, context), route);
      described.add(operation);
      paths[path] = { ...paths[path], [route.verb]: operation };
    }
  }
  return { paths, described };
}

/** Names the enums, and moves to the components what operations have in common. */
function finish(
  { paths, described }: CompletedPaths,
  existing: ComponentsObject,
  { enums, schemas }: DocumentContext,
): { readonly paths: CompletedPaths['paths']; readonly components: ComponentsObject } {
  const named = new Map<string, JsonSchema>();
  const operations = [...described];
  const shared = new SharedComponents(existing).share(operations.map((one) => enums.replaceIn(one, named)));
  const finished = new Map(operations.map((operation, index) => [operation, shared.operations[index]]));
  const own = enums.replaceIn(schemas.all(), named);
  const all = { ...existing.schemas, ...own };
  const clashes = [...named].filter(([name, schema]) => !isSameEnum(all[name], schema)).map(([name]) => name);
  if (clashes.length > 0) {
    throw new MuckConfigurationError(
      clashes.map((name) => `The enum '${name}' has the name of another schema of the OpenAPI document: rename it.`),
    );
  }
  const merged = (kind: 'parameters' | 'responses' | 'headers'): Record<string, object> => ({
    ...existing[kind],
    ...shared.components[kind],
  });
  return {
    paths: Object.fromEntries(Object.entries(paths).map(([path, item]) => [path, withOperations(item, finished)])),
    components: {
      ...existing,
      schemas: { ...all, ...Object.fromEntries(named) },
      parameters: merged('parameters'),
      responses: merged('responses'),
      headers: merged('headers'),
    },
  };
}

function withOperations(item: PathItemObject, finished: ReadonlyMap<OperationObject, OperationObject>): PathItemObject {
  return Object.fromEntries(
    Object.entries(item).map(([verb, operation]) => [verb, finished.get(operation) ?? operation]),
  );
}

/** `@nestjs/swagger` may have described the same enum. */
function isSameEnum(schema: object | undefined, { enum: values }: JsonSchema): boolean {
  return schema === undefined || JSON.stringify((schema as JsonSchema).enum) === JSON.stringify(values);
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
