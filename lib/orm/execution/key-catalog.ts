import type { DataSource, QueryRunner } from 'typeorm';
import { BoundedCache } from '../../common/bounded-cache.js';
import type { PostgresDriver } from '../../common/peer-internals.js';
import type { SqlDialect } from '../sql/tokenizer.js';

/** A unique key or exclusion constraint, as an error of the database names it. */
export interface KeyName {
  readonly name: string;
  readonly table: string;
  /** On MySQL the database; undefined for the current one. */
  readonly schema: string | undefined;
}

/** A key as the database has it. */
export interface DatabaseKey {
  /** The table of the key; for the key of a partition, the partitioned table. */
  readonly table: string;
  readonly parts: readonly KeyPart[];
}

/** A part of a key: a column, an expression, or a column that the database computes. */
export interface KeyPart {
  readonly column: string | null;
  /** In the database's SQL. */
  readonly expression: string | null;
}

/** The parts of a key in their order, without the columns that INCLUDE or WHERE name. */
const QUERIES: Readonly<Record<SqlDialect, string>> = {
  // The key of a partition has a name of its own. Its columns are numbered from 0.
  postgres: `
    SELECT coalesce(parent.relname, own.relname) AS key_table, col.attname AS key_column,
           CASE WHEN col.attname IS NULL THEN pg_get_indexdef(key.indexrelid, part.number, true)
                WHEN col.attgenerated <> '' THEN pg_get_expr(computed.adbin, computed.adrelid) END AS expression
    FROM pg_catalog.pg_index AS key
    JOIN pg_catalog.pg_class AS named ON named.oid = key.indexrelid
    JOIN pg_catalog.pg_class AS own ON own.oid = key.indrelid
    JOIN pg_catalog.pg_namespace AS space ON space.oid = own.relnamespace
    LEFT JOIN pg_catalog.pg_class AS parent ON parent.oid = pg_partition_root(own.oid)
    CROSS JOIN generate_series(1, key.indnkeyatts) AS part(number)
    LEFT JOIN pg_catalog.pg_attribute AS col ON col.attrelid = own.oid AND col.attnum = key.indkey[part.number - 1]
    LEFT JOIN pg_catalog.pg_attrdef AS computed ON computed.adrelid = own.oid AND computed.adnum = col.attnum
    WHERE named.relname = $1 AND own.relname = $2 AND space.nspname = coalesce($3, current_schema())
    ORDER BY part.number`,
  mysql: `
    SELECT part.TABLE_NAME AS key_table, part.COLUMN_NAME AS key_column, col.GENERATION_EXPRESSION AS expression
    FROM information_schema.STATISTICS AS part
    LEFT JOIN information_schema.COLUMNS AS col ON col.TABLE_SCHEMA = part.TABLE_SCHEMA
      AND col.TABLE_NAME = part.TABLE_NAME AND col.COLUMN_NAME = part.COLUMN_NAME
    WHERE part.INDEX_NAME = ? AND part.TABLE_NAME = ? AND part.TABLE_SCHEMA = coalesce(?, DATABASE())
    ORDER BY part.SEQ_IN_INDEX`,
  // SQLite names the index only if it has an expression.
  sqlite: `
    SELECT tbl_name AS key_table, NULL AS key_column, substr(sql, instr(sql, '(')) AS expression
    FROM sqlite_master WHERE type = 'index' AND name = ? AND tbl_name = ?`,
};

/**
 * Reads the keys of a database that the entities do not declare under their names: of tables that TypeORM did not
 * create, and of partitions. Each key is read once. The catalogue has no rows of any tenant.
 */
export class KeyCatalog {
  private readonly keys = new BoundedCache<string, Promise<DatabaseKey | undefined> | undefined>(500);

  constructor(
    private readonly dataSource: DataSource,
    private readonly dialect: SqlDialect,
  ) {}

  /**
   * Returns a key.
   *
   * @param runner the query runner of the statement that violated the key
   * @returns undefined if there is no such key, or it cannot be read now
   */
  async find(wanted: KeyName, runner: QueryRunner | undefined): Promise<DatabaseKey | undefined> {
    const cacheKey = JSON.stringify([wanted.schema ?? null, wanted.table, wanted.name]);
    const known = this.keys.get(cacheKey);
    if (known !== undefined) return known;
    if (runner !== undefined && this.isAborted(runner) && !this.hasFreeConnection()) return undefined;
    const reading = this.read(wanted, runner).catch(() => {
      // A role without the privilege, or an outage: the next violation reads again.
      this.keys.set(cacheKey, undefined);
      return undefined;
    });
    this.keys.set(cacheKey, reading);
    return reading;
  }

  private async read(
    { name, table, schema }: KeyName,
    failed: QueryRunner | undefined,
  ): Promise<DatabaseKey | undefined> {
    const isUsable = failed !== undefined && !this.isAborted(failed);
    const runner = isUsable ? failed : this.dataSource.driver.createQueryRunner('master');
    try {
      const values = this.dialect === 'sqlite' ? [name, table] : [name, table, schema ?? null];
      // As raw SQL, which is verified to name no table of a tenant.
      return toKey((await runner.query(QUERIES[this.dialect], values)) as readonly CatalogRow[]);
    } finally {
      if (!isUsable) await runner.release();
    }
  }

  /** Checks whether the transaction of a failed statement accepts no other one. */
  private isAborted(runner: QueryRunner): boolean {
    return this.dialect === 'postgres' && runner.isTransactionActive;
  }

  /**
   * Checks whether the pool of PostgreSQL has a connection at once: to wait for one while holding another could wait
   * for ever.
   */
  private hasFreeConnection(): boolean {
    const { idleCount, totalCount, options } = (this.dataSource.driver as PostgresDriver).master as Pool;
    return idleCount > 0 || totalCount < options.max;
  }
}

/** The members of a `pg` pool that are read. */
interface Pool {
  readonly idleCount: number;
  readonly totalCount: number;
  readonly options: { readonly max: number };
}

/** A row of a catalogue: one part of a key. */
interface CatalogRow {
  readonly key_table: string;
  readonly key_column: string | null;
  readonly expression: string | null;
}

function toKey(rows: readonly CatalogRow[]): DatabaseKey | undefined {
  if (rows.length === 0) return undefined;
  return {
    table: rows[0].key_table,
    parts: rows.map(({ key_column: column, expression }) => ({ column, expression })),
  };
}
