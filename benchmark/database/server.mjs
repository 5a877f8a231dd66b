// @ts-check
import pg from 'pg';
import { startEmbeddedPostgres } from '../../test/support/embedded-postgres.mjs';

const DATABASE = 'muck_benchmark';

/**
 * @typedef {object} Server
 * @property {string} url of the benchmark's database
 * @property {pg.Client} client connected to it
 * @property {string} version
 * @property {() => Promise<void>} stop
 */

/**
 * Opens the benchmark's database on the server of DATABASE_URL, where it stays for the next run, or else on an embedded
 * one that lives as long as this run.
 *
 * @returns {Promise<Server>}
 */
export async function openServer() {
  const given = process.env['DATABASE_URL'];
  const { url, stop } = given === undefined ? await startEmbeddedPostgres() : { url: given, stop: async () => {} };
  try {
    await createDatabase(url);
    const own = new URL(url);
    own.pathname = `/${DATABASE}`;
    const client = new pg.Client({ connectionString: own.href });
    await client.connect();
    const { rows } = await client.query('SHOW server_version');
    return {
      url: own.href,
      client,
      version: String(rows[0].server_version).split(' ')[0],
      stop: async () => {
        await client.end();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @param {string} url */
async function createDatabase(url) {
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  try {
    const { rowCount } = await admin.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await admin.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await admin.end();
  }
}
