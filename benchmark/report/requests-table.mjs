// @ts-check
import { kinds } from '../requests/kinds.mjs';
import { cpu, ratio } from './statistics.mjs';

/** @typedef {import('../rounds.mjs').Turn} Turn */

/**
 * A Markdown table of the requests on one adapter. The first contestant is the base: of it only the CPU is shown.
 *
 * @param {readonly Turn[]} turns of that adapter
 * @param {readonly { name: string, title: string }[]} contestants
 * @param {number} deepPage the late page that the run had rows for
 * @returns {string}
 */
export function requestsTable(turns, contestants, deepPage) {
  const [base] = contestants;
  const lines = kinds.flatMap(({ name, title }) => {
    const ofKind = turns.filter(({ kind }) => kind === name);
    if (ofKind.length === 0) return [];
    const ofBase = ofKind.filter(({ contestant }) => contestant === base.name);
    const cells = contestants.map((contestant) => {
      const own = ofKind.filter((turn) => turn.contestant === contestant.name);
      if (own.length === 0) return '–';
      return contestant === base ? costs(own) : `${times(own, ofBase)}, ${costs(own)}`;
    });
    return [`| ${[title.replace('10,000', deepPage.toLocaleString('en-US')), ...cells].join(' | ')} |`];
  });
  const head = contestants.map(({ title }) => title).join(' | ');
  return [`| | ${head} |`, `|${' --- |'.repeat(contestants.length + 1)}`, ...lines].join('\n');
}

/** @param {readonly Turn[]} turns @param {readonly Turn[]} base */
function times(turns, base) {
  const found = ratio(turns, base);
  if (found === undefined) return '–';
  return `**${found.median.toFixed(2)}** (${found.low.toFixed(2)}–${found.high.toFixed(2)})`;
}

/** @param {readonly Turn[]} turns */
function costs(turns) {
  const { node, postgres } = cpu(turns);
  return `${digits(node)} + ${postgres === undefined ? '?' : digits(postgres)}`;
}

/** @param {number} value */
function digits(value) {
  return value < 1 ? value.toFixed(2) : value.toFixed(1);
}
