import { PROBLEM_MEDIA_TYPE } from '../crud/errors/problem-details.js';
import type { JsonSchema } from '../crud/column-types/json-schema.types.js';
import type { ContentObject, HeaderObject, ResponseObject } from './openapi.types.js';
import type { DocumentContext } from './describe-options.js';
import type { CrudRouteInfo } from './crud-route-explorer.js';

/** The error statuses of a route. */
export type ErrorStatus = 400 | 401 | 403 | 404 | 409 | 412 | 415 | 428 | 503;

const MEANINGS: Readonly<Record<ErrorStatus, string>> = {
  400: 'The request is invalid. `message` lists the errors.',
  401: 'The request is not authenticated.',
  403: 'The account may not do this, or belongs to no tenant.',
  404: 'There is no such row, or the caller cannot see it.',
  409: 'A unique key would be violated, or other rows still reference this one. `message` names the properties.',
  412: 'The ETag of the row does not match `If-Match`.',
  415: 'The `Content-Type` of the body is not JSON.',
  428: 'The header `If-Match` is required.',
  503: 'The database is unavailable, or ended the statement. Repeat the request after the seconds in `Retry-After`.',
};

/** The schema of an error in Nest's format. */
const ERROR_SCHEMA: JsonSchema = {
  type: 'object',
  properties: {
    statusCode: { type: 'integer' },
    message: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
    error: { type: 'string' },
  },
  required: ['statusCode', 'message'],
};

/** The schema of an error in problem details format (RFC 9457). */
const PROBLEM_SCHEMA: JsonSchema = {
  type: 'object',
  properties: {
    type: { const: 'about:blank' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          detail: { type: 'string' },
          code: { type: 'string' },
          pointer: { type: 'string' },
          parameter: { type: 'string' },
        },
        required: ['detail', 'code'],
      },
    },
  },
  required: ['type', 'title', 'status'],
};

export const HEADERS = {
  Location: { description: 'The path of the new row.', schema: { type: 'string', format: 'uri-reference' } },
  'X-Total-Count': {
    description: 'The total number of rows; absent if they are not counted, or only up to a bound.',
    schema: { type: 'integer' },
  },
  Link: { description: 'The first, previous, next and last page (RFC 8288).', schema: { type: 'string' } },
  'Retry-After': { description: 'The seconds to wait.', schema: { type: 'integer' } },
  ETag: { description: 'The version of the row, for `If-Match` and `If-None-Match`.', schema: { type: 'string' } },
  'Cache-Control': { description: 'Shared caches must not store the response.', schema: { type: 'string' } },
} as const satisfies Record<string, HeaderObject>;

/** Returns the response of an error: in one format, if the route has one for all its errors of that status. */
export function errorResponse(status: ErrorStatus, route: CrudRouteInfo, document: DocumentContext): ResponseObject {
  return {
    description: MEANINGS[status],
    ...(status !== 401 && {
      headers: {
        'Cache-Control': HEADERS['Cache-Control'],
        ...(status === 503 && { 'Retry-After': HEADERS['Retry-After'] }),
      },
    }),
    content: contentOf(errorTypes(status, route, document), document),
  };
}

/** Errors that do not depend on the row or the body: a basic document describes them as one response. */
export const COMMON_ERRORS: readonly ErrorStatus[] = [401, 403, 415, 428, 503];

/** Returns the response of all {@link COMMON_ERRORS} of a route. */
export function commonErrorResponse(
  statuses: readonly ErrorStatus[],
  route: CrudRouteInfo,
  document: DocumentContext,
): ResponseObject {
  const types = statuses.flatMap((status) => errorTypes(status, route, document));
  return {
    description: COMMON_ERRORS.map((status) => `${status}: ${MEANINGS[status]}`).join(' '),
    headers: { 'Cache-Control': HEADERS['Cache-Control'], 'Retry-After': HEADERS['Retry-After'] },
    content: contentOf([...new Set(types)], document),
  };
}

function contentOf(types: readonly string[], { schemas }: DocumentContext): ContentObject {
  return Object.fromEntries(
    types.map((type) => {
      const isProblem = type === PROBLEM_MEDIA_TYPE;
      const schema = isProblem
        ? schemas.add('ProblemDetails', 'Http', PROBLEM_SCHEMA)
        : schemas.add('HttpError', 'Nest', ERROR_SCHEMA);
      return [type, { schema }];
    }),
  );
}

/**
 * One type, unless errors of guards have another one than those of the resource: both may be a 403. Guards run before
 * the interceptor of `@Crud`, so only a filter converts their errors to problem details.
 */
function errorTypes(
  status: ErrorStatus,
  { resource, problemFilter, isGuarded }: CrudRouteInfo,
  { problemDetails }: DocumentContext,
): string[] {
  const typeOf = (isProblem: boolean): string => (isProblem ? PROBLEM_MEDIA_TYPE : 'application/json');
  const own = typeOf(problemFilter === true || resource.problemDetails === true || problemDetails);
  const ofGuards = typeOf(problemFilter === true || (problemFilter === 'negotiate' && problemDetails));
  if (status === 401) return [ofGuards];
  return status === 403 && isGuarded ? [...new Set([ofGuards, own])] : [own];
}
