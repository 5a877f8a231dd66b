/**
 * What an address names: `#/`, `#/?status=open`, `#/tickets/7`, `#/deleted`, `#/news`, `#/isolation`.
 *
 * @param {string} hash
 * @returns {{ name: 'tickets' | 'ticket' | 'deleted' | 'news' | 'isolation', id?: number, query: URLSearchParams }}
 */
export function routeOf(hash) {
  const [path, query = ''] = hash.replace(/^#/, '').split('?');
  const id = /^\/tickets\/(\d+)$/.exec(path)?.[1];
  if (id !== undefined) return { name: 'ticket', id: Number(id), query: new URLSearchParams() };
  const name = ['deleted', 'news', 'isolation'].find((known) => path === `/${known}`) ?? 'tickets';
  return { name, query: new URLSearchParams(query) };
}

/**
 * Notes in the address what a view shows, so that it can be reloaded, shared with a colleague and gone back to.
 *
 * @param {string} hash
 * @param {{ step: string }} entry changes with the same `step` after each other, such as the letters of a word, are one entry of the history
 */
export function noteAddress(hash, { step }) {
  const isSameStep = step !== '' && history.state?.step === step;
  history[isSameStep ? 'replaceState' : 'pushState']({ step }, '', hash);
}
