import { Brackets } from 'typeorm';
import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { CompiledSelect } from '../../orm/compiled-select.js';
import { conditionsKey, applyConditions, conditionParameters } from '../model/column-conditions.js';
import { dialectOf } from '../../orm/policy/dialect.js';
import type { Resource } from '../resource/resource.js';
import { likePattern, likeSql } from './sql/comparison.js';
import { cursorColumnSql } from './sql/cursor.js';
import type { CursorPosition } from './sql/cursor.js';
import { applyFilter, existsSql, filterCacheKey, filterValues } from './sql/filter-condition.js';
import { keysetCacheKey, keysetSql, keysetValues } from './sql/keyset-condition.js';
import type { ResolvedListQuery } from './resolved-list-query.js';
import type { CountMode } from '../query/list-query.js';
import { COUNT_CAP } from '../query/list-rules.js';
import type { Selection } from './selection/selection.js';
import { applyOrder, orderCacheKey, reversed } from './sql/order-by.js';

/** The alias of the resource's table in a select. */
const ALIAS = 'item';
/** Its alias in a count. */
const COUNTED = 'counted';
/** The column name of the count. */
export const TOTAL = 'total';

/** Returns the column name of a sort key's value in a row, used to create cursors. */
export const keyAlias = (key: number): string => `k${key}`;

/** Where a page begins: at its offset, or at a cursor position; a position without values is the start of the list. */
export type PageAnchor = 'offset' | Pick<CursorPosition, 'direction' | 'values'>;

/** Page sizes that clients commonly request. */
const COMMON_PAGE_SIZES: readonly number[] = [10, 20, 25, 50, 100];

/**
 * Checks whether a page size gets a statement of its own, with a literal LIMIT. PostgreSQL caches the plan of such a
 * statement. With LIMIT as a parameter it plans each run again, which takes longer than reading the rows.
 */
export function hasOwnStatement<T extends object>({ list }: Resource<T>, limit: number): boolean {
  return limit === list.limit.default || limit === list.limit.max || COMMON_PAGE_SIZES.includes(limit);
}

/**
 * Returns the statement of a page. Its text depends on columns and operators, not on values, so it is built once per
 * kind of query.
 *
 * @param cut the literal limit, or 'slots' to use parameters
 * @param count whether each row contains the total of the list, which saves a second statement
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
    start === 'offset' ? start : `${start.direction} ${keysetCacheKey(start.values)}`,
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
      const order = start !== 'offset' && start.direction === 'backwards' ? reversed(request.order) : request.order;
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

/** Returns the statement that counts the rows of a list, as `total`. If capped, it stops one row after the cap. */
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

/** Returns the parameters of a list's statements. */
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

/** Returns the parameters of the cursor position where a page begins. */
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
  // After the joins of included relations, so that their soft-deleted rows stay excluded.
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
      resource.list.search.forEach(({ relations, column }, i) => {
        const write = (holder: string): string =>
          likeSql('icontains', `${holder}.${column.metadata.propertyPath}`, ':search', dialect);
        either.orWhere(relations.length === 0 ? write(alias) : existsSql(select, relations, alias, `s${i}`, write));
      });
    }),
  );
}
