import { Brackets } from 'typeorm';
import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { CompiledSelect } from '../../orm/compiled-select.js';
import { conditionsKey, applyConditions, conditionParameters } from '../model/column-conditions.js';
import { dialectOf } from '../../orm/policy/dialect.js';
import type { Resource } from '../resource/resource.js';
import { likePattern, likeSql } from './sql/comparison.js';
import { cursorColumnSql } from './sql/cursor.js';
import type { CursorPosition } from './sql/cursor.js';
import { applyFilter, filterCacheKey, filterValues } from './sql/filter-condition.js';
import { keysetCacheKey, keysetSql, keysetValues } from './sql/keyset-condition.js';
import type { ResolvedListQuery } from './resolved-list-query.js';
import type { CountMode } from '../query/list-query.js';
import { COUNT_CAP } from '../query/list-rules.js';
import type { Selection } from './selection/selection.js';
import { applyOrder, orderCacheKey, reversed } from './sql/order-by.js';

/** How a select names the resource's table. */
const ALIAS = 'item';
/** And where it counts them. */
const COUNTED = 'counted';
/** What a statement calls the count. */
export const TOTAL = 'total';

/** The names by which a row carries the values of its sort keys, where a cursor is made of them. */
export const keyAlias = (key: number): string => `k${key}`;

/** Where a page begins: at its offset, or at a place between two rows; the beginning is the place without values. */
export type PageAnchor = 'offset' | Pick<CursorPosition, 'reads' | 'values'>;

/** How long pages mostly are that clients ask for. */
const COMMON_PAGE_SIZES: readonly number[] = [10, 20, 25, 50, 100];

/**
 * Whether the length of a page is worth a statement of its own. PostgreSQL keeps the plan of one that says how many rows it reads; where
 * a parameter says it, each run is planned anew, which takes longer than to read the rows.
 */
export function hasOwnStatement<T extends object>({ list }: Resource<T>, limit: number): boolean {
  return limit === list.limit.default || limit === list.limit.max || COMMON_PAGE_SIZES.includes(limit);
}

/**
 * The statement of a page. Its text depends on what is asked, not on the values that are asked for: there is one for each shape of
 * query, made once.
 *
 * @param cut how many rows it reads, or that its slots say it
 * @param count how each row carries the total of the list along: database and program have one statement to do instead of two
 */
export function pageStatement<T extends object>(
  resource: Resource<T>,
  selection: Selection<T>,
  request: ResolvedListQuery,
  start: PageAnchor,
  cut: number | 'slots',
  count: CountMode,
): CompiledSelect {
  const dialect = dialectOf(resource.dataSource);
  const shape = [
    whereKey(resource, request),
    orderCacheKey(request.order),
    start === 'offset' ? start : `${start.reads} ${keysetCacheKey(start.values)}`,
    cut,
    count,
  ];
  return selection.statements.getOrCreate(shape.join(';'), () => {
    const build = (): SelectQueryBuilder<ObjectLiteral> => {
      const select = selectRows(resource);
      selection.apply(select as SelectQueryBuilder<T>, ALIAS);
      if (count !== 'none')
        select.addSelect(
          (sub: SelectQueryBuilder<ObjectLiteral>) => countRows(sub, resource, request, count === 'capped'),
          TOTAL,
        );
      const order = start !== 'offset' && start.reads === 'backwards' ? reversed(request.order) : request.order;
      const texts = applyOrder(select, ALIAS, order);
      if (start !== 'offset') {
        texts.forEach((text, i) => select.addSelect(cursorColumnSql(text, order[i], dialect), keyAlias(i)));
        if (start.values.length > 0) select.andWhere(keysetSql(order, texts, start.values, dialect));
      }
      return applyWhere(select, ALIAS, resource, request);
    };
    return new CompiledSelect({ dataSource: resource.dataSource, build, limit: cut });
  });
}

/** The statement that counts the rows of a list, as `total`; with a bound it stops one behind it. */
export function countStatement<T extends object>(
  resource: Resource<T>,
  selection: Selection<T>,
  request: ResolvedListQuery,
  isCapped: boolean,
): CompiledSelect {
  const { dataSource } = resource;
  return selection.statements.getOrCreate(
    `count ${isCapped ? 'capped' : 'exact'};${whereKey(resource, request)}`,
    () => {
      const build = (): SelectQueryBuilder<ObjectLiteral> =>
        countRows(dataSource.createQueryBuilder() as SelectQueryBuilder<ObjectLiteral>, resource, request, isCapped);
      return new CompiledSelect({ dataSource, build });
    },
  );
}

function countRows<T extends object>(
  select: SelectQueryBuilder<ObjectLiteral>,
  resource: Resource<T>,
  request: ResolvedListQuery,
  isCapped: boolean,
): SelectQueryBuilder<ObjectLiteral> {
  const rows = (of: SelectQueryBuilder<ObjectLiteral>): SelectQueryBuilder<ObjectLiteral> =>
    of.from<ObjectLiteral>(resource.entity, COUNTED);
  select.select('COUNT(*)', TOTAL);
  if (!isCapped) return applyWhere(rows(select), COUNTED, resource, request);
  return select.from(
    (sub: SelectQueryBuilder<ObjectLiteral>) =>
      applyWhere(rows(sub.select('1', 'one')), COUNTED, resource, request).limit(COUNT_CAP + 1),
    'capped',
  );
}

/** The values of a list's statements by the names of their slots. */
export function listValues<T extends object>(
  resource: Resource<T>,
  { conditions, filter, search }: ResolvedListQuery,
): Record<string, unknown> {
  const dialect = dialectOf(resource.dataSource);
  return {
    ...conditionParameters(conditions),
    ...filterValues(filter, dialect),
    ...(search !== undefined && { search: likePattern('icontains', search, dialect) }),
  };
}

/** The values of the place where a page begins. */
export function startValues(start: PageAnchor): Record<string, unknown> {
  return start === 'offset' ? {} : keysetValues(start.values);
}

function selectRows<T extends object>({ dataSource, entity }: Resource<T>): SelectQueryBuilder<ObjectLiteral> {
  return dataSource.createQueryBuilder(entity, ALIAS);
}

function whereKey<T extends object>({ dataSource }: Resource<T>, request: ResolvedListQuery): string {
  const { conditions, filter, search, deleted = '' } = request;
  const parts = [conditionsKey(conditions), filterCacheKey(filter, dialectOf(dataSource)), search && 'search', deleted];
  return parts.join(';');
}

function applyWhere<T extends object>(
  select: SelectQueryBuilder<ObjectLiteral>,
  alias: string,
  resource: Resource<T>,
  { conditions, filter, search, deleted }: ResolvedListQuery,
): SelectQueryBuilder<ObjectLiteral> {
  applyConditions(select, conditions, alias);
  applyFilter(select, alias, filter);
  if (search !== undefined) applySearch(select, alias, resource);
  if (deleted === 'only') select.andWhere(`${alias}.${resource.metadata.deleteDateColumn!.propertyPath} IS NOT NULL`);
  // Behind the joins of what is read along, whose deleted rows stay away.
  return deleted === undefined ? select : select.withDeleted();
}

function applySearch<T extends object>(
  select: SelectQueryBuilder<ObjectLiteral>,
  alias: string,
  resource: Resource<T>,
): void {
  const dialect = dialectOf(resource.dataSource);
  select.andWhere(
    new Brackets((either) => {
      for (const { metadata } of resource.list.search) {
        either.orWhere(likeSql('icontains', `${alias}.${metadata.propertyPath}`, ':search', dialect));
      }
    }),
  );
}
