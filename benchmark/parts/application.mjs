// @ts-check
import { SPECIAL } from '../contestants.mjs';
import { kinds } from '../requests/kinds.mjs';
import { compare } from './requests.mjs';

/**
 * Measures an application with a getter, a transformed property, an override and a global interceptor, against `find` with
 * the same and Nest's own ClassSerializerInterceptor.
 *
 * @param {import('../context.mjs').Context} context
 * @returns {Promise<import('../rounds.mjs').Turn[]>}
 */
export function measureApplication(context) {
  context.tell('an application with a getter, a transform, an override and an interceptor');
  const { options, dataSet } = context;
  const line = [SPECIAL.richFind, SPECIAL.richMuck];
  return compare(line, { context, dataSet, kinds, firstRound: 0, rounds: options.rounds });
}
