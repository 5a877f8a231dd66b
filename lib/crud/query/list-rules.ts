import type { ResourceColumn } from '../model/resource-column.js';
import type { CountMode } from './list-query.js';
import type { QueryField } from './query-field.js';
import type { ProjectionRules } from './row-rules.js';

/** Columns by the names that clients call them. */
export type NamedFields = ReadonlyMap<string, QueryField>;

/** What a client may ask of a list. */
export interface ListRules {
  readonly limit: { readonly default: number; readonly max: number };
  readonly mode: 'page' | 'flat';
  readonly count: CountMode;
  readonly filter: NamedFields;
  readonly sort: NamedFields;
  readonly search: readonly ResourceColumn[];
  /** Whether deleted rows may be asked for. */
  readonly deleted: boolean;
  readonly rows: ProjectionRules;
  readonly ignoredParams: ReadonlySet<string>;
}

/** The longest cursor that is accepted, in characters. */
export const MAX_CURSOR_LENGTH = 4096;
/** Most rows before a page that a client may ask for: the database reads them all. */
export const MAX_OFFSET = 1_000_000;
/** Where a capped count stops. */
export const COUNT_CAP = 1000;
/** Longest text that is searched for, in characters. */
export const MAX_SEARCH_LENGTH = 200;
/** Most columns that a list is sorted by. */
export const MAX_SORT_KEYS = 8;
/** Longest text of the parameter `filters`, in characters. */
export const MAX_FILTERS_LENGTH = 8192;
