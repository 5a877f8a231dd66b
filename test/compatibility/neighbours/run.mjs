// @ts-check
// Installs the packed library beside others that people use with TypeORM, and tries what each does for two tenants, all in one
// process. Prints one table: neighbour, what was tried, result. `npm run test:neighbours`, or with a part of a name: `-- cqrs`.
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../..');
const FILES = join(import.meta.dirname, 'files');
const POSTGRES = new URL(process.env['TEST_PG15_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres');
const REDIS = new URL(process.env['TEST_REDIS_URL'] ?? 'redis://127.0.0.1:6379');

/** @typedef {{ neighbour: string, attempt: string, error?: string }} Result */

/** @param {string[]} command @param {string} cwd @returns {Promise<string>} its output */
function execute([program, ...args], cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, CI: 'true', NODE_OPTIONS: '' } });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0
        ? resolve(output)
        : reject(new Error(`${program} ${args.slice(0, 3).join(' ')}: exit ${code}\n${output}`)),
    );
  });
}

/** @param {URL} url @returns {Promise<boolean>} */
function answers({ hostname, port }) {
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    const settle = (/** @type {boolean} */ found) => {
      socket.destroy();
      resolve(found);
    };
    socket.on('connect', () => settle(true));
    socket.on('error', () => settle(false));
  });
}

/** @param {Result[]} results */
function print(results) {
  const width = Math.max(...results.map(({ attempt }) => attempt.length));
  for (const neighbour of new Set(results.map((result) => result.neighbour))) {
    console.log(`\n${neighbour}`);
    for (const { attempt, error } of results.filter((result) => result.neighbour === neighbour)) {
      console.log(`  ${attempt.padEnd(width)}  ${error === undefined ? 'ok' : 'FAILED'}`);
      if (error !== undefined) console.log(error.replace(/^/gm, '      '));
    }
  }
}

const missing = [];
if (!(await answers(POSTGRES))) missing.push(`PostgreSQL at ${POSTGRES.host}`);
if (!(await answers(REDIS))) missing.push(`Redis at ${REDIS.host}`);
if (missing.length > 0) {
  console.log(`neighbours: NOT RUN, since there is no ${missing.join(', and no ')}`);
} else {
  const folder = await mkdtemp(join(tmpdir(), 'nestjs-muck-neighbours-'));
  try {
    await cp(FILES, folder, { recursive: true, filter: (path) => !path.includes('node_modules') });
    await execute(['npm', 'pack', '--pack-destination', folder, '--loglevel=error'], ROOT);
    const tarball = (await readdir(folder)).find((file) => file.endsWith('.tgz'));
    if (tarball === undefined) throw new Error('npm pack wrote no tarball');
    const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts', '--loglevel=error'];
    await execute(['npm', 'ci', ...quiet], folder);
    await execute(['npm', 'install', '--no-save', '--no-package-lock', ...quiet, `./${tarball}`], folder);
    await execute(['npx', '--no-install', 'tsc'], folder);
    const output = await execute([process.execPath, 'dist/main.js', ...process.argv.slice(2)], folder);
    const lines = output.split('\n').filter((line) => line.startsWith('RESULT '));
    /** @type {Result[]} */
    const results = lines.map((line) => JSON.parse(line.slice('RESULT '.length)));
    print(results);
    const failed = results.filter(({ error }) => error !== undefined).length;
    console.log(`\nneighbours: ${results.length - failed} passed, ${failed} failed`);
    if (failed > 0 || results.length === 0) process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
