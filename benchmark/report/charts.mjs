// @ts-check
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kinds } from '../requests/kinds.mjs';
import { ratio } from './statistics.mjs';

/**
 * @typedef {import('../rounds.mjs').Turn} Turn
 * @typedef {{ name: string, title: string }} Column a contestant
 */

const IMAGES = join(import.meta.dirname, '../../docs/images');
const WIDTH = 760;
const LABELS = 170;
const BAR = 12;
const GAP = 14;
/** One colour for each contestant, readable on a light and on a dark page. */
const COLOURS = ['#8b949e', '#2f81f7', '#3fb950', '#d29922', '#db61a2'];

/**
 * Draws the requests per second of each kind of request on one adapter, relative to the first contestant, into
 * docs/images/performance-<adapter>.svg.
 *
 * @param {string} adapter
 * @param {readonly Turn[]} turns of that adapter
 * @param {readonly Column[]} contestants
 * @returns {Promise<string>} the file
 */
export async function drawChart(adapter, turns, contestants) {
  const [base, ...others] = contestants.filter(({ name }) => name !== 'control');
  const groups = kinds.flatMap(({ name, title }) => {
    const of = (/** @type {string} */ who) => turns.filter((turn) => turn.kind === name && turn.contestant === who);
    const bars = others.flatMap(({ name: who }, place) => {
      const found = ratio(of(who), of(base.name));
      return found === undefined ? [] : [{ value: found.median, colour: COLOURS[place + 1] }];
    });
    return bars.length === 0 ? [] : [{ title, bars }];
  });
  const file = join(IMAGES, `performance-${adapter}.svg`);
  await writeFile(file, chart(groups, [base, ...others]));
  return file;
}

/**
 * @param {readonly { title: string, bars: readonly { value: number, colour: string }[] }[]} groups
 * @param {readonly Column[]} legend
 */
function chart(groups, legend) {
  const top = 44;
  const highest = Math.max(1, ...groups.flatMap(({ bars }) => bars.map(({ value }) => value)));
  const scale = (WIDTH - LABELS - 60) / highest;
  let y = top;
  const rows = groups.map(({ title, bars }) => {
    const start = y;
    y += bars.length * BAR + GAP;
    const middle = start + (bars.length * BAR) / 2 + 4;
    return [text(LABELS - 8, middle, title, 'end'), ...bars.map((bar, i) => drawn(bar, start + i * BAR, scale))].join(
      '\n',
    );
  });
  const one = LABELS + scale;
  const line = `<line x1="${round(one)}" y1="${top - 8}" x2="${round(one)}" y2="${y - GAP + 4}" stroke="${COLOURS[0]}" stroke-dasharray="3 3"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" viewBox="0 0 ${WIDTH} ${y}" font-family="system-ui, sans-serif" font-size="12" fill="${COLOURS[0]}" role="img">
<title>Requests per second relative to ${plain(legend[0].title)} = 1</title>
${legend.map(({ title }, i) => legendEntry(plain(title), i)).join('\n')}
${line}
${rows.join('\n')}
</svg>
`;
}

/** @param {{ value: number, colour: string }} bar @param {number} y @param {number} scale */
function drawn({ value, colour }, y, scale) {
  const width = round(value * scale);
  return `<rect x="${LABELS}" y="${y}" width="${width}" height="${BAR - 2}" fill="${colour}"/>\n${text(LABELS + width + 5, y + 9, value.toFixed(2))}`;
}

/** @param {string} title @param {number} place */
function legendEntry(title, place) {
  const x = LABELS + place * 140;
  const label = place === 0 ? `${title} = 1` : title;
  return `<rect x="${x}" y="8" width="10" height="10" fill="${COLOURS[place]}"/>\n${text(x + 15, 17, label)}`;
}

/** @param {number} x @param {number} y @param {string} content @param {'start' | 'end'} [anchor] */
function text(x, y, content, anchor = 'start') {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${content}</text>`;
}

/** Without the marks of Markdown. @param {string} title */
function plain(title) {
  return title.replaceAll('`', '');
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}
