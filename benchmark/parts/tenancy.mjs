// @ts-check
import { SPECIAL } from '../contestants.mjs';
import { kinds } from '../requests/kinds.mjs';
import { compare } from './requests.mjs';

/** @typedef {import('../rounds.mjs').Turn} Turn */

/** Requests that say the same of one row and of many. */
const NAMES = ['list', 'total', 'read'];

/**
 * Measures this library with the entity scoped, and with the same entity shared and filtered by the client.
 *
 * @param {import('../context.mjs').Context} context
 * @returns {Promise<Turn[]>}
 */
export function measureTenancy(context) {
  context.tell('tenancy: scoped against shared');
  const { options, dataSet } = context;
  const line = [SPECIAL.shared, SPECIAL.muck];
  return compare(line, { context, dataSet, kinds: chosen(), firstRound: 0, rounds: options.rounds });
}

const chosen = () => kinds.filter(({ name }) => NAMES.includes(name));
