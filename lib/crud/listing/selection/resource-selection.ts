import { BoundedCache } from '../../../common/bounded-cache.js';
import type { Resource } from '../../resource/resource.js';
import { columnsToSelect } from '../../query/projection-rules.js';
import type { Projection, ProjectionRules } from '../../query/projection-rules.js';
import { Selection } from './selection.js';

/** Maximum number of cached combinations of includes and fields per resource. */
const MAX_SELECTIONS = 200;

const caches = new WeakMap<object, BoundedCache<string, unknown>>();

/**
 * Returns the selection of a resource for a projection.
 *
 * @param resource caches its selections
 * @param query the included relations and the selected properties
 * @param rules the projection rules of the response: those of a list, or those of a single row
 */
export function selectionOf<T extends object>(
  resource: Resource<T>,
  { include = [], fields }: Projection,
  rules: ProjectionRules,
): Selection<T> {
  const properties = columnsToSelect(fields, rules);
  // Sorted, because the property order of a response must not reveal in which order another client requested first.
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
