import type { SqlDialect } from '../../orm/sql/tokenizer.js';
import { textual } from './column-type.js';
import type { ColumnType } from './column-type.js';

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const TIME = /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?$/;
const TIME_ZONE = /(Z|[+-]([01]\d|2[0-3]):?[0-5]\d)$/i;
/** PostgreSQL accepts 24:00 as the end of a day. */
const TIME_TO_24 = /^(([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?|24:00(:00(\.0{1,9})?)?)$/;
/** MySQL's `time` also stores durations. */
const MYSQL_TIME = /^-?(\d{2}|[0-7]\d{2}|8[0-3]\d):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?$/;
/** PostgreSQL omits the minutes of an offset if they are zero. */
const OFFSET = /(Z|[+-]([01]\d|2[0-3])(:?[0-5]\d)?)$/i;

/**
 * Dates: `2026-01-31`. A Date is converted to its day in UTC, because JavaScript parses a date without a time as UTC.
 *
 * @param firstYear the earliest year that the database stores
 */
export function date(firstYear: number): ColumnType {
  const type = textual(
    'a date like 2026-01-31',
    { comparability: 'order', schema: { type: 'string', format: 'date' } },
    (value) => {
      const day = value instanceof Date && isValid(value) ? value.toISOString().slice(0, 10) : value;
      return typeof day === 'string' && isDay(day) && Number(day.slice(0, 4)) >= firstYear ? day : undefined;
    },
  );
  return { ...type, toJson: (value) => (value instanceof Date && isValid(value) ? localDay(value) : value) };
}

/** Returns the local day: PostgreSQL's driver parses the dates in an array as midnight in the server's time zone. */
function localDay(midnight: Date): string {
  const part = (number: number, length: number): string => String(number).padStart(length, '0');
  return `${part(midnight.getFullYear(), 4)}-${part(midnight.getMonth() + 1, 2)}-${part(midnight.getDate(), 2)}`;
}

/**
 * Times of day: `23:59` or `23:59:59.5`, with an offset if the column has a time zone. They are normalized to have
 * seconds and no trailing zeros, because SQLite stores and compares them as text.
 */
export function time(dialect: SqlDialect, withZone = false): ColumnType {
  const clocks = CLOCKS[dialect];
  const pattern = `${clocks.source.slice(0, -1)}${withZone ? `(${OFFSET.source.slice(0, -1)})?` : ''}$`;
  const described = {
    comparability: 'order',
    schema: { type: 'string' },
    inputSchema: { type: 'string', pattern },
  } as const;
  return textual('a time like 23:59:59', described, (value) => {
    if (typeof value !== 'string') return undefined;
    const zone = (withZone && OFFSET.exec(value)?.[0]) || '';
    const clock = value.slice(0, value.length - zone.length);
    return clocks.test(clock) ? `${spelledOut(clock)}${zone}` : undefined;
  });
}

const CLOCKS: Readonly<Record<SqlDialect, RegExp>> = { postgres: TIME_TO_24, mysql: MYSQL_TIME, sqlite: TIME };

function spelledOut(clock: string): string {
  return clock.split(':').length === 2 ? `${clock}:00` : clock.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');
}

/**
 * Timestamps: RFC 3339, `2026-01-31T23:59:59Z`. A date is read as midnight in UTC, and a time without an offset as UTC.
 * So the result does not depend on the server's time zone.
 *
 * @param firstYear the earliest year that the database stores
 * @param latest the last timestamp of the column type, if the database has such a limit
 */
export function dateTime(firstYear = 1, latest?: Date): ColumnType {
  const type = textual(
    'a date and time like 2026-01-31T23:59:59Z',
    { comparability: 'order', schema: { type: 'string', format: 'date-time' } },
    (value) => {
      const instant = typeof value === 'string' ? parseInstant(value) : value;
      if (!(instant instanceof Date) || !isValid(instant)) return undefined;
      const year = instant.getUTCFullYear();
      if (year < firstYear || year > 9999) return undefined;
      if (latest !== undefined && (instant > latest || instant.getTime() <= 0)) return undefined;
      return instant;
    },
  );
  const fromOperand = (value: unknown): unknown => {
    const instant = type.fromJson(value);
    const [, micros] = (typeof value === 'string' && MICROSECONDS.exec(value)) || [];
    return instant instanceof Date && micros !== undefined
      ? `${instant.toISOString().slice(0, -1)}${micros.padEnd(3, '0')}Z`
      : instant;
  };
  return { ...type, operandSchema: { type: 'string', pattern: OPERAND_PATTERN }, fromOperand, isInstant: true };
}

/** The forms of a timestamp that {@link parseInstant} reads, for JSON Schema, which has no flags. */
const OPERAND_PATTERN = '^\\d{4}-\\d{2}-\\d{2}([Tt ]\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,9})?)?([Zz]|[+-]\\d{2}:?\\d{2})?)?$';

/** The digits after the milliseconds of a time; a database stores three of them. */
const MICROSECONDS = /:\d{2}\.\d{3}(\d{1,3})/;

function parseInstant(text: string): Date | undefined {
  if (DATE.test(text)) return isDay(text) ? new Date(`${text}T00:00:00Z`) : undefined;
  const day = text.slice(0, 10);
  const separator = text[10];
  if (!isDay(day) || (separator !== 'T' && separator !== 't' && separator !== ' ')) return undefined;
  const clock = text.slice(11);
  const zone = TIME_ZONE.exec(clock)?.[0] ?? '';
  const timeOfDay = clock.slice(0, clock.length - zone.length);
  if (!TIME.test(timeOfDay)) return undefined;
  return new Date(`${day}T${timeOfDay}${zone === '' ? 'Z' : withColon(zone.toUpperCase())}`);
}

/** ISO 8601 allows `+0100`, but not every JavaScript engine parses it. */
function withColon(zone: string): string {
  return zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone;
}

/** Checks the day of the month: JavaScript parses 2026-02-30 as the second of March. */
function isDay(text: string): boolean {
  const [, year, month, day] = DATE.exec(text) ?? [];
  if (year === undefined || year === '0000') return false;
  const parsed = new Date(`${text}T00:00:00Z`);
  return isValid(parsed) && parsed.getUTCMonth() + 1 === Number(month) && parsed.getUTCDate() === Number(day);
}

function isValid(instant: Date): boolean {
  return !Number.isNaN(instant.getTime());
}
