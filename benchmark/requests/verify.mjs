// @ts-check
import { isRest, NEW } from './kinds.mjs';
import { makeDoomedRows, removeNewRows } from './rows.mjs';

/**
 * @typedef {import('./kinds.mjs').Kind} Kind
 * @typedef {import('./kinds.mjs').Sample} Sample
 * @typedef {import('../contestants.mjs').Contestant & { url: string }} Running
 */

/** How many requests of each kind are compared. */
const COMPARED = 3;

/**
 * Compares the contestants' responses, since work that differs cannot be compared.
 *
 * Those with the REST contract must respond alike to the byte, apart from what differs by its nature: the id and the time
 * of a new row, and the text of a cursor. The peers have envelopes of their own, and rows whose keys are in another order:
 * of those, the rows are compared.
 *
 * @param {Kind} kind
 * @param {readonly Running[]} servers
 * @param {Sample} sample
 * @param {{ client: import('pg').Client, dataSet: import('../database/data-set.mjs').DataSet }} database
 */
export async function requireSameAnswers(kind, servers, sample, { client, dataSet }) {
  for (let i = 0; i < COMPARED; i += 1) {
    /** @type {{ server: Running, text: string }[]} */
    const responses = [];
    for (const server of servers) {
      const doomed = kind.name === 'delete' ? await makeDoomedRows(client, dataSet, COMPARED) : undefined;
      const request = kind.request(server.contract, i, { ...sample, doomed });
      if (request === undefined) continue;
      if (kind.name === 'update') await resetRow(client, dataSet, sample.tickets[i]);
      responses.push({ server, text: await responseTo(server, request, kind) });
    }
    if (kind.writes) await removeNewRows(client, dataSet);
    requireEqual(kind, responses);
  }
}

/** @param {Running} server @param {import('./kinds.mjs').Request} request @param {Kind} kind */
async function responseTo({ url, name, contract }, { path, ...init }, kind) {
  const response = await fetch(url + path, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`${name} responds to ${kind.name} with ${response.status}: ${text}`);
  if (kind.response === 'none') return 'true';
  return isRest(contract) ? text : JSON.stringify(rowsOf(JSON.parse(text)));
}

/** @param {Kind} kind @param {{ server: Running, text: string }[]} responses */
function requireEqual(kind, responses) {
  const [first, ...others] = responses;
  for (const { server, text } of others) {
    const [expected, found] = isRest(server.contract)
      ? [first.text, text].map(withoutNature)
      : [first.text, text].map(plainRows);
    if (expected === found) continue;
    throw new Error(
      `${server.name} does not respond to ${kind.name} as ${first.server.name} does:\n${difference(expected, found)}`,
    );
  }
  if (kind.response === 'rows' && rowsOf(JSON.parse(first.text)).length === 0)
    throw new Error(`${kind.name} has a response without rows`);
}

/** Where two texts begin to differ. @param {string} expected @param {string} found */
function difference(expected, found) {
  let at = 0;
  while (expected[at] === found[at]) at += 1;
  const from = Math.max(0, at - 100);
  return [expected, found].map((text) => `…${text.slice(from, from + 300)}`).join('\n');
}

/** Leaves out the id and the time of a row that was made just now, and the texts of cursors. @param {string} text */
function withoutNature(text) {
  return JSON.stringify(JSON.parse(text), (key, value) => {
    if (key === 'nextCursor' || key === 'prevCursor') return '…';
    return isNew(value) ? { ...value, id: '…', createdAt: '…' } : value;
  });
}

/** @param {any} row */
function isNew(row) {
  return row?.subject?.startsWith(NEW) && row.id !== '…';
}

/** The rows of a response, their keys and included rows in one order. @param {string} text */
function plainRows(text) {
  const rows = rowsOf(JSON.parse(text)).map((row) => (isNew(row) ? { ...row, id: '…', createdAt: '…' } : row));
  return JSON.stringify(sorted(rows));
}

/** @param {any} response @returns {any[]} */
function rowsOf(response) {
  return Array.isArray(response) ? response : (response.items ?? response.data ?? [response]);
}

/** @param {unknown} value @returns {unknown} */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, key === 'comments' ? byId(inner) : sorted(inner)]),
  );
}

/** @param {{ id: string }[]} rows */
function byId(rows) {
  return sorted(rows.toSorted((a, b) => Number(a.id) - Number(b.id)));
}

/** @param {import('pg').Client} client @param {{ schema: string }} dataSet @param {{ id: string }} ticket */
async function resetRow(client, { schema }, { id }) {
  await client.query(`UPDATE ${schema}.ticket SET subject = 'As before', priority = 5 WHERE id = $1`, [id]);
}
