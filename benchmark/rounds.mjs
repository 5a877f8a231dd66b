// @ts-check
import { cpuOfConnections } from './database/cpu.mjs';
import { makeDoomedRows, removeNewRows, vacuum } from './requests/rows.mjs';

/**
 * @typedef {import('./requests/kinds.mjs').Kind} Kind
 * @typedef {import('./requests/kinds.mjs').Sample} Sample
 * @typedef {import('./servers.mjs').Running} Running
 */

/**
 * One turn of a contestant.
 *
 * @typedef {object} Turn
 * @property {string} kind
 * @property {string} contestant
 * @property {string} adapter
 * @property {number} round
 * @property {number} rate requests per second
 * @property {number} node CPU seconds per request
 * @property {number} [postgres] the same of the database's connections
 */

/** Requests are sent over 16 connections, so that a turn needs some for each. */
const LEAST = 48;
const MOST = 20_000;

/**
 * Everything that turns need.
 *
 * @typedef {object} Bench
 * @property {import('pg').Client} client
 * @property {import('./database/data-set.mjs').DataSet} dataSet
 * @property {Sample} sample
 * @property {ReturnType<import('./load/load-generator.mjs').startLoadGenerator>} load
 * @property {import('./noise.mjs').Noise} noise
 * @property {number} seconds how long a turn lasts
 */

/**
 * Measures a kind of request on servers that share their rows.
 *
 * @param {Kind} kind
 * @param {readonly Running[]} servers
 * @param {{ bench: Bench, rounds: number, firstRound: number }} options
 * @returns {Promise<Turn[]>}
 */
export function measureKind(kind, servers, { bench, ...rounds }) {
  const line = servers.filter(({ contract }) => kind.request(contract, 0, bench.sample) !== undefined);
  return measureInTurns(
    kind,
    line.map((server) => ({ server, bench })),
    rounds,
  );
}

/**
 * Measures a kind of request: `rounds` times each side in turn. Two turns before that warm it up, and tell how many
 * requests fit into one.
 *
 * @param {Kind} kind
 * @param {readonly { server: Running, bench: Bench }[]} sides
 * @param {{ rounds: number, firstRound: number }} options
 * @returns {Promise<Turn[]>}
 */
export async function measureInTurns(kind, sides, { rounds, firstRound }) {
  /** @type {Map<Running, number>} */
  const rates = new Map();
  for (const { server, bench } of sides) {
    const { rate } = await takeTurn(kind, server, LEAST, bench);
    rates.set(server, (await takeTurn(kind, server, amountOf(rate, bench), bench)).rate);
  }
  /** @type {Turn[]} */
  const turns = [];
  const line = [...sides];
  for (let round = 0; round < rounds; round += 1) {
    for (const { server, bench } of line) {
      const turn = await takeTurn(kind, server, amountOf(rates.get(server) ?? 0, bench), bench);
      turns.push({
        ...{ kind: kind.name, contestant: server.name, adapter: server.adapter, round: firstRound + round },
        ...turn,
      });
    }
    // In another order each time: the first server finds the machine as the last round left it.
    line.push(...line.splice(0, 1));
  }
  if (kind.writes)
    for (const { client, dataSet } of new Set(sides.map(({ bench }) => bench))) await vacuum(client, dataSet);
  return turns;
}

/** As many requests as take about the time of a turn. @param {number} rate @param {Bench} bench */
function amountOf(rate, { seconds }) {
  return Math.min(MOST, Math.max(LEAST, Math.round(rate * seconds)));
}

/** @param {Kind} kind @param {Running} server @param {number} amount @param {Bench} bench */
async function takeTurn(kind, server, amount, { client, dataSet, sample, load, noise }) {
  const doomed = kind.name === 'delete' ? await makeDoomedRows(client, dataSet, amount) : undefined;
  const first = Math.floor(Math.random() * sample.tickets.length);
  const requests = Array.from({ length: amount }, (_, i) => {
    const request = kind.request(server.contract, kind.name === 'delete' ? i : first + i, { ...sample, doomed });
    if (request === undefined) throw new Error(`${server.name} has no ${kind.name}`);
    return request;
  });
  const before = [await server.cpu(), await cpuOfConnections(client)];
  const observed = noise.begin();
  const { seconds, failed, cpu } = await load(server.url, requests);
  observed.stop();
  const after = [await server.cpu(), await cpuOfConnections(client)];
  if (failed > 0) throw new Error(`${server.name} failed ${failed} of ${amount} times: ${kind.name}`);
  const node = /** @type {number} */ (after[0]) - /** @type {number} */ (before[0]);
  const postgres = after[1] === undefined || before[1] === undefined ? undefined : after[1] - before[1];
  observed.note(cpu + node + (postgres ?? 0));
  if (kind.writes) await removeNewRows(client, dataSet);
  return {
    rate: amount / seconds,
    node: node / amount,
    ...(postgres === undefined ? {} : { postgres: postgres / amount }),
  };
}
