import { randomBytes } from 'node:crypto';
import type { DataSourceOptions } from 'typeorm';
import {
  type DatabaseKind,
  mariadbOptions,
  requiredKinds,
  type Servers,
  withMariadb,
  withPostgres,
} from './servers.mjs';

export type { DatabaseKind } from './servers.mjs';

/** An empty database that no other test file sees. */
export interface TestDatabase {
  readonly kind: DatabaseKind;
  /** Spread these into a DataSource's options; entities and synchronize are the test's own. */
  readonly options: DataSourceOptions;
  /** Removes the database, after the application that used it has closed. */
  drop(): Promise<void>;
}

/**
 * The kinds of database that a promise must hold on: those that can be reached, or exactly those that the
 * environment variable TEST_DATABASES names.
 *
 * @example
 * describe.each(databasesToTest())('on %s', (kind) => { … });
 */
export function databasesToTest(): DatabaseKind[] {
  return requiredKinds() ?? (Object.keys(servers().found) as DatabaseKind[]);
}

/**
 * Makes a fresh database.
 *
 * @example
 * const database = await createDatabase();
 * TypeOrmModule.forRoot({ ...database.options, entities: [SupportTicket], synchronize: true });
 * afterAll(() => database.drop());
 */
export async function createDatabase(kind: DatabaseKind = 'postgres'): Promise<TestDatabase> {
  const { found, prefix } = servers();
  const url = found[kind]?.url;
  if (url === undefined)
    throw new Error(`The database "${kind}" was not found: ask databasesToTest() which ones were.`);
  const database = `${prefix}${randomBytes(4).toString('hex')}`;
  switch (kind) {
    case 'sqljs':
      return { kind, options: { type: 'sqljs' }, drop: () => Promise.resolve() };
    case 'postgres':
    case 'postgres15': {
      // FILE_COPY is quicker, but writes a checkpoint first: a server that syncs to a busy disk takes many seconds for it.
      const strategy = kind === 'postgres' ? 'FILE_COPY' : 'WAL_LOG';
      // template0 has no connections.
      await withPostgres(url, (client) =>
        client.query(`CREATE DATABASE ${database} TEMPLATE template0 STRATEGY ${strategy}`),
      );
      const own = new URL(url);
      own.pathname = `/${database}`;
      return {
        kind,
        options: { type: 'postgres', url: own.href },
        drop: async () => {
          await withPostgres(url, (client) => client.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`));
        },
      };
    }
    case 'mariadb':
      await withMariadb(url, (connection) => connection.query(`CREATE DATABASE ${database} CHARACTER SET utf8mb4`));
      return {
        kind,
        options: { type: 'mariadb', ...mariadbOptions(url), database, charset: 'utf8mb4' },
        drop: async () => {
          await withMariadb(url, (connection) => connection.query(`DROP DATABASE IF EXISTS ${database}`));
        },
      };
  }
}

function servers(): Servers {
  const found = process.env['TEST_SERVERS'];
  if (found === undefined) throw new Error('No database was prepared: run the tests with `npm test`.');
  return JSON.parse(found) as Servers;
}
