import { BodyPipe } from '../crud/http/pipes/body.pipe.js';
import { BulkBodyPipe } from '../crud/http/pipes/bulk-body.pipe.js';
import { IdPipe } from '../crud/http/pipes/id.pipe.js';
import { LinkedIdPipe } from '../crud/http/pipes/linked-id.pipe.js';
import { ListQueryPipe } from '../crud/http/pipes/list-query.pipe.js';
import { isBaseHandler } from '../crud/routing/inherited-handlers.js';
import type { JsonSchema } from '../crud/column-types/json-schema.types.js';
import type { HeaderObject, ResponseObject } from './openapi.types.js';
import type { DocumentContext } from './describe-options.js';
import { listSchema } from './schemas/page-schemas.js';
import { hasIfMatch, hasEtag } from './conditional-headers.js';
import { canConflict } from './conflict-responses.js';
import { COMMON_ERRORS, commonErrorResponse, errorResponse, HEADERS } from './error-responses.js';
import type { ErrorStatus } from './error-responses.js';
import { RowSchemas } from './schemas/row-schemas.js';
import { qualifierOf } from './crud-route-explorer.js';
import type { CrudRouteInfo } from './crud-route-explorer.js';

type HeaderName = keyof typeof HEADERS;

/** Returns the responses of a route, by status. */
export function describeResponses(route: CrudRouteInfo, document: DocumentContext): Record<string, ResponseObject> {
  const success = successOf(route, document);
  return {
    [route.status]: success,
    ...(hasEtag(route) && route.name === 'findOne' && { 304: notModified() }),
    ...errorsOf(route, document),
  };
}

/** Headers that only some responses of an operation have: a list that is not counted has no total. */
const CONDITIONAL_HEADERS: ReadonlySet<string> = new Set(['X-Total-Count'] satisfies (keyof typeof HEADERS)[]);

function successOf(route: CrudRouteInfo, document: DocumentContext): ResponseObject {
  const { name, controller, resource } = route;
  const qualifier = qualifierOf(controller);
  const rows = new RowSchemas(resource, document, qualifier);
  const { summary, detail } = resource.serializer;
  const cacheControl: readonly HeaderName[] = document.isBasic ? [] : ['Cache-Control'];
  switch (name) {
    case 'findAll':
      return successResponse(
        route,
        'The page.',
        listSchema(rows.row(summary, resource.list.rows), resource.list, document, qualifier),
        ['Link', 'X-Total-Count', ...cacheControl],
      );
    case 'findOne':
      return successResponse(route, 'The row.', rows.row(detail, resource.row), cacheControl);
    case 'create':
      return successResponse(route, 'The row as it is stored.', rows.row(detail, resource.row), ['Location']);
    case 'createMany':
      return successResponse(
        route,
        'The rows as they are stored.',
        { type: 'array', items: rows.row(summary, resource.list.rows) },
        [],
      );
    case 'replace':
    case 'update':
    case 'restore':
      return successResponse(route, 'The row as it is stored.', rows.row(detail, resource.row), []);
    case 'remove':
      return { description: 'The row is deleted.' };
    case 'link':
      return { description: 'The rows are linked.' };
    case 'unlink':
      return { description: 'The rows are no longer linked.' };
  }
}

function successResponse(
  route: CrudRouteInfo,
  description: string,
  schema: JsonSchema,
  headers: readonly HeaderName[],
): ResponseObject {
  const all: readonly HeaderName[] = hasEtag(route) ? [...headers, 'ETag'] : headers;
  return {
    description,
    ...(all.length > 0 && { headers: describeHeaders(all, isBaseHandler(route.handler) && route.name !== 'findOne') }),
    content: { 'application/json': { schema } },
  };
}

/** @param areCertain whether every response has these headers; the result of an override may not have them */
function describeHeaders(names: readonly HeaderName[], areCertain: boolean): Record<string, HeaderObject> {
  return Object.fromEntries(
    names.map((name) => [
      name,
      { ...HEADERS[name], ...(areCertain && !CONDITIONAL_HEADERS.has(name) && { required: true }) },
    ]),
  );
}

function notModified(): ResponseObject {
  return {
    description: 'The row still has the ETag of `If-None-Match`.',
    headers: describeHeaders(['ETag', 'Cache-Control'], false),
  };
}

function errorsOf(route: CrudRouteInfo, document: DocumentContext): Record<string, ResponseObject> {
  const statuses = possibleErrors(route);
  const [own, common] = document.isBasic
    ? [
        statuses.filter((status) => !COMMON_ERRORS.includes(status)),
        COMMON_ERRORS.filter((one) => statuses.includes(one)),
      ]
    : [statuses, []];
  return {
    ...Object.fromEntries(own.map((status) => [status, errorResponse(status, route, document)])),
    ...(common.length > 0 && { default: commonErrorResponse(common, route, document) }),
  };
}

function possibleErrors(route: CrudRouteInfo): ErrorStatus[] {
  const { name, resource, isGuarded, isScoped, isReadBy } = route;
  const possible: readonly [ErrorStatus, boolean][] = [
    [400, name === 'findOne' || [ListQueryPipe, BodyPipe, BulkBodyPipe].some(isReadBy)],
    [401, isGuarded],
    [403, isGuarded || isScoped],
    [404, resource.parents !== undefined || isReadBy(IdPipe) || isReadBy(LinkedIdPipe)],
    [409, canConflict(resource, name)],
    [412, hasIfMatch(route)],
    [415, [BodyPipe, BulkBodyPipe].some(isReadBy)],
    [428, hasIfMatch(route) && resource.requireIfMatch],
    [503, true],
  ];
  return possible.filter(([, isPossible]) => isPossible).map(([status]) => status);
}
