// @ts-check
// Installs the packed library into applications of several kinds, builds each by its own tools, and tries it over HTTP.
// Prints one table: consumer, what was tried, result. `npm run test:consumers`, or with a part of a name: `-- bundled`.
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { consumers } from './consumers.mjs';
import { drive } from './drive.mjs';

/** @typedef {import('./consumers.mjs').Consumer} Consumer */
/** @typedef {{ name: string, error?: string }} Result */

const ROOT = join(import.meta.dirname, '../../..');
const PARALLEL = 2;
const START_LIMIT = 60_000;
const chosen = process.argv[2] ?? '';

/**
 * @param {string[]} command
 * @param {string} cwd
 * @returns {Promise<string>} its output
 */
function execute([program, ...args], cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, CI: 'true', NODE_OPTIONS: '' } });
    let output = '';
    const note = (/** @type {Buffer} */ chunk) => void (output += chunk);
    child.stdout.on('data', note);
    child.stderr.on('data', note);
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0
        ? resolve(output)
        : reject(new Error(`${[program, ...args.slice(0, 3)].join(' ')}: exit ${code}\n${output}`)),
    );
  });
}

/**
 * Starts the application and waits for the line that says where it listens.
 *
 * @param {string[]} command
 * @param {string} cwd
 * @param {Record<string, string>} env
 */
function start([program, ...args], cwd, env) {
  const child = spawn(program, args, { cwd, env: { ...process.env, NODE_OPTIONS: '', PORT: '0', ...env } });
  let output = '';
  /** @type {(url: string) => void} */
  let resolve = () => {};
  /** @type {(error: Error) => void} */
  let reject = () => {};
  /** @type {Promise<string>} */
  const promise = new Promise((...settle) => ([resolve, reject] = settle));
  const timer = setTimeout(() => reject(new Error(`does not listen\n${output}`)), START_LIMIT);
  const note = (/** @type {Buffer} */ chunk) => {
    output += chunk;
    const found = /listening at (\S+)/.exec(output);
    if (found !== null) resolve(found[1]);
  };
  child.stdout.on('data', note);
  child.stderr.on('data', note);
  child.on('error', reject);
  child.on('close', (code) => reject(new Error(`ends with exit ${code}\n${output}`)));
  return { url: promise.finally(() => clearTimeout(timer)), stop: () => child.kill() };
}

/** @param {Consumer} consumer @param {string} folder @param {string} tarball @returns {Promise<Result[]>} */
async function tryOut(consumer, folder, tarball) {
  /** @type {Result[]} */
  const results = [];
  /** @param {string} name @param {() => Promise<unknown>} act */
  const step = async (name, act) => {
    try {
      await act();
      results.push({ name });
      return true;
    } catch (error) {
      results.push({ name, error: error instanceof Error ? error.message : String(error) });
      return false;
    }
  };
  const installs = async () => {
    await consumer.write(folder);
    const manifest = join(folder, 'package.json');
    const json = JSON.parse(await readFile(manifest, 'utf8'));
    json.dependencies['nestjs-muck'] = `file:${tarball}`;
    await writeFile(manifest, JSON.stringify(json, undefined, 2));
    await execute(
      ['npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts', '--loglevel=error'],
      folder,
    );
  };
  if (!(await step('install', installs))) return results;
  for (const command of consumer.build) {
    const name = command
      .filter((word) => !/^(npx|npm|run|-.*)$/.test(word))
      .slice(0, 2)
      .join(' ');
    if (!(await step(name, () => execute(command, folder)))) return results;
  }
  if (consumer.start === undefined) return results;
  const database = await consumer.database?.();
  const application = start(consumer.start, folder, database?.env ?? {});
  try {
    const { refuses } = consumer;
    if (refuses !== undefined) {
      const said = await application.url.then(
        (url) => `starts, at ${url}`,
        (error) => String(error),
      );
      results.push(
        refuses.test(said) && !said.startsWith('starts')
          ? { name: 'refuses to start' }
          : { name: 'refuses to start', error: said },
      );
    } else if (await step('start', () => application.url)) results.push(...(await drive(await application.url)));
  } finally {
    application.stop();
    await database?.drop();
  }
  return results;
}

const folder = await mkdtemp(join(tmpdir(), 'nestjs-muck-consumers-'));
let failed = 0;
try {
  await execute(['npm', 'pack', '--pack-destination', folder, '--loglevel=error'], ROOT);
  const tarball = (await readdir(folder)).find((file) => file.endsWith('.tgz'));
  if (tarball === undefined) throw new Error('npm pack wrote no tarball');
  const waiting = consumers.filter(({ name }) => name.includes(chosen)).map((consumer, i) => ({ consumer, i }));
  /** @type {Map<Consumer, Result[]>} */
  const results = new Map();
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { consumer, i } = next;
      results.set(consumer, await tryOut(consumer, join(folder, `consumer-${i}`), join(folder, tarball)));
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  const width = Math.max(...[...results.values()].flat().map(({ name }) => name.length));
  for (const consumer of consumers.filter((one) => results.has(one))) {
    console.log(`\n${consumer.name}`);
    for (const { name, error } of results.get(consumer) ?? []) {
      console.log(`  ${name.padEnd(width)}  ${error === undefined ? 'ok' : 'FAILED'}`);
      if (error === undefined) continue;
      failed += 1;
      console.log(
        error
          .split('\n')
          .slice(0, 60)
          .map((line) => `      ${line}`)
          .join('\n'),
      );
    }
  }
  const all = [...results.values()].flat().length;
  console.log(`\n${results.size} consumers: ${all - failed} passed, ${failed} failed`);
} finally {
  if (process.env['KEEP_CONSUMERS'] === undefined) await rm(folder, { recursive: true, force: true });
  else console.log(`kept: ${folder}`);
}
process.exitCode = failed === 0 ? 0 : 1;
