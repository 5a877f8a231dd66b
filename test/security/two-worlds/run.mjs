// @ts-check
// Looks for crossings between tenants in generated models: see CONTRIBUTING.md.
//   npm run test:worlds -- --requests=100000 --models=500 --database=postgres,mariadb,sqljs --seed=7
//   npm run test:worlds -- --faults                            each check of the library removed in turn: found?
//   TEST_ROW_SECURITY=on npm run test:worlds -- --faults       the same, once more behind row-level security: stopped?
import { fork } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startEmbeddedPostgres } from '../../support/embedded-postgres.mjs';
import { dropLeftovers, findServers } from '../../support/servers.mjs';
import { FAULTS } from './faults.mjs';
import { KNOWN_FEATURES } from './known-features.mjs';
import { NOT_CALLED, ormMethods } from './orm-methods.mjs';

/** @typedef {import('./task.js').Outcome} Outcome */
/** @typedef {import('./model.js').Engine} Engine */
/** @typedef {import('./model.js').ScopeKind} ScopeKind */

const ROOT = resolve(import.meta.dirname, '../../..');
const SCOPES = /** @type {const} */ (['number', 'text', 'pair', 'uuid', 'bigint']);
/** How many models a process tries before another one takes over: what it has loaded it keeps. */
const CHUNK = ['compared', 'alone'].includes(process.env.TEST_ROW_SECURITY ?? '') ? 1 : 10;

const { values: options } = parseArgs({
  options: {
    requests: { type: 'string', default: '4000' },
    calls: { type: 'string' },
    models: { type: 'string', default: '60' },
    database: { type: 'string', default: 'postgres,mariadb,sqljs' },
    seed: { type: 'string', default: '1' },
    scope: { type: 'string' },
    library: { type: 'string', default: ROOT },
    fault: { type: 'string' },
    faults: { type: 'boolean', default: false },
    until: { type: 'string' },
    'only-crossings': { type: 'boolean', default: false },
    'no-shrinking': { type: 'boolean', default: false },
    complete: { type: 'boolean', default: false },
  },
});
const wanted = {
  requests: Number(options.requests),
  calls: Number(options.calls ?? Math.ceil(Number(options.requests) / 5)),
  models: Number(options.models),
};
const seed = options.seed === 'fresh' ? Date.now() % 1_000_000_000 : Number(options.seed);
const faults = options.faults ? FAULTS : FAULTS.filter(({ name }) => name === options.fault);
if (options.fault !== undefined && faults.length === 0)
  throw new Error(`--fault is none of: ${FAULTS.map(({ name }) => name).join('; ')}`);

const embedded = process.env.TEST_SERVERS || process.env.TEST_PG_URL ? undefined : await startEmbeddedPostgres();
if (embedded) process.env.TEST_PG_URL = embedded.url;
const given = process.env.TEST_SERVERS;
const servers = given ? JSON.parse(given) : await findServers();
process.env.TEST_SERVERS = JSON.stringify(servers);

let isGood = true;
/** @type {string[]} */
const missed = [];
/** How many models the last run has tried. */
let tried = 0;
/** What took part on any of the databases. @type {{ methods: Set<string>, features: Set<string> }} */
const took = { methods: new Set(), features: new Set() };
try {
  const engines = /** @type {Engine[]} */ (options.database.split(','));
  if (faults.length === 0) for (const engine of engines) isGood = (await tryOn(engine)) && isGood;
  if (options.complete) isGood = tellIdle() && isGood;
  const isSecured = process.env.TEST_ROW_SECURITY === 'on';
  for (const fault of faults)
    isGood = (await (isSecured ? tryBehindPolicies(fault) : tryOn(fault.engine ?? engines[0], fault))) && isGood;
  if (faults.length > 0 && !isSecured)
    console.log(
      `\n${missed.length === 0 ? 'Each of' : 'MISSED: ' + missed.join('; ') + ', of'} ${faults.length} faults was found`,
    );
} finally {
  if (!given) await dropLeftovers(servers);
  await embedded?.stop();
}
process.exitCode = isGood ? 0 : 1;

/** @param {Engine} engine @param {import('./faults.mjs').Fault} [fault] @returns {Promise<boolean>} */
async function tryOn(engine, fault) {
  if (servers.found[engine] === undefined) {
    console.log(`\n${engine}: NOT RUN: ${servers.missing[engine] ?? 'it was not looked for'}`);
    return false;
  }
  const isClean = await runOn(engine, fault);
  if (fault === undefined) return isClean;
  if (isClean) missed.push(fault.name);
  return !isClean;
}

/**
 * Looks for a fault without row-level security until it is found, and again with it, in at least as many models.
 *
 * @param {import('./faults.mjs').Fault} fault
 * @returns {Promise<boolean>} whether row-level security stops it, or it is known what else does
 */
