import type { Driver } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';

/** Types of PostgreSQL whose values the database compares as the application does. */
const EXACT_TYPES = new Set([
  'smallint',
  'integer',
  'bigint',
  'numeric',
  'boolean',
  'character varying',
  'text',
  'uuid',
  'enum',
  'date',
]);
const TIMESTAMPS = new Set(['timestamp without time zone', 'timestamp with time zone']);
/** TypeORM stores these as text, in which equal values may differ. */
const ENCODED_TYPES = new Set<unknown>(['simple-json', 'simple-array']);

/**
 * Returns the SQL of a column's value for a comparison with a value of the application.
 *
 * @returns undefined if the database may take two values as different that are equal to the application
 */
export function comparableSql(column: ColumnMetadata, driver: Driver): string | undefined {
  if (column.transformer !== undefined || column.isArray || ENCODED_TYPES.has(column.type)) return undefined;
  const type = driver.normalizeType(column);
  const name = driver.escape(column.databaseName);
  if (EXACT_TYPES.has(type)) return name;
  // A Date has no microseconds.
  return TIMESTAMPS.has(type) ? `date_trunc('milliseconds', ${name})` : undefined;
}
