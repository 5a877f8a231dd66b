import { button, counted, h, replaceIn, time, written } from '../ui/dom.js';
import { placeholder } from '../ui/placeholder.js';

const PAGE = 50;

/**
 * The deleted tickets of the organization, the last one first, for its administrators.
 *
 * @param {import('../shell/view-context.js').ViewContext} context
 * @returns {import('../shell/app.js').View}
 */
export function deletedView(context) {
  const heading = h('h1', { tabindex: -1 }, 'Deleted tickets');
  const count = h('p', { role: 'status' });
  const results = h('div', { class: 'results' }, placeholder(4));
  const element = h(
    'div',
    {},
    h('div', { class: 'title' }, heading),
    h('p', { class: 'soft' }, 'A deleted ticket is in no other list. It comes back with its comments and its history.'),
    h('div', { class: 'summary' }, count),
    results,
  );
  let shown = PAGE;

  async function load() {
    const { data } = await context.read(`support-tickets?deleted=only&sort=-deletedAt&limit=${shown}`);
    count.textContent = counted(data.total, 'deleted ticket');
    replaceIn(
      results,
      data.items.length === 0
        ? h('p', { class: 'empty' }, 'No ticket is deleted.')
        : h('ul', { class: 'rows' }, data.items.map(item)),
      data.total > data.items.length && shown < 100 && button('Show more', showMore, { key: 'more', kind: 'quiet' }),
    );
  }

  function showMore({ currentTarget }) {
    shown = 100;
    void context.run(currentTarget, load);
  }

  function item({ id, orderNumber, subject, deletedAt }) {
    const label = `Restore ticket ${orderNumber}`;
    const restore = button('Restore', () => context.run(restore, () => restoreTicket(id, orderNumber)), { label });
    return h(
      'li',
      {},
      h(
        'div',
        {},
        written('b', {}, subject),
        h('p', { class: 'soft' }, `Ticket ${orderNumber}, deleted `, time(deletedAt)),
      ),
      restore,
    );
  }

  async function restoreTicket(id, orderNumber) {
    await context.write('POST', `support-tickets/${id}/restore`);
    context.announce(`Ticket ${orderNumber} restored`);
    await context.refresh(load);
  }

  return { element, heading, load };
}
