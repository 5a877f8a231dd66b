import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

/**
 * A random secret that stays the same between runs, so that tokens outlive a restart.
 *
 * @param {string} path where it is kept, readable by this user only
 * @returns {string}
 */
export function keptSecret(path) {
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, randomBytes(32).toString('base64url'), { mode: 0o600 });
  try {
    // Of two processes that start together one makes the file and both read it.
    linkSync(mine, path);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
  } finally {
    rmSync(mine, { force: true });
  }
  return readFileSync(path, 'utf8');
}
