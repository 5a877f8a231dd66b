// @ts-check
import { buildApplication } from './applications.mjs';
import { makeDataSet } from './database/data-set.mjs';
import { openServer } from './database/server.mjs';
import { startLoadGenerator } from './load/load-generator.mjs';
import { watchNoise } from './noise.mjs';

/**
 * What every part of the benchmark works with.
 *
 * @typedef {object} Context
 * @property {import('./options.mjs').Options} options
 * @property {ReadonlyMap<string, string>} folders of the compiled applications
 * @property {string} url of the database
 * @property {string} version of PostgreSQL
 * @property {import('pg').Client} client
 * @property {import('./database/data-set.mjs').DataSet} dataSet
 * @property {ReturnType<typeof startLoadGenerator>} load
 * @property {import('./noise.mjs').Noise} noise
 * @property {(line: string) => void} tell says how far the run is
 * @property {() => Promise<void>} close
 */

/**
 * Builds the applications that are needed, and opens the database with its rows.
 *
 * @param {import('./options.mjs').Options} options
 * @param {readonly string[]} applications
 * @returns {Promise<Context>}
 */
export async function openContext(options, applications) {
  const start = performance.now();
  const tell = (/** @type {string} */ line) =>
    console.error(`${((performance.now() - start) / 1000).toFixed(0).padStart(5)} s  ${line}`);
  /** @type {Map<string, string>} */
  const folders = new Map();
  for (const name of applications) {
    tell(`building ${name}`);
    folders.set(name, await buildApplication(name));
  }
  const { url, client, version, stop } = await openServer();
  try {
    tell(`rows: ${options.rows} of ${options.tenants} tenants`);
    const dataSet = await makeDataSet(client, options);
    const rest = { load: startLoadGenerator(), noise: watchNoise(), tell, close: stop };
    return { options, folders, url, version, client, dataSet, ...rest };
  } catch (error) {
    await stop();
    throw error;
  }
}
