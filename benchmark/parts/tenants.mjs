// @ts-check
import { SPECIAL } from '../contestants.mjs';
import { makeDataSet } from '../database/data-set.mjs';
import { kinds } from '../requests/kinds.mjs';
import { makeSample } from '../requests/sample.mjs';
import { measureInTurns } from '../rounds.mjs';
import { startServer } from '../servers.mjs';

/** Requests that cost the same with any number of tenants, if an index finds their rows. */
const NAMES = ['list', 'read', 'create'];

/**
 * Measures this library with 1,000 tenants and with 100,000, each with as many rows.
 *
 * @param {import('../context.mjs').Context} context
 * @returns {Promise<import('../rounds.mjs').Turn[]>} the contestants are `few` and `many`
 */
export async function measureTenants({ client, folders, url, load, noise, options, tell }) {
  const many = options.isQuick ? 200 : 100_000;
  const few = many / 100;
  const each = options.rows > 1_000_000 ? 100 : 10;
  tell(`tenants: ${few} against ${many}`);
  /** @type {{ bench: import('../rounds.mjs').Bench, server: import('../servers.mjs').Running }[]} */
  const sides = [];
  try {
    for (const [name, tenants] of /** @type {[string, number][]} */ ([
      ['few', few],
      ['many', many],
    ])) {
      const dataSet = await makeDataSet(client, { rows: tenants * each, tenants, isEven: true });
      const server = await startServer({ ...SPECIAL.muck, name }, { folders, url, schema: dataSet.schema });
      const sample = await makeSample(client, dataSet, [server]);
      sides.push({ bench: { client, dataSet, sample, load, noise, seconds: options.seconds }, server });
    }
    /** @type {import('../rounds.mjs').Turn[]} */
    const turns = [];
    for (const kind of kinds.filter(({ name }) => NAMES.includes(name)))
      turns.push(...(await measureInTurns(kind, sides, { rounds: options.rounds, firstRound: 0 })));
    return turns;
  } finally {
    await Promise.all(sides.map(({ server }) => server.stop()));
  }
}
