import { createHash } from 'node:crypto';
import type { QueryResultCache } from 'typeorm/cache/QueryResultCache.js';
import type { QueryResultCacheOptions } from 'typeorm/cache/QueryResultCacheOptions.js';
import { runUnscoped, UnscopedSection } from '../../tenancy/context/tenant-context.js';
import { accessCacheKey } from '../policy/access.js';

const scopedCaches = new WeakSet<QueryResultCache>();

/**
 * Makes the scope part of every key of a query cache. TypeORM looks a cached result up by its id alone where it has one, whoever asks;
 * the pages and counts of a query get ids of their own, which only the provider sees.
 */
export function scopeCache(cache: QueryResultCache): void {
  if (scopedCaches.has(cache)) return;
  scopedCaches.add(cache);
  const get = cache.getFromCache.bind(cache);
  const store = cache.storeInCache.bind(cache);
  const remove = cache.remove.bind(cache);
  // The table that the database's provider keeps belongs to no tenant; the keys of its rows do.
  const unscoped = <R>(fn: () => R): R => runUnscoped(new UnscopedSection('the query cache'), fn);
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

/** A database compares the keys in its table by a collation, to which texts that differ in case or accents may be equal. */
function digest(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}
