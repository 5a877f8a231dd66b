import type { SqlDialect } from '../../../orm/sql/tokenizer.js';
import { castParameter } from './comparison.js';
import type { KeyValue } from './cursor.js';
import { isNullable } from './order-by.js';
import type { SortTerm } from './order-by.js';

/** What of a place changes the text of the statement that reads from it. */
export function keysetCacheKey(values: readonly KeyValue[]): string {
  return values.map((value) => (value === null ? 'n' : 'v')).join('');
}

/** The values of a place by the names of its slots. */
export function keysetValues(values: readonly KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(values.flatMap((value, i) => (value === null ? [] : [[slotName(i), value]])));
}

/**
 * The condition that a row stands behind a place in an order: behind it in the first key, or level with it there and behind it in the
 * second, and so on.
 *
 * @param texts how the statement writes each key
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

/** A key of an order and the slot of a place's value; no slot where the place has none. */
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

/** @returns undefined where no row can be behind */
function afterSql({ key, text, slot }: KeyTerm): string | undefined {
  if (slot === undefined) return key.nulls === 'first' ? `${text} IS NOT NULL` : undefined;
  const beyond = `${text} ${key.direction === 'asc' ? '>' : '<'} ${slot}`;
  return isNullable(key) && key.nulls === 'last' ? `(${beyond} OR ${text} IS NULL)` : beyond;
}

/** Follows from the rest, and lets an index of the first key find where to begin. */
function leadingBound({ key, text, slot }: KeyTerm): string[] {
  return isNullable(key) || slot === undefined ? [] : [`${text} ${key.direction === 'asc' ? '>=' : '<='} ${slot}`];
}
