import type { DataSource } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import type { SqlDialect } from '../../orm/sql/tokenizer.js';
import { dialectOf } from '../../orm/policy/dialect.js';
import { date, dateTime, time } from './date-types.js';
import { declaredValue } from './declared-type.js';
import { interval } from './interval-types.js';
import { bigInteger, decimal, float, integer } from './number-types.js';
import { binaryJson, commaSeparated, json, listOf, unknownScalar, opaque } from './structured-types.js';
import { binary, boolean, oneOf, text, uuid } from './text-types.js';
import { transformed } from './transformed-type.js';
import type { ColumnType } from './column-type.js';

/** The last value of MySQL's `timestamp`. */
const END_OF_TIMESTAMP = new Date('2038-01-19T03:14:07.999Z');

type TypeOf = (column: ColumnMetadata, dialect: SqlDialect) => ColumnType;

const signed = (column: ColumnMetadata, bits: number): ColumnType =>
  column.unsigned ? integer(0, 2 ** bits - 1) : integer(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1);

/** SQLite integers have 64 bits for every declared type, but the driver returns only 53 of them exactly. */
const int: TypeOf = (column, dialect) =>
  dialect === 'sqlite' ? integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER) : signed(column, 32);
/** MySQL guarantees years only from 1000 on, and reads year 1 as 1901. */
const firstYear = (dialect: SqlDialect): number => (dialect === 'mysql' ? 1000 : 1);
const instant: TypeOf = (_, dialect) => dateTime(firstYear(dialect));
const string: TypeOf = (column, dialect) => text(Number(column.length) || (dialect === 'mysql' ? 255 : undefined));

/** Column types by their names in PostgreSQL, the MySQL family and SQLite; constructors by their name. */
const TYPES: readonly (readonly [names: readonly string[], type: TypeOf])[] = [
  [['Number', 'int', 'integer', 'int4'], int],
  [['tinyint'], (column) => signed(column, 8)],
  [['smallint', 'int2'], (column) => signed(column, 16)],
  [['mediumint'], (column) => signed(column, 24)],
  [['bigint', 'int8'], (column, dialect) => bigInteger(column.unsigned, dialect === 'sqlite' ? 53 : 64)],
  [['unsigned big int'], () => bigInteger(true, 53)],
  [['year'], () => integer(1901, 2155)],
  [['decimal', 'numeric', 'dec', 'fixed'], (column) => decimal(column.precision, column.scale)],
  [['double', 'double precision', 'float8'], () => float(64)],
  [['real', 'float4'], (_, dialect) => float(dialect === 'postgres' ? 32 : 64)],
  [['float'], (_, dialect) => float(dialect === 'mysql' ? 32 : 64)],
  [['Boolean', 'boolean', 'bool'], () => boolean],
  [['Date', 'datetime', 'timestamptz', 'timestamp with time zone', 'timestamp without time zone'], instant],
  [['timestamp'], (_, dialect) => dateTime(firstYear(dialect), dialect === 'mysql' ? END_OF_TIMESTAMP : undefined)],
  [['date'], (_, dialect) => date(firstYear(dialect))],
  [['time', 'time without time zone'], (_, dialect) => time(dialect)],
  [['timetz', 'time with time zone'], (_, dialect) => time(dialect, true)],
  [['String', 'varchar', 'character varying', 'varying character', 'nvarchar', 'national varchar'], string],
  [['char', 'character', 'nchar', 'native character'], string],
  [['text', 'tinytext', 'mediumtext', 'longtext', 'citext', 'clob', 'ltree'], () => text()],
  [['uuid'], () => uuid],
  [['enum', 'simple-enum'], (column) => oneOf(column.enum ?? [])],
  [['set'], (column) => listOf(oneOf(column.enum ?? []))],
  [['json', 'simple-json'], () => json],
  [['jsonb'], () => binaryJson],
  [['simple-array'], () => commaSeparated],
  [['bytea', 'blob', 'tinyblob', 'mediumblob', 'longblob', 'binary', 'varbinary'], () => binary],
  [['bit'], (_, dialect) => (dialect === 'mysql' ? binary : unknownScalar)],
  [['interval'], () => interval],
  [['cube'], () => listOf(float(64))],
  [['geometry', 'geography', 'point', 'circle', 'linestring', 'polygon', 'hstore', 'vector', 'halfvec'], () => opaque],
  [['multipoint', 'multilinestring', 'multipolygon', 'geometrycollection'], () => opaque],
];

const BY_NAME: ReadonlyMap<string, TypeOf> = new Map(
  TYPES.flatMap(([names, type]) => names.map((name) => [name, type] as const)),
);

function typeOf(column: ColumnMetadata, dialect: SqlDialect): ColumnType {
  // Columns of a view have no type.
  if ((column.type as unknown) === undefined) return declaredValue(column, dialect);
  const name = typeof column.type === 'function' ? column.type.name : column.type;
  return BY_NAME.get(name)?.(column, dialect) ?? unknownScalar;
}

/** Returns the type that parses and describes the values of a column. */
export function valueTypeOf(dataSource: DataSource, column: ColumnMetadata): ColumnType {
  const type = typeOf(column, dialectOf(dataSource));
  const stored = column.isArray ? listOf(type) : type;
  return column.transformer === undefined ? stored : transformed(column, column.transformer, stored);
}
