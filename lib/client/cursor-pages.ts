/** A page at a cursor, as responses have it. */
export interface CursorPage<Row = unknown> {
  readonly items: readonly Row[];
  /** The cursor of the next page; null on the last page. */
  readonly nextCursor?: string | null;
  /** The cursor of the previous page; null on the first page. */
  readonly prevCursor?: string | null;
}

/**
 * Requests a page.
 *
 * @param cursor the cursor to send; an empty string for the first page
 * @param signal aborts the request
 */
export type ReadPage<Page extends CursorPage> = (cursor: string, signal: AbortSignal | undefined) => Promise<Page>;

/** Where to begin, and how to stop. */
export interface IterationOptions {
  /** The cursor of the page to begin with; the first page by default. */
  readonly cursor?: string;
  /** Aborts the iteration; it is also handed to each request. */
  readonly signal?: AbortSignal;
}

/** The options of TanStack's infinite queries that depend on the paging. */
export interface InfinitePages<Page extends CursorPage> {
  readonly initialPageParam: string;
  readonly queryFn: (context: { readonly pageParam: string; readonly signal: AbortSignal }) => Promise<Page>;
  readonly getNextPageParam: (lastPage: Page) => string | undefined;
  readonly getPreviousPageParam: (firstPage: Page) => string | undefined;
}

/**
 * Iterates over the pages of a list, one request at a time. A page is requested when the loop asks for it.
 *
 * @throws Error if a page has no cursor, because the request was sent without one
 * @example
 * for await (const { items } of iteratePages((cursor) => listTickets({ cursor, limit: 100 }))) show(items);
 */
export async function* iteratePages<Page extends CursorPage>(
  readPage: ReadPage<Page>,
  { cursor = '', signal }: IterationOptions = {},
): AsyncGenerator<Page, void, undefined> {
  for (let next: string | undefined = cursor; next !== undefined;) {
    signal?.throwIfAborted();
    const page = await readPage(next, signal);
    next = nextPageParam(page);
    yield page;
  }
}

/**
 * Iterates over the rows of a list, page by page. A row that exists during the whole iteration is returned exactly
 * once, whatever is inserted or deleted meanwhile.
 *
 * @throws Error if a page has no cursor, because the request was sent without one
 * @example
 * for await (const ticket of iterateRows((cursor) => listTickets({ cursor, limit: 100 }))) show(ticket);
 */
export async function* iterateRows<Row extends object>(
  readPage: ReadPage<CursorPage<Row>>,
  options: IterationOptions = {},
): AsyncGenerator<Row, void, undefined> {
  for await (const { items } of iteratePages(readPage, options)) yield* items;
}

/**
 * Returns the options of an infinite query of TanStack Query.
 *
 * @example
 * useInfiniteQuery({ queryKey: ['tickets'], ...infinitePages((cursor, signal) => listTickets({ cursor }, signal)) });
 */
export function infinitePages<Page extends CursorPage>(readPage: ReadPage<Page>): InfinitePages<Page> {
  return {
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => readPage(pageParam, signal),
    getNextPageParam: nextPageParam,
    getPreviousPageParam: previousPageParam,
  };
}

/**
 * Returns the cursor of the next page: `getNextPageParam` of TanStack Query.
 *
 * @returns undefined on the last page
 * @throws Error if the page was requested without a cursor
 */
export function nextPageParam({ nextCursor }: CursorPage): string | undefined {
  return given(nextCursor, 'nextCursor') ?? undefined;
}

/**
 * Returns the cursor of the previous page: `getPreviousPageParam` of TanStack Query.
 *
 * @returns undefined on the first page
 * @throws Error if the page was requested without a cursor
 */
export function previousPageParam({ prevCursor }: CursorPage): string | undefined {
  return given(prevCursor, 'prevCursor') ?? undefined;
}

/** A page without cursors has further pages all the same: stopping there would lose rows silently. */
function given(cursor: string | null | undefined, name: string): string | null {
  if (cursor !== undefined) return cursor;
  throw new Error(`The page has no ${name}. Send the parameter cursor, which is empty for the first page.`);
}
