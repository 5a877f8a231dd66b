/** The longest page that the API gives. */
const PAGE = 100;

/**
 * Reads all rows of a list that is short, page by page.
 *
 * @param {import('./api.js').Api} api
 * @param {string} path with its query
 * @param {AbortSignal} signal
 * @returns {Promise<object[]>}
 */
export async function readAll(api, path, signal) {
  const rows = [];
  let cursor = '';
  do {
    const { data } = await api.read(`${path}&limit=${PAGE}&cursor=${encodeURIComponent(cursor)}`, signal);
    rows.push(...data.items);
    cursor = data.nextCursor;
  } while (cursor !== null);
  return rows;
}
