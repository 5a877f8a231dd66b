import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A digest of files: of their names and what is in them. Times are not looked at, since a checkout or a copy sets them as it likes.
 *
 * @param {string[]} paths files, and folders with all that is in them; what is missing counts as missing
 * @returns {string}
 */
export function digestOf(paths) {
  const hash = createHash('sha256');
  for (const path of paths.flatMap(filesUnder)) {
    hash.update(`${path}\0`);
    hash.update(existsSync(path) ? createHash('sha256').update(readFileSync(path)).digest() : 'missing');
  }
  return hash.digest('hex');
}

/**
 * @param {string} path
 * @returns {string[]}
 */
function filesUnder(path) {
  if (!existsSync(path) || !statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesUnder(join(path, name)));
}
