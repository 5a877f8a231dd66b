import { createConnection } from 'mysql2/promise';
import type { ConnectionOptions } from 'mysql2/promise';
import pg from 'pg';
import type { DataSourceOptions } from 'typeorm';

/** A row as the driver gives it. */
export type StoredRow = Readonly<Record<string, unknown>>;

/** A connection of the test's own to a server's database: neither TypeORM nor the library sees what it sends. */
export interface OwnConnection {
  /** Sends several statements at once, and gives the rows of each. */
  send(statements: readonly string[]): Promise<StoredRow[][]>;
  close(): Promise<void>;
}

/** @param options of a DataSource for PostgreSQL or MariaDB */
export function connectTo(options: DataSourceOptions): Promise<OwnConnection> {
  return options.type === 'postgres' ? connectToPostgres(options as { url: string }) : connectToMariadb(options);
}

async function connectToPostgres({ url }: { readonly url: string }): Promise<OwnConnection> {
  const client = new pg.Client({ connectionString: url });
  // A test may end every connection of the server.
  client.on('error', () => undefined);
  await client.connect();
  return {
    async send(statements) {
      const results = (await client.query(statements.join(';\n'))) as unknown as
        { rows: StoredRow[] } | { rows: StoredRow[] }[];
      return [results].flat().map(({ rows }) => rows);
    },
    close: () => client.end(),
  };
}

async function connectToMariadb(options: DataSourceOptions): Promise<OwnConnection> {
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
