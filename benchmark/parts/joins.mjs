// @ts-check
import { join } from 'node:path';
import { messageOf, startProcess } from '../processes.mjs';

/**
 * CPU microseconds of a `getMany` with five joins, of each way in each round.
 *
 * @typedef {Record<'plain' | 'control' | 'scoped', number>} JoinsRound
 */

/** Calls in a round; rounds are short, so that what else runs on the machine falls on all alike. */
const CALLS = 40;

/** @param {import('../context.mjs').Context} context @returns {Promise<JoinsRound[]>} */
export async function measureJoins({ folders, url, dataSet, options, tell }) {
  tell('getMany with five joins');
  const child = startProcess(join(folders.get('nest-12') ?? '', 'joins.js'), {
    args: [String(options.isQuick ? 3 : options.rounds * 8), String(options.isQuick ? 5 : CALLS)],
    env: { DATABASE_URL: url, SCHEMA: dataSet.schema },
  });
  return messageOf(child);
}
