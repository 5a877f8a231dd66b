import type { ColumnType, Driver } from 'typeorm';
import type { ColumnMetadata } from '../../../common/peer-internals.js';

/** Converts a driver's value to an entity's value. */
export type Hydrate = (value: unknown) => unknown;

/** Types whose values no TypeORM driver converts. */
const UNTOUCHED_TYPES: ReadonlySet<ColumnType> = new Set<ColumnType>([
  String,
  'int',
  'integer',
  'int2',
  'int4',
  'int8',
  'tinyint',
  'smallint',
  'mediumint',
  'bigint',
  'decimal',
  'numeric',
  'dec',
  'float',
  'float4',
  'float8',
  'real',
  'double',
  'double precision',
  'varchar',
  'character varying',
  'varying character',
  'nvarchar',
  'char',
  'character',
  'nchar',
  'text',
  'tinytext',
  'mediumtext',
  'longtext',
  'citext',
  'uuid',
]);

/**
 * Returns how TypeORM converts a column's driver value to the entity's value.
 *
 * @returns undefined if TypeORM leaves the value unchanged
 */
export function hydrationOf(column: ColumnMetadata, driver: Driver): Hydrate | undefined {
  if (column.transformer === undefined && UNTOUCHED_TYPES.has(column.type)) return undefined;
  const hydrate: Hydrate = (value) => driver.prepareHydratedValue(value, column) as unknown;
  if (column.transformer !== undefined) return hydrate;
  const isDone = isAlreadyHydrated(column);
  return (value) => (value === null || isDone?.(value) === true ? value : hydrate(value));
}

/**
 * Returns a check for values that TypeORM's hydration would not change (null aside), so that it can be skipped.
 *
 * @returns undefined if that is unknown for the column
 */
export function isAlreadyHydrated(column: ColumnMetadata): ((value: unknown) => boolean) | undefined {
  const { type, transformer, isArray } = column;
  if (transformer !== undefined || isArray) return undefined;
  if (isTimestamp(type)) return (value) => value instanceof Date;
  if (type === Number) return Number.isSafeInteger;
  if (type === Boolean || type === 'boolean' || type === 'bool') return (value) => typeof value === 'boolean';
  return isEnumOfWords(column) ? (value) => typeof value === 'string' : undefined;
}

/** TypeORM converts numeric enum values to numbers, so only enums without any are unchanged. */
function isEnumOfWords({ type, enum: words }: ColumnMetadata): boolean {
  const isEnum = type === 'enum' || type === 'simple-enum';
  return isEnum && words?.every((word) => typeof word === 'string' && Number.isNaN(Number(word))) === true;
}

/** Checks whether a column type is a timestamp. */
export function isTimestamp(type: ColumnType): boolean {
  return (
    type === Date || (typeof type === 'string' && /^(?:datetime|timestamp(?:tz| with(?:out)? time zone)?)$/.test(type))
  );
}
