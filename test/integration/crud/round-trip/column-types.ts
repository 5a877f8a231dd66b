import type { ColumnOptions, ColumnType } from 'typeorm';
import type { DatabaseKind } from '../../../support/databases.js';

/** A column of a type, and values that other programs may have stored in it, as SQL. */
export interface StoredType {
  /** What a test calls it: the type, with the options that matter. */
  readonly name: string;
  /** The type that TypeORM's list has. */
  readonly type: string;
  readonly options: ColumnOptions;
  readonly values: readonly string[];
}

/** The databases by the drivers that TypeORM has for them. */
export type Family = 'postgres' | 'mysql' | 'sqlite';

export function familyOf(database: DatabaseKind): Family {
  if (database === 'sqljs') return 'sqlite';
  return database === 'mariadb' ? 'mysql' : 'postgres';
}

const stored = (
  types: string | readonly string[],
  values: readonly string[],
  options: ColumnOptions = {},
  note = '',
): StoredType[] =>
  [types].flat().map((type) => ({
    name: note === '' ? type : `${type} ${note}`,
    type,
    options: { ...options, type: type as ColumnType, nullable: true },
    values,
  }));

const list = (type: string, values: readonly string[], options: ColumnOptions = {}): StoredType[] =>
  stored(type, values, { ...options, array: true }, 'list');

const TEXTS = [`''`, `'a'`, `' b, "c" '`, `'ünï 😀'`, `'null'`, `'{}'`];
const JSON_VALUES = [`'{"b":[1,"x",null,{"c":true}],"a":1.5}'`, `'[]'`, `'"text"'`, `'0'`, `'false'`];
const INSTANTS = [`'2026-01-31 12:34:56'`, `'1999-12-31 23:59:59.5'`, `'9999-12-31 23:59:59.999'`];
const ENUM = { enum: ['red', 'dark green', 'b"l,ue'] };
const NUMBERS_ENUM = { enum: [1, 2] };

/*
 * Values that other programs may store and that are not tried, since JSON or TypeORM have no such value:
 * - NaN and the infinities, which GET shows as null (float) or as a text that is no number (decimal);
 * - NULL within a list, which the element's type does not take from a client;
 * - lists of json and of point, which TypeORM writes in a form that PostgreSQL refuses;
 * - the JSON text "1" in MariaDB, which TypeORM reads as a number; zero dates and the year 0;
 * - timestamps after the year 9999 or before the year 1, and fractions of a millisecond, which a Date does not hold.
 */

