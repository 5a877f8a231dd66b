import pg from 'pg';
import { LaunchError } from './launch-error.mjs';

const TIMEOUT_MS = 10_000;

/**
 * Makes sure, before anything is built or started, that the database which the user named can be used.
 *
 * @param {string} url
 * @throws {LaunchError} with the reason, and without the password
 */
export async function requireDatabase(url) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: TIMEOUT_MS });
  try {
    await client.connect();
  } catch (error) {
    const { host, pathname } = new URL(url);
    throw new LaunchError(`The database at DATABASE_URL (${host}${pathname}) cannot be used: ${reasonOf(error)}`);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Connecting to a name with several addresses fails with one error for each, and no message of its own.
 *
 * @param {any} error
 * @returns {string}
 */
function reasonOf(error) {
  return error?.message || error?.errors?.map(reasonOf).join('; ') || String(error);
}
