// @ts-check
import { SPECIAL } from '../contestants.mjs';
import { startServer } from '../servers.mjs';

/** Requests in one go of the load generator. */
const BATCH = 5000;

/**
 * Megabytes of live heap after a tenth of the requests and after all of them.
 *
 * @typedef {{ requests: number, early: number, late: number }} Memory
 */

/**
 * Sends requests of which no two have the same shape, as a client would that wants caches to grow without an end.
 *
 * @param {import('../context.mjs').Context} context
 * @returns {Promise<Memory | undefined>} undefined if the option is not given
 */
export async function measureMemory({ folders, url, dataSet, load, options, tell }) {
  const { memory } = options;
  if (memory === undefined) return undefined;
  const server = await startServer(SPECIAL.muck, { folders, url, schema: dataSet.schema, execArgv: ['--expose-gc'] });
  const send = async (/** @type {number} */ from, /** @type {number} */ to) => {
    tell(`memory: requests ${from} to ${to}`);
    for (let at = from; at < to; at += BATCH) {
      const requests = Array.from({ length: Math.min(BATCH, to - at) }, (_, i) => hostileRequest(at + i));
      await load(server.url, requests);
    }
  };
  const heap = async () => (await server.memory()).heapUsed / 1e6;
  try {
    const tenth = Math.ceil(memory / 10);
    await send(0, tenth);
    const early = await heap();
    await send(tenth, memory);
    return { requests: memory, early, late: await heap() };
  } finally {
    await server.stop();
  }
}

const COLUMNS = ['subject', 'status', 'priority', 'createdAt', 'projectId', 'assigneeId', 'id'];
const OPERATORS = ['', '__ne', '__gt', '__gte', '__lt', '__lte', '__in', '__is_null', '__contains', '__unknown'];

/**
 * Writes the `i`th request: filters, sort keys, fields, includes, cursors, ids, bodies and parameters in ever new
 * combinations, many of them refused.
 *
 * @param {number} i
 * @returns {import('../requests/kinds.mjs').Request}
 */
function hostileRequest(i) {
  const pick = (/** @type {readonly string[]} */ list, /** @type {number} */ salt) =>
    list[Math.abs(Math.imul(i + 1, salt) >> 7) % list.length];
  const headers = { 'x-organization': String(2 + (i % 17)) };
  const filter = `${pick(COLUMNS, 2_654_435)}${pick(OPERATORS, 40_503)}=${i}`;
  const nested = JSON.stringify({ $or: [{ priority: i }, { $not: { [pick(COLUMNS, 97)]: `${i}` } }] });
  const paths = [
    `/tickets?${filter}&limit=${i % 100}`,
    `/tickets?sort=${pick(COLUMNS, 7919)},-${pick(COLUMNS, 104_729)}&offset=${i % 1000}&count=none`,
    `/tickets?filters=${encodeURIComponent(nested)}&limit=5`,
    `/tickets?fields=${pick(COLUMNS, 1709)},${pick(COLUMNS, 1913)}&limit=3&${filter}`,
    `/tickets?cursor=${Buffer.from(`[${i},"x"]`).toString('base64url')}`,
    `/tickets?parameter-${i}=1`,
    `/tickets/${i}`,
    `/tickets/no-id-${i}`,
    `/tickets?include=comments,${i}`,
  ];
  const path = paths[i % (paths.length + 1)];
  if (path !== undefined) return { method: 'GET', path, headers };
  return {
    method: 'PATCH',
    path: `/tickets/${i}`,
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ subject: `s${i}`, [`key-${i}`]: i }),
  };
}
