import { DateUtils } from '../../../common/peer-internals.js';
import type { SqlDialect } from '../../../orm/sql/tokenizer.js';
import type { Operator } from '../../options/filter-operators.js';
import type { ComparisonContext } from './comparison-context.js';

/*
 * Databases store microseconds, but a Date and a JSON response have milliseconds. So an operand with milliseconds means
 * the range of its whole millisecond, and an operand with microseconds the range of that microsecond. An index on the
 * column serves both.
 *
 * A range ends before the next millisecond, which a Date can hold. If an operand has microseconds, or there is no next
 * millisecond, each range ends at its last microsecond: SQL then adds the microseconds.
 */

/** A point in time, and the microseconds after its millisecond. */
interface Moment {
  readonly at: Date;
  readonly micros: number;
}

/** An operand: a Date, or an ISO text with microseconds. */
type Instant = Date | string;

/** The last milliseconds that MySQL's TIMESTAMP and any timestamp can hold. */
const LAST = [2 ** 31 * 1000 - 1, Date.UTC(9999, 11, 31, 23, 59, 59, 999)];

/** The operators that compare with one end of their range. */
const ENDS: Partial<Record<Operator, 'first' | 'last'>> = { lt: 'first', gte: 'first', lte: 'last', gt: 'last' };

/** Returns the parts of the comparison that change the statement's text. */
export function instantKey(operands: readonly Instant[]): string {
  return `${operands.length}${addsMicroseconds(operands) ? ' exact' : ''}`;
}

/**
 * Returns the values of the comparison, one per placeholder.
 *
 * @param stored converts a Date to the form that the driver accepts
 */
export function instantValues(
  operands: readonly Instant[],
  operator: Operator,
  dialect: SqlDialect,
  stored: (value: Date) => unknown,
): unknown[] {
  const isExact = addsMicroseconds(operands);
  return momentsOf(operands, operator, isExact || dialect === 'sqlite').flatMap(({ at, micros }) => {
    if (dialect === 'sqlite') return [sqliteText(stored(at), micros)];
    return isExact ? [stored(at), micros] : [stored(at)];
  });
}

/** Returns the SQL of the comparison. */
export function instantSql(operands: readonly Instant[], operator: Operator, place: ComparisonContext): string {
  const { text, dialect } = place;
  const isClosed = dialect === 'sqlite' || addsMicroseconds(operands);
  const moments = momentTexts(operands, place);
  const until = (moment: string): string => `${text} ${isClosed ? '<=' : '<'} ${moment}`;
  const after = (moment: string): string => `${text} ${isClosed ? '>' : '>='} ${moment}`;
  if (operator === 'lt') return `${text} < ${moments[0]}`;
  if (operator === 'gte') return `${text} >= ${moments[0]}`;
  if (operator === 'lte') return until(moments[0]);
  if (operator === 'gt') return after(moments[0]);
  if (operator === 'ne' || operator === 'not_in') {
    const outside = pairs(moments).map(([first, last]) => `(${text} < ${first} OR ${after(last)})`);
    return outside.length === 0 ? `${text} IS NOT NULL` : `(${outside.join(' AND ')})`;
  }
  const within = pairs(moments).map(([first, last]) => `(${text} >= ${first} AND ${until(last)})`);
  return within.length === 0 ? '1 = 0' : `(${within.join(' OR ')})`;
}

function pairs<T>(items: readonly T[]): (readonly [T, T])[] {
  return Array.from({ length: items.length / 2 }, (_, i) => [items[2 * i], items[2 * i + 1]]);
}

/** Returns the ends of the ranges that an operator compares with, in the order of the placeholders. */
function momentsOf(operands: readonly Instant[], operator: Operator, isClosed: boolean): Moment[] {
  const end = ENDS[operator];
  if (end !== undefined) return [end === 'first' ? firstOf(operands[0]) : lastOf(operands[0], isClosed)];
  if (operator === 'between') return [firstOf(operands[0]), lastOf(operands[1], isClosed)];
  return operands.flatMap((operand) => [firstOf(operand), lastOf(operand, isClosed)]);
}

function firstOf(operand: Instant): Moment {
  return { at: new Date(operand), micros: typeof operand === 'string' ? Number(operand.slice(23, 26)) : 0 };
}

/** Returns the last microsecond of a range, or the next millisecond if the range ends before it. */
function lastOf(operand: Instant, isClosed: boolean): Moment {
  const { at, micros } = firstOf(operand);
  if (!isClosed) return { at: new Date(at.getTime() + 1), micros: 0 };
  return { at, micros: typeof operand === 'string' ? micros : 999 };
}

function addsMicroseconds(operands: readonly Instant[]): boolean {
  return operands.some((operand) => typeof operand === 'string' || LAST.includes(operand.getTime()));
}

/**
 * Returns the text that SQLite compares. Its own functions leave out a fraction of zero: a text without trailing zeros
 * is the first of all texts for the same moment.
 */
function sqliteText(value: unknown, micros: number): unknown {
  const text: unknown = value instanceof Date ? DateUtils.mixedDateToUtcDatetimeString(value) : value;
  if (typeof text !== 'string') return value;
  return micros > 0
    ? `${text}${String(micros).padStart(3, '0')}`
    : text.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');
}

/** A driver's Date has no microseconds, so the database adds them. */
function momentTexts(
  operands: readonly Instant[],
  { column: { metadata }, dialect, slots }: ComparisonContext,
): readonly string[] {
  if (dialect === 'sqlite' || !addsMicroseconds(operands)) return slots;
  const type = /with time zone|timestamptz/.test(String(metadata.type)) ? 'timestamptz' : 'timestamp';
  return pairs(slots).map(([at, micros]) =>
    dialect === 'postgres'
      ? `CAST(${at} AS ${type}) + ${micros} * INTERVAL '1 microsecond'`
      : `CAST(${at} AS DATETIME(6)) + INTERVAL ${micros} MICROSECOND`,
  );
}
