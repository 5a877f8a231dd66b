import type { ColumnOptions } from 'typeorm';
import type { DatabaseKind } from '../../../../support/databases.js';
import type { Random } from '../../../../support/random.js';
import { decimalKey, instantIn, LISTS, swapCase, textOf, TEXTS, UUIDS, withoutSeconds, WORDS } from './values.js';

/** A value of a column as JSON has it. */
export type Value = string | number | boolean | readonly (string | number)[] | Json;

interface Json {
  readonly [key: string]: number;
}

/** What values of a column are put in order by. */
export type Key = string | number | bigint | boolean;

/** What a column's values can be compared by, as the documentation has it. */
export type Comparability = 'text' | 'order' | 'equality' | 'list' | 'nothing';

export const OPERATORS: Readonly<Record<Comparability, readonly string[]>> = {
  text: [
    ...['eq', 'ne', 'in', 'not_in', 'is_null', 'lt', 'lte', 'gt', 'gte', 'between'],
    ...['contains', 'starts_with', 'ends_with', 'icontains', 'istarts_with', 'iends_with'],
  ],
  order: ['eq', 'ne', 'in', 'not_in', 'is_null', 'lt', 'lte', 'gt', 'gte', 'between'],
  equality: ['eq', 'ne', 'in', 'not_in', 'is_null'],
  list: ['contains', 'is_null'],
  nothing: ['is_null'],
};

/** A type of column, on the databases that have it. */
export interface ColumnKind {
  /** The column's name in JSON. */
  readonly name: string;
  readonly compares: Comparability;
  /** Undefined where the database has no such type. */
  readonly declare: (database: DatabaseKind) => ColumnOptions | undefined;
  /** What its rows hold, and what they are compared to. */
  readonly values: (database: DatabaseKind) => readonly Value[];
  /** What its values are the same or in order by; texts are left to the database's collation. */
  readonly key?: (value: Value, database: DatabaseKind) => Key;
  /** Another way to write the same value in a filter. */
  readonly spell?: (value: Value, random: Random, wire: 'parameter' | 'json') => Value;
}

const everywhere = (options: ColumnOptions) => (): ColumnOptions => ({ ...options, nullable: true });
const on =
  (types: Partial<Record<'postgres' | 'mariadb' | 'sqljs', ColumnOptions>>) =>
  (database: DatabaseKind): ColumnOptions | undefined => {
    const options = types[database === 'postgres15' ? 'postgres' : database];
    return options && { ...options, nullable: true };
  };
const asNumber = (value: Value): number => Number(value);
const asInstant = (value: Value): number => Date.parse(textOf(value));

const INSTANTS = [
  ...['1970-01-01T00:00:01.000Z', '1999-12-31T23:59:59.999Z', '2024-02-29T12:00:00.000Z', '2026-01-31T23:59:59.000Z'],
  ...['2026-01-31T23:59:59.120Z', '2026-01-31T23:59:59.123Z', '2026-02-01T00:00:00.000Z', '2037-06-15T01:02:03.004Z'],
];
const FAR_INSTANTS = ['1000-01-01T00:00:00.000Z', '1969-12-31T23:59:59.999Z', ...INSTANTS, '9999-12-31T23:59:59.999Z'];

const ANY_JSON: readonly Value[] = [{ a: 1 }, [1, 2], 'text', 0, false, {}];

