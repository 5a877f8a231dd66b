import type { ColumnPath, RelationPath } from '../options/entity-paths.js';
import type { Projection } from './projection-rules.js';
import type { Operator } from '../options/filter-operators.js';

/** One key of a sort order, with the path of its column as a text. */
export interface NamedSortKey {
  readonly property: string;
  readonly direction: 'asc' | 'desc';
  /** The position of NULL values; by default last in ascending and first in descending order. */
  readonly nulls?: 'first' | 'last';
}

/** One key of a sort order. */
export interface SortKey<T> extends NamedSortKey {
  readonly property: ColumnPath<T>;
}

/**
 * The filters of a list, which are ANDed. A key is a column, or a column and an operator: `createdAt__gte`. The value
 * null means IS NULL.
 *
 * @example
 * {
 *   status: 'open',
 *   'assignee.email__ends_with': '@acme.example',
 *   $or: [{ priority__in: ['high', 'urgent'] }, { $not: { tagged: true } }],
 * }
 */
export type ListFilters<T> = { readonly [P in ColumnPath<T> | `${ColumnPath<T>}__${Operator}`]?: unknown } & {
  readonly [P in RelationPath<T> | `${RelationPath<T>}__is_null`]?: unknown;
} & {
  /** All of them must match. */
  readonly $and?: readonly ListFilters<T>[];
  /** At least one of them must match. */
  readonly $or?: readonly ListFilters<T>[];
  /** It must not match; includes rows with NULL. */
  readonly $not?: ListFilters<T>;
};

/** Which soft-deleted rows a list contains: `include` adds them, `only` lists no others. */
export type SoftDeletedMode = 'include' | 'only';

/** How to count the total of a list: exactly, not at all, or up to a cap. */
export type CountMode = 'exact' | 'none' | 'capped';

/**
 * The filters, order and page of a list. From a request it contains only what the resource allows; application code may
 * use any column.
 *
 * @example
 * await this.service.findAll({
 *   filters: { status: 'open', createdAt__gte: monday },
 *   sort: [{ property: 'createdAt', direction: 'desc' }],
 *   limit: 5,
 * });
 */
export interface ListQuery<T> extends Projection {
  /** The page size; by default that of the resource. 0 reads only the total. */
  readonly limit?: number;
  /** The number of rows before the page; 0 by default. */
  readonly offset?: number;
  /** The number of the page, from 1, in place of `offset`. */
  readonly page?: number;
  /** The `nextCursor` or `prevCursor` of another page; an empty string for the first page. */
  readonly cursor?: string;
  /**
   * By default the resource's option `defaultSort`. The primary key is always appended, so that pages neither repeat
   * nor skip a row.
   */
  readonly sort?: readonly SortKey<T>[];
  /** Conditions on columns; all rows by default. */
  readonly filters?: ListFilters<T>;
  /** A text that one of the resource's search columns must contain, ignoring case. */
  readonly search?: string;
  /** Includes soft-deleted rows, or lists only those. Excluded by default. */
  readonly deleted?: SoftDeletedMode;
  /** By default the resource's option `count`. */
  readonly count?: CountMode;
}
