import type { DataSource } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';

/** Matches the end of integer type names, in all dialects. */
const WHOLE_NUMBER = /int(eger|[248])?$/i;

/**
 * Returns the SQL that selects a column without loss: integers are cast to text. SQLite's drivers, and PostgreSQL's
 * with `parseInt8`, round integers beyond 2^53.
 *
 * @param name the escaped column name, with its qualifier if needed
 */
export function losslessColumnSql(column: ColumnMetadata, name: string, { driver }: DataSource): string {
  if (!WHOLE_NUMBER.test(driver.normalizeType(column))) return name;
  return `CAST(${name} AS ${['mysql', 'mariadb'].includes(driver.options.type) ? 'CHAR' : 'TEXT'})`;
}
