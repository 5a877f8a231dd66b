// @ts-check
import { sampleTickets } from '../database/data-set.mjs';

/** @typedef {import('./kinds.mjs').Sample} Sample */
/** @typedef {import('../servers.mjs').Running} Running */
/** @typedef {import('../database/data-set.mjs').DataSet} DataSet */

const TICKETS = 5000;
const PAGE = 25;
const DEEP_PAGE = 10_000;

/** The late page that pages by cursor are measured at: fewer than 10,000 in a small data set. @param {DataSet} dataSet */
export function deepPageOf({ largest = 0 }) {
  return Math.min(DEEP_PAGE, Math.floor(largest / PAGE) - 10);
}

/**
 * Collects what the requests to these servers are made of.
 *
 * @param {import('pg').Client} client
 * @param {DataSet} dataSet
 * @param {readonly Running[]} servers
 * @returns {Promise<Sample>}
 */
export async function makeSample(client, dataSet, servers) {
  const tickets = await sampleTickets(client, dataSet, TICKETS);
  const muck = servers.find(({ contract }) => contract === 'muck');
  if (dataSet.largest === undefined) return { tenants: dataSet.tenants, tickets, deepCursor: {} };
  return {
    tenants: dataSet.tenants,
    tickets,
    deepCursor: {
      plain: await plainCursor(client, dataSet),
      ...(muck === undefined ? {} : { muck: await cursorByWalking(muck, dataSet) }),
    },
  };
}

/** @param {import('pg').Client} client @param {DataSet} dataSet */
async function plainCursor(client, dataSet) {
  const { rows } = await client.query(
    `SELECT id, created_at FROM ${dataSet.schema}.ticket WHERE organization_id = 1
     ORDER BY created_at DESC, id DESC OFFSET $1 LIMIT 1`,
    [(deepPageOf(dataSet) - 1) * PAGE - 1],
  );
  const [{ id, created_at: createdAt }] = rows;
  return Buffer.from(JSON.stringify([createdAt.toISOString(), id])).toString('base64url');
}

/** A cursor of this library is only had from the page before: the largest pages lead there. @param {Running} muck @param {DataSet} dataSet */
async function cursorByWalking({ url }, dataSet) {
  let cursor = '';
  let left = (deepPageOf(dataSet) - 1) * PAGE;
  while (left > 0) {
    const limit = Math.min(100, left);
    const response = await fetch(`${url}/tickets?limit=${limit}&cursor=${encodeURIComponent(cursor)}`, {
      headers: { 'x-organization': '1' },
    });
    cursor = /** @type {{ nextCursor: string }} */ (await response.json()).nextCursor;
    left -= limit;
  }
  return cursor;
}
