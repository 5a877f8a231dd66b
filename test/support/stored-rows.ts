import type { DataSource } from 'typeorm';
import { escapePath, foreignKeySwitch, tablesOf } from './empty-tables.js';
import { connectTo } from './own-connection.js';
import type { OwnConnection, StoredRow } from './own-connection.js';

export type { StoredRow } from './own-connection.js';

/**
 * The rows of a server's tables, read in one round trip and put back in one or two, over a connection that neither TypeORM nor the library knows.
 * The rows that are put back lie in temporary tables of this connection.
 *
 * @example
 * const rows = StoredRows.of(dataSource);
 * await rows?.keep();
 * // … a test writes …
 * await rows?.restore();
 */
export class StoredRows {
  private connection: OwnConnection | undefined;
  /** The statements that put the kept rows back; undefined while none are kept. */
  private restoring: readonly string[] | undefined;
  /** The next generated key of each table of MariaDB when the rows were kept. */
  private counters: ReadonlyMap<string, string> = new Map();

  private constructor(private readonly dataSource: DataSource) {}

  /** The rows of a server; undefined for SQLite in memory, which has one connection only. */
  static of(dataSource: DataSource): StoredRows | undefined {
    return dataSource.options.type === 'sqljs' ? undefined : new StoredRows(dataSource);
  }

  /**
   * The rows of each table, by the table's path.
   *
   * @throws what the database says when a table is gone
   */
  async read(): Promise<Map<string, StoredRow[]>> {
    const paths = tablesOf(this.dataSource).map(({ tablePath }) => tablePath);
    const results = await this.send(paths.map((path) => `SELECT * FROM ${escapePath(this.dataSource, path)}`));
    return new Map(paths.map((path, i) => [path, results[i]]));
  }

  /** Remembers the rows as they are now, and where the database's counters stand. */
  async keep(): Promise<void> {
    this.restoring = undefined;
    const { isPostgres } = this;
    const tables = [...(await this.storedColumns())].map(([path, columns], i) => {
      const names = columns.map((name) => this.dataSource.driver.escape(name)).join();
      return { path, names, kept: `kept_rows_${i}` };
    });
    await this.send(
      tables.flatMap(({ path, names, kept }) => [
        `DROP TABLE IF EXISTS ${isPostgres ? `pg_temp.${kept}` : kept}`,
        `CREATE TEMPORARY TABLE ${kept} AS SELECT ${names} FROM ${path}`,
      ]),
    );
    this.counters = isPostgres ? new Map() : await this.countersOfMariadb();
    const [off, on] = foreignKeySwitch(this.dataSource);
    this.restoring = [
      off,
      'BEGIN',
      ...tables.map(({ path }) => `DELETE FROM ${path}`),
      ...tables.map(({ path, names, kept }) => {
        const overriding = isPostgres ? 'OVERRIDING SYSTEM VALUE ' : '';
        return `INSERT INTO ${path} (${names}) ${overriding}SELECT ${names} FROM ${kept}`;
      }),
      ...(isPostgres ? await this.countersOfPostgres() : []),
      'COMMIT',
      on,
    ];
  }

  /**
   * Puts the kept rows back.
   *
   * @returns false when none are kept, or when they do not fit the tables any more
   */
  async restore(): Promise<boolean> {
    if (this.restoring === undefined) return false;
    try {
      await this.send(this.restoring);
      if (!this.isPostgres) await this.restoreCountersOfMariadb();
      return true;
    } catch {
      // A table is gone, or the connection: both take what was kept along.
      await this.close();
      return false;
    }
  }

  async close(): Promise<void> {
    const { connection } = this;
    this.connection = this.restoring = undefined;
    await connection?.close();
  }

  private get isPostgres(): boolean {
    return this.dataSource.options.type === 'postgres';
  }

  private async send(statements: readonly string[]): Promise<StoredRow[][]> {
    this.connection ??= await connectTo(this.dataSource.options);
    return this.connection.send(statements);
  }

  /** The columns of each table that take a value, by the table's escaped path. */
  private async storedColumns(): Promise<Map<string, string[]>> {
    const usual = this.isPostgres ? 'current_schema()' : 'DATABASE()';
    const isStored = this.isPostgres ? `is_generated = 'NEVER'` : `extra NOT LIKE '%GENERATED%'`;
    const [columns] = await this.send([
      `SELECT table_schema AS tableschema, table_schema = ${usual} AS isdefault, table_name AS tablename, column_name AS columnname
       FROM information_schema.columns WHERE ${isStored} ORDER BY ordinal_position`,
    ]);
    const stored = new Map<string, string[]>();
    for (const { tablePath } of tablesOf(this.dataSource)) {
      const parts = tablePath.split('.');
      const table = parts.pop();
      const schema = parts.pop();
      const own = columns.filter(
        ({ tableschema, isdefault, tablename }) =>
          tablename === table && (schema === undefined ? Boolean(isdefault) : tableschema === schema),
      );
      stored.set(
        escapePath(this.dataSource, tablePath),
        own.map(({ columnname }) => String(columnname)),
      );
    }
    return stored;
  }

  private async countersOfMariadb(): Promise<Map<string, string>> {
    const [tables] = await this.send([
      `SELECT table_name AS name, auto_increment AS next FROM information_schema.tables
       WHERE table_schema = DATABASE() AND auto_increment IS NOT NULL`,
    ]);
    return new Map(tables.map(({ name, next }) => [String(name), String(next)]));
  }

  /** Only where it moved: MariaDB makes a change of the schema of it. */
  private async restoreCountersOfMariadb(): Promise<void> {
    const now = await this.countersOfMariadb();
    const moved = [...this.counters].filter(([name, next]) => now.get(name) !== next);
    if (moved.length === 0) return;
    const { driver } = this.dataSource;
    await this.send(moved.map(([name, next]) => `ALTER TABLE ${driver.escape(name)} AUTO_INCREMENT = ${next}`));
  }

  private async countersOfPostgres(): Promise<string[]> {
    const [sequences] = await this.send([
      `SELECT format('%I.%I', schemaname, sequencename) AS name, last_value AS last, start_value AS first FROM pg_sequences`,
    ]);
    return sequences.map(
      ({ name, last, first }) => `SELECT setval('${String(name)}', ${String(last ?? first)}, ${String(last !== null)})`,
    );
  }
}
