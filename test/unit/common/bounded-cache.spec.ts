import { describe, expect, it, jest } from '@jest/globals';
import { BoundedCache } from '../../../lib/common/bounded-cache.js';

describe('BoundedCache', () => {
  it('creates an entry once', () => {
    const cache = new BoundedCache<string, number>(4);
    const create = jest.fn(() => 7);

    expect([cache.getOrCreate('a', create), cache.getOrCreate('a', create)]).toEqual([7, 7]);
    expect(create).toHaveBeenCalledTimes(1);
  });

  it('returns undefined for a key that it does not have', () => {
    const cache = new BoundedCache<string, number>(4);

    expect([cache.get('a'), cache.has('a')]).toEqual([undefined, false]);
  });

  it('drops the entries that were not used for longest, and never holds more than its limit', () => {
    const cache = new BoundedCache<number, number>(10);
    for (let key = 0; key < 100; key++) cache.set(key, key);
    const kept = Array.from({ length: 100 }, (_, key) => key).filter((key) => [...keysOf(cache)].includes(key));

    expect(kept.length).toBeLessThanOrEqual(10);
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, i) => 100 - kept.length + i));
  });

  it.each(['get', 'has'] as const)(
    'keeps an entry that %s reads again and again, however many others come',
    (method) => {
      const cache = new BoundedCache<string, number>(10);
      cache.set('kept', 1);
      for (let i = 0; i < 100; i++) {
        cache.set(`other ${i}`, i);
        cache[method]('kept');
      }

      expect(cache.get('kept')).toBe(1);
    },
  );

  it('replaces the value of a full cache without dropping another one', () => {
    const cache = new BoundedCache<string, number>(4);
    cache.set('a', 1);
    cache.set('b', 2);
    for (let i = 0; i < 20; i++) cache.set('b', i);

    expect([cache.get('a'), cache.get('b')]).toEqual([1, 19]);
  });

  it('never holds more than its maximum size, and drops what was not used for longest', () => {
    const cache = new BoundedCache<number, number>(100, 20, (key) => key);
    for (let key = 1; key <= 10; key++) cache.set(key, key);
    const kept = keysOf(cache);

    expect(kept.reduce((sum, key) => sum + key, 0)).toBeLessThanOrEqual(20);
    expect(kept).toEqual([10, 9]);
  });

  it('keeps an entry of half of its maximum size, and none that is larger', () => {
    const cache = new BoundedCache<string, number>(100, 20, (key) => key.length);
    const half = 'x'.repeat(10);
    cache.set(half, 1);
    cache.set(`${half}x`, 2);

    expect([cache.get(half), cache.get(`${half}x`)]).toEqual([1, undefined]);
  });

  it('does not count the size of an entry again that is replaced', () => {
    const cache = new BoundedCache<string, number>(100, 20, (key) => key.length);
    cache.set('first', 1);
    for (let i = 0; i < 20; i++) cache.set('other', i);
    cache.set('third', 3);

    expect([cache.get('first'), cache.get('other'), cache.get('third')]).toEqual([1, 19, 3]);
  });

  it('tells an entry whose value is undefined from a missing one', () => {
    const cache = new BoundedCache<string, undefined>(2);
    cache.set('a', undefined);
    cache.set('b', undefined);

    expect([cache.has('a'), cache.has('b'), cache.has('c')]).toEqual([true, true, false]);
  });
});

/** The keys of both generations, without using one. */
function keysOf(cache: BoundedCache<number, number>): number[] {
  const { younger, older } = cache as unknown as Record<'younger' | 'older', Map<number, number>>;
  return [...younger.keys(), ...older.keys()];
}
