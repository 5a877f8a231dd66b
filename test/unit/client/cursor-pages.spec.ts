import { describe, expect, it } from '@jest/globals';
import { infinitePages, iteratePages, iterateRows, nextPageParam, previousPageParam } from 'nestjs-muck/client';
import type { CursorPage } from 'nestjs-muck/client';

const PAGES: Readonly<Record<string, CursorPage<{ id: number }>>> = {
  '': { items: [{ id: 1 }, { id: 2 }], nextCursor: 'b', prevCursor: null },
  b: { items: [{ id: 3 }], nextCursor: 'c', prevCursor: 'a' },
  c: { items: [], nextCursor: null, prevCursor: 'b' },
};

/** Reads the pages, and notes what was requested. */
function list() {
  const requested: string[] = [];
  const signals: (AbortSignal | undefined)[] = [];
  const read = (cursor: string, signal: AbortSignal | undefined) => {
    requested.push(cursor);
    signals.push(signal);
    return Promise.resolve(PAGES[cursor]);
  };
  return { read, requested, signals };
}

async function collect<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of iterable) all.push(item);
  return all;
}

describe('iterateRows and iteratePages', () => {
  it('return every row and every page once', async () => {
    const { read, requested } = list();
    expect(await collect(iterateRows(read))).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
    expect(requested).toEqual(['', 'b', 'c']);
    expect(await collect(iteratePages(read))).toEqual(Object.values(PAGES));
  });

  it('request a page when the loop asks for it, and no further one', async () => {
    const { read, requested } = list();
    for await (const { id } of iterateRows(read)) if (id === 2) break;
    expect(requested).toEqual(['']);
  });

  it('begin at a cursor', async () => {
    const { read, requested } = list();
    expect(await collect(iterateRows(read, { cursor: 'b' }))).toEqual([{ id: 3 }]);
    expect(requested).toEqual(['b', 'c']);
  });

  it('stop when the signal is aborted, which each request gets', async () => {
    const { read, requested, signals } = list();
    const controller = new AbortController();
    const stopped = async () => {
      for await (const _ of iteratePages(read, { signal: controller.signal })) controller.abort(new Error('left'));
    };
    await expect(stopped()).rejects.toThrow('left');
    expect(requested).toEqual(['']);
    expect(signals).toEqual([controller.signal]);
  });

  it('reject a page without cursors, and pass errors on', async () => {
    await expect(collect(iterateRows(() => Promise.resolve({ items: [{ id: 1 }] })))).rejects.toThrow(
      'The page has no nextCursor. Send the parameter cursor, which is empty for the first page.',
    );
    await expect(collect(iterateRows(() => Promise.reject(new Error('lost'))))).rejects.toThrow('lost');
  });
});

describe('infinitePages', () => {
  it('has the options of an infinite query', async () => {
    const { read, signals } = list();
    const { initialPageParam, queryFn, getNextPageParam, getPreviousPageParam } = infinitePages(read);
    const { signal } = new AbortController();
    const first = await queryFn({ pageParam: initialPageParam, signal });
    expect(first).toEqual(PAGES['']);
    expect(signals).toEqual([signal]);
    expect([getNextPageParam(first), getPreviousPageParam(first)]).toEqual(['b', undefined]);
    expect([nextPageParam(PAGES['c']), previousPageParam(PAGES['c'])]).toEqual([undefined, 'b']);
  });
});
