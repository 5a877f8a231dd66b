import { toFilterObject } from './filter-json.js';
import type { FilterInput } from './filters.js';
import type { RelationPath, RowKey, RowPath } from './row-paths.js';

type NullsSuffix = '' | '__nullsfirst' | '__nullslast';

/**
 * A key of a sort order.
 *
 * @example
 * '-createdAt'
 */
export type SortKey<Row> =
  `${'' | '-'}${RowPath<Row>}${NullsSuffix}` | `${RowPath<Row>}__${'asc' | 'desc'}${NullsSuffix}`;

/** The filters, order and page of a list. Which of them a resource allows is in its documentation. */
export interface ListQuery<Row> {
  /** Conditions on columns; all rows by default. */
  readonly filters?: FilterInput<Row> | undefined;
  /** The sort order; by default that of the resource. */
  readonly sort?: SortKey<Row> | readonly SortKey<Row>[] | undefined;
  /** A text that one of the resource's search columns must contain. */
  readonly search?: string | undefined;
  /** Related rows to include. */
  readonly include?: readonly RelationPath<Row>[] | undefined;
  /** The fields to return; all by default. */
  readonly fields?: readonly RowKey<Row>[] | undefined;
  /** The page size; 0 requests only the total. */
  readonly limit?: number | undefined;
  /** The number of rows before the page. */
  readonly offset?: number | undefined;
  /** The number of the page, from 1, in place of `offset`. */
  readonly page?: number | undefined;
  /** The cursor of the page; an empty string for the first one. */
  readonly cursor?: string | undefined;
  /** How to count the total: exactly, not at all, or up to a cap. */
  readonly count?: 'exact' | 'none' | 'capped' | undefined;
  /** Which soft-deleted rows to list: with the others, or only those. */
  readonly deleted?: 'include' | 'only' | undefined;
}

/** Parameters with a meaning of their own: a column of such a name can only be compared in `filters`. */
const RESERVED: ReadonlySet<string> = new Set([
  'limit',
  'offset',
  'page',
  'cursor',
  'count',
  'deleted',
  'sort',
  'filters',
  'include',
  'fields',
  'search',
]);

/**
 * Returns the query parameters of a list. Conditions are one parameter each, `createdAt__gte=…`; groups, and what no
 * parameter can express, are in `filters`.
 *
 * @returns an object that URLSearchParams accepts
 * @example
 * const query = toQuery<Ticket>({ filters: { status: 'open' }, sort: '-createdAt', limit: 20, cursor: '' });
 * await fetch(`/api/support-tickets?${new URLSearchParams(query)}`);
 */
export function toQuery<Row>({
  filters,
  sort,
  include,
  fields,
  search,
  ...page
}: ListQuery<Row>): Record<string, string> {
  const query: Record<string, string> = {};
  const grouped: Record<string, unknown> = {};
  for (const [key, operand] of Object.entries(filters === undefined ? {} : toFilterObject(filters))) {
    const text = RESERVED.has(key) ? undefined : toText(operand);
    if (text === undefined) grouped[key] = operand;
    else query[key] = text;
  }
  if (Object.keys(grouped).length > 0) query['filters'] = JSON.stringify(grouped);
  const rest = {
    sort: Array.isArray(sort) ? sort.join() : sort,
    include: include?.join(),
    fields: fields?.join(),
    search,
    ...page,
  };
  for (const [name, value] of Object.entries(rest)) {
    // An empty parameter is as one that is not sent. An empty cursor requests the first page.
    if (value !== undefined && (value !== '' || name === 'cursor')) query[name] = String(value);
  }
  return query;
}

/**
 * Returns the value of the query parameter `sort`.
 *
 * @example
 * toSort<Ticket>('-createdAt', 'assignee.name__nullslast');
 */
export function toSort<Row>(...keys: readonly SortKey<Row>[]): string {
  return keys.join(',');
}

/** Returns the text of an operand; undefined if a parameter cannot express it, e.g. a list with a comma in a value. */
function toText(operand: unknown): string | undefined {
  if (Array.isArray(operand)) {
    const texts = operand.map(toText);
    const isPlain = texts.length > 0 && texts.every((text) => text !== undefined && !text.includes(','));
    return isPlain ? texts.join(',') : undefined;
  }
  if (typeof operand === 'string') return operand;
  return typeof operand === 'number' || typeof operand === 'boolean' ? String(operand) : undefined;
}
