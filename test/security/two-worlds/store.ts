import { createConnection } from 'mysql2/promise';
import type { ConnectionOptions } from 'mysql2/promise';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { escapePath, foreignKeySwitch, tablesOf } from '../../support/empty-tables.js';

export type StoredRow = Readonly<Record<string, unknown>>;

/** A connection of the test's own to a database: neither TypeORM nor the library sees what it sends. */
export interface Store {
  /** Sends several statements at once, and gives the rows of each. */
  send(statements: readonly string[]): Promise<readonly (readonly StoredRow[])[]>;
  close(): Promise<void>;
}

/** Opens a connection to the database of a DataSource; for SQLite in memory it is the DataSource's own. */
export async function openStore(dataSource: DataSource): Promise<Store> {
  const { options } = dataSource;
  if (options.type === 'postgres') return openPostgres((options as { url: string }).url);
  return options.type === 'mariadb' ? openMariadb(dataSource) : openSqlite(dataSource);
}

/** Opens a connection to a PostgreSQL database that no DataSource is connected to yet. */
export async function openPostgres(url: string): Promise<Store> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  return {
    async send(statements) {
      if (statements.length === 0) return [];
      const results = (await client.query(statements.join(';\n'))) as unknown as
        { rows: StoredRow[] } | { rows: StoredRow[] }[];
      return [results].flat().map(({ rows }) => rows);
    },
    close: () => client.end(),
  };
}

async function openMariadb({ options }: DataSource): Promise<Store> {
  const { host, port, socketPath, username, password, database, charset } = options as ConnectionOptions & {
    readonly username: string;
  };
  const connection = await createConnection({
    ...{ host, port, socketPath, user: username, password, database, charset },
    multipleStatements: true,
    // Else two numbers of 64 bits may be one.
    supportBigNumbers: true,
    bigNumberStrings: true,
  });
  return {
    async send(statements) {
      if (statements.length === 0) return [];
      const [results] = await connection.query(statements.join(';\n'));
      return (statements.length === 1 ? [results] : results) as StoredRow[][];
    },
    close: () => connection.end(),
  };
}

/** What sql.js gives for one statement. */
interface SqliteResult {
  readonly columns: readonly string[];
  readonly values: readonly (readonly unknown[])[];
}

function openSqlite({ driver }: DataSource): Store {
  const { databaseConnection } = driver as unknown as {
    databaseConnection: { exec(sql: string): SqliteResult[] };
  };
  return {
    send: (statements) =>
      Promise.resolve(
        statements.map((sql) =>
          databaseConnection
            .exec(sql)
            .flatMap(({ columns, values }) =>
              values.map((row): StoredRow => Object.fromEntries(columns.map((name, i) => [name, row[i]]))),
            ),
        ),
      ),
    close: () => Promise.resolve(),
  };
}

/** Sends statements with foreign keys switched off. */
export async function sendUnchecked(
  dataSource: DataSource,
  store: Store,
  statements: readonly string[],
): Promise<void> {
  const [off, on] = foreignKeySwitch(dataSource);
  await store.send([off, ...statements, on]);
}

/** All rows, by the path of their table. */
export async function readRows(dataSource: DataSource, store: Store): Promise<Map<string, readonly StoredRow[]>> {
  const paths = tablesOf(dataSource).map(({ tablePath }) => tablePath);
  const results = await store.send(paths.map((path) => `SELECT * FROM ${escapePath(dataSource, path)}`));
  return new Map(paths.map((path, i) => [path, results[i] ?? []]));
}

/** The next generated key of each table, or what counts it. */
export async function readCounters(dataSource: DataSource, store: Store): Promise<Map<string, number>> {
  const queries = {
    postgres: `SELECT format('%I.%I', schemaname, sequencename) AS name, coalesce(last_value, 0) AS last FROM pg_sequences`,
    mariadb: `SELECT table_name AS name, auto_increment - 1 AS last FROM information_schema.tables
              WHERE table_schema = DATABASE() AND auto_increment IS NOT NULL`,
    sqljs: `SELECT name, seq AS last FROM sqlite_sequence`,
  };
  const type = dataSource.options.type as keyof typeof queries;
  if (type === 'sqljs') {
    const [tables] = await store.send([`SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'`]);
    if (tables.length === 0) return new Map();
  }
  const [rows] = await store.send([queries[type]]);
  return new Map(rows.map(({ name, last }) => [String(name), Number(last)]));
}

/** Sets counters, so that keys go on from there. */
export async function setCounters(
  dataSource: DataSource,
  store: Store,
  counters: ReadonlyMap<string, number>,
): Promise<void> {
  const { driver, options } = dataSource;
  await store.send(
    [...counters].map(([name, last]) => {
      if (options.type === 'postgres') return `SELECT setval('${name}', ${Math.max(last, 1)}, ${last > 0})`;
      if (options.type === 'mariadb') return `ALTER TABLE ${driver.escape(name)} AUTO_INCREMENT = ${last + 1}`;
      return `INSERT OR REPLACE INTO sqlite_sequence (rowid, name, seq) VALUES ((SELECT rowid FROM sqlite_sequence WHERE name = '${name}'), '${name}', ${last})`;
    }),
  );
}
