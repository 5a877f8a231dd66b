import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import type { SqlDialect } from '../../../orm/sql/tokenizer.js';
import { dialectOf } from '../../../orm/policy/dialect.js';
import type { QueryField } from '../../query/query-field.js';

type Select = SelectQueryBuilder<ObjectLiteral>;

/** A sort key. */
export interface SortTerm {
  readonly field: QueryField;
  readonly direction: 'asc' | 'desc';
  /** The position of NULL values. */
  readonly nulls: 'first' | 'last';
}

/** Returns the default position of NULL values: sorted as greater than any value, on every database. */
export function defaultNulls(direction: 'asc' | 'desc'): 'first' | 'last' {
  return direction === 'asc' ? 'last' : 'first';
}

/** Checks whether the key can be NULL in some rows. */
export function isNullable({ field }: SortTerm): boolean {
  return field.column.metadata.isNullable || field.relations.length > 0;
}

/** Reverses the order, to read a page backwards. */
export function reversed(keys: readonly SortTerm[]): SortTerm[] {
  return keys.map(({ field, direction, nulls }) => ({
    field,
    direction: direction === 'asc' ? 'desc' : 'asc',
    nulls: nulls === 'first' ? 'last' : 'first',
  }));
}

/** Returns the parts of an order that change the statement's text. */
export function orderCacheKey(keys: readonly SortTerm[]): string {
  return keys.map(({ field, direction, nulls }) => `${field.path} ${direction} ${nulls}`).join();
}

/**
 * Adds an order to a select.
 *
 * @returns the SQL expression of each key
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
      // MySQL has no NULLS FIRST, so the order starts with an IS NULL expression.
      select.addOrderBy(`(${text} IS NULL)`, key.nulls === 'first' ? 'DESC' : 'ASC');
      select.addOrderBy(text, direction);
    }
    return text;
  });
}

/**
 * Checks whether this position of NULL values is the database's default. PostgreSQL sorts NULL as the greatest value,
 * the others as the least.
 */
function isDatabaseDefault({ direction, nulls }: SortTerm, dialect: SqlDialect): boolean {
  return (nulls === defaultNulls(direction)) === (dialect === 'postgres');
}

/** Joins the relations of a path, each once. LEFT JOIN, so that rows without a related row stay in the list. */
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

/** MySQL sorts enum values by their index but compares them as text. The cast makes both use text. */
function sortText(text: string, { column: { metadata } }: QueryField, dialect: SqlDialect): string {
  return dialect === 'mysql' && /enum$/.test(String(metadata.type)) ? `CAST(${text} AS CHAR)` : text;
}