export const COLUMN_KINDS: readonly ColumnKind[] = [
  { name: 'text', compares: 'text', declare: everywhere({ type: 'text' }), values: () => TEXTS },
  { name: 'varchar', compares: 'text', declare: everywhere({ type: 'varchar', length: 40 }), values: () => TEXTS },
  {
    name: 'int',
    compares: 'order',
    declare: everywhere({ type: 'int' }),
    values: () => [-2147483648, -100, -2, -1, 0, 1, 2, 3, 10, 99, 100, 2147483647],
    key: asNumber,
  },
  {
    name: 'smallint',
    compares: 'order',
    declare: everywhere({ type: 'smallint' }),
    values: () => [-32768, -10, -1, 0, 1, 2, 9, 10, 11, 32767],
    key: asNumber,
  },
  {
    name: 'bigint',
    compares: 'order',
    declare: everywhere({ type: 'bigint' }),
    // sql.js gives and takes JavaScript's numbers, which hold 53 bits.
    values: (database) =>
      database === 'sqljs'
        ? ['-9007199254740991', '-9007199254740990', '-1', '0', '1', '42', '9007199254740990', '9007199254740991']
        : [
            ...['-9223372036854775808', '-9007199254740993', '-9007199254740992', '-1', '0', '1', '42'],
            ...['9007199254740992', '9007199254740993', '9223372036854775806', '9223372036854775807'],
          ],
    key: (value) => BigInt(textOf(value)),
    spell: (value, random, wire) =>
      wire === 'json' && Number.isSafeInteger(Number(value)) && random.chance(0.3) ? Number(value) : value,
  },
  {
    name: 'decimal',
    compares: 'order',
    declare: everywhere({ type: 'decimal', precision: 20, scale: 6 }),
    // SQLite has no decimals: 15 digits of its floating point numbers are exact.
    values: (database) => [
      ...['-1.5', '-0.000001', '0', '0.1', '0.100001', '0.3', '1.5', '12.34', '12.35', '100'],
      ...(database === 'sqljs'
        ? ['-123456789.567891', '123456789.56789', '123456789.567891', '999999999.999999']
        : ['-12345678901234.567891', '12345678901234.56789', '12345678901234.567891', '99999999999999.999999']),
    ],
    key: decimalKey,
    spell: (value, random, wire) => {
      if (wire === 'json' && textOf(value).length < 12 && random.chance(0.3)) return Number(value);
      const text = textOf(value);
      return random.chance(0.3) ? `${text}${text.includes('.') ? '' : '.'}000` : text;
    },
  },
  {
    name: 'float',
    compares: 'order',
    declare: on({ postgres: { type: 'real' }, mariadb: { type: 'float' }, sqljs: { type: 'float' } }),
    values: () => [-1e10, -1.5, -0.1, 0, 0.1, 0.2, 0.25, 0.3, 1, 1.1, 16777216, 1e20],
    key: (value, database) => (database === 'sqljs' ? Number(value) : Math.fround(Number(value))),
  },
  {
    name: 'double',
    compares: 'order',
    declare: on({ postgres: { type: 'double precision' }, mariadb: { type: 'double' }, sqljs: { type: 'double' } }),
    values: () => [-1e300, -1.5, -0.1, 0, 0.1, 0.3, 0.1 + 0.2, 1, 1.0000000000000002, 1e-7, 9007199254740994, 1e300],
    key: asNumber,
  },
  {
    name: 'boolean',
    compares: 'equality',
    declare: everywhere({ type: 'boolean' }),
    values: () => [true, false],
    key: (value) => value === true,
  },
  {
    name: 'date',
    compares: 'order',
    declare: everywhere({ type: 'date' }),
    values: () => [
      ...['1000-01-01', '1969-12-31', '1970-01-01', '2024-02-29', '2025-12-31', '2026-01-01', '2026-01-31'],
      ...['2026-02-01', '2026-02-28', '9999-12-31'],
    ],
    key: textOf,
  },
  {
    name: 'timestamp',
    compares: 'order',
    declare: on({
      postgres: { type: 'timestamp' },
      mariadb: { type: 'timestamp', precision: 6 },
      sqljs: { type: 'datetime' },
    }),
    values: () => INSTANTS,
    key: asInstant,
    spell: instantIn,
  },
  {
    name: 'timestamptz',
    compares: 'order',
    declare: on({ postgres: { type: 'timestamptz' } }),
    values: () => FAR_INSTANTS,
    key: asInstant,
    spell: instantIn,
  },
  {
    name: 'datetime',
    compares: 'order',
    declare: on({ mariadb: { type: 'datetime', precision: 6 } }),
    values: () => FAR_INSTANTS,
    key: asInstant,
    spell: instantIn,
  },
  {
    name: 'time',
    compares: 'order',
    declare: on({ postgres: { type: 'time' }, mariadb: { type: 'time', precision: 6 }, sqljs: { type: 'time' } }),
    values: () => ['00:00:00', '00:00:01', '09:05:00', '09:30:00', '12:30:15', '12:30:15.5', '23:59:00', '23:59:59'],
    key: textOf,
    spell: withoutSeconds,
  },
  {
    name: 'enum',
    compares: 'equality',
    declare: on({
      postgres: { type: 'enum', enum: WORDS },
      mariadb: { type: 'enum', enum: WORDS },
      sqljs: { type: 'simple-enum', enum: WORDS },
    }),
    values: () => WORDS,
    key: textOf,
  },
  {
    name: 'uuid',
    compares: 'equality',
    declare: everywhere({ type: 'uuid' }),
    values: () => UUIDS,
    key: textOf,
    spell: (value, random) => (random.chance(0.3) ? textOf(value).toUpperCase() : value),
  },
  {
    name: 'cents',
    compares: 'equality',
    declare: everywhere({
      type: 'int',
      transformer: {
        to: (euros: number | null) => euros && Math.round(euros * 100),
        from: (cents: number | null) => cents && cents / 100,
      },
    }),
    values: () => [-1, 0, 0.01, 0.5, 3, 19.99, 20],
    key: asNumber,
  },
  { name: 'simpleArray', compares: 'list', declare: everywhere({ type: 'simple-array' }), values: () => LISTS },
  {
    name: 'ints',
    compares: 'list',
    declare: on({ postgres: { type: 'int', array: true } }),
    values: () => [[], [1], [1, 2], [2, 3, 4], [-5, 0], [2147483647, 1], [0]],
  },
  {
    name: 'texts',
    compares: 'list',
    declare: on({ postgres: { type: 'text', array: true } }),
    values: () => [...LISTS, ['a,b'], ['{x}', 'NULL'], ['"q"', '\\', '']],
  },
  {
    name: 'json',
    compares: 'nothing',
    declare: on({ postgres: { type: 'json' }, mariadb: { type: 'json' }, sqljs: { type: 'simple-json' } }),
    values: () => ANY_JSON,
  },
  {
    name: 'jsonb',
    compares: 'nothing',
    declare: on({ postgres: { type: 'jsonb' } }),
    values: () => ANY_JSON,
  },
  {
    name: 'size.width',
    compares: 'order',
    declare: everywhere({ type: 'int' }),
    values: () => [0, 1, 2, 3, 5, 8, 13],
    key: asNumber,
  },
];

/** A part of a text, as it is or in other letters. */
export function partOf(text: string, random: Random): string {
  const letters = [...text];
  if (letters.length === 0) return 'a';
  const start = random.below(letters.length);
  const part = letters.slice(start, start + random.between(1, 3)).join('');
  return random.chance(0.3) ? swapCase(part) : part;
}
