// @ts-check
// Tries the large application on every database, measures its start with and without the library, and prints what was tried:
// `npm run test:large-application`, or one of the two: `-- databases`, `-- start`. TEST_DATABASES chooses databases, as for other tests.
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { requiredKinds } from '../../support/servers.mjs';
import { node } from './node.mjs';
import { measureStarts } from './starts.mjs';

/** @typedef {import('./starts.mjs').Start} Start */
/** @typedef {{ title: string, status: string, failureMessages: string[] }} Assertion */
/** @typedef {{ kind: string, code: number, output: string, assertions: Assertion[] }} Tried */

const ROOT = join(import.meta.dirname, '../../..');
const NAMES = { sqljs: 'SQLite', postgres: 'PostgreSQL', postgres15: 'PostgreSQL', mariadb: 'MariaDB' };
/** How many databases are tried at a time. */
const PARALLEL = 2;
/** How often it starts in each way. The quickest start counts: whatever else the machine does can only make it slower. */
const STARTS = 5;
/** How many times as long the start may take with the library. */
const LIMIT = 1.5;

/** @param {string} kind of database @param {string} folder @returns {Promise<Tried>} */
async function tryOn(kind, folder) {
  const results = join(folder, `${kind}.json`);
  const jest = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
  const config = '--config=test/compatibility/large-application/jest.config.mjs';
  const { code, output } = await node([...jest, config, '--json', `--outputFile=${results}`], { TEST_DATABASES: kind });
  const text = await readFile(results, 'utf8').catch(() => '{"testResults":[]}');
  /** @type {{ testResults: { assertionResults: Assertion[] }[] }} */
  const { testResults } = JSON.parse(text);
  return { kind, code, output, assertions: testResults.flatMap(({ assertionResults }) => assertionResults) };
}

/** @param {Tried} tried @returns {boolean} whether all went well */
function print({ kind, code, output, assertions }) {
  const name = NAMES[/** @type {keyof typeof NAMES} */ (kind)];
  const missing = /The database "\w+" is required: (.*)/.exec(output)?.[1];
  if (missing !== undefined && requiredKinds() === undefined) {
    console.log(`\n${name}: NOT RUN, since it cannot be reached: ${missing}`);
    return true;
  }
  console.log(`\nLarge application on ${name}`);
  for (const { title, status } of assertions) console.log(`  ${status === 'passed' ? 'ok    ' : 'FAILED'}  ${title}`);
  if (code !== 0) console.log(output);
  return code === 0;
}

/** @param {Record<'crud' | 'plain', Start[]>} starts @returns {boolean} whether the start is quick enough */
function printStarts({ crud, plain }) {
  const [{ entities, routes }] = crud;
  /** @param {'init' | 'whole'} part */
  const compare = (part) => {
    const [without, withLibrary] = [plain, crud].map((starts) => Math.min(...starts.map((start) => start[part])));
    const times = `${Math.round(without)} ms without the library, ${Math.round(withLibrary)} ms with it`;
    return { ratio: withLibrary / without, text: `${times}: ${(withLibrary / without).toFixed(2)} times` };
  };
  const [whole, init] = [compare('whole'), compare('init')];
  const isQuick = whole.ratio <= LIMIT;
  console.log(`\nStart of the large application: ${entities} entities, ${routes} routes, SQLite`);
  console.log(
    `  ${isQuick ? 'ok    ' : 'FAILED'}  from the command to the first request, at most ${LIMIT} times: ${whole.text}`,
  );
  console.log(`          of that after the packages are loaded: ${init.text}`);
  console.log(
    `          without the library: the same entities, and controllers of their own with ${plain[0].routes} routes`,
  );
  return isQuick;
}

// Within the repository, where Node finds the packages.
await mkdir(join(ROOT, 'reports'), { recursive: true });
const folder = await mkdtemp(join(ROOT, 'reports/large-application-'));
try {
  const part = process.argv[2];
  const waiting = part === 'start' ? [] : (requiredKinds() ?? ['postgres', 'mariadb', 'sqljs']);
  /** @type {Tried[]} */
  const tried = [];
  const work = async () => {
    for (let kind = waiting.shift(); kind !== undefined; kind = waiting.shift()) tried.push(await tryOn(kind, folder));
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  const results = tried.map(print);
  if (part !== 'databases') results.push(printStarts(await measureStarts(folder, STARTS)));
  process.exitCode = results.every(Boolean) ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