async function tryBehindPolicies(fault) {
  const { name, engine = 'postgres', behindPolicies } = fault;
  if (engine !== 'postgres') {
    console.log(`\n"${name}" is a fault on ${engine} alone, which has no row-level security`);
    return true;
  }
  process.env.TEST_ROW_SECURITY = 'off';
  const isMissed = await runOn(engine, fault);
  process.env.TEST_ROW_SECURITY = 'on';
  if (isMissed) return false;
  const isStopped = await runOn(engine, fault, tried);
  console.log(
    isStopped
      ? '  STOPPED by row-level security'
      : `  not stopped by row-level security, but by: ${behindPolicies ?? 'NOTHING THAT IS KNOWN'}`,
  );
  return isStopped || behindPolicies !== undefined;
}

/**
 * Tries models until enough was done, or a fault is found that was put in.
 *
 * @param {Engine} engine
 * @param {import('./faults.mjs').Fault} [fault]
 * @param {number} [models] how many models to try, whatever was done in them
 * @returns {Promise<boolean>} whether nothing was found, and all took part that should
 */
async function runOn(engine, fault, models) {
  const sums = { requests: 0, calls: 0, accepted: 0, refused: 0 };
  const features = new Map();
  const methods = new Map();
  const statuses = new Map();
  const refusals = new Map();
  /** @type {Outcome[]} */
  const found = [];
  // A complete run is longest on PostgreSQL, which has the most column types and statements.
  const share = options.complete && engine !== 'postgres' ? 0.2 : 1;
  const amount = {
    requests: Math.ceil(wanted.requests / wanted.models),
    calls: Math.ceil(wanted.calls / wanted.models),
    onlyCrossings: options['only-crossings'],
  };
  const start = performance.now();
  let nextSeed = seed;
  let chunk = 0;
  let told = start;
  const hooks = {
    root: ROOT,
    library: resolve(options.library),
    compiled: join(ROOT, 'node_modules/.cache/two-worlds'),
    changes: fault?.changes ?? [],
  };
  const limit = fault ? 1 : Number(options.until ?? Infinity);
  const isEnough = () =>
    (models !== undefined && sums.accepted >= models) ||
    (models === undefined &&
      sums.accepted >= wanted.models * share &&
      sums.requests >= wanted.requests * share &&
      sums.calls >= wanted.calls * share) ||
    found.length >= limit;

  /** @param {Outcome} outcome @param {ScopeKind} scope */
  const take = (outcome, scope) => {
    sums.requests += outcome.requests;
    sums.calls += outcome.calls;
    for (const feature of outcome.features) add(features, feature, 1);
    for (const [method, count] of Object.entries(outcome.methods)) add(methods, method, count);
    for (const [status, count] of Object.entries(outcome.statuses)) add(statuses, status, count);
    if (outcome.refusal !== undefined) {
      sums.refused += 1;
      add(refusals, reasonOf(outcome.refusal), 1);
    } else sums.accepted += 1;
    // What a run itself does wrong finds no fault.
    const counts = fault === undefined || outcome.finding?.kind !== 'error of the run';
    if (outcome.finding !== undefined && counts && found.length < limit) {
      found.push(outcome);
      void report(engine, scope, outcome);
    }
    if (performance.now() - told > 30_000) {
      told = performance.now();
      const minutes = ((told - start) / 60_000).toFixed(1);
      console.log(`  ${minutes} min: ${sums.accepted} models, ${sums.requests} requests, ${sums.calls} calls`);
    }
  };
  const work = async () => {
    while (!isEnough()) {
      const scope = /** @type {ScopeKind} */ (fault?.scope ?? options.scope ?? SCOPES[chunk++ % SCOPES.length]);
      const seeds = Array.from({ length: CHUNK }, () => nextSeed++);
      await inProcess(
        { engine, scope, seeds, amount, shrinks: !options['no-shrinking'], hooks, stopsAtFirst: fault !== undefined },
        take,
      );
    }
  };
  const mode = process.env.TEST_ROW_SECURITY ?? 'off';
  const policies = mode === 'off' ? '' : `, row-level security ${mode}`;
  console.log(
    `\nTwo worlds on ${engine}${policies}, from seed ${seed}${fault ? `, with the fault "${fault.name}"` : ''}`,
  );
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, work));
  tried = sums.accepted;
  return fault === undefined ? summary() : foundFault();

  function foundFault() {
    const after = `${sums.requests} requests and ${sums.calls} calls over ${sums.accepted} models`;
    console.log(`  ${found.length > 0 ? 'found' : 'NOT FOUND'} after ${after} (refused: ${sums.refused})`);
    if (found.length === 0) for (const [reason, count] of sorted(refusals)) console.log(`    ${count} × ${reason}`);
    return found.length === 0;
  }

  function summary() {
    const minutes = ((performance.now() - start) / 60_000).toFixed(1);
    const share = Math.round((100 * sums.accepted) / (sums.accepted + sums.refused));
    console.log(
      `  ${sums.requests} requests and ${sums.calls} calls over ${sums.accepted} models in ${minutes} minutes`,
    );
    console.log(`  ${share} % of the models start; refused: ${sums.refused}`);
    for (const [reason, count] of sorted(refusals)) console.log(`    ${count} × ${reason}`);
    console.log(
      `  answers: ${[...statuses]
        .sort()
        .map(([status, count]) => `${status} × ${count}`)
        .join(', ')}`,
    );
    console.log(
      `  what took part: ${sorted(features)
        .map(([name, count]) => `${name} ${count}`)
        .join(', ')}`,
    );
    for (const name of methods.keys()) took.methods.add(name);
    for (const name of features.keys()) took.features.add(name);
    const idle = idleMethods(new Set(methods.keys()));
    const wrong = Object.keys(NOT_CALLED).filter((name) => !ormMethods().includes(name));
    console.log(
      `  methods called: ${ormMethods().length - idle.length - Object.keys(NOT_CALLED).length} of ${ormMethods().length}`,
    );
    for (const [name, why] of Object.entries(NOT_CALLED)) console.log(`    not called: ${name}: ${why}`);
    if (idle.length > 0) console.log(`  not called on ${engine}: ${idle.join(', ')}`);
    if (wrong.length > 0) console.log(`  NO METHODS OF TYPEORM: ${wrong.join(', ')}`);
    console.log(`  found: ${found.length}`);
    return found.length === 0 && wrong.length === 0 && share >= 60;
  }
}

