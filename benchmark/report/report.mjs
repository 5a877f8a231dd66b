// @ts-check
import { chooseContestants } from '../contestants.mjs';
import { drawChart } from './charts.mjs';
import { requestsTable } from './requests-table.mjs';
import { smallerTable } from './smaller-table.mjs';
import { ratio } from './statistics.mjs';

/**
 * @typedef {import('../parts.mjs').Results} Results
 * @typedef {import('../options.mjs').Options} Options
 */

const ADAPTERS = { fastify: 'Fastify', express: 'Express' };
/** How far the control may be from 1. */
const CONTROL = 0.05;

/** Prints what was measured, as Markdown. @param {Results} results @param {Options} options */
export async function printReport(results, options) {
  const { versions, machine, rows, tenants, rounds, requests = [] } = results;
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version.replace(/^v/, '')}`);
  console.log(`${names.join(', ')}; ${machine}.`);
  console.log(
    `${group(rows)} tickets of ${group(tenants)} tenants; lists have 25 rows of 8 columns; 16 connections; medians of ${rounds} interleaved rounds.`,
  );
  console.log(
    'Each cell: requests per second relative to the first column (lowest and highest round), then milliseconds of CPU per request, Node + PostgreSQL.',
  );
  for (const line of [...results.warnings, ...controlWarnings(results)]) console.log(`\nWARNING: ${line}`);
  if (results.isQuick) console.log('\nWARNING: a quick run shows that the benchmark works, and measures nothing');
  for (const [adapter, contestants] of chooseContestants(options)) {
    const turns = requests.filter((turn) => turn.adapter === adapter);
    if (turns.length === 0) continue;
    const present = contestants.filter(({ name }) => turns.some(({ contestant }) => contestant === name));
    console.log(
      `\n${ADAPTERS[/** @type {keyof typeof ADAPTERS} */ (adapter)]}:\n\n${requestsTable(turns, present, results.deepPage)}`,
    );
    if (options.plot) console.log(`\nThe chart is in ${await drawChart(adapter, turns, present)}.`);
  }
  const smaller = smallerTable(results);
  if (smaller !== undefined) console.log(`\n${smaller}`);
}

/** The control is the base once more: what differs there is chance. @param {Results} results */
function controlWarnings({ requests = [] }) {
  const nameOf = (/** @type {import('../rounds.mjs').Turn} */ { adapter, kind }) => `${kind} on ${adapter}`;
  return [...new Set(requests.map(nameOf))].flatMap((name) => {
    const of = (/** @type {string} */ contestant) =>
      requests.filter((turn) => nameOf(turn) === name && turn.contestant === contestant);
    const found = ratio(of('control'), of('find'));
    return found === undefined || Math.abs(found.median - 1) <= CONTROL
      ? []
      : [`the control of ${name} is at ${found.median.toFixed(2)}: the machine was not quiet`];
  });
}

/** @param {number} value */
function group(value) {
  return value.toLocaleString('en-US');
}
