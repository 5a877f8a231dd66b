import { BoundedCache } from '../../../common/bounded-cache.js';
import type { Resource } from '../../resource/resource.js';
import { columnsToSelect } from '../../query/row-rules.js';
import type { Projection, ProjectionRules } from '../../query/row-rules.js';
import { Selection } from './selection.js';

/** The largest number of combinations of includes and fields that are kept for a resource. */
const MAX_SELECTIONS = 200;

const caches = new WeakMap<object, BoundedCache<string, unknown>>();

/**
 * Returns what a SELECT of a resource reads, and how its rows become entities.
 *
 * @param query the included relations, and the properties to read
 * @param rules of the response that it is for: those of a list, or those of a single row
 */
export function selectionOf<T extends object>(
  resource: Resource<T>,
  { include = [], fields }: Projection,
  rules: ProjectionRules,
): Selection<T> {
  const properties = columnsToSelect(fields, rules);
  // Sorted: the order of the properties in a response must not show in which order another client asked first.
  const paths = [...include].sort();
  const key = `${rules === resource.list.rows ? '' : 'row|'}${paths.join()}|${properties === undefined ? '' : [...properties].sort().join()}`;
  const { dataSource, metadata } = resource;
  return cacheOf(resource).getOrCreate(
    key,
    () => new Selection<T>({ dataSource, metadata, include: paths, fields: properties, json: rules.json }),
  );
}

function cacheOf<T extends object>(resource: Resource<T>): BoundedCache<string, Selection<T>> {
  let cache = caches.get(resource);
  if (cache === undefined) caches.set(resource, (cache = new BoundedCache(MAX_SELECTIONS)));
  return cache as BoundedCache<string, Selection<T>>;
}
