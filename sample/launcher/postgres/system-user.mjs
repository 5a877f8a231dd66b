import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { LaunchError } from '../launch-error.mjs';

/**
 * Whom the server runs as. PostgreSQL refuses to run as root, so root (in a container, mostly) hands it to a user without powers.
 *
 * @typedef {object} SystemUser
 * @property {number} uid
 * @property {number} gid
 */

/** Asked in this order. The second one is on every Unix: no user has to be made. */
const UNPRIVILEGED = ['postgres', 'nobody'];

/**
 * @param {string} cluster the folder with the data; when it exists, its owner is the one
 * @returns {SystemUser | undefined} undefined: the user that runs this
 * @throws {LaunchError}
 */
export function systemUserFor(cluster) {
  const uid = process.getuid?.();
  const owner = existsSync(cluster) ? statSync(cluster) : undefined;
  if (uid === undefined) return undefined;
  if (uid === 0)
    return owner !== undefined && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : unprivilegedUser();
  if (owner === undefined || owner.uid === uid) return undefined;
  throw new LaunchError(
    `The data in ${cluster} belongs to another user (uid ${owner.uid}): start as that one, or delete the folder to begin anew, or set DATABASE_URL.`,
  );
}

/** @returns {SystemUser} */
function unprivilegedUser() {
  for (const name of UNPRIVILEGED) {
    const [uid, gid] = ['-u', '-g'].map((flag) => spawnSync('id', [flag, name], { encoding: 'utf8' }));
    if (uid.status === 0 && gid.status === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  throw new LaunchError(
    'PostgreSQL does not run as root, and there is no user "postgres" or "nobody" to run it as: start as another user.',
  );
}

/**
 * Makes sure that the other user gets to a file: every folder on the way has to let strangers through.
 *
 * @param {string} path
 * @throws {LaunchError} naming the folder that does not
 */
export function requireReachable(path) {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const { mode } = statSync(folder);
    if ((mode & 0o001) === 0) {
      throw new LaunchError(
        `PostgreSQL does not run as root, and the user it runs as instead cannot enter ${folder}: run "chmod o+x ${folder}", or move the project, or set DATABASE_URL.`,
      );
    }
    if (folder === dirname(folder)) return;
  }
}
