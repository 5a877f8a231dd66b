// @ts-check
import { readFileSync } from 'node:fs';

/**
 * Reads the CPU time that the contestants' connections have cost the server. Every connection is a process of its own
 * there, and Linux counts their time in nanoseconds.
 *
 * @param {import('pg').Client} client its own connection is not counted
 * @returns {Promise<number | undefined>} seconds; undefined if the server is not on this machine, or this is not Linux
 */
export async function cpuOfConnections(client) {
  const { rows } = await client.query(
    'SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );
  try {
    const nanoseconds = rows.map(({ pid }) => Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]));
    return nanoseconds.reduce((sum, value) => sum + value, 0) / 1e9;
  } catch {
    return undefined;
  }
}
