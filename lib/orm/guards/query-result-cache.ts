import { createHash } from 'node:crypto';
import type { QueryResultCache, QueryResultCacheOptions } from '../../common/peer-internals.js';
import { runUnscoped } from '../../tenancy/context/tenant-context.js';
import { UnscopedSection } from '../../tenancy/context/unscoped-section.js';
import { accessCacheKey } from '../policy/access.js';

const scopedCaches = new WeakSet<QueryResultCache>();

/**
 * Adds the scope to every key of a query cache. TypeORM finds a cached result by its id alone if it has one, for every
 * tenant. The pages and counts of a query have ids of their own, which only the provider sees.
 */
export function scopeCache(cache: QueryResultCache): void {
  if (scopedCaches.has(cache)) return;
  scopedCaches.add(cache);
  const get = cache.getFromCache.bind(cache);
  const store = cache.storeInCache.bind(cache);
  const remove = cache.remove.bind(cache);
  // The cache table of the database provider belongs to no tenant; the keys of its rows contain the scope.
  const unscoped = <R>(fn: () => R): R => runUnscoped(new UnscopedSection('the query cache', undefined, true), fn);
  cache.getFromCache = (options, runner) => {
    const scoped = scopeKey(options);
    return unscoped(() => get(scoped, runner));
  };
  cache.storeInCache = (options, saved, runner) => {
    const scoped = scopeKey(options);
    return unscoped(() => store(scoped, saved, runner));
  };
  cache.remove = (identifiers, runner) => {
    const scoped = identifiers.map(scopeIdentifier);
    return unscoped(() => remove(scoped, runner));
  };
  const clear = cache.clear.bind(cache);
  cache.clear = (runner) => unscoped(() => clear(runner));
  const synchronize = cache.synchronize.bind(cache);
  cache.synchronize = (runner) => unscoped(() => synchronize(runner));
}

function scopeKey(options: QueryResultCacheOptions): QueryResultCacheOptions {
  return {
    ...options,
    ...(options.identifier && { identifier: scopeIdentifier(options.identifier) }),
    ...(options.query && { query: digest(`${options.query} -- SCOPE: ${accessCacheKey()}`) }),
  };
}

function scopeIdentifier(identifier: string): string {
  return digest(`${accessCacheKey()}:${identifier}`);
}

/** Hashes a key, because a database may compare keys by a collation that ignores case or accents. */
function digest(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}
