import pg from 'pg';
import { passwordOf, SUPERUSER } from './cluster.mjs';

/** The application's role, and the database that it owns. It has no powers beyond that. */
const NAME = 'support_desk';

/**
 * Makes the application's role and database where they are missing.
 *
 * @param {string} cluster
 * @param {number} port
 * @returns {Promise<string>} the address to connect to
 */
export async function provideDatabase(cluster, port) {
  const password = passwordOf(cluster);
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: SUPERUSER,
    password,
    database: 'postgres',
    ssl: false,
  });
  await client.connect();
  try {
    if (!(await finds(client, 'SELECT 1 FROM pg_roles WHERE rolname = $1'))) {
      await client.query(`CREATE ROLE ${NAME} LOGIN PASSWORD ${client.escapeLiteral(password)}`);
    }
    if (!(await finds(client, 'SELECT 1 FROM pg_database WHERE datname = $1'))) {
      await client.query(`CREATE DATABASE ${NAME} OWNER ${NAME}`);
    }
  } finally {
    await client.end();
  }
  return `postgres://${NAME}:${password}@127.0.0.1:${port}/${NAME}?sslmode=disable`;
}

/**
 * @param {pg.Client} client
 * @param {string} query
 */
async function finds(client, query) {
  const { rowCount } = await client.query(query, [NAME]);
  return rowCount === 1;
}
