import type { ResourceColumn } from '../resource-column.js';

/** Columns by the names that clients call them. */
export type NamedColumns = ReadonlyMap<string, ResourceColumn>;

/** What a client may ask of a list. */
export interface ListRules {
  readonly limit: { readonly default: number; readonly max: number };
  readonly mode: 'page' | 'flat';
  readonly filter: NamedColumns;
  readonly sort: NamedColumns;
  readonly search: readonly ResourceColumn[];
  readonly ignoredParams: ReadonlySet<string>;
}

/** Most rows before a page that a client may ask for: the database reads them all. */
export const MAX_OFFSET = 1_000_000;
