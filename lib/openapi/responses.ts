import { READING_ROUTES } from '../crud/crud-routes.js';
import type { CrudRoute } from '../crud/crud-routes.js';
import type { Resource } from '../crud/resource.js';
import type { HeaderObject, ResponseObject } from './document.js';
import type { JsonSchema } from '../crud/values/json-schema.js';

/** The errors that a route can answer with. */
export type ErrorStatus = 400 | 401 | 403 | 404 | 409 | 412 | 428;

const MEANINGS: Readonly<Record<ErrorStatus, string>> = {
  400: 'Something in the request is wrong. `message` says what, one text for each problem.',
  401: 'Nobody is signed in.',
  403: 'This account may not do that, or belongs to no tenant.',
  404: 'There is no such row, or the caller cannot see it.',
  409: 'It would break a unique key, or rows still refer to this one. `message` says which field.',
  412: 'The row is not as `If-Match` says.',
  428: 'The request has to say which version of the row it is about: `If-Match`.',
};

/** The form of an error, as Nest answers it. */
export const ERROR_SCHEMA: JsonSchema = {
  type: 'object',
  properties: {
    statusCode: { type: 'integer' },
    message: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
    error: { type: 'string' },
  },
  required: ['statusCode', 'message'],
};

export const HEADERS = {
  Location: { description: 'Where the new row is.', schema: { type: 'string', format: 'uri-reference' } },
  Link: { description: 'The first, previous, next and last page (RFC 8288).', schema: { type: 'string' } },
  ETag: { description: 'The version of the row, for `If-Match` and `If-None-Match`.', schema: { type: 'string' } },
  'Cache-Control': { description: 'No shared cache may keep it.', schema: { type: 'string' } },
} as const satisfies Record<string, HeaderObject>;

export function errorResponse(
  status: ErrorStatus,
  schema: JsonSchema,
  headers: Readonly<Record<string, HeaderObject>> | undefined,
): ResponseObject {
  return {
    description: MEANINGS[status],
    ...(headers !== undefined && { headers }),
    content: { 'application/json': { schema } },
  };
}

/** Whether a route can break a key: one that rows must not share, or one by which rows of others refer to a row. */
export function conflictsOf({ metadata, dataSource }: Resource, route: CrudRoute): boolean {
  if (READING_ROUTES.includes(route)) return false;
  if (route === 'remove') {
    if (metadata.deleteDateColumn !== undefined) return false;
    return dataSource.entityMetadatas.some(({ foreignKeys }) =>
      foreignKeys.some((key) => key.referencedEntityMetadata === metadata && isRestricting(key.onDelete)),
    );
  }
  if (route === 'restore') return metadata.indices.some(({ isUnique, where }) => isUnique && where !== undefined);
  const hasOwnKey = metadata.primaryColumns.some(({ isGenerated }) => !isGenerated);
  const hasUnique = metadata.uniques.length > 0 || metadata.indices.some(({ isUnique }) => isUnique);
  return hasUnique || ((route === 'create' || route === 'createMany') && hasOwnKey);
}

function isRestricting(onDelete: string | undefined): boolean {
  return onDelete === undefined || onDelete === 'RESTRICT' || onDelete === 'NO ACTION';
}
