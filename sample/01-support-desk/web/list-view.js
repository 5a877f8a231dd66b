import { ask } from './api.js';
import { counted, h, replaceIn } from './dom.js';
import { FILTERS, parametersOf } from './list-query.js';
import { ticketFilters } from './ticket-filters.js';
import { editTicket } from './ticket-form.js';
import { ticketTable } from './ticket-table.js';

/**
 * The tickets of the organization.
 *
 * @param {{ users: object[], tags: object[], announce: (text: string) => void }} desk
 * @param {URLSearchParams} query what is asked for
 * @param {(query: URLSearchParams) => void} asked is told when something else is asked for
 */
export function listView(desk, query, asked) {
  const results = h('div', { class: 'results' });
  const count = h('p', { role: 'status' });
  const heading = h('h1', { tabindex: -1 }, 'Tickets');
  const form = ticketFilters(desk, query, change);
  const clear = h('button', { type: 'button', class: 'quiet', onclick: clearFilters }, 'Clear filters');
  const summary = h('div', { class: 'summary' }, count, clear);
  let running;

  function clearFilters() {
    form.reset();
    form.elements.search.focus();
  }

  function change(changes) {
    for (const [name, value] of Object.entries(changes)) {
      if (value === '') query.delete(name);
      else query.set(name, value);
    }
    if (!('offset' in changes)) query.delete('offset');
    asked(query);
    showClear();
    void desk.attempt(load);
  }

  function showClear() {
    clear.hidden = FILTERS.every((name) => !query.has(name));
  }

  async function load() {
    // The response to an older request must not replace that to a newer one.
    running?.abort();
    running = new AbortController();
    const { signal } = running;
    results.ariaBusy = 'true';
    try {
      const { data } = await ask('GET', `support-tickets?${parametersOf(query)}`, { signal });
      replaceIn(results, ...ticketTable(data, query, change));
      count.textContent = counted(data.total, 'ticket');
    } catch (error) {
      if (signal.aborted) return;
      if (error.status === 401) throw error;
      replaceIn(results, h('p', { class: 'problem', role: 'alert' }, error.message));
    } finally {
      if (!signal.aborted) results.ariaBusy = 'false';
    }
  }

  const create = h('button', { class: 'primary', type: 'button', onclick: () => editTicket(desk) }, 'New ticket');
  showClear();
  const view = h('div', {}, h('div', { class: 'title' }, heading, create), form, summary, results);
  return { view, heading, ready: load() };
}
