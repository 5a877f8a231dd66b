import { Brackets } from 'typeorm';
import type { SelectQueryBuilder } from 'typeorm';
import { conditionOn, meet } from '../conditions.js';
import type { Condition } from '../conditions.js';
import type { Resource } from '../resource.js';
import type { ResourceColumn } from '../resource-column.js';
import type { ListQuery } from './list-query.js';

/** Stands before a wildcard that is meant literally. The backslash would need different quoting on every database. */
const ESCAPE = '!';

/**
 * The conditions of a list query.
 *
 * @throws TypeError for a filter without a value: it must never be dropped
 */
export function filterConditions<T extends object>(resource: Resource<T>, { filters = {} }: ListQuery<T>): Condition[] {
  return Object.entries<unknown>(filters).map(([property, value]) => {
    if (value === undefined) throw new TypeError(`The filter on ${resource.name}.${property} has no value.`);
    return conditionOn(resource.column(property), value);
  });
}

/** Puts a list query into a select of the resource's rows. */
export function planList<T extends object>(
  select: SelectQueryBuilder<T>,
  resource: Resource<T>,
  query: ListQuery<T>,
  conditions: readonly Condition[],
): void {
  meet(select, conditions, select.alias);
  if (query.search !== undefined && query.search !== '') search(select, resource.list.search, query.search);
  for (const { property, direction } of query.sort ?? []) {
    select.addOrderBy(
      `${select.alias}.${resource.column(property).metadata.propertyPath}`,
      direction === 'desc' ? 'DESC' : 'ASC',
    );
  }
  const isSortedById = query.sort?.some(({ property }) => property === resource.id.property);
  if (isSortedById !== true) select.addOrderBy(`${select.alias}.${resource.id.metadata.propertyPath}`, 'ASC');
}

function search<T extends object>(
  select: SelectQueryBuilder<T>,
  columns: readonly ResourceColumn[],
  text: string,
): void {
  if (columns.length === 0) throw new TypeError('Nothing to search: @Crud(Entity, { search: […] }) names no column.');
  const pattern = `%${text.replace(/[!%_]/g, `${ESCAPE}$&`)}%`;
  select.andWhere(
    new Brackets((either) => {
      for (const { metadata } of columns) {
        either.orWhere(`LOWER(${select.alias}.${metadata.propertyPath}) LIKE LOWER(:search) ESCAPE '${ESCAPE}'`, {
          search: pattern,
        });
      }
    }),
  );
}
