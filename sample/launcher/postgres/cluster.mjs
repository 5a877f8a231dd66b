import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { LaunchError } from '../launch-error.mjs';
import { runCommand } from './command.mjs';

/** What every server of the sample is told. It listens to this computer only, and on no socket file. */
const SERVER_SETTINGS = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=50'];

/** UTF-8 whatever the terminal's language is, with upper and lower case for all alphabets. */
const ENCODING = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];

/** The owner of the cluster, who makes the application's role and database. */
export const SUPERUSER = 'postgres';

/** @param {string} cluster */
export const dataFolderOf = (cluster) => join(cluster, 'data');

/** @param {string} cluster */
export const logFileOf = (cluster) => join(cluster, 'server.log');

/** @param {string} cluster */
export const passwordOf = (cluster) => readFileSync(passwordFileOf(cluster), 'utf8').trim();

/** @param {string} cluster */
const passwordFileOf = (cluster) => join(cluster, 'password');

/**
 * Makes the cluster, all of it or nothing: it gets its name when it is complete, so that a start that was killed leaves no half of one.
 *
 * @param {string} cluster the folder to be made
 * @param {import('./binaries.mjs').Binaries} binaries
 * @param {import('./system-user.mjs').SystemUser | undefined} user
 * @throws {LaunchError}
 */
export async function createCluster(cluster, binaries, user) {
  removeUnfinished(cluster);
  const unfinished = `${cluster}.new-${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  writeFileSync(passwordFileOf(unfinished), randomBytes(24).toString('base64url'), { mode: 0o600 });
  if (user !== undefined) {
    for (const path of [unfinished, passwordFileOf(unfinished)]) chownSync(path, user.uid, user.gid);
    // What a folder allows already stays: it may be a shared one such as /tmp.
    for (const folder of [dirname(cluster), dirname(dirname(cluster))])
      chmodSync(folder, (statSync(folder).mode & 0o7777) | 0o055);
  }
  chmodSync(unfinished, 0o700);
  const { code, output } = await runCommand(
    binaries.initdb,
    [
      `--pgdata=${dataFolderOf(unfinished)}`,
      `--username=${SUPERUSER}`,
      '--auth=scram-sha-256',
      `--pwfile=${passwordFileOf(unfinished)}`,
      // Nothing is lost but time: what is not on the disk yet is made again.
      '--no-sync',
      ...ENCODING,
      ...SERVER_SETTINGS.map((setting) => `--set=${setting}`),
    ],
    user,
  );
  if (code !== 0) {
    rmSync(unfinished, { recursive: true, force: true });
    throw new LaunchError(`PostgreSQL could not make its data folder in ${dirname(cluster)}: ${complaintIn(output)}`);
  }
  renameSync(unfinished, cluster);
}

/** @param {string} cluster */
function removeUnfinished(cluster) {
  if (!existsSync(dirname(cluster))) return;
  for (const name of readdirSync(dirname(cluster))) {
    if (name.startsWith(`${basename(cluster)}.new-`))
      rmSync(join(dirname(cluster), name), { recursive: true, force: true });
  }
}

/**
 * What PostgreSQL's programs say is wrong, without the time and the process id before it.
 *
 * @param {string} output
 */
export function complaintIn(output) {
  const lines = output.split(/\r?\n/).filter((line) => line.trim() !== '');
  const complaint = lines.findLast((line) => /error|fatal|panic|could not/i.test(line)) ?? lines.at(-1);
  return complaint?.replace(/^.*?\b(?:ERROR|FATAL|PANIC): +/, '') ?? 'it did not say why';
}
