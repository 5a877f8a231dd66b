// @ts-check
import { parseArgs } from 'node:util';

/**
 * What a run measures, and on what.
 *
 * @typedef {object} Options
 * @property {number} rows tickets of the data set
 * @property {number} tenants
 * @property {number} rounds of each measurement, each contestant once in every round
 * @property {number} starts how often the contestants are started anew, with a part of the rounds each
 * @property {number} seconds how long one turn of a contestant lasts
 * @property {string[]} only the parts and kinds of requests that are measured; empty for all
 * @property {string[]} adapters
 * @property {string[]} contestants empty for all
 * @property {number | undefined} memory hostile requests of the memory part; undefined if it is left out
 * @property {boolean} plot
 * @property {boolean} last
 * @property {boolean} isQuick
 */

/** @param {string | undefined} value @returns {string[]} */
const list = (value) => (value === undefined ? [] : value.split(','));

/** @param {string[]} args @returns {Options} */
export function readOptions(args) {
  const { values } = parseArgs({
    args: args.map((arg) => (arg === '--memory' ? '--memory=1000000' : arg)),
    options: {
      quick: { type: 'boolean', default: false },
      large: { type: 'boolean', default: false },
      only: { type: 'string' },
      adapter: { type: 'string' },
      contestants: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      memory: { type: 'string' },
      plot: { type: 'boolean', default: false },
      last: { type: 'boolean', default: false },
    },
  });
  const size = sizeOf(values);
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 6));
  return {
    ...size,
    rounds,
    starts: rounds >= 4 ? 2 : 1,
    seconds: Number(values.seconds ?? (values.quick ? 0.1 : 0.4)),
    only: list(values.only),
    adapters: values.adapter === undefined ? ['fastify', 'express'] : list(values.adapter),
    contestants: list(values.contestants),
    memory: values.memory === undefined ? undefined : Number(values.memory),
    plot: values.plot,
    last: values.last,
    isQuick: values.quick,
  };
}

/** @param {{ quick: boolean, large: boolean }} values */
function sizeOf({ quick, large }) {
  if (quick) return { rows: 20_000, tenants: 20 };
  return large ? { rows: 10_000_000, tenants: 100_000 } : { rows: 1_000_000, tenants: 1_000 };
}
