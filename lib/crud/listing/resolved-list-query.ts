import type { Condition } from '../model/column-conditions.js';
import type { Resource } from '../resource/resource.js';
import type { Filter } from '../query/filter-ast.js';
import type { ListDeleted, ListQuery } from '../query/list-query.js';
import type { QueryField } from '../query/query-field.js';
import { FilterReader } from '../query/filter-parser.js';
import { standardNulls } from './sql/order-by.js';
import type { OrderKey } from './sql/order-by.js';

/** A list query whose names have been found among the entity's columns. */
export interface ListRequest {
  /** What every row meets: the controller's narrowing. */
  readonly conditions: readonly Condition[];
  readonly filter: Filter;
  readonly search: string | undefined;
  readonly deleted: ListDeleted | undefined;
  /** Ends with the primary key. */
  readonly order: readonly OrderKey[];
}

/**
 * Finds what a list query names.
 *
 * @throws TypeError for a column, operator or value that is none: it must never be dropped
 */
export function readListRequest<T extends object>(
  resource: Resource<T>,
  query: ListQuery<T>,
  conditions: readonly Condition[],
): ListRequest {
  const search = query.search === '' ? undefined : query.search;
  if (search !== undefined && resource.list.search.length === 0) {
    throw new TypeError('Nothing to search: @Crud(Entity, { search: […] }) names no column.');
  }
  const { deleted } = query;
  if (deleted !== undefined && resource.metadata.deleteDateColumn === undefined) {
    throw new TypeError(`${resource.name} has no @DeleteDateColumn() that would mark rows as deleted.`);
  }
  return { conditions, filter: readFilter(resource, query), search, deleted, order: readOrder(resource, query) };
}

function readFilter<T extends object>(resource: Resource<T>, { filters = {} }: ListQuery<T>): Filter {
  const reader = new FilterReader(
    (path) => resource.field(path),
    (key) => `${resource.name} has no column '${key}'`,
    true,
  );
  const filter = reader.read(filters);
  if (reader.problems.length > 0) throw new TypeError(`${reader.problems.join('. ')}.`);
  return filter;
}

function readOrder<T extends object>(resource: Resource<T>, { sort = [] }: ListQuery<T>): OrderKey[] {
  const order = sort.map(({ property, direction, nulls = standardNulls(direction) }) => ({
    field: requireField(resource, property),
    direction,
    nulls,
  }));
  const named = new Set(order.map(({ field }) => field.path));
  const ties = resource.columns
    .filter(({ metadata, property }) => metadata.isPrimary && !named.has(property))
    .map(({ property }): OrderKey => ({ field: requireField(resource, property), direction: 'asc', nulls: 'last' }));
  return [...order, ...ties];
}

function requireField<T extends object>(resource: Resource<T>, path: string): QueryField {
  const field = resource.field(path);
  if (field === undefined) throw new TypeError(`${resource.name} has no column '${path}'.`);
  return field;
}
