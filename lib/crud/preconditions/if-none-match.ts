import type { ExecutionContext } from '@nestjs/common';
import type { CrudRoute } from '../options/crud-routes.js';
import type { Resource } from '../resource/resource.js';
import { computeEtag, EtagList } from './etag.js';

/** The routes that answer with one row as it is stored. */
export const ETAG_ROUTES: readonly (CrudRoute | undefined)[] = ['findOne', 'create', 'replace', 'update', 'restore'];

interface ConditionalRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly query?: Readonly<Record<string, unknown>>;
}

/**
 * The `ETag` of an answer.
 *
 * @param value what the handler returned
 * @returns undefined where it is no stored row, holds other rows, which have versions of their own, or shows a part of it
 */
export function responseEtag(
  context: ExecutionContext,
  route: CrudRoute | undefined,
  resource: Resource,
  value: unknown,
): string | undefined {
  if (!ETAG_ROUTES.includes(route) || !(value instanceof resource.entity)) return undefined;
  const { query = {} } = context.switchToHttp().getRequest<ConditionalRequest>();
  return query['include'] === undefined && query['fields'] === undefined ? computeEtag(resource, value) : undefined;
}

/**
 * Whether the client has what it asks for: `If-None-Match`. A row that is not there is a 404 before this is asked.
 *
 * @see RFC 9110, section 13.1.2
 */
export function isNotModified(
  context: ExecutionContext,
  route: CrudRoute | undefined,
  tag: string | undefined,
): boolean {
  if (route !== 'findOne' || tag === undefined) return false;
  const header = context.switchToHttp().getRequest<ConditionalRequest>().headers['if-none-match'];
  return header !== undefined && new EtagList(String(header)).matchesWeakly(tag);
}
