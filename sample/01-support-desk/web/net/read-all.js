import { iterateRows, toQuery } from '/assets/client/index.js';

/** The longest page that the API gives. */
const PAGE = 100;

/**
 * Reads all rows of a list that is short, page by page.
 *
 * @param {import('./api.js').Api} api
 * @param {string} path
 * @param {import('nestjs-muck/client').ListQuery<any>} query
 * @param {AbortSignal} signal
 * @returns {Promise<object[]>}
 */
export async function readAll(api, path, query, signal) {
  const rows = [];
  const readPage = async (cursor) => {
    const { data } = await api.read(
      `${path}?${new URLSearchParams(toQuery({ ...query, limit: PAGE, cursor }))}`,
      signal,
    );
    return data;
  };
  for await (const row of iterateRows(readPage, { signal })) rows.push(row);
  return rows;
}
