import type { QueryResultCache } from 'typeorm/cache/QueryResultCache.js';
import type { QueryResultCacheOptions } from 'typeorm/cache/QueryResultCacheOptions.js';
import { authorityKey } from './authority.js';

/**
 * Makes the scope part of every key of a query cache. TypeORM looks a cached result up by its id alone where it has one, whoever asks;
 * the pages and counts of a query get ids of their own, which only the provider sees.
 */
export function scopeCache(cache: QueryResultCache): void {
  const get = cache.getFromCache.bind(cache);
  const store = cache.storeInCache.bind(cache);
  const remove = cache.remove.bind(cache);
  cache.getFromCache = (options, runner) => get(scopeKey(options), runner);
  cache.storeInCache = (options, saved, runner) => store(scopeKey(options), saved, runner);
  cache.remove = (identifiers, runner) => remove(identifiers.map(scopeIdentifier), runner);
}

function scopeKey(options: QueryResultCacheOptions): QueryResultCacheOptions {
  return {
    ...options,
    ...(options.identifier && { identifier: scopeIdentifier(options.identifier) }),
    ...(options.query && { query: `${options.query} -- SCOPE: ${authorityKey()}` }),
  };
}

function scopeIdentifier(identifier: string): string {
  return `${authorityKey()}:${identifier}`;
}
