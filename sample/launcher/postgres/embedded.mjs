import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LaunchError } from '../launch-error.mjs';
import { takeLock } from '../lock.mjs';
import { DATA } from '../paths.mjs';
import { provideDatabase } from './application-database.mjs';
import { findBinaries } from './binaries.mjs';
import { createCluster } from './cluster.mjs';
import { Server } from './server.mjs';
import { requireReachable, systemUserFor } from './system-user.mjs';
import { watch } from './watch.mjs';

const CLUSTER = join(DATA, 'postgres');

/**
 * Reserves the data folder for this run: two servers on the same data would destroy it.
 *
 * @param {import('../run.mjs').Run} run
 * @throws {LaunchError} when another run has it
 */
export function reserveData(run) {
  const lock = takeLock(join(DATA, 'lock'));
  if ('heldBy' in lock) {
    throw new LaunchError(
      `The sample is running already (process ${lock.heldBy}). Stop that one first, or give this one a database of its own by DATABASE_URL.`,
    );
  }
  run.closeAtEnd('the lock', lock.release);
}

/**
 * Starts the PostgreSQL that npm has installed, on data that is kept from run to run.
 *
 * @param {import('../run.mjs').Run} run stops it at its end
 * @param {(line: string) => void} report
 * @returns {Promise<string>} the address of the application's database
 */
export async function startEmbeddedPostgres(run, report) {
  const binaries = await run.step(findBinaries);
  const user = systemUserFor(CLUSTER);
  if (user !== undefined) for (const path of [binaries.postgres, CLUSTER]) requireReachable(path);
  if (!existsSync(CLUSTER)) {
    report('Making a PostgreSQL data folder');
    await run.step(() => createCluster(CLUSTER, binaries, user));
  }
  const server = new Server(CLUSTER, binaries, user);
  run.closeAtEnd('PostgreSQL', () => server.stop());
  const port = await run.step(() => server.start());
  report(`PostgreSQL runs on port ${port}`);
  const url = await run.step(() => provideDatabase(CLUSTER, port));
  await watchServer(run, server, url);
  return url;
}

/**
 * The sample cannot go on without its database: it ends when the server does.
 *
 * @param {import('../run.mjs').Run} run
 * @param {Server} server
 * @param {string} url
 */
async function watchServer(run, server, url) {
  const isRunning = () => server.isRunning();
  const watched = await watch(url, isRunning, () => {
    run.fail(
      new LaunchError(`PostgreSQL has ended: ${server.lastWords()} (its log: ${server.log}). Start again: npm start`),
    );
  });
  run.closeAtEnd('the watch over PostgreSQL', watched.close);
}
