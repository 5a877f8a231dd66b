import type { DataSource } from 'typeorm';
import { escapePath, foreignKeySwitch, tablesOf } from '../../support/empty-tables.js';
import { connectTo } from '../../support/own-connection.js';
import type { OwnConnection, StoredRow } from '../../support/own-connection.js';

/** Opens a connection to the database of a DataSource; for SQLite in memory it is the DataSource's own. */
export async function openStore(dataSource: DataSource): Promise<OwnConnection> {
  return dataSource.options.type === 'sqljs' ? openSqlite(dataSource) : connectTo(dataSource.options);
}

/** What sql.js gives for one statement. */
interface SqliteResult {
  readonly columns: readonly string[];
  readonly values: readonly (readonly unknown[])[];
}

function openSqlite({ driver }: DataSource): OwnConnection {
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
  store: OwnConnection,
  statements: readonly string[],
): Promise<void> {
  const [off, on] = foreignKeySwitch(dataSource);
  await store.send([off, ...statements, on]);
}

/** All rows, by the path of their table. */
export async function readRows(
  dataSource: DataSource,
  store: OwnConnection,
): Promise<Map<string, readonly StoredRow[]>> {
  const paths = tablesOf(dataSource).map(({ tablePath }) => tablePath);
  const results = await store.send(paths.map((path) => `SELECT * FROM ${escapePath(dataSource, path)}`));
  return new Map(paths.map((path, i) => [path, results[i] ?? []]));
}

/** The next generated key of each table, or what counts it. */
export async function readCounters(dataSource: DataSource, store: OwnConnection): Promise<Map<string, number>> {
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
  store: OwnConnection,
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
