// @ts-check
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { measureStarts } from '../../test/compatibility/large-application/starts.mjs';
import { SPECIAL } from '../contestants.mjs';
import { startServer } from '../servers.mjs';

/**
 * Milliseconds from the command until an application listens, start by start.
 *
 * @typedef {{ find: number[], muck: number[] }} Starts
 */

/**
 * Starts the application of the requests, with this library and without it.
 *
 * @param {import('../context.mjs').Context} context
 * @returns {Promise<Starts>}
 */
export async function measureSmallStarts({ folders, url, dataSet, options, tell }) {
  tell('starts');
  /** @type {Starts} */
  const starts = { find: [], muck: [] };
  for (let turn = 0; turn < (options.isQuick ? 1 : options.rounds * 2); turn += 1) {
    for (const name of /** @type {const} */ (['find', 'muck'])) {
      const before = performance.now();
      const server = await startServer(SPECIAL[name], { folders, url, schema: dataSet.schema });
      starts[name].push(performance.now() - before);
      await server.stop();
    }
  }
  return starts;
}

/** Starts an application of many entities. @param {import('../context.mjs').Context} context */
export async function measureLargeStarts({ options, tell }) {
  tell('starts of a large application');
  const folder = await mkdtemp(join(import.meta.dirname, '../../reports/benchmark/large-application-'));
  try {
    const { crud, plain } = await measureStarts(folder, options.isQuick ? 1 : options.rounds);
    const whole = (/** @type {{ whole: number }[]} */ starts) => starts.map((start) => start.whole);
    return { entities: crud[0].entities, find: whole(plain), muck: whole(crud) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
