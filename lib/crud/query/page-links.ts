import { MAX_OFFSET } from './list-rules.js';
import type { Page } from './list-query.js';

/**
 * The `Link` header of a page (RFC 8288): first, prev, next and last, as far as they are known, as references to the same path. Scheme
 * and host are left out: what a request says of them is not to be trusted.
 *
 * @param url the request's path and query
 * @example
 * '</tickets?limit=2&offset=0>; rel="first", </tickets?limit=2&offset=2>; rel="next"'
 */
export function pageLinks(url: string, page: Page<unknown>): string {
  const links = page.offset === undefined ? cursorLinks(page) : offsetLinks(page, page.offset);
  return links
    .map(([relation, start]) => `<${pageUrl(url, { limit: page.limit, ...start })}>; rel="${relation}"`)
    .join(', ');
}

type Link = [relation: string, start: Readonly<Record<string, string | number>>];

function offsetLinks({ items, total, totalIsCapped, limit }: Page<unknown>, offset: number): Link[] {
  const isFull = items.length === limit;
  const hasMore = total === undefined || totalIsCapped === true ? isFull : offset + items.length < total;
  const links: Link[] = [['first', { offset: 0 }]];
  if (offset > 0) links.push(['prev', { offset: Math.max(0, offset - limit) }]);
  if (hasMore && offset + limit <= MAX_OFFSET) links.push(['next', { offset: offset + limit }]);
  if (total !== undefined && totalIsCapped !== true) {
    const last = total === 0 ? 0 : Math.floor((total - 1) / limit) * limit;
    if (last <= MAX_OFFSET) links.push(['last', { offset: last }]);
  }
  return links;
}

function cursorLinks({ nextCursor, prevCursor }: Page<unknown>): Link[] {
  const links: Link[] = [['first', { cursor: '' }]];
  if (typeof prevCursor === 'string') links.push(['prev', { cursor: prevCursor }]);
  if (typeof nextCursor === 'string') links.push(['next', { cursor: nextCursor }]);
  return links;
}

function pageUrl(url: string, start: Readonly<Record<string, string | number>>): string {
  const mark = url.indexOf('?');
  const path = headerText(mark < 0 ? url : url.slice(0, mark));
  const parameters = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
  for (const [name, value] of Object.entries(start)) parameters.set(name, String(value));
  return `${path}?${parameters.toString()}`;
}

/** A path as it may stand in a header: what would end the reference, or is no ASCII, is encoded. */
export function headerText(path: string): string {
  return path.replace(/[^!-~]|[<>"]/gu, encodeURIComponent);
}
