import type { DataSource, QueryRunner } from 'typeorm';
import type { SqlDialect } from '../sql/tokenizer.js';

/**
 * Finds triggers that run after the rows are stored, or for named columns only, and rules. The first may change a row
 * after RETURNING has read it; the second run for a column that the statement sets to the value it has.
 */
const QUERY = `
  SELECT 1 AS found FROM pg_catalog.pg_trigger AS own
  WHERE own.tgrelid = to_regclass($1) AND NOT own.tgisinternal AND (own.tgtype & 2 = 0 OR own.tgattr::text <> '')
  UNION ALL
  SELECT 1 AS found FROM pg_catalog.pg_rewrite AS own WHERE own.ev_class = to_regclass($1)`;

/**
 * Reads from PostgreSQL's catalogue, once for each table, whether RETURNING shows a written row as it is stored. MySQL
 * and MariaDB let no trigger write to the table that its statement writes.
 */
export class TriggerCatalog {
  private readonly tables = new Map<string, Promise<boolean>>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly dialect: SqlDialect,
  ) {}

  /**
   * Returns whether RETURNING shows a row of a table as it is stored.
   *
   * @param table its escaped path
   * @param transaction the query runner of the open transaction, whose connection is used
   * @returns false also if the catalogue cannot be read now
   */
  showsStoredRows(table: string, transaction: QueryRunner | undefined): Promise<boolean> {
    if (this.dialect !== 'postgres') return Promise.resolve(true);
    let shows = this.tables.get(table);
    if (shows === undefined) {
      shows = this.read(table, transaction).catch(() => {
        // An outage: the next write reads again.
        this.tables.delete(table);
        return false;
      });
      this.tables.set(table, shows);
    }
    return shows;
  }

  private async read(table: string, transaction: QueryRunner | undefined): Promise<boolean> {
    // To wait for another connection while holding one could wait for ever.
    const runner = transaction ?? this.dataSource.driver.createQueryRunner('master');
    try {
      // As raw SQL, which is verified to name no table of a tenant.
      return ((await runner.query(QUERY, [table])) as readonly unknown[]).length === 0;
    } finally {
      if (runner !== transaction) await runner.release();
    }
  }
}
