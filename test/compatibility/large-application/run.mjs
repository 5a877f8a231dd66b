// @ts-check
// Tries the large application on every database, measures its start with and without the library, and prints what was tried:
// `npm run test:large-application`. TEST_DATABASES chooses databases, as for the other tests.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** @typedef {{ entities: number, routes: number, init: number, whole: number }} Start */
/** @typedef {{ assertionResults: { ancestorTitles: string[], title: string, status: string, failureMessages: string[] }[] }} TestFile */

const ROOT = join(import.meta.dirname, '../../..');
/** How often it starts in each way, in turns: what else the machine does falls on both alike. */
const STARTS = 7;

/**
 * @param {string[]} args of node
 * @param {Record<string, string>} env
 * @returns {Promise<{ code: number | null, output: string }>}
 */
function node(args, env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, env: { ...process.env, ...env } });
    let output = '';
    const note = (/** @type {Buffer} */ chunk) => void (output += chunk);
    child.stdout.on('data', note);
    child.stderr.on('data', note);
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

/** @param {readonly number[]} values */
function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** Starts the application in turns with and without the library. @param {string} folder */
async function measureStarts(folder) {
  const file = join(folder, 'large-application.sqlite');
  const script = join(import.meta.dirname, 'start.mjs');
  /** @param {'crud' | 'plain'} parts @returns {Promise<Start>} */
  const start = async (parts) => {
    const { code, output } = await node([script, parts, file], { LIBRARY: parts === 'crud' ? 'built' : 'none' });
    if (code !== 0) throw new Error(output);
    return JSON.parse(output === '' ? '{}' : output);
  };
  await start('plain');
  /** @type {Record<'crud' | 'plain', Start[]>} */
  const starts = { crud: [], plain: [] };
  for (let turn = 0; turn < STARTS; turn += 1) {
    starts.plain.push(await start('plain'));
    starts.crud.push(await start('crud'));
  }
  return starts;
}

const folder = await mkdtemp(join(tmpdir(), 'nestjs-muck-large-application-'));
try {
  const results = join(folder, 'results.json');
  const { code, output } = await node([
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    '--config=test/compatibility/large-application/jest.config.mjs',
    '--json',
    `--outputFile=${results}`,
  ]);
  /** @type {{ testResults: TestFile[] }} */
  const { testResults } = JSON.parse(await readFile(results, 'utf8').catch(() => '{"testResults":[]}'));
  for (const { assertionResults } of testResults) {
    for (const { ancestorTitles, title, status } of assertionResults)
      console.log(`${ancestorTitles.join(', ')}: ${title}  ${status === 'passed' ? 'ok' : 'FAILED'}`);
  }
  if (code !== 0) console.log(output);
  process.exitCode = code ?? 1;

  const { crud, plain } = await measureStarts(folder);
  const [{ entities, routes }] = crud;
  for (const part of /** @type {const} */ (['init', 'whole'])) {
    const [without, withLibrary] = [plain, crud].map((starts) => median(starts.map((start) => start[part])));
    const what = part === 'init' ? 'start, once everything is loaded' : 'start of the process';
    console.log(
      `${entities} entities, ${routes} routes, ${what}: ${Math.round(without)} ms without the library, ` +
        `${Math.round(withLibrary)} ms with it, ${(withLibrary / without).toFixed(2)} times`,
    );
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