const POSTGRES: readonly StoredType[] = [
  ...stored(['int', 'int4', 'integer'], ['0', '-2147483648', '2147483647']),
  ...stored(['int2', 'smallint'], ['-32768', '32767']),
  ...stored(['int8', 'bigint'], ['-9223372036854775808', '9007199254740993']),
  ...stored(['decimal', 'numeric'], ['0', '-1.50', '12345678901234567890.123456789']),
  ...stored('numeric', ['0', '1.5', '-999999.99'], { precision: 8, scale: 2 }, '(8,2)'),
  ...stored(['float', 'float8', 'double precision'], ['0', '0.1', '-1e300']),
  ...stored(['real', 'float4'], ['0', '0.1', '3.4e38']),
  ...stored('money', [`'1234.50'`, `'-0.99'`]),
  ...stored(['character varying', 'varchar', 'text', 'citext'], TEXTS),
  ...stored(['character', 'char'], [`'a'`, `'ab'`, `''`], { length: 5 }),
  ...stored('hstore', [`'a=>1, "b c"=>"x\\"y", d=>NULL'`, `''`], { hstoreType: 'object' }),
  ...stored('hstore', [`'a=>1, "b c"=>"x,y", d=>NULL'`], { hstoreType: 'string' }, 'as text'),
  ...stored('bytea', [`'\\x00ff10'`, `'\\x'`]),
  ...stored('bit', [`B'101'`], { length: 3 }),
  ...stored(['varbit', 'bit varying'], [`B'10101'`, `B''`]),
  ...stored(['timetz', 'time with time zone'], [`'12:34:56+00'`, `'01:02:03.456-03:30'`, `'24:00:00+00'`]),
  ...stored(['time', 'time without time zone'], [`'12:34:56'`, `'00:00:00.000001'`, `'24:00:00'`]),
  ...stored(['timestamptz', 'timestamp with time zone'], [`'2026-01-31 12:34:56.789+03'`, `'0001-01-01 00:00:00+00'`]),
  ...stored(['timestamp', 'timestamp without time zone'], INSTANTS),
  ...stored(['date'], [`'2026-01-31'`, `'0001-01-01'`, `'9999-12-31'`]),
  ...stored('interval', [
    `'1 year 2 mons 3 days 04:05:06.789'`,
    `'-1 days'`,
    `'00:00:00'`,
    `'-00:00:01.5'`,
    `'100 hours'`,
  ]),
  ...stored(['bool', 'boolean'], ['true', 'false']),
  ...stored('enum', [`'red'`, `'dark green'`, `'b"l,ue'`], ENUM),
  ...stored('enum', [`'1'`, `'2'`], NUMBERS_ENUM, 'of numbers'),
  ...stored('point', [`'(1.5,-2)'`, `'(0,0)'`]),
  ...stored('line', [`'{1,2,3}'`]),
  ...stored('lseg', [`'[(1,2),(3,4)]'`]),
  ...stored('box', [`'(3,4),(1,2)'`]),
  ...stored('path', [`'[(1,2),(3,4)]'`, `'((1,2),(3,4))'`]),
  ...stored('polygon', [`'((0,0),(1,1),(1,0))'`]),
  ...stored('circle', [`'<(1,2),3.5>'`]),
  ...stored('cidr', [`'10.0.0.0/8'`, `'2001:db8::/32'`]),
  ...stored('inet', [`'10.0.0.1'`, `'10.0.0.1/24'`]),
  ...stored('macaddr', [`'08:00:2b:01:02:03'`]),
  ...stored('macaddr8', [`'08:00:2b:01:02:03:04:05'`]),
  ...stored('tsvector', [`'''a'':1 ''it''''s'':2A'`]),
  ...stored('tsquery', [`'''a'' & !''b c'''`]),
  ...stored('uuid', [`'00000000-0000-4000-8000-00000000ABCD'`]),
  ...stored('xml', [`'<a b="1">x</a>'`]),
  ...stored(['json', 'jsonb'], [...JSON_VALUES, `'"1"'`]),
  ...stored('jsonpath', [`'$.a[*] ? (@ > 1)'`]),
  ...stored('int4range', [`'[1,10)'`, `'empty'`, `'(,)'`]),
  ...stored('int8range', [`'[1,9007199254740993)'`]),
  ...stored('numrange', [`'(1.5,2.5]'`]),
  ...stored('tsrange', [`'["2026-01-01 00:00:00","2026-02-01 00:00:00.123456")'`]),
  ...stored('tstzrange', [`'["2026-01-01 00:00:00+00",)'`]),
  ...stored('daterange', [`'[2026-01-01,2026-02-01)'`]),
  ...stored('int4multirange', [`'{[1,3),[5,7)}'`, `'{}'`]),
  ...stored('int8multirange', [`'{[1,3)}'`]),
  ...stored('nummultirange', [`'{[1.5,2]}'`]),
  ...stored('tsmultirange', [`'{["2026-01-01 00:00:00","2026-02-01 00:00:00")}'`]),
  ...stored('tstzmultirange', [`'{["2026-01-01 00:00:00+00",)}'`]),
  ...stored('datemultirange', [`'{[2026-01-01,2026-02-01)}'`]),
  ...stored('cube', [`'(1,2.5,-3)'`, `'(0)'`]),
  ...stored('ltree', [`'a.b_1.c'`]),
  ...list('int', [`'{1,-2}'`, `'{}'`]),
  ...list('text', [`'{a,"b,c","","d\\"e"}'`, `'{}'`]),
  ...list('bigint', [`'{9007199254740993}'`]),
  ...list('numeric', [`'{1.5,-2}'`]),
  ...list('float8', [`'{0.1,-1e300}'`]),
  ...list('boolean', [`'{t,f}'`]),
  ...list('timestamptz', [`'{"2026-01-31 12:34:56.789+03"}'`]),
  ...list('date', [`'{2026-01-31}'`]),
  ...list('time', [`'{12:34:56}'`]),
  ...list('uuid', [`'{00000000-0000-4000-8000-00000000abcd}'`]),
  ...list('enum', [`'{red,"dark green"}'`, `'{}'`], { enum: ['red', 'dark green'], enumName: 'list_colour' }),
  ...list('bytea', [`ARRAY['\\x00ff']::bytea[]`]),
  ...list('interval', [`'{1 day 02:00:00}'`]),
  ...list('inet', [`'{10.0.0.1}'`]),
];

