import type { ColumnPath } from '../crud-options.js';

/** One key of a sort order. */
export interface SortKey<T> {
  readonly property: ColumnPath<T>;
  readonly direction: 'asc' | 'desc';
}

/** Columns and the values that they must equal; null for those that are empty. */
export type ListFilters<T> = { readonly [P in ColumnPath<T>]?: unknown };

/**
 * What rows a list shall have, and which part of it. Of a request it holds only what the resource allows; application
 * code may name any column.
 *
 * @example
 * await this.service.findAll({
 *   filters: { status: 'open' },
 *   sort: [{ property: 'createdAt', direction: 'desc' }],
 *   limit: 5,
 * });
 */
export interface ListQuery<T> {
  /** Most rows of the page; the resource's default when left out. */
  readonly limit?: number;
  /** Rows before the page; 0 when left out. */
  readonly offset?: number;
  /** The primary key is always appended, so that pages neither repeat nor lose a row. */
  readonly sort?: readonly SortKey<T>[];
  /** All of them hold. */
  readonly filters?: ListFilters<T>;
  /** Text that one of the resource's search columns contains, whatever its case. */
  readonly search?: string;
}

/**
 * A part of a list.
 *
 * @example
 * const { items, total } = await this.service.findAll({ limit: 10 });
 */
export class Page<T> {
  /**
   * @param items the rows
   * @param total how many rows the whole list has
   * @param limit most rows that the page could have
   * @param offset rows before the page
   */
  constructor(
    readonly items: T[],
    readonly total: number,
    readonly limit: number,
    readonly offset: number,
  ) {}
}
