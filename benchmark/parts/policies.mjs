// @ts-check
import { join } from 'node:path';
import { SPECIAL } from '../contestants.mjs';
import { endProcess, messageOf, startProcess } from '../processes.mjs';
import { kinds } from '../requests/kinds.mjs';
import { compare } from './requests.mjs';

/** @typedef {import('../rounds.mjs').Turn} Turn */

const NAMES = ['list', 'total', 'read', 'create', 'update'];

/**
 * Measures this library with row-level security and without.
 *
 * @param {import('../context.mjs').Context} context
 * @returns {Promise<Turn[]>}
 */
export async function measurePolicies(context) {
  const { options, dataSet, folders, url } = context;
  context.tell('row-level security: on against off');
  const secure = startProcess(join(folders.get('nest-12') ?? '', 'secure.js'), {
    env: { DATABASE_URL: url, SCHEMA: dataSet.schema },
  });
  await messageOf(secure);
  await endProcess(secure);
  const chosen = kinds.filter(({ name }) => NAMES.includes(name));
  const line = [SPECIAL.muck, SPECIAL.secured];
  return compare(line, { context, dataSet, kinds: chosen, firstRound: 0, rounds: options.rounds });
}
