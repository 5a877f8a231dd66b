import type { ColumnType, Driver } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';

/** Makes an entity's value of what a driver gives. */
export type Hydrate = (value: unknown) => unknown;

/** Types whose values no driver of TypeORM touches. */
const AS_IS: ReadonlySet<ColumnType> = new Set<ColumnType>([
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
  if (column.transformer === undefined && AS_IS.has(column.type)) return undefined;
  const hydrate: Hydrate = (value) => driver.prepareHydratedValue(value, column) as unknown;
  if (column.transformer !== undefined) return hydrate;
  // What TypeORM makes of these is the same again, only slower.
  if (column.type === Number) return (value) => (Number.isSafeInteger(value) ? value : hydrate(value));
  if (isInstant(column.type)) return (value) => (value instanceof Date ? value : hydrate(value));
  return (value) => (value === null ? null : hydrate(value));
}

/** Whether the values of a column type are instants. */
export function isInstant(type: ColumnType): boolean {
  return (
    type === Date || (typeof type === 'string' && /^(?:datetime|timestamp(?:tz| with(?:out)? time zone)?)$/.test(type))
  );
}
