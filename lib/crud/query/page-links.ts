import { MAX_OFFSET } from './list-rules.js';
import type { Page } from './list-query.js';

/**
 * The `Link` header of a page (RFC 8288): first, prev, next and last, as references to the same path. Scheme and host
 * are left out: what a request says of them is not to be trusted.
 *
 * @param url the request's path and query
 * @example
 * '</tickets?limit=2&offset=0>; rel="first", </tickets?limit=2&offset=2>; rel="next"'
 */
export function pageLinks(url: string, { items, total, limit, offset }: Page<unknown>): string {
  const last = total === 0 ? 0 : Math.floor((total - 1) / limit) * limit;
  const links: [relation: string, offset: number][] = [['first', 0]];
  if (offset > 0) links.push(['prev', Math.max(0, offset - limit)]);
  if (offset + items.length < total && offset + limit <= MAX_OFFSET) links.push(['next', offset + limit]);
  if (last <= MAX_OFFSET) links.push(['last', last]);
  return links.map(([relation, start]) => `<${pageUrl(url, limit, start)}>; rel="${relation}"`).join(', ');
}

function pageUrl(url: string, limit: number, offset: number): string {
  const mark = url.indexOf('?');
  const path = headerText(mark < 0 ? url : url.slice(0, mark));
  const parameters = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
  parameters.set('limit', String(limit));
  parameters.set('offset', String(offset));
  return `${path}?${parameters.toString()}`;
}

/** A path as it may stand in a header: what would end the reference, or is no ASCII, is encoded. */
export function headerText(path: string): string {
  return path.replace(/[^!-~]|[<>"]/gu, encodeURIComponent);
}
