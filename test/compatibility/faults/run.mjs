// @ts-check
// Drives an application with several tenants while its database and its network fail, and verifies every write that was acknowledged.
// Prints one table, and fails if a write was lost or a row of another tenant was seen: `npm run test:faults`, or those whose name
// has a word in it: `-- killed`. FAULTS_LOG=1 shows what the application logs.
import { fork } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { compileApplication } from '../../support/compile-application.mjs';
import { startEmbeddedPostgres } from '../../support/embedded-postgres.mjs';
import { Load } from './load.mjs';
import { openNetwork } from './proxy.mjs';
import { SCENARIOS } from './scenarios.mjs';
import { verify } from './verify.mjs';

const ROOT = join(import.meta.dirname, '../../..');
const TENANTS = [1, 2, 3, 4];
const chosen = process.argv[2]?.toLowerCase() ?? '';
/** How long the load runs before a fault. */
const BEFORE = 800;
/** How long a recovery may take, in milliseconds. */
const RECOVERY = 20_000;

/** @typedef {{ port: number, process: import('node:child_process').ChildProcess, ended: Promise<number | null> }} Application */
/** @typedef {{ connections: number, memory: number }} Usage */
/**
 * @typedef {object} Outcome
 * @property {string} title
 * @property {string} adapter
 * @property {Load} load
 * @property {{ lost: string[], torn: string[], crossed: number }} found
 * @property {number | undefined} seconds
 * @property {Usage | undefined} before
 * @property {Usage | undefined} after
 */

const pause = (/** @type {number} */ milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// What is committed has to survive a crash of the server.
const server = await startEmbeddedPostgres({ synchronous_commit: 'on', deadlock_timeout: '100ms' });
const url = new URL(server.url);
const network = await openNetwork(Number(url.port));
const folder = await compileApplication(join(import.meta.dirname, 'application.ts'), 'faults');
const connect = async () => {
  const client = new pg.Client(server.url);
  // A server that is killed takes this connection with it.
  client.on('error', () => undefined);
  await client.connect();
  return client;
};
const stage = { server, network, connect };

/** @type {Outcome[]} */
const outcomes = [];
/** @type {string[]} */
const left = [];
try {
  for (const adapter of ['express', 'fastify']) {
    const application = await serve(adapter);
    try {
      // The library is the same below the adapters, so that most faults are tried with one of them.
      const scenarios = SCENARIOS.filter((_, index) => adapter === 'express' || index === 0);
      for (const scenario of scenarios) if (isChosen(scenario.title)) await attempt(scenario, adapter, application);
      if (isChosen('SIGTERM')) outcomes.push(await terminate(adapter, application));
    } finally {
      application.process.kill('SIGKILL');
    }
  }
} finally {
  network.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}
print();

/** @param {string} title */
function isChosen(title) {
  return title.toLowerCase().includes(chosen);
}

/** Compiles the application to JavaScript, as its own build would. */
/** @param {string} adapter @returns {Promise<Application>} */
async function serve(adapter) {
  const throughNetwork = new URL(url);
  throughNetwork.port = String(network.port);
  const child = fork(join(import.meta.dirname, 'serve.mjs'), [folder, adapter, throughNetwork.href], { cwd: ROOT });
  /** @type {Promise<number | null>} */
  const ended = new Promise((resolve) => child.once('exit', resolve));
  /** @type {number} */
  const port = await new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(Number(message)));
    void ended.then((code) => reject(new Error(`The application ended with ${code} before it listened.`)));
  });
  return { port, process: child, ended };
}

/** @param {import('./scenarios.mjs').Scenario} scenario @param {string} adapter @param {Application} application */
async function attempt({ title, contention = 'none', prepare, run }, adapter, application) {
  const undo = await prepare?.(stage);
  if (typeof undo === 'string') {
    left.push(`${title}: NOT RUN, since ${undo}`);
    return;
  }
  const load = new Load(application.port, TENANTS, contention);
  try {
    await load.start();
    await pause(BEFORE);
    const before = await usage(application);
    await run(stage);
    load.mark();
    const deadline = performance.now() + RECOVERY;
    while (load.recovery() === undefined && performance.now() < deadline) await pause(50);
    const seconds = load.recovery();
    await load.stop();
    const after = await usage(application);
    const client = await connect();
    const found = await verify(client, load);
    await client.end();
    outcomes.push({ title, adapter, load, found, seconds, before, after });
  } finally {
    await load.stop();
    await undo?.();
  }
}

