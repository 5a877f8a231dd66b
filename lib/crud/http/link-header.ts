import { MAX_OFFSET } from '../query/list-rules.js';
import type { Page } from '../response/page.js';
import { BoundedCache } from '../../common/bounded-cache.js';

/**
 * Longest `Link` header that has every link, in characters. Each repeats the query, and a client or proxy that is given more headers
 * than it reads drops the whole answer.
 */
const MAX_LENGTH = 4000;

/** Pages that are asked for again mostly have the same links. */
const headers = new BoundedCache<string, string | undefined>(500);
/** Longest path and query whose links are remembered, in characters. */
const MAX_REMEMBERED_LENGTH = 500;

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
  const { items, offset, total, totalIsCapped, limit } = page;
  if (offset === undefined || url.length > MAX_REMEMBERED_LENGTH) return makeLinks(url, page);
  const key = `${items.length} ${offset} ${total} ${totalIsCapped} ${limit} ${url}`;
  return headers.getOrCreate(key, () => makeLinks(url, page));
}

function makeLinks(url: string, page: Page<unknown>): string | undefined {
  const links = page.offset === undefined ? cursorLinks(page) : offsetLinks(page, page.offset);
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

/** A URL taken apart at the parameters that links set. */
interface UrlParts {
  /** What stands before its parameters. */
  readonly path: string;
  /** Its parameters: those that stay as text, and the names of those that are set, each once. */
  readonly query: readonly (string | { readonly name: string })[];
}

/** What the client wrote stays as it is: encoded anew it could grow threefold. */
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

/** A path and query as they may stand in a header: what would end the reference, or is no ASCII, is encoded. */
export function headerText(path: string): string {
  return NOT_PLAIN.test(path) ? path.replace(/[^!-~]|[<>"]/gu, encodeURIComponent) : path;
}
