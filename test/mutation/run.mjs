// @ts-check
import { statSync } from 'node:fs';
import { Stryker } from '@stryker-mutator/core';
import config from '../../stryker.config.mjs';
import { changeTested, entryOf } from './change.mjs';
import { EQUIVALENT } from './equivalent.mjs';

/**
 * npm run test:mutation [-- <file or folder> …]: takes one site after the other out of the folders on which isolation rests, and asks whether
 * a test fails. Ends well when each mutant is killed, or listed as one that changes nothing.
 *
 * TEST_PATIENCE says for how many seconds the tests of one mutant may go on (60), TEST_CONCURRENCY in how many processes (2); TEST_SPECS is a
 * pattern that narrows the tests to those of some files, for while one file of lib/ is worked on.
 */

const paths = process.argv.slice(2);
const mutate = paths.map((path) => (statSync(path).isDirectory() ? `${path.replace(/\/$/, '')}/**/*.ts` : path));
const results = await new Stryker({ ...config, ...(mutate.length > 0 && { mutate }) }).runMutationTest();

/** @type {Map<string, { total: number, killed: number, listed: number }>} */
const files = new Map();
/** @type {(import('./change.mjs').Change & { status: string })[]} */
const unlisted = [];
/** How often each entry of the list was met. */
const met = new Map(EQUIVALENT.map((entry) => [entry, 0]));
for (const mutant of results) {
  if (mutant.status === 'Ignored') continue;
  const change = changeTested(mutant);
  const entry = entryOf(change);
  const counts = files.get(change.file) ?? { total: 0, killed: 0, listed: 0 };
  files.set(change.file, counts);
  counts.total += 1;
  if (entry !== undefined) met.set(entry, (met.get(entry) ?? 0) + 1);
  if (mutant.status === 'Killed' || mutant.status === 'Timeout') counts.killed += 1;
  else if (entry !== undefined && (met.get(entry) ?? 0) <= (entry.times ?? 1)) counts.listed += 1;
  else unlisted.push({ ...change, status: mutant.status });
}
const gone = EQUIVALENT.filter((entry) => files.has(entry.file) && met.get(entry) !== (entry.times ?? 1));
report();
process.exitCode = unlisted.length + gone.length === 0 ? 0 : 1;

function report() {
  for (const { file, line, from, to, status } of unlisted) {
    console.log(`\n${status} ${file}:${line}\n  from: ${JSON.stringify(from)}\n  to:   ${JSON.stringify(to)}`);
  }
  for (const { file, from, to } of gone) console.log(`\nListed, but gone: ${file}\n  ${from}\n  ${to}`);
  console.log();
  const total = { total: 0, killed: 0, listed: 0 };
  for (const [file, counts] of [...files].sort(([a], [b]) => a.localeCompare(b))) {
    console.log(lineOf(file, counts));
    for (const key of /** @type {const} */ (['total', 'killed', 'listed'])) total[key] += counts[key];
  }
  console.log(lineOf('together', total));
}

/** @param {string} name @param {{ total: number, killed: number, listed: number }} counts */
function lineOf(name, { total, killed, listed }) {
  const rest = total - killed - listed;
  return `${name.padEnd(42)} ${killed}/${total} killed, ${listed} change nothing${rest > 0 ? `, ${rest} SURVIVED` : ''}`;
}
