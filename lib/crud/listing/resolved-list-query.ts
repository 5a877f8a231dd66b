import type { Condition } from '../model/column-conditions.js';
import type { Resource } from '../resource/resource.js';
import type { Filter } from '../query/filter-ast.js';
import type { ListQuery, NamedSortKey, SoftDeletedMode } from '../query/list-query.js';
import type { QueryField } from '../query/query-field.js';
import { FilterParser } from '../query/filter-parser.js';
import { defaultNulls } from './sql/order-by.js';
import type { SortTerm } from './sql/order-by.js';

/** A list query whose names are resolved to columns. */
export interface ResolvedListQuery {
  /** The row constraints of the controller. */
  readonly conditions: readonly Condition[];
  readonly filter: Filter;
  readonly search: string | undefined;
  readonly deleted: SoftDeletedMode | undefined;
  /** Ends with the primary key. */
  readonly order: readonly SortTerm[];
}

/**
 * Resolves the names in a list query.
 *
 * @throws TypeError for an unknown column or operator, or an invalid value: ignoring a filter would return too many
 *   rows
 */
export function resolveListQuery<T extends object>(
  resource: Resource<T>,
  query: ListQuery<T>,
  conditions: readonly Condition[],
): ResolvedListQuery {
  const search = query.search === '' ? undefined : query.search;
  if (search !== undefined && resource.list.search.length === 0) {
    throw new TypeError('search has no columns. List them: @Crud(Entity, { search: […] }).');
  }
  const { deleted } = query;
  if (deleted !== undefined && resource.metadata.deleteDateColumn === undefined) {
    throw new TypeError(`${resource.name} has no @DeleteDateColumn(), so it has no soft-deleted rows.`);
  }
  return { conditions, filter: readFilter(resource, query), search, deleted, order: readOrder(resource, query) };
}

function readFilter<T extends object>(resource: Resource<T>, { filters = {} }: ListQuery<T>): Filter {
  const reader = new FilterParser(
    (path) => resource.field(path) ?? resource.relation(path),
    (key) => `${resource.name} has no column '${key}'`,
    true,
  );
  const filter = reader.read(filters);
  if (reader.problems.length > 0) throw new TypeError(`${reader.problems.join('. ')}.`);
  return filter;
}

function readOrder<T extends object>(resource: Resource<T>, query: ListQuery<T>): SortTerm[] {
  const sort: readonly NamedSortKey[] = query.sort ?? resource.list.defaultSort;
  const order = sort.map(({ property, direction, nulls = defaultNulls(direction) }) => ({
    field: requireField(resource, property),
    direction,
    nulls,
  }));
  const named = new Set(order.map(({ field }) => field.path));
  const tieBreakers = resource.columns
    .filter(({ metadata, property }) => metadata.isPrimary && !named.has(property))
    .map(({ property }): SortTerm => ({ field: requireField(resource, property), direction: 'asc', nulls: 'last' }));
  return [...order, ...tieBreakers];
}

function requireField<T extends object>(resource: Resource<T>, path: string): QueryField {
  const field = resource.field(path);
  if (field === undefined) throw new TypeError(`${resource.name} has no column '${path}'.`);
  return field;
}