/** @param {string} adapter @param {Application} application @returns {Promise<Outcome>} */
async function terminate(adapter, application) {
  const load = new Load(application.port, TENANTS, 'none');
  await load.start();
  await pause(BEFORE);
  const before = await usage(application);
  const began = performance.now();
  application.process.kill('SIGTERM');
  const code = await Promise.race([application.ended, pause(RECOVERY).then(() => undefined)]);
  const seconds = (performance.now() - began) / 1000;
  await load.stop();
  const client = await connect();
  const found = await verify(client, load);
  await client.end();
  return {
    title: 'SIGTERM',
    adapter,
    load,
    found,
    seconds: code === undefined ? undefined : seconds,
    before,
    after: undefined,
  };
}

/** @param {Application} application @returns {Promise<Usage>} */
async function usage({ port }) {
  const client = await connect();
  const { rows } = await client.query(
    "SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = 'faults'",
  );
  await client.end();
  const response = await fetch(`http://127.0.0.1:${port}/memory`);
  return { connections: rows[0].count, memory: Math.round(Number(await response.text()) / 2 ** 20) };
}

function print() {
  const rows = outcomes.map(({ title, adapter, load, found, seconds, before, after }) => ({
    fault: title,
    adapter,
    requests: String(load.sent),
    responses: [...load.statuses]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([status, count]) => `${status}: ${count}`)
      .join(', '),
    acknowledged: String(load.acknowledged),
    lost: String(found.lost.length),
    'half done': String(found.torn.length),
    'of others': String(found.crossed),
    seconds: seconds?.toFixed(1) ?? 'NEVER',
    connections: [before, after].map((one) => one?.connections ?? '-').join(' → '),
    MB: [before, after].map((one) => one?.memory ?? '-').join(' → '),
  }));
  const names = /** @type {(keyof typeof rows[number])[]} */ (Object.keys(rows[0]));
  const widths = names.map((name) => Math.max(name.length, ...rows.map((row) => row[name].length)));
  const line = (/** @type {string[]} */ cells) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i]))
      .join('  ')
      .trimEnd();
  console.log(`Faults under load: ${TENANTS.length} tenants, PostgreSQL`);
  console.log(line(names));
  for (const row of rows) console.log(line(names.map((name) => row[name])));
  for (const text of left) console.log(text);
  console.log(
    'responses by status, none: without a response; refused: there was no server; acknowledged: writes with a 2xx; lost: those that are not stored; half done: ' +
      'transactions of which a part is stored; of others: rows of another tenant, in responses and stored; seconds: until each tenant ' +
      'could read and write again, for SIGTERM until the process had ended; connections and memory of the application before and after',
  );
  const failed = outcomes.filter(
    ({ found, seconds, load }) =>
      found.lost.length + found.torn.length + found.crossed > 0 || seconds === undefined || load.statuses.has('500'),
  );
  for (const { title, adapter, found, seconds, load } of failed) {
    console.log(`\n${title}, ${adapter}`);
    if (seconds === undefined) console.log(`  no recovery within ${RECOVERY / 1000} s`);
    if (load.statuses.has('500')) console.log('  a fault that passes is a 503, not a 500');
    for (const text of [...found.lost, ...found.torn].slice(0, 20)) console.log(`  ${text}`);
  }
  const acknowledged = outcomes.reduce((sum, { load }) => sum + load.acknowledged, 0);
  const lost = outcomes.reduce((sum, { found }) => sum + found.lost.length + found.torn.length, 0);
  const crossed = outcomes.reduce((sum, { found }) => sum + found.crossed, 0);
  console.log(`\nfaults: ${acknowledged} writes acknowledged, ${lost} lost, ${crossed} rows of another tenant`);
  // Not exitCode: the embedded server's package ends the process with 0 in place of it.
  if (failed.length > 0) process.exit(1);
}
