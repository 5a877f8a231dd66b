import type { PagingMode } from '../options/crud-defaults.js';
import type { CountMode, NamedSortKey } from './list-query.js';
import type { QueryField } from './query-field.js';
import type { ProjectionRules } from './projection-rules.js';

/** Columns by the names that clients use. */
export type NamedFields = ReadonlyMap<string, QueryField>;

/** The rules for list queries of clients. */
export interface ListRules {
  readonly limit: { readonly default: number; readonly max: number };
  readonly format: 'page' | 'array';
  readonly paging: PagingMode;
  readonly count: CountMode;
  readonly filter: NamedFields;
  readonly sort: NamedFields;
  /** The order of a list whose query has none. The primary key is always appended. */
  readonly defaultSort: readonly NamedSortKey[];
  readonly search: readonly QueryField[];
  /** Whether clients may request soft-deleted rows. */
  readonly deleted: boolean;
  readonly rows: ProjectionRules;
  readonly ignoredParams: ReadonlySet<string>;
}

/** Maximum length of a cursor, in characters. */
export const MAX_CURSOR_LENGTH = 4096;
/** Maximum offset, because the database reads all skipped rows. */
export const MAX_OFFSET = 1_000_000;
/** The limit of a capped count. */
export const COUNT_CAP = 1000;
/** Maximum length of a search text, in characters. */
export const MAX_SEARCH_LENGTH = 200;
/** Maximum number of sort keys. */
export const MAX_SORT_KEYS = 8;
/** Maximum length of the parameter `filters`, in characters. */
export const MAX_FILTERS_LENGTH = 8192;
