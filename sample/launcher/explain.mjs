import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { LaunchError } from './launch-error.mjs';

/** SQLSTATE: five digits or capital letters. */
const SQLSTATE = /^[0-9A-Z]{5}$/;

/**
 * Says in one line what the user can do about an error of the file system or of the database.
 *
 * @param {any} error
 * @param {{ databaseUrl?: string }} settings whose database it is: the user's if there is an address
 * @returns {unknown} the error itself if it is about neither, and so a fault of the sample
 */
export function explain(error, { databaseUrl } = {}) {
  if (error instanceof LaunchError) return error;
  const message = aboutFile(error) ?? aboutDatabase(error?.driverError ?? error, databaseUrl);
  return message === undefined ? error : new LaunchError(message, { cause: error });
}

/** @param {NodeJS.ErrnoException} error */
function aboutFile({ code, path, syscall }) {
  if (path === undefined || syscall === 'connect') return undefined;
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return `There is no permission to write ${path}${ownerOf(path)}: start as its owner, or have another folder used: DATA_FOLDER=/tmp/support-desk npm start`;
    case 'EROFS':
      return `${path} is on a read-only file system. Have another folder used: DATA_FOLDER=/tmp/support-desk npm start`;
    case 'ENOSPC':
    case 'EDQUOT':
      return `There is no space left to write ${path}.`;
    case 'ENOTDIR':
    case 'EEXIST':
      return `${path} is in the way: it is a file, and a folder is needed there.`;
    default:
      return undefined;
  }
}

/** @param {string} path */
function ownerOf(path) {
  let folder = path;
  while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder);
  const { uid } = statSync(folder);
  return uid === process.getuid?.() ? '' : `, since ${folder} belongs to another user (uid ${uid})`;
}

/**
 * @param {{ code?: string, message?: string, table?: string }} error of the driver
 * @param {string | undefined} url
 */
function aboutDatabase({ code, message = '' }, url) {
  if (code === undefined || !SQLSTATE.test(code)) return undefined;
  const { name, user } = namesIn(url);
  switch (code) {
    case '42501':
      return `The user ${user} may not create tables in the database ${name} (${message}). As its owner run: GRANT ALL ON SCHEMA public TO ${user}; or set DATABASE_URL to another database.`;
    case '42P07':
    case '42710':
      return `The database ${name} has tables of something else (${message}): set DATABASE_URL to an empty database.`;
    case '25006':
      return `The database ${name} is read-only, as a replica is (${message}): set DATABASE_URL to its primary.`;
    default:
      return `The database ${name} cannot be used: ${message} (${code}).`;
  }
}

/** Without the password. @param {string | undefined} url */
function namesIn(url) {
  if (url === undefined) return { name: 'of the sample', user: 'of the sample' };
  const { pathname, username } = new URL(url);
  return { name: `"${decodeURIComponent(pathname.slice(1))}"`, user: `"${decodeURIComponent(username)}"` };
}
