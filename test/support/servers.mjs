// @ts-check
import { randomBytes } from 'node:crypto';
import mysql from 'mysql2/promise';
import pg from 'pg';

/**
 * `postgres` is the embedded server and `sqljs` SQLite in memory: both are always there. `mariadb` and `postgres15`
 * (any PostgreSQL from 15 on) are servers of this machine, used where they can be reached.
 *
 * @typedef {'postgres' | 'sqljs' | 'mariadb' | 'postgres15'} DatabaseKind
 */

/**
 * What a run found out about its databases: made once, before the first test, and read by every worker.
 *
 * @typedef {object} Servers
 * @property {string} prefix every database that this run makes is named so
 * @property {Partial<Record<DatabaseKind, { url: string, name: string }>>} found
 * @property {Partial<Record<DatabaseKind, string>>} missing and why
 */

/** A server of this machine answers at once, unless every processor is busy. In milliseconds. */
const CONNECTION_LIMIT = 30_000;

/** Where to look for each kind, in this order. */
/** @type {Record<DatabaseKind, () => string[]>} */
const candidates = {
  postgres: () => [process.env.TEST_PG_URL ?? ''],
  sqljs: () => ['sqljs:'],
  mariadb: () =>
    process.env.TEST_MARIADB_URL
      ? [process.env.TEST_MARIADB_URL]
      : ['mariadb://root@127.0.0.1:3306', 'mariadb://root@localhost?socketPath=/run/mysqld/mysqld.sock'],
  postgres15: () => [process.env.TEST_PG15_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'],
};

const kinds = /** @type {DatabaseKind[]} */ (Object.keys(candidates));

/**
 * Looks for every kind of database, or for those alone that TEST_DATABASES names.
 *
 * @returns {Promise<Servers>}
 * @throws {Error} when `postgres`, or one that TEST_DATABASES names, cannot be reached
 */
export async function findServers() {
  /** @type {Servers} */
  const servers = { prefix: `muck_test_${randomBytes(4).toString('hex')}_`, found: {}, missing: {} };
  const required = requiredKinds();
  const always = isQuick() ? [] : [kinds[0]];
  for (const kind of required ? new Set([...required, ...always]) : kinds) {
    const reasons = [];
    for (const url of candidates[kind]()) {
      try {
        servers.found[kind] = { url, name: await nameOf(kind, url) };
        break;
      } catch (error) {
        reasons.push(reasonOf(error));
      }
    }
    if (servers.found[kind]) continue;
    const reason = [...new Set(reasons)].join('; ');
    if (required || kind === 'postgres') throw new Error(`The database "${kind}" is required: ${reason}`);
    servers.missing[kind] = reason;
  }
  return servers;
}

/** Whether the run does without the embedded server, which some files need whatever TEST_DATABASES names. */
export function isQuick() {
  return process.env.TEST_QUICK !== undefined;
}

/**
 * The kinds that TEST_DATABASES names, separated by commas; undefined when it is not set.
 *
 * @returns {DatabaseKind[] | undefined}
 */
export function requiredKinds() {
  if (!process.env.TEST_DATABASES) return undefined;
  return process.env.TEST_DATABASES.split(',').map((name) => {
    const kind = kinds.find((known) => known === name.trim());
    if (!kind) throw new Error(`TEST_DATABASES: "${name}" is none of ${kinds.join(', ')}`);
    return kind;
  });
}

/**
 * Drops what a test that died has left on a server that outlives the run.
 *
 * @param {Servers} servers
 */
export async function dropLeftovers({ prefix, found }) {
  for (const server of [found.postgres, found.postgres15]) {
    if (!server) continue;
    await withPostgres(server.url, async (client) => {
      const query = 'SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)';
      const { rows } = await client.query(query, [prefix]);
      for (const { name } of rows) await client.query(`DROP DATABASE "${name}" WITH (FORCE)`);
    });
  }
  if (found.mariadb) {
    await withMariadb(found.mariadb.url, async (connection) => {
      const query = 'SELECT schema_name AS name FROM information_schema.schemata WHERE left(schema_name, ?) = ?';
      const [rows] = await connection.query(query, [prefix.length, prefix]);
      for (const { name } of /** @type {{ name: string }[]} */ (rows)) await connection.query(`DROP DATABASE ${name}`);
    });
  }
}

/**
 * @template R
 * @param {string} url
 * @param {(client: pg.Client) => Promise<R>} use
 */
export async function withPostgres(url, use) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECTION_LIMIT });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/**
 * @template R
 * @param {string} url
 * @param {(connection: mysql.Connection) => Promise<R>} use
 */
export async function withMariadb(url, use) {
  const { username: user, ...options } = mariadbOptions(url);
  const connection = await mysql.createConnection({ ...options, user, connectTimeout: CONNECTION_LIMIT });
  try {
    return await use(connection);
  } finally {
    await connection.end();
  }
}

/**
 * The server that a `mariadb:` URL means, in TypeORM's words; `?socketPath=` names a socket instead of host and port.
 *
 * @param {string} url
 */
export function mariadbOptions(url) {
  const { hostname, port, username, password, searchParams } = new URL(url);
  const socketPath = searchParams.get('socketPath');
  return {
    ...(socketPath ? { socketPath } : { host: hostname, port: Number(port || 3306) }),
    username: decodeURIComponent(username),
    password: decodeURIComponent(password),
  };
}

/**
 * @param {DatabaseKind} kind
 * @param {string} url
 * @returns {Promise<string>} product and version, as the server itself says
 */
async function nameOf(kind, url) {
  if (kind === 'sqljs') return 'SQLite (sql.js)';
  if (kind === 'mariadb') {
    return withMariadb(url, async (connection) => {
      const [rows] = await connection.query('SELECT version() AS version');
      const [{ version }] = /** @type {[{ version: string }]} */ (rows);
      if (!version.includes('MariaDB')) throw new Error(`${url} is MySQL ${version}, not MariaDB`);
      return `MariaDB ${version.split('-')[0]}`;
    });
  }
  return withPostgres(url, async (client) => {
    const { rows } = await client.query(`SELECT current_setting('server_version') AS version`);
    const [version] = String(rows[0].version).split(' ');
    if (Number.parseInt(version ?? '') < 15) throw new Error(`PostgreSQL ${version} is older than 15`);
    return `PostgreSQL ${version}`;
  });
}

/**
 * @param {unknown} error
 * @returns {string}
 */
function reasonOf(error) {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}
