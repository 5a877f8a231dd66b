import type { DataSource, QueryRunner } from 'typeorm';
import type { SqlDialect } from '../sql/tokenizer.js';

/** A kind of write. */
export type WriteKind = 'insert' | 'update' | 'delete';

/**
 * Finds what runs after the rows are stored, or for named columns only, and rules. The first may change a row after
 * RETURNING has read it; the second run for a column that the statement sets to the value it has. A trigger before each
 * inserted row may store it elsewhere, or nowhere, so that RETURNING does not tell whether it is stored.
 */
const QUERY = `
  SELECT own.tgtype & 2 = 0 OR own.tgattr::text <> '' AS hides, own.tgtype & 7 = 7 AS diverts FROM pg_catalog.pg_trigger AS own
  WHERE own.tgrelid = to_regclass($1) AND NOT own.tgisinternal
  UNION ALL
  SELECT true AS hides, true AS diverts FROM pg_catalog.pg_rewrite AS own WHERE own.ev_class = to_regclass($1)`;

/** What a trigger or rule does to what RETURNING shows. */
interface Trigger {
  readonly hides: boolean;
  readonly diverts: boolean;
}

/**
 * Reads from PostgreSQL's catalogue, once for each table, whether RETURNING shows a written row as it is stored. MySQL
 * and MariaDB let no trigger write to the table that its statement writes.
 */
export class TriggerCatalog {
  private readonly tables = new Map<string, Promise<ReadonlySet<WriteKind>>>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly dialect: SqlDialect,
  ) {}

  /**
   * Returns whether RETURNING shows a row of a table as it is stored.
   *
   * @param table its escaped path
   * @param kind the kind of write
   * @param transaction the query runner of the open transaction, whose connection is used
   * @returns false also if the catalogue cannot be read now
   */
  async showsStoredRows(table: string, kind: WriteKind, transaction: QueryRunner | undefined): Promise<boolean> {
    if (this.dialect !== 'postgres') return true;
    let kinds = this.tables.get(table);
    if (kinds === undefined) {
      kinds = this.read(table, transaction).catch(() => {
        // An outage: the next write reads again.
        this.tables.delete(table);
        return NONE;
      });
      this.tables.set(table, kinds);
    }
    return (await kinds).has(kind);
  }

  /** Returns the kinds of writes whose rows are stored as RETURNING shows them. */
  private async read(table: string, transaction: QueryRunner | undefined): Promise<ReadonlySet<WriteKind>> {
    // To wait for another connection while holding one could wait for ever.
    const runner = transaction ?? this.dataSource.driver.createQueryRunner('master');
    try {
      // As raw SQL, which is verified to name no table of a tenant.
      const triggers = (await runner.query(QUERY, [table])) as readonly Trigger[];
      if (triggers.some(({ hides }) => hides)) return NONE;
      return new Set(triggers.some(({ diverts }) => diverts) ? ['update', 'delete'] : ['insert', 'update', 'delete']);
    } finally {
      if (runner !== transaction) await runner.release();
    }
  }
}

const NONE: ReadonlySet<WriteKind> = new Set();