/**
 * Says which methods and features took part on none of the databases.
 *
 * @returns {boolean} whether there is none
 */
function tellIdle() {
  const methods = idleMethods(took.methods);
  const features = KNOWN_FEATURES.filter((name) => !took.features.has(name));
  const unknown = [...took.features].filter((name) => !KNOWN_FEATURES.includes(name));
  if (methods.length > 0) console.log(`\nNEVER CALLED: ${methods.join(', ')}`);
  if (features.length > 0) console.log(`\nNEVER TOOK PART: ${features.join('; ')}`);
  if (unknown.length > 0) console.log(`\nTO BE LISTED in known-features.mjs: ${unknown.join('; ')}`);
  const isComplete = methods.length + features.length + unknown.length === 0;
  if (isComplete) console.log(`\nEach of ${KNOWN_FEATURES.length} features and of TypeORM's methods took part`);
  return isComplete;
}

/** @param {ReadonlySet<string>} called @returns {string[]} the methods of TypeORM that a run should call, and that were not called */
function idleMethods(called) {
  return ormMethods().filter((name) => !called.has(name) && !Object.hasOwn(NOT_CALLED, name));
}

/**
 * @param {import('./task.js').Task & { hooks: object }} task
 * @param {(outcome: Outcome, scope: ScopeKind) => void} take
 * @returns {Promise<void>}
 */
function inProcess(task, take) {
  return new Promise((done) => {
    const child = fork(join(import.meta.dirname, 'process.mjs'), {
      execArgv: ['--disable-warning=ExperimentalWarning', '--max-old-space-size=1500'],
    });
    const left = new Set(task.seeds);
    child.on('message', (message) => {
      const outcome = /** @type {Outcome} */ (message);
      left.delete(outcome.seed);
      take(outcome, task.scope);
    });
    child.on('exit', (code) => {
      if (code !== 0) {
        const nothing = { requests: 0, calls: 0, features: [], statuses: {}, methods: {} };
        const finding = { kind: 'error of the run', detail: `The process ended with ${code}.`, step: '' };
        take({ ...nothing, seed: [...left][0] ?? task.seeds[0], finding }, task.scope);
      }
      done();
    });
    child.send(task);
  });
}

/** @param {Engine} engine @param {ScopeKind} scope @param {Outcome} outcome */
async function report(engine, scope, { seed: modelSeed, finding }) {
  if (finding === undefined) return;
  console.log(`\n  FOUND (${finding.kind}) on ${engine}, scope ${scope}, seed ${modelSeed}`);
  if (finding.step) console.log(`    ${finding.step.slice(0, 1000)}`);
  console.log(`    ${finding.detail.slice(0, 1500).replaceAll('\n', '\n    ')}`);
  if (finding.test === undefined) return;
  const folder = join(ROOT, 'reports/two-worlds');
  const file = join(folder, `${engine}-${scope}-${modelSeed}.spec.ts`);
  await mkdir(folder, { recursive: true });
  await writeFile(file, finding.test);
  console.log(`    as a test: ${file}`);
}

/** A refusal without names, so that those of one kind are counted together. @param {string} message */
function reasonOf(message) {
  const [first, second] = message.split('\n');
  return (/problems:$/.test(first) ? (second ?? first) : first)
    .replace(/^nestjs-muck cannot start: |^ {2}- /, '')
    .replaceAll(/\b[A-Z]\w+(?:\.\w+)*\b/g, (name) => (/[a-z]/.test(name) ? '…' : name))
    .replaceAll(/'[^']*'|\([^)]*\)/g, '…')
    .slice(0, 160);
}

/** @param {Map<string, number>} counts @param {string} name @param {number} count */
function add(counts, name, count) {
  counts.set(name, (counts.get(name) ?? 0) + count);
}

/** @param {Map<string, number>} counts */
function sorted(counts) {
  return [...counts].sort(([, one], [, other]) => other - one);
}
