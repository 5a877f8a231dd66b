import type { ExecutionContext } from '@nestjs/common';
import type { CrudRoute } from '../options/crud-routes.js';
import type { Resource } from '../resource/resource.js';
import { SerializedRow } from '../response/serialized-rows.js';
import { computeEtag, EtagList } from './etag.js';

/** Routes whose response is one row as stored. */
export const ETAG_ROUTES: readonly (CrudRoute | undefined)[] = ['findOne', 'create', 'replace', 'update', 'restore'];

interface ConditionalRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly query?: Readonly<Record<string, unknown>>;
}

/**
 * Returns the `ETag` of a response.
 *
 * @param value the result of the handler
 * @returns undefined if it is not a stored row, contains included rows, which have their own versions, or only selected
 *   fields
 */
export function responseEtag(
  context: ExecutionContext,
  route: CrudRoute | undefined,
  resource: Resource,
  value: unknown,
): string | undefined {
  const row = value instanceof SerializedRow ? value.identity : value instanceof resource.entity ? value : undefined;
  if (!ETAG_ROUTES.includes(route) || row === undefined) return undefined;
  const { query = {} } = context.switchToHttp().getRequest<ConditionalRequest>();
  return query['include'] === undefined && query['fields'] === undefined ? computeEtag(resource, row) : undefined;
}

/**
 * Checks `If-None-Match`, i.e. whether the client already has this version. A missing row is a 404 before this check.
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
