// @ts-check
import { chooseContestants } from '../contestants.mjs';
import { measureKind } from '../rounds.mjs';
import { makeSample } from '../requests/sample.mjs';
import { requireSameAnswers } from '../requests/verify.mjs';
import { startServer } from '../servers.mjs';

/**
 * @typedef {import('../context.mjs').Context} Context
 * @typedef {import('../rounds.mjs').Turn} Turn
 */

/**
 * Measures every kind of request on each adapter.
 *
 * The servers are started anew after a part of the rounds: two processes of the same program can be a tenth apart for as
 * long as they live.
 *
 * @param {Context} context
 * @param {readonly import('../requests/kinds.mjs').Kind[]} kinds
 * @returns {Promise<Turn[]>}
 */
export async function measureRequests(context, kinds) {
  const { options, dataSet } = context;
  const perStart = Math.ceil(options.rounds / options.starts);
  /** @type {Turn[]} */
  const turns = [];
  for (const [adapter, contestants] of chooseContestants(options)) {
    for (let firstRound = 0; firstRound < options.rounds; firstRound += perStart) {
      context.tell(`requests, ${adapter}: rounds ${firstRound + 1} to ${firstRound + perStart} of ${options.rounds}`);
      turns.push(...(await compare(contestants, { context, dataSet, kinds, firstRound, rounds: perStart })));
    }
  }
  return turns;
}

/**
 * Starts contestants, requires that they respond alike, and measures them in turns.
 *
 * @param {readonly import('../contestants.mjs').Contestant[]} contestants
 * @param {{ context: Context, dataSet: import('../database/data-set.mjs').DataSet, kinds: readonly import('../requests/kinds.mjs').Kind[], firstRound: number, rounds: number }} work
 * @returns {Promise<Turn[]>}
 */
export async function compare(contestants, { context, dataSet, kinds, firstRound, rounds }) {
  const { client, folders, url, load, noise, options } = context;
  const servers = await Promise.all(
    contestants.map((contestant) => startServer(contestant, { folders, url, schema: dataSet.schema })),
  );
  try {
    const sample = await makeSample(client, dataSet, servers);
    const bench = { client, dataSet, sample, load, noise, seconds: options.seconds };
    /** @type {Turn[]} */
    const turns = [];
    for (const kind of kinds) {
      context.tell(`  ${kind.title}`);
      await requireSameAnswers(kind, servers, sample, { client, dataSet });
      turns.push(...(await measureKind(kind, servers, { bench, rounds, firstRound })));
    }
    return turns;
  } finally {
    await Promise.all(servers.map(({ stop }) => stop()));
  }
}
