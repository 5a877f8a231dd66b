// @ts-check
import { kinds } from '../requests/kinds.mjs';
import { ratio, summary } from './statistics.mjs';

/** @typedef {import('../parts.mjs').Results} Results */
/** @typedef {import('./statistics.mjs').Summary} Summary */

/** A Markdown table of the smaller comparisons: one line each, with the ratio of its two sides. @param {Results} results */
export function smallerTable(results) {
  const lines = [
    ...tenancyLines(results),
    ...cursorLines(results),
    ...joinsLines(results),
    ...startLines(results),
    ...memoryLines(results),
  ];
  if (lines.length === 0) return undefined;
  return ['| comparison | ratio |', '| --- | --- |', ...lines].join('\n');
}

/** @param {string} title @param {Summary} value */
function line(title, { median, low, high }) {
  return `| ${title} | **${median.toFixed(2)}** (${low.toFixed(2)}–${high.toFixed(2)}) |`;
}

/** @param {Results} results */
function tenancyLines({ tenancy = [], scale = [], policies = [], application = [] }) {
  return [
    ...requestLines(
      application,
      'muck',
      'find',
      (kind) =>
        `${kind}, with getter, transform, override and interceptor: requests/s against \`find\` with ClassSerializerInterceptor`,
    ),
    ...requestLines(
      tenancy,
      'muck',
      'shared',
      (kind) => `${kind}: requests/s of a scoped entity against the same one shared`,
    ),
    ...requestLines(
      scale,
      'many',
      'few',
      (kind) => `${kind}: requests/s with a hundred times as many tenants, of as many rows each`,
    ),
    ...requestLines(
      policies,
      'muck',
      'secured',
      (kind) => `${kind}: requests/s without row-level security against those with it`,
    ),
  ];
}

/** Pages by cursor on each adapter: a late one against the first. @param {Results} results */
function cursorLines({ requests = [] }) {
  return [...new Set(requests.map(({ adapter }) => adapter))].flatMap((adapter) => {
    const own = requests.filter((turn) => turn.adapter === adapter && turn.contestant === 'muck');
    const of = (/** @type {string} */ name) => own.filter(({ kind }) => kind === name);
    const found = ratio(of('deep-cursor'), of('cursor'));
    return found === undefined
      ? []
      : [line(`cursor on ${adapter}: requests/s of the late page against the first`, found)];
  });
}

/** @param {Results} results */
function memoryLines({ memory }) {
  if (memory === undefined) return [];
  const { requests, early, late } = memory;
  const title = `live heap after ${requests.toLocaleString('en-US')} requests of hostile shapes against that after a tenth`;
  return [`| ${title} | **${(late / early).toFixed(2)}** (${late.toFixed(0)} MB) |`];
}

/**
 * One line for each kind of request that two contestants were compared by.
 *
 * @param {readonly import('../rounds.mjs').Turn[]} turns
 * @param {string} contestant
 * @param {string} base
 * @param {(kind: string) => string} titleOf
 */
function requestLines(turns, contestant, base, titleOf) {
  return kinds.flatMap(({ name, title }) => {
    const of = (/** @type {string} */ who) => turns.filter((turn) => turn.kind === name && turn.contestant === who);
    const found = ratio(of(contestant), of(base));
    return found === undefined ? [] : [line(titleOf(title), found)];
  });
}

/** @param {Results} results */
function joinsLines({ joins = [] }) {
  if (joins.length === 0) return [];
  return [
    line(
      '`getMany` with five joins: CPU in a scope, against the same conditions in the code',
      summary(joins.map((round) => round.scoped / round.plain)),
    ),
    line('the same conditions once more: the control', summary(joins.map((round) => round.control / round.plain))),
  ];
}

/** @param {Results} results */
function startLines({ start, large }) {
  /** @param {import('../parts/starts.mjs').Starts} starts */
  const compared = ({ find, muck }) => summary(muck.map((time, i) => time / find[i]));
  return [
    ...(start === undefined
      ? []
      : [line('start of the small application: time, against plain Nest and TypeORM', compared(start))]),
    ...(large === undefined
      ? []
      : [
          line(
            `start of an application of ${large.entities} entities: time, against plain controllers`,
            compared(large),
          ),
        ]),
  ];
}
