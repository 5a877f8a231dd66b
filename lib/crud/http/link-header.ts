import { MAX_OFFSET } from '../query/list-rules.js';
import type { Page } from '../response/page.js';
import { BoundedCache } from '../../common/bounded-cache.js';

/** The header with the total of a list, for clients that send HEAD. */
export const TOTAL_COUNT = 'X-Total-Count';

/**
 * Maximum length of a complete `Link` header, in characters. Each link repeats the query, and clients or proxies reject
 * responses with too long headers.
 */
const MAX_LENGTH = 4000;

/** Cache: repeated requests for a page mostly have the same links. */
const headers = new BoundedCache<string, string | undefined>(500);
/** Maximum length of a path and query whose links are cached, in characters. */
const MAX_REMEMBERED_LENGTH = 500;

/**
 * Returns the `Link` header of a page (RFC 8288): first, prev, next and last, if known, as relative references. Scheme
 * and host are omitted, because those of a request cannot be trusted.
 *
 * @param url the request's path and query
 * @returns only the next link if the header would be too long; undefined if there is no next page then
 * @example
 * '</tickets?limit=2&offset=0>; rel="first", </tickets?limit=2&offset=2>; rel="next"'
 */
export function pageLinks(url: string, page: Page<unknown>): string | undefined {
  const { items, offset, page: number, total, totalIsCapped, limit } = page;
  if (limit === 0) return undefined;
  if (offset === undefined || url.length > MAX_REMEMBERED_LENGTH) return makeLinks(url, page);
  const key = `${items.length} ${offset} ${number} ${total} ${totalIsCapped} ${limit} ${url}`;
  return headers.getOrCreate(key, () => makeLinks(url, page));
}

function makeLinks(url: string, page: Page<unknown>): string | undefined {
  const links = linksOf(page);
  const header = linkText(url, page.limit, links);
  if (header.length <= MAX_LENGTH) return header;
  const next = links.filter(([relation]) => relation === 'next');
  return next.length > 0 ? linkText(url, page.limit, next) : undefined;
}

type Link = [relation: string, start: Readonly<Record<string, string | number>>];

function linkText(url: string, limit: number, links: readonly Link[]): string {
  const [, start] = links[0] ?? [];
  const parts = splitUrl(url, ['limit', ...Object.keys(start ?? {})]);
  return links.map(([relation, start]) => `<${pageUrl(parts, { limit, ...start })}>; rel="${relation}"`).join(', ');
}

function linksOf(page: Page<unknown>): readonly Link[] {
  if (page.offset === undefined) return cursorLinks(page);
  const links = offsetLinks(page, page.offset);
  if (page.page === undefined) return links;
  return links.map(([relation, { offset }]) => [relation, { page: Number(offset) / page.limit + 1 }]);
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

/** A URL split at the parameters that links set. */
interface UrlParts {
  /** The part before the query. */
  readonly path: string;
  /** The query parameters: unchanged ones as text, and the name of each one that links set, once. */
  readonly query: readonly (string | { readonly name: string })[];
}

/** Keeps the client's encoding: encoding the parameters again could triple their length. */
function splitUrl(url: string, names: readonly string[]): UrlParts {
  const isPlain = !/[^!-~]|[<>"#%+]/.test(url);
  const text = (part: string): string => (isPlain ? part : headerText(part.replaceAll('#', '%23')));
  const open = new Set(names);
  const at = url.indexOf('?');
  const query: (string | { readonly name: string })[] = [];
  for (const part of at === -1 ? [] : url.slice(at + 1).split('&')) {
    const name = isPlain ? rawName(part) : parameterName(part);
    if (!names.includes(name)) {
      if (part !== '') query.push(text(part));
    } else if (open.delete(name)) query.push({ name });
  }
  for (const name of open) query.push({ name });
  return { path: text(at === -1 ? url : url.slice(0, at)), query };
}

function rawName(part: string): string {
  const at = part.indexOf('=');
  return at === -1 ? part : part.slice(0, at);
}

function parameterName(part: string): string {
  const name = rawName(part);
  if (!/[%+]/.test(name)) return name;
  const [[read] = ['']] = new URLSearchParams(part);
  return read;
}

function pageUrl({ path, query }: UrlParts, start: Readonly<Record<string, string | number>>): string {
  const texts = query.map((part) =>
    typeof part === 'string' ? part : `${part.name}=${headerText(String(start[part.name]))}`,
  );
  return `${path}?${texts.join('&')}`;
}

const NOT_PLAIN = /[^!-~]|[<>"]/;

/** Encodes a path and query for a header: non-ASCII characters and those that would end the reference. */
export function headerText(path: string): string {
  return NOT_PLAIN.test(path) ? path.replace(/[^!-~]|[<>"]/gu, encodeURIComponent) : path;
}
