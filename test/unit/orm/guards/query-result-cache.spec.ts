import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { QueryResultCache } from 'typeorm/cache/QueryResultCache.js';
import type { QueryResultCacheOptions } from 'typeorm/cache/QueryResultCacheOptions.js';
import { accessCacheKey, isUnscoped } from '../../../../lib/orm/policy/access.js';
import { scopeCache } from '../../../../lib/orm/guards/query-result-cache.js';
import { currentContext } from '../../../../lib/tenancy/context/tenant-context.js';
import { ACME, GLOBEX, tenancy } from '../../../support/world.js';

/*
 * The keys under which a query cache of an application keeps results, and the current context while it looks for them.
 */

describe('a query cache of an application', () => {
  let calls: { method: string; given: unknown[]; isUnscoped: boolean; why: string | undefined }[];
  let cache: QueryResultCache;
  beforeEach(() => {
    calls = [];
    const note =
      (method: string) =>
      (...given: unknown[]): Promise<never> => {
        calls.push({ method, given, isUnscoped: isUnscoped(), why: currentContext()?.unscopedSection?.why });
        return Promise.resolve(`by ${method}` as never);
      };
    cache = {
      connect: note('connect'),
      disconnect: note('disconnect'),
      synchronize: note('synchronize'),
      getFromCache: note('getFromCache'),
      storeInCache: note('storeInCache'),
      clear: note('clear'),
      remove: note('remove'),
      isExpired: () => false,
    };
    scopeCache(cache);
  });

  const runner = { name: 'runner' } as never;
  const key = (scope: object): string => tenancy.run(scope as typeof ACME, accessCacheKey);
  const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
  const options = (given: Partial<QueryResultCacheOptions>): QueryResultCacheOptions => ({ duration: 5, ...given });

  it('is asked under keys of the scope, by id and by text', async () => {
    for (const scope of [ACME, GLOBEX]) {
      await tenancy.run(scope, () => cache.getFromCache(options({ identifier: 'tickets', query: 'SELECT 1' }), runner));
    }
    expect(calls.map(({ given }) => given)).toEqual(
      [ACME, GLOBEX].map((scope) => [
        { duration: 5, identifier: digest(`${key(scope)}:tickets`), query: digest(`SELECT 1 -- SCOPE: ${key(scope)}`) },
        runner,
      ]),
    );
    expect(key(ACME)).not.toBe(key(GLOBEX));
  });

  it('is given results under the keys that it is asked for', async () => {
    const given = options({ identifier: 'tickets', query: 'SELECT 1' });
    const saved = options({ identifier: 'saved' });
    await tenancy.run(ACME, async () => {
      await cache.getFromCache(given, runner);
      expect(await cache.storeInCache(given, saved, runner)).toBe('by storeInCache');
    });
    expect(calls[1].given).toEqual([calls[0].given[0], saved, runner]);
    expect(given).toEqual({ duration: 5, identifier: 'tickets', query: 'SELECT 1' });
  });

  it('has no id, or no text, where it is given none', async () => {
    await tenancy.run(ACME, () => cache.getFromCache(options({ query: 'SELECT 1' }), runner));
    await tenancy.run(ACME, () => cache.getFromCache(options({ identifier: 'tickets' }), runner));
    expect(calls.map(({ given: [first] }) => Object.keys(first as object).sort())).toEqual([
      ['duration', 'query'],
      ['duration', 'identifier'],
    ]);
  });

  it('forgets results of the scope that asks for it', async () => {
    expect(await tenancy.run(ACME, () => cache.remove(['tickets', 'notes'], runner))).toBe('by remove');
    expect(calls).toMatchObject([{ given: [[digest(`${key(ACME)}:tickets`), digest(`${key(ACME)}:notes`)], runner] }]);
  });

  it('reaches its own table, for every caller, whether there is a scope or not', async () => {
    const each = async (): Promise<void> => {
      await cache.synchronize(runner);
      await cache.getFromCache(options({ identifier: 'tickets' }), runner);
      await cache.storeInCache(options({ identifier: 'tickets' }), undefined, runner);
      await cache.clear(runner);
      await cache.remove(['tickets'], runner);
    };
    await tenancy.run(ACME, each);
    await each();
    const methods = ['synchronize', 'getFromCache', 'storeInCache', 'clear', 'remove'];
    expect(calls.map(({ method }) => method)).toEqual([...methods, ...methods]);
    expect(calls.every((call) => call.isUnscoped && call.why === 'the query cache')).toBe(true);
    expect(calls.filter(({ given }) => given.at(-1) === runner)).toHaveLength(10);
  });

  it('is scoped once, however often it is attached', async () => {
    scopeCache(cache);
    await tenancy.run(ACME, () => cache.remove(['tickets']));
    expect(calls).toMatchObject([{ given: [[digest(`${key(ACME)}:tickets`)], undefined] }]);
  });
});
