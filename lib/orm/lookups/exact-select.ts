import type { DataSource } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';

/** What the types of whole numbers end with, in all dialects. */
const WHOLE_NUMBER = /int(eger|[248])?$/i;

/**
 * A column as a statement selects it whose answer is compared: whole numbers as texts. A driver may read one beyond 2^53 as its neighbour, as
 * those of SQLite do, and that of PostgreSQL with `parseInt8`.
 *
 * @param name the column as it stands in the statement
 */
export function losslessColumnSql(column: ColumnMetadata, name: string, { driver }: DataSource): string {
  if (!WHOLE_NUMBER.test(driver.normalizeType(column))) return name;
  return `CAST(${name} AS ${['mysql', 'mariadb'].includes(driver.options.type) ? 'CHAR' : 'TEXT'})`;
}
