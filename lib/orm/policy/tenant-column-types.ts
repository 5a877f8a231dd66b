import type { ColumnMetadata } from '../../common/peer-internals.js';
import type { ScopeLimit } from '../../tenancy/context/scope-limits.js';
import type { ScopeValueType } from '../../tenancy/context/tenant-scope.js';
import { ignoresTrailingSpaces, isExactOnSqlite } from './collation.js';

type Hold = ScopeLimit['hold'];
type Dialect = 'postgres' | 'mysql' | 'sqlite';

/** Why a column cannot be a tenant column, and the type to use instead. */
interface Refusal {
  readonly why: string;
  readonly instead: string;
}

const KEEPS_ALL: Hold = (value) => value;
const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;
const ASCII = /^[\x20-\x7e]*$/;
/** Bits of the integer types. */
const BITS: Readonly<Record<string, number>> = {
  tinyint: 8,
  smallint: 16,
  smallserial: 16,
  mediumint: 24,
  int: 32,
  integer: 32,
  serial: 32,
  bigint: 64,
  bigserial: 64,
};
const MYSQL_DECIMAL_PRECISION = 10;
const TINYTEXT_BYTES = 255;

/**
 * Returns the limit of the values that a tenant column stores unchanged.
 *
 * @returns a limit, or a refusal for a type that may store the values of two tenants as the same value
 */
export function limitOf(column: ColumnMetadata, type: ScopeValueType): ScopeLimit | Refusal {
  const { driver } = column.entityMetadata.dataSource;
  const options = driver.options.type;
  const dialect: Dialect =
    options === 'postgres' ? 'postgres' : options === 'mysql' || options === 'mariadb' ? 'mysql' : 'sqlite';
  const sqlType = driver.normalizeType(column);
  const length = Number(driver.getColumnLength(column)) || undefined;
  const held =
    misfit(column, sqlType) ??
    (type === String ? textHold(column, dialect, sqlType, length) : numberHold(column, dialect, sqlType));
  if (typeof held !== 'function') return held;
  const name = `${column.entityMetadata.name}.${column.propertyPath}`;
  return { column: `${name} (${sqlType}${length === undefined ? '' : `(${length})`})`, hold: held };
}

/** Returns a refusal for columns that TypeORM fills, or whose values it stores in another form. */
function misfit(column: ColumnMetadata, sqlType: string): Refusal | undefined {
  const { type, isArray, isVersion, isDiscriminator, isTreeLevel } = column;
  if (isVersion || isDiscriminator || isTreeLevel)
    return { why: 'is filled by TypeORM', instead: 'a column of its own' };
  if (isArray || type === 'simple-array' || type === 'simple-json')
    return { why: 'converts values', instead: 'varchar' };
  // MySQL has no boolean type: TypeORM stores tinyint(1).
  if (sqlType === 'tinyint' && (type === Boolean || /bool/.test(String(type))))
    return { why: 'holds two values', instead: 'int' };
  return undefined;
}

function textHold(column: ColumnMetadata, dialect: Dialect, sqlType: string, length?: number): Hold | Refusal {
  if (sqlType === 'uuid') return (value) => canonicalUuid(String(value));
  if (/inet|cidr/.test(sqlType)) return { why: 'accepts several spellings of one value', instead: 'varchar' };
  if (column.enum !== undefined) return (value) => (column.enum!.includes(value as string) ? value : undefined);
  if (dialect === 'sqlite') {
    return isExactOnSqlite(column)
      ? KEEPS_ALL
      : { why: `compares strings by the collation ${column.collation}`, instead: 'the collation BINARY' };
  }
  const isWithin = (text: string): boolean => length === undefined || [...text].length <= length;
  if (dialect === 'postgres') {
    if (sqlType === 'character') return { why: 'pads strings with spaces', instead: 'varchar' };
    return (value) => (isWithin(value as string) ? value : undefined);
  }
  const isWritable = writable(column);
  const losesSpaces = sqlType === 'char' || (isInUniqueKey(column) && ignoresTrailingSpaces(column));
  return (value) => {
    const text = value as string;
    if ((losesSpaces && text.endsWith(' ')) || !isWithin(text) || !isWritable(text)) return undefined;
    return sqlType === 'tinytext' && Buffer.byteLength(text) > TINYTEXT_BYTES ? undefined : text;
  };
}

/**
 * Checks whether a column is part of a unique key. MySQL's unique keys ignore trailing spaces, so one tenant's code
 * could collide with another's.
 */
export function isInUniqueKey(column: ColumnMetadata): boolean {
  const { uniques, indices } = column.entityMetadata;
  const keys = [...uniques, ...indices.filter(({ isUnique }) => isUnique)];
  return column.isPrimary || keys.some(({ columns }) => columns.includes(column));
}

/**
 * Returns a UUID in lower case; undefined if the text is not a UUID. The database treats both cases as equal, so they
 * must not become two cache keys.
 */
function canonicalUuid(text: string): string | undefined {
  const lower = text.toLowerCase();
  return UUID.test(lower) ? lower : undefined;
}

/** Returns a check for texts that the column's character set can store: MySQL replaces all other characters. */
function writable({ charset, collation }: ColumnMetadata): (text: string) => boolean {
  const set = (charset ?? collation?.split('_')[0])?.toLowerCase();
  if (set === undefined || set === 'utf8mb4') return () => true;
  if (set === 'utf8' || set === 'utf8mb3') return (text) => [...text].length === text.length;
  return (text) => ASCII.test(text);
}

function numberHold(column: ColumnMetadata, dialect: Dialect, sqlType: string): Hold | Refusal {
  const { unsigned, precision, scale } = column;
  // SQLite stores any 64-bit integer, whatever the declared type.
  if (dialect === 'sqlite') return between(-(2n ** 63n), 2n ** 63n - 1n);
  if (sqlType === 'real' || sqlType === 'float') return { why: 'rounds large numbers', instead: 'int or bigint' };
  const bits = BITS[sqlType];
  if (bits !== undefined) {
    const isUnsigned = dialect === 'mysql' && unsigned;
    const size = 2n ** BigInt(bits);
    return isUnsigned ? between(0n, size - 1n) : between(-size / 2n, size / 2n - 1n);
  }
  if ((scale ?? 0) < 0) return { why: 'rounds numbers', instead: `${sqlType} without a negative scale` };
  const digits = precision ?? (sqlType === 'decimal' ? MYSQL_DECIMAL_PRECISION : undefined);
  if (digits === undefined) return KEEPS_ALL;
  const size = 10n ** BigInt(Math.max(digits - (scale ?? 0), 0));
  return between(1n - size, size - 1n);
}

function between(least: bigint, greatest: bigint): Hold {
  return (value) => {
    const number = value as number | bigint;
    return number >= least && number <= greatest ? value : undefined;
  };
}
