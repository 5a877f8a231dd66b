import { BulkBodyPipe } from '../crud/http/pipes/bulk-body.pipe.js';
import { BodyPipe } from '../crud/http/pipes/body.pipe.js';
import type { BodyRoute } from '../crud/options/crud-routes.js';
import { CrudController } from '../crud/crud.controller.js';
import { IdPipe } from '../crud/http/pipes/id.pipe.js';
import { LINKED_ID } from '../crud/routing/link-routes.js';
import { LinkedIdPipe } from '../crud/http/pipes/linked-id.pipe.js';
import { ListQueryPipe } from '../crud/http/pipes/list-query.pipe.js';
import type { ResourceId } from '../crud/model/resource-id.js';
import { isBaseHandler } from '../crud/routing/inherited-handlers.js';
import type { JsonSchema } from '../crud/column-types/json-schema.types.js';
import { tagsOf } from './document-tags.js';
import { distinctExample, Examples } from './examples.js';
import { bodySchema } from './schemas/body-schemas.js';
import { describeResponses } from './operation-responses.js';
import type { OperationObject, ParameterObject } from './openapi.types.js';
import { columnAnnotations } from './schemas/swagger-properties.js';
import { parameterSchema } from './schemas/column-json-schema.js';
import { filtersSchema, listParameters, rowParameters } from './list-parameters.js';
import type { DocumentContext } from './describe-options.js';
import { nameOf } from './schemas/schema-registry.js';
import { uniqueProperties } from './conflict-responses.js';
import { preconditionParameters } from './conditional-headers.js';
import { qualifierOf } from './crud-route-explorer.js';
import type { CrudOperation, CrudRouteInfo } from './crud-route-explorer.js';

/** Describes a route of `@Crud` as an OpenAPI operation. */
export function describeOperation(route: CrudRouteInfo, path: string, document: DocumentContext): OperationObject {
  const body = requestBody(route, document);
  return {
    operationId: `${route.controller.name}_${route.method}`,
    summary: summaryOf(route),
    tags: tagsOf(route),
    parameters: [...pathParameters(route, path), ...queryParameters(route, document), ...preconditionParameters(route)],
    ...(body !== undefined && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: body, ...bodyExample(body, route, document) } },
      },
    }),
    responses: describeResponses(route, document),
  };
}

const SUMMARIES: Readonly<Record<CrudOperation, (name: string, relation: string | undefined) => string>> = {
  findAll: (name) => `A page of the ${name} rows that the caller may see`,
  findOne: (name) => `One ${name}`,
  create: (name) => `A new ${name}`,
  replace: (name) => `A ${name}, replaced by the body; omitted columns get their defaults`,
  update: (name) => `A ${name}, updated with the properties of the body`,
  remove: (name) => `A ${name}, deleted`,
  createMany: (name) => `New ${name} rows, all of them or none`,
  restore: (name) => `A soft-deleted ${name}, restored`,
  link: (name, relation) => `A ${name}, linked to a row of ${relation}`,
  unlink: (name, relation) => `A ${name}, unlinked from a row of ${relation}`,
};

/** A basic document has no examples that are made up. */
function bodyExample(
  body: JsonSchema,
  { name, resource }: CrudRouteInfo,
  { schemas, isBasic }: DocumentContext,
): { readonly example?: unknown } {
  if (isBasic) return {};
  const examples = new Examples((schema) => schemas.get(nameOf(schema)));
  const row = examples.of(body.items ?? body) as Readonly<Record<string, unknown>> | undefined;
  if (row === undefined) return {};
  const example = distinctExample(row, name, uniqueProperties(resource));
  return { example: body.type === 'array' ? [example] : example };
}

function summaryOf({ name, resource, relation }: CrudRouteInfo): string {
  return SUMMARIES[name](resource.name, relation);
}

function pathParameters(route: CrudRouteInfo, path: string): ParameterObject[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => {
    const id = idNamedBy(route, name);
    return {
      name,
      in: 'path',
      required: true,
      ...(id === undefined ? { schema: { type: 'string' } } : describeId(id)),
    };
  });
}

/** Returns the id that a path parameter contains; undefined for a parameter that the resource does not read. */
function idNamedBy({ resource, relation, isReadBy }: CrudRouteInfo, parameter: string): ResourceId | undefined {
  if (parameter === 'id' && isReadBy(IdPipe)) return resource.id;
  if (parameter === LINKED_ID && relation !== undefined && isReadBy(LinkedIdPipe)) return resource.linkEnd(relation).id;
  return resource.parents?.levels.find(({ param }) => param === parameter)?.id;
}

/** Examples of ids by format or type. Others depend on the data. */
const ID_EXAMPLES: ReadonlyMap<unknown, readonly unknown[]> = new Map<unknown, readonly unknown[]>([
  ['integer', [1]],
  ['int64', ['1']],
  ['uuid', ['6f1e2f0a-3a5b-4c1d-8e9f-0a1b2c3d4e5f']],
]);

function describeId({ columns }: ResourceId): Pick<ParameterObject, 'description' | 'schema' | 'example'> {
  const [column, ...others] = columns;
  if (others.length === 0) {
    const schema = parameterSchema(column.type);
    const { examples: [example] = ID_EXAMPLES.get(schema.format ?? schema.type) ?? [] } = columnAnnotations(column);
    return { schema, ...(example !== undefined && { example }) };
  }
  const names = columns.map(({ property }) => property).join(', ');
  return {
    description: `${names}, separated by commas. A comma within a value is written ~1, a tilde ~0.`,
    schema: { type: 'string' },
  };
}

function queryParameters(
  { name, controller, resource, isReadBy }: CrudRouteInfo,
  { schemas, isBasic }: DocumentContext,
): ParameterObject[] {
  if (name === 'findOne') return rowParameters(resource.row, isBasic);
  if (!isReadBy(ListQueryPipe)) return [];
  if (isBasic) return listParameters(resource.list, undefined);
  const filters = schemas.add(`${resource.name}Filters`, qualifierOf(controller), (self) =>
    filtersSchema(resource.list, self),
  );
  return listParameters(resource.list, filters);
}

function requestBody(route: CrudRouteInfo, document: DocumentContext): JsonSchema | undefined {
  const { name, resource, isReadBy } = route;
  if (isReadBy(BulkBodyPipe)) {
    return { type: 'array', items: bodyOf(route, 'create', document), maxItems: resource.maxBulkRows };
  }
  return isReadBy(BodyPipe) ? bodyOf(route, name as BodyRoute, document) : undefined;
}

function bodyOf(
  { controller, handler, resource }: CrudRouteInfo,
  route: BodyRoute,
  document: DocumentContext,
): JsonSchema {
  const { scope } = CrudController.prototype as unknown as Record<string, unknown>;
  const narrows = (controller.prototype as Record<string, unknown>)['scope'] !== scope;
  const isBodyComplete = isBaseHandler(handler) && !narrows;
  return bodySchema(resource, { route, isBodyComplete, qualifier: qualifierOf(controller) }, document);
}
