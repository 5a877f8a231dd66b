import { noteAddress } from '../shell/routes.js';
import { isAbort } from '../net/request.js';
import { counted, h, replaceIn } from '../ui/dom.js';
import { outage } from '../ui/outage.js';
import { placeholder } from '../ui/placeholder.js';
import { addressOf, changedQuery, FILTERS, parametersOf } from './list-query.js';
import { ticketFilters } from './ticket-filters.js';
import { editTicket } from './ticket-form.js';
import { ticketTable } from './ticket-table.js';

/**
 * The tickets of the organization.
 *
 * @param {import('../shell/view-context.js').ViewContext} context
 * @param {URLSearchParams} query what is asked for
 * @returns {import('../shell/app.js').View}
 */
export function listView(context, query) {
  const results = h('div', { class: 'results' }, placeholder(8));
  const count = h('p', { role: 'status' });
  const heading = h('h1', { tabindex: -1 }, 'Tickets');
  const filters = ticketFilters(context.desk, query, change);
  const clear = h('button', { type: 'button', class: 'quiet', onclick: clearFilters }, 'Clear filters');
  let asked = query;
  let running;

  function clearFilters() {
    change(Object.fromEntries(FILTERS.map((name) => [name, ''])));
    filters.show(asked);
    filters.element.elements.search.focus();
  }

  /** Each choice is a step that Back undoes; the letters of a word are one step. */
  function change(changes, { step = '' } = {}) {
    if (context.signal.aborted) return;
    const changed = changedQuery(asked, changes);
    if (addressOf(changed) === addressOf(asked)) return;
    asked = changed;
    noteAddress(addressOf(asked), { step });
    filters.showSort(asked);
    void load();
  }

  /** Shows another query: the user went back or forward. */
  async function update(next) {
    asked = next;
    filters.show(asked);
    await load();
  }

  /** The response to an older request never replaces that to a newer one. */
  async function load() {
    running?.abort();
    const { signal } = (running = new AbortController());
    const wanted = asked;
    clear.hidden = FILTERS.every((name) => !wanted.has(name));
    results.ariaBusy = 'true';
    try {
      const { data } = await context.read(`support-tickets?${parametersOf(wanted)}`, signal);
      replaceIn(results, ...ticketTable(data, wanted, change, heading));
      count.textContent = counted(data.total, 'ticket');
    } catch (error) {
      if (isAbort(error)) return;
      count.textContent = '';
      replaceIn(
        results,
        outage(error, () => void load()),
      );
    } finally {
      if (!signal.aborted) results.ariaBusy = 'false';
    }
  }

  const create = h('button', { class: 'primary', type: 'button', onclick: () => editTicket(context) }, 'New ticket');
  const element = h(
    'div',
    {},
    h('div', { class: 'title' }, heading, create),
    filters.element,
    h('div', { class: 'summary' }, count, clear),
    results,
  );
  return { element, heading, load, update };
}
