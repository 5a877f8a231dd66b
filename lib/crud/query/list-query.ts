import type { ColumnPath } from '../options/entity-paths.js';
import type { Projection } from './row-rules.js';
import type { Operator } from './operators.js';

/** One key of a sort order. */
export interface SortKey<T> {
  readonly property: ColumnPath<T>;
  readonly direction: 'asc' | 'desc';
  /** Where rows without a value stand; last in ascending order and first in descending when left out. */
  readonly nulls?: 'first' | 'last';
}

/**
 * What rows a list shall have: columns and what they are compared to, all of which hold. A key is a column, or a column and an operator:
 * `createdAt__gte`. null stands for "is empty".
 *
 * @example
 * { status: 'open', 'assignee.email__ends_with': '@acme.example', $or: [{ priority__in: ['high', 'urgent'] }, { $not: { tagged: true } }] }
 */
export type ListFilters<T> = { readonly [P in ColumnPath<T> | `${ColumnPath<T>}__${Operator}`]?: unknown } & {
  /** Each of them holds. */
  readonly $and?: readonly ListFilters<T>[];
  /** One of them holds. */
  readonly $or?: readonly ListFilters<T>[];
  /** It does not hold. */
  readonly $not?: ListFilters<T>;
};

/** Which deleted rows a list has besides the others, or instead of them. */
export type SoftDeletedMode = 'include' | 'only';

/** How the rows of the whole list are counted: exactly, not at all, or up to a bound. */
export type CountMode = 'exact' | 'none' | 'capped';

/**
 * What rows a list shall have, and which part of it. Of a request it holds only what the resource allows; application
 * code may name any column.
 *
 * @example
 * await this.service.findAll({
 *   filters: { status: 'open', createdAt__gte: monday },
 *   sort: [{ property: 'createdAt', direction: 'desc' }],
 *   limit: 5,
 * });
 */
export interface ListQuery<T> extends Projection {
  /** Most rows of the page; the resource's default when left out. */
  readonly limit?: number;
  /** Rows before the page; 0 when left out. */
  readonly offset?: number;
  /** Where the page begins, as another page's `nextCursor` or `prevCursor` says; an empty text for the first one. */
  readonly cursor?: string;
  /** The primary key is always appended, so that pages neither repeat nor lose a row. */
  readonly sort?: readonly SortKey<T>[];
  readonly filters?: ListFilters<T>;
  /** Text that one of the resource's search columns contains, whatever its case. */
  readonly search?: string;
  /** Rows that are marked as deleted: those too, or only those. None when left out. */
  readonly deleted?: SoftDeletedMode;
  /** The resource's option `count` when left out. */
  readonly count?: CountMode;
}
