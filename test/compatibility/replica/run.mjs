// @ts-check
// Drives an application over a PostgreSQL primary and a streaming standby that is behind. Prints one table: where, what was tried,
// result. `npm run test:replica`
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTools, startCluster } from './cluster.mjs';

const ROOT = join(import.meta.dirname, '../../..');
/** Longer than any one test takes from its first write to its last read, and short enough to wait for. */
const DELAY = 4000;

/** @typedef {{ title: string, status: string, failureMessages: string[] }} Assertion */

const tools = findTools();
if (typeof tools === 'string') {
  console.log(`replica: NOT RUN, since ${tools}`);
} else {
  const cluster = await startCluster(tools, DELAY);
  const folder = await mkdtemp(join(tmpdir(), 'nestjs-muck-replica-results-'));
  const end = async () => {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void end().finally(() => process.exit(1)));
  try {
    const results = join(folder, 'results.json');
    const code = await jest(results, {
      REPLICA_PRIMARY: cluster.primary,
      REPLICA_STANDBY: cluster.standby,
      REPLICA_DELAY: String(DELAY),
    });
    print(JSON.parse(await readFile(results, 'utf8')).testResults);
    process.exitCode = code;
  } finally {
    await end();
  }
}

/** @param {string} results @param {Record<string, string>} env @returns {Promise<number>} */
function jest(results, env) {
  const args = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
  args.push(
    '--selectProjects',
    'databases',
    '--testMatch',
    '<rootDir>/test/compatibility/replica/*.suite.ts',
    '--reporters',
    'default',
    '--json',
    '--outputFile',
    results,
  );
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      env: { ...process.env, TEST_DATABASES: 'sqljs', ...env },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

/** @param {{ message: string, assertionResults: Assertion[] }[]} files */
function print(files) {
  for (const { message, assertionResults } of files) {
    if (assertionResults.length === 0) console.log(message);
    const width = Math.max(...assertionResults.map(({ title }) => title.length));
    console.log('PostgreSQL with a streaming standby');
    for (const { title, status } of assertionResults)
      console.log(`  ${title.padEnd(width)}  ${status === 'passed' ? 'ok' : 'FAILED'}`);
    const failed = assertionResults.filter(({ status }) => status !== 'passed');
    for (const { failureMessages } of failed) console.log(`\n${failureMessages.join('\n')}`);
    console.log(`\nreplica: ${assertionResults.length - failed.length} passed, ${failed.length} failed`);
  }
}
