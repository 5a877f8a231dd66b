import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import type { SqlDialect } from '../../../orm/sql/tokenizer.js';
import { dialectOf } from '../../../orm/policy/dialect.js';
import type { QueryField } from '../../query/query-field.js';

type Select = SelectQueryBuilder<ObjectLiteral>;

/** A key of an order in which rows are read. */
export interface SortTerm {
  readonly field: QueryField;
  readonly direction: 'asc' | 'desc';
  /** Where rows without a value stand. */
  readonly nulls: 'first' | 'last';
}

/** Where rows without a value stand when nobody says: behind the greatest value, on every database. */
export function defaultNulls(direction: 'asc' | 'desc'): 'first' | 'last' {
  return direction === 'asc' ? 'last' : 'first';
}

/** Whether some rows may have no value for the key. */
export function isNullable({ field }: SortTerm): boolean {
  return field.column.metadata.isNullable || field.relations.length > 0;
}

/** The order the other way round, for pages that are read backwards. */
export function reversed(keys: readonly SortTerm[]): SortTerm[] {
  return keys.map(({ field, direction, nulls }) => ({
    field,
    direction: direction === 'asc' ? 'desc' : 'asc',
    nulls: nulls === 'first' ? 'last' : 'first',
  }));
}

/** What of an order changes its statement's text. */
export function orderCacheKey(keys: readonly SortTerm[]): string {
  return keys.map(({ field, direction, nulls }) => `${field.path} ${direction} ${nulls}`).join();
}

/**
 * Puts the rows of a select into an order.
 *
 * @returns how the statement writes each key
 */
export function applyOrder(select: Select, alias: string, keys: readonly SortTerm[]): string[] {
  const dialect = dialectOf(select.dataSource);
  const joined = new Map<string, string>();
  return keys.map((key) => {
    const holder = joinPath(select, alias, key.field, joined);
    const text = sortText(`${holder}.${key.field.column.metadata.propertyPath}`, key.field, dialect);
    const direction = key.direction === 'asc' ? 'ASC' : 'DESC';
    if (!isNullable(key) || isDatabaseDefault(key, dialect)) select.addOrderBy(text, direction);
    else if (dialect !== 'mysql')
      select.addOrderBy(text, direction, key.nulls === 'first' ? 'NULLS FIRST' : 'NULLS LAST');
    else {
      // MySQL knows no NULLS FIRST: whether there is a value comes first.
      select.addOrderBy(`(${text} IS NULL)`, key.nulls === 'first' ? 'DESC' : 'ASC');
      select.addOrderBy(text, direction);
    }
    return text;
  });
}

/** Whether the database puts rows without a value there by itself: to PostgreSQL they are the greatest, to the others the least. */
function isDatabaseDefault({ direction, nulls }: SortTerm, dialect: SqlDialect): boolean {
  return (nulls === defaultNulls(direction)) === (dialect === 'postgres');
}

/** Joins what a path leads over, once, so that rows without a related one stay. */
function joinPath(select: Select, alias: string, { relations }: QueryField, joined: Map<string, string>): string {
  let holder = alias;
  for (const relation of relations) {
    const path = `${holder}.${relation.propertyPath}`;
    let next = joined.get(path);
    if (next === undefined) {
      next = `o${joined.size}`;
      joined.set(path, next);
      select.leftJoin(path, next);
    }
    holder = next;
  }
  return holder;
}

/** MySQL orders the values of an enumeration by their place in it, and compares them as texts: here both are texts. */
function sortText(text: string, { column: { metadata } }: QueryField, dialect: SqlDialect): string {
  return dialect === 'mysql' && /enum$/.test(String(metadata.type)) ? `CAST(${text} AS CHAR)` : text;
}
