import { MAX_OFFSET } from './list-rules.js';
import type { Page } from './list-query.js';

/**
 * Longest `Link` header that has every link, in characters. Each repeats the query, and a client or proxy that is given more headers
 * than it reads drops the whole answer.
 */
const MAX_LENGTH = 4000;

/**
 * The `Link` header of a page (RFC 8288): first, prev, next and last, as far as they are known, as references to the same path. Scheme
 * and host are left out: what a request says of them is not to be trusted.
 *
 * @param url the request's path and query
 * @returns where it would be too long, the link to the next page only; undefined without one
 * @example
 * '</tickets?limit=2&offset=0>; rel="first", </tickets?limit=2&offset=2>; rel="next"'
 */
export function pageLinks(url: string, page: Page<unknown>): string | undefined {
  const links = page.offset === undefined ? cursorLinks(page) : offsetLinks(page, page.offset);
  const header = linkText(url, page.limit, links);
  if (header.length <= MAX_LENGTH) return header;
  const next = links.filter(([relation]) => relation === 'next');
  return next.length > 0 ? linkText(url, page.limit, next) : undefined;
}

type Link = [relation: string, start: Readonly<Record<string, string | number>>];

function linkText(url: string, limit: number, links: readonly Link[]): string {
  return links.map(([relation, start]) => `<${pageUrl(url, { limit, ...start })}>; rel="${relation}"`).join(', ');
}

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

/** What the client wrote stays as it is: encoded anew it could grow threefold. */
function pageUrl(url: string, start: Readonly<Record<string, string | number>>): string {
  const [path, ...query] = url.split('?');
  const open = new Map(Object.entries(start));
  const take = (name: string): string[] => {
    const value = open.get(name);
    open.delete(name);
    return value === undefined ? [] : [`${name}=${value}`];
  };
  const parts = query
    .join('?')
    .split('&')
    .flatMap((part) => {
      const [[name] = ['']] = new URLSearchParams(part);
      return Object.hasOwn(start, name) ? take(name) : part === '' ? [] : [part.replaceAll('#', '%23')];
    });
  return headerText(`${path}?${[...parts, ...Object.keys(start).flatMap(take)].join('&')}`);
}

/** A path and query as they may stand in a header: what would end the reference, or is no ASCII, is encoded. */
export function headerText(path: string): string {
  return path.replace(/[^!-~]|[<>"]/gu, encodeURIComponent);
}
