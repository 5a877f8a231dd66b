// @ts-check
// A primary and a streaming standby that applies commits late, by the PostgreSQL binaries of the system.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const PROGRAMS = ['initdb', 'pg_basebackup', 'pg_ctl'];
/** Where Debian keeps the binaries of its releases. */
const DEBIAN = '/usr/lib/postgresql';

/** @typedef {{ bin: string, uid: number | undefined, gid: number | undefined }} Tools */
/** @typedef {{ primary: string, standby: string, stop: () => Promise<void> }} Cluster */

/** @returns {Tools | string} what keeps the cluster from being started, by name */
export function findTools() {
  const debian = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...debian.map((release) => join(DEBIAN, release, 'bin')),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ];
  const bin = folders.find((folder) => PROGRAMS.every((program) => existsSync(join(folder, program))));
  if (bin === undefined) return `${PROGRAMS.join(', ')} of PostgreSQL are not there (apt-get install postgresql)`;
  if (process.getuid?.() !== 0) return { bin, uid: undefined, gid: undefined };
  // PostgreSQL refuses to run as root.
  try {
    const id = (/** @type {string} */ flag) => Number(execFileSync('id', [flag, 'postgres'], { stdio: 'pipe' }));
    return { bin, uid: id('-u'), gid: id('-g') };
  } catch {
    return 'PostgreSQL does not run as root, and there is no user postgres';
  }
}

/**
 * @param {Tools} tools
 * @param {number} delay how much later than the primary the standby shows what was committed, in milliseconds
 * @returns {Promise<Cluster>}
 */
export async function startCluster({ bin, uid, gid }, delay) {
  const folder = await mkdtemp(join(tmpdir(), 'nestjs-muck-replica-'));
  if (uid !== undefined && gid !== undefined) await chown(folder, uid, gid);
  const [primaryPort, standbyPort] = [await freePort(), await freePort()];
  const [primary, standby] = [join(folder, 'primary'), join(folder, 'standby')];
  /** @type {string[]} */
  const started = [];

  /** @param {string} program @param {string[]} args */
  const run = (program, ...args) =>
    new Promise((resolve, reject) => {
      const identity = uid === undefined ? {} : { uid, gid };
      const child = spawn(join(bin, program), args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], ...identity });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
      child.on('error', reject);
      // Not `close`: the server that pg_ctl leaves behind may hold the pipes.
      child.on('exit', (code) =>
        code === 0 ? resolve(undefined) : reject(new Error(`${program}: exit ${code}\n${output}`)),
      );
    });
  /** @param {string} data @param {number} port @param {string[]} settings */
  const start = async (data, port, ...settings) => {
    const options = [
      `port=${port}`,
      'listen_addresses=127.0.0.1',
      `unix_socket_directories=${folder}`,
      'fsync=off',
      ...settings,
    ];
    await run(
      'pg_ctl',
      '-D',
      data,
      '-w',
      '-t',
      '60',
      '-l',
      `${data}.log`,
      '-o',
      options.map((one) => `-c ${one}`).join(' '),
      'start',
    );
    started.push(data);
  };
  const stop = async () => {
    for (const data of started.reverse()) await run('pg_ctl', '-D', data, '-w', '-m', 'immediate', 'stop');
    await rm(folder, { recursive: true, force: true });
  };

  try {
    await run('initdb', '-D', primary, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync');
    await start(primary, primaryPort, 'wal_level=replica', 'max_wal_senders=4');
    await mkdir(standby, { mode: 0o700 });
    if (uid !== undefined && gid !== undefined) await chown(standby, uid, gid);
    await run(
      'pg_basebackup',
      '-h',
      '127.0.0.1',
      '-p',
      String(primaryPort),
      '-U',
      'postgres',
      '-D',
      standby,
      '-R',
      '-X',
      'stream',
      '-c',
      'fast',
    );
    await start(standby, standbyPort, `recovery_min_apply_delay=${delay}ms`);
  } catch (error) {
    await stop();
    throw error;
  }
  const url = (/** @type {number} */ port) => `postgres://postgres@127.0.0.1:${port}/postgres`;
  return { primary: url(primaryPort), standby: url(standbyPort), stop };
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
