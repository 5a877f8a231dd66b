import type { ColumnType, Driver } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';

/** Makes an entity's value of what a driver gives. */
export type Hydrate = (value: unknown) => unknown;

/** Types whose values no driver of TypeORM touches. */
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
 * How TypeORM turns a driver's value of a column into the entity's.
 *
 * @returns undefined where it leaves the value as it is
 */
export function hydrationOf(column: ColumnMetadata, driver: Driver): Hydrate | undefined {
  if (column.transformer === undefined && UNTOUCHED_TYPES.has(column.type)) return undefined;
  const hydrate: Hydrate = (value) => driver.prepareHydratedValue(value, column) as unknown;
  if (column.transformer !== undefined) return hydrate;
  const isDone = isAlreadyHydrated(column);
  return (value) => (value === null || isDone?.(value) === true ? value : hydrate(value));
}

/**
 * Which of a driver's values TypeORM would make the same again, only slower; those that are not there apart.
 *
 * @returns undefined where that is not known of a column's values
 */
export function isAlreadyHydrated(column: ColumnMetadata): ((value: unknown) => boolean) | undefined {
  const { type, transformer, isArray } = column;
  if (transformer !== undefined || isArray) return undefined;
  if (isTimestamp(type)) return (value) => value instanceof Date;
  if (type === Number) return Number.isSafeInteger;
  if (type === Boolean || type === 'boolean' || type === 'bool') return (value) => typeof value === 'boolean';
  return isEnumOfWords(column) ? (value) => typeof value === 'string' : undefined;
}

/** Words that read as numbers become numbers. */
function isEnumOfWords({ type, enum: words }: ColumnMetadata): boolean {
  const isEnum = type === 'enum' || type === 'simple-enum';
  return isEnum && words?.every((word) => typeof word === 'string' && Number.isNaN(Number(word))) === true;
}

/** Whether the values of a column type are instants. */
export function isTimestamp(type: ColumnType): boolean {
  return (
    type === Date || (typeof type === 'string' && /^(?:datetime|timestamp(?:tz| with(?:out)? time zone)?)$/.test(type))
  );
}