const MYSQL: readonly StoredType[] = [
  ...stored('bit', [`b'0'`, `b'1'`]),
  ...stored(['int', 'integer'], ['0', '-2147483648', '2147483647']),
  ...stored('int', ['4294967295'], { unsigned: true }, 'unsigned'),
  ...stored('tinyint', ['-128', '127', '1']),
  ...stored('smallint', ['-32768', '32767']),
  ...stored('mediumint', ['-8388608', '8388607']),
  ...stored('bigint', ['-9223372036854775808', '9007199254740993', '5']),
  ...stored('bigint', ['18446744073709551615'], { unsigned: true }, 'unsigned'),
  ...stored('float', ['0', '0.1', '-1.5']),
  ...stored(['double', 'double precision', 'real'], ['0', '0.1', '-1e300']),
  ...stored(['decimal', 'dec', 'numeric', 'fixed'], ['0', '1.5', '-999999.99'], { precision: 8, scale: 2 }),
  ...stored(['bool', 'boolean'], ['true', 'false']),
  ...stored('date', [`'2026-01-31'`, `'1000-01-01'`, `'9999-12-31'`]),
  ...stored('datetime', [...INSTANTS, `'1000-01-01 00:00:00'`], { precision: 3 }),
  ...stored('timestamp', [`'2026-01-31 12:34:56.789'`, `'1970-01-02 00:00:01'`], { precision: 3 }),
  ...stored('time', [`'12:34:56'`, `'-01:02:03'`, `'838:59:59'`]),
  ...stored('year', ['1901', '2155']),
  ...stored(['char', 'nchar', 'national char'], [`'a'`, `''`, `'ünï 😀'`], { length: 9 }),
  ...stored(['varchar', 'nvarchar', 'national varchar'], TEXTS, { length: 40 }),
  ...stored(['text', 'tinytext', 'mediumtext', 'longtext'], TEXTS),
  ...stored(['blob', 'tinyblob', 'mediumblob', 'longblob'], [`x'00ff10'`, `''`]),
  ...stored('binary', [`x'00ff10'`], { length: 4 }),
  ...stored('varbinary', [`x'00ff10'`, `''`], { length: 4 }),
  ...stored('enum', [`'red'`, `'dark green'`, `'b"l,ue'`], ENUM),
  ...stored('enum', [`'1'`, `'2'`], NUMBERS_ENUM, 'of numbers'),
  ...stored('set', [`'red,dark green'`, `'red'`, `''`], { enum: ['red', 'dark green'] }),
  ...stored('json', JSON_VALUES),
  ...stored('geometry', [`ST_GeomFromText('POINT(1 2)')`, `ST_GeomFromText('LINESTRING(0 0,1 1)')`]),
  ...stored('point', [`ST_GeomFromText('POINT(1.5 -2)')`]),
  ...stored('linestring', [`ST_GeomFromText('LINESTRING(0 0,1 1)')`]),
  ...stored('polygon', [`ST_GeomFromText('POLYGON((0 0,1 1,1 0,0 0))')`]),
  ...stored('multipoint', [`ST_GeomFromText('MULTIPOINT(0 0,1 1)')`]),
  ...stored('multilinestring', [`ST_GeomFromText('MULTILINESTRING((0 0,1 1),(2 2,3 3))')`]),
  ...stored('multipolygon', [`ST_GeomFromText('MULTIPOLYGON(((0 0,1 1,1 0,0 0)))')`]),
  ...stored('geometrycollection', [`ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 2))')`]),
  ...stored('uuid', [`'00000000-0000-4000-8000-00000000abcd'`]),
  ...stored('inet4', [`'10.0.0.1'`]),
  ...stored('inet6', [`'2001:db8::1'`]),
];

