import type { SqlDialect } from '../../../orm/sql/tokenizer.js';
import { castParameter } from './comparison.js';
import type { KeyValue } from './cursor.js';
import { isNullable } from './order-by.js';
import type { SortTerm } from './order-by.js';

/** Returns the part of a cursor position that changes the statement's text. */
export function keysetCacheKey(values: readonly KeyValue[]): string {
  return values.map((value) => (value === null ? 'n' : 'v')).join('');
}

/** Returns the parameters of a cursor position, by name. */
export function keysetValues(values: readonly KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(values.flatMap((value, i) => (value === null ? [] : [[slotName(i), value]])));
}

/**
 * Returns the condition that a row comes after a cursor position: greater in the first key, or equal in it and greater
 * in the second, and so on.
 *
 * @param texts the SQL expression of each key
 */
export function keysetSql(
  keys: readonly SortTerm[],
  texts: readonly string[],
  values: readonly KeyValue[],
  dialect: SqlDialect,
): string {
  const key = (i: number): KeyTerm => ({
    key: keys[i],
    text: texts[i],
    slot: values[i] === null ? undefined : castParameter({ column: keys[i].field.column, dialect }, `:${slotName(i)}`),
  });
  const places = keys.map((_, i) => key(i));
  const behind = places
    .map((place, i) => {
      const last = afterSql(place);
      return last && [...places.slice(0, i).map(equalSql), last].join(' AND ');
    })
    .filter((text) => text !== undefined);
  if (behind.length === 0) return '1 = 0';
  return [...leadingBound(places[0]), `(${behind.map((text) => `(${text})`).join(' OR ')})`].join(' AND ');
}

/** A sort key and the parameter of its value in the cursor position; no parameter if the value is null. */
interface KeyTerm {
  readonly key: SortTerm;
  readonly text: string;
  readonly slot: string | undefined;
}

function slotName(key: number): string {
  return `k${key}`;
}

function equalSql({ text, slot }: KeyTerm): string {
  return slot === undefined ? `${text} IS NULL` : `${text} = ${slot}`;
}

/** @returns undefined if no row can come after */
function afterSql({ key, text, slot }: KeyTerm): string | undefined {
  if (slot === undefined) return key.nulls === 'first' ? `${text} IS NOT NULL` : undefined;
  const beyond = `${text} ${key.direction === 'asc' ? '>' : '<'} ${slot}`;
  return isNullable(key) && key.nulls === 'last' ? `(${beyond} OR ${text} IS NULL)` : beyond;
}

/** Redundant, but lets the database start an index scan of the first key at the right row. */
function leadingBound({ key, text, slot }: KeyTerm): string[] {
  return isNullable(key) || slot === undefined ? [] : [`${text} ${key.direction === 'asc' ? '>=' : '<='} ${slot}`];
}