const SQLITE: readonly StoredType[] = [
  ...stored(['int', 'integer'], ['0', '-5', '9007199254740991']),
  ...stored(['tinyint', 'smallint', 'mediumint', 'int2'], ['0', '-5', '127']),
  ...stored(['bigint', 'int8'], ['0', '-9007199254740991']),
  ...stored('unsigned big int', ['0', '9007199254740991']),
  ...stored(['character', 'varchar', 'varying character', 'nchar', 'native character', 'nvarchar'], TEXTS),
  ...stored(['text', 'clob'], TEXTS),
  ...stored('blob', [`x'00ff10'`, `x''`]),
  ...stored(['real', 'double', 'double precision', 'float'], ['0', '0.1', '-1e300']),
  ...stored(['numeric', 'decimal'], ['0', '1.5', '-999999.99']),
  ...stored('boolean', ['1', '0']),
  ...stored('date', [`'2026-01-31'`, `'0001-01-01'`]),
  ...stored('time', [`'12:34:56'`, `'12:34:56.5'`]),
  ...stored('datetime', [`'2026-01-31 12:34:56.789'`, `'1999-12-31 23:59:59.000'`]),
  ...stored('json', [...JSON_VALUES, `'"1"'`]),
  ...stored(
    'jsonb',
    JSON_VALUES.map((value) => `jsonb(${value})`),
  ),
];

const EVERYWHERE: readonly StoredType[] = [
  ...stored('simple-array', [`'a,b'`, `''`, `'ü'`]),
  ...stored('simple-json', JSON_VALUES),
  ...stored('simple-enum', [`'red'`, `'dark green'`], { enum: ['red', 'dark green'] }),
];

const TYPES: Readonly<Record<Family, readonly StoredType[]>> = {
  postgres: [...POSTGRES, ...EVERYWHERE],
  mysql: [...MYSQL, ...EVERYWHERE],
  sqlite: [...SQLITE, ...EVERYWHERE],
};

/** Types of TypeORM's lists that are not tried, with the reason. */
const LEFT_OUT: Readonly<Record<Family, Readonly<Record<string, string>>>> = {
  postgres: {
    geometry: 'needs PostGIS, which this machine does not have',
    geography: 'needs PostGIS, which this machine does not have',
    vector: 'needs pgvector, which this machine does not have',
    halfvec: 'needs pgvector, which this machine does not have',
  },
  mysql: { vector: 'MariaDB has it from 11.7 on' },
  sqlite: {},
};

/** The columns that are tried on a database. */
export function storedTypes(database: DatabaseKind): readonly StoredType[] {
  return TYPES[familyOf(database)];
}

/** The types that are not, with the reason. */
export function leftOutTypes(database: DatabaseKind): Readonly<Record<string, string>> {
  return LEFT_OUT[familyOf(database)];
}

/** Values in JSON that a column does not take, with the type of the column. */
export const REFUSED: Readonly<Record<Family, readonly (readonly [type: string, value: unknown])[]>> = {
  postgres: [
    ...['x', 5, true, [1], { days: '1' }, { weeks: 1 }, { days: 1e13 }, { days: null }, '1 day\0'].map(
      (value) => ['interval', value] as const,
    ),
    ...[5, {}, ['a']].map((value) => ['ltree', value] as const),
    ...['(1,2)', 5, { a: 1 }, ['x'], [null]].map((value) => ['cube', value] as const),
    ...['25:00:00', '24:00:01', '-01:00:00', '12:34:56+00'].map((value) => ['time', value] as const),
    ...['12:34:56+25', '12:34:56+0', '12:34:56 UTC'].map((value) => ['timetz', value] as const),
    ...['x', { x: 1 }].map((value) => ['circle', value] as const),
  ],
  mysql: [
    ...['839:00:00', '--01:00:00', '12:60:00', '1'].map((value) => ['time', value] as const),
    ...['1', 1, true, { type: 'Buffer', data: [1] }].map((value) => ['bit', value] as const),
  ],
  sqlite: [...['24:00:00', '-01:00:00', '100:00:00'].map((value) => ['time', value] as const)],
};
