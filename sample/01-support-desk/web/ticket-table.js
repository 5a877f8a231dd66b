import { h, time } from './dom.js';
import { STANDARD_SORT } from './list-query.js';
import { priorityMark, statusMark, tagChip } from './marks.js';

/** Columns: what they sort by, their heading, and whether there is room for them on a phone. */
const COLUMNS = [
  ['orderNumber', 'Order', false],
  ['subject', 'Subject', true],
  ['status', 'Status', true],
  ['priority', 'Priority', false],
  ['assignee.name', 'Assignee', false],
  ['updatedAt', 'Updated', false],
];
/**
 * A page of the list.
 *
 * @param {{ items: object[], total: number, limit: number, offset: number }} page as the API sends it
 * @param {URLSearchParams} query what was asked for
 * @param {(changes: Record<string, string>) => void} change
 * @returns {HTMLElement[]}
 */
export function ticketTable({ items, total, limit, offset }, query, change) {
  if (items.length === 0) {
    return [h('p', { class: 'empty' }, offset > 0 ? 'This page is empty by now.' : 'No ticket fits what you ask for.')];
  }
  return [
    h(
      'table',
      {},
      h('caption', { class: 'unseen' }, 'Tickets'),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          COLUMNS.map((column) => columnHeading(column, query, change)),
        ),
      ),
      h('tbody', {}, items.map(row)),
    ),
    pager({ total, limit, offset, shown: items.length }, change),
  ];
}

function columnHeading([column, text, onPhone], query, change) {
  const sort = query.get('sort') ?? STANDARD_SORT;
  const direction = sort === column ? 'ascending' : sort === `-${column}` ? 'descending' : undefined;
  const next = direction === 'ascending' ? `-${column}` : column;
  const arrow = { ascending: '↑', descending: '↓' }[direction] ?? '';
  return h(
    'th',
    { scope: 'col', 'aria-sort': direction, class: onPhone ? undefined : 'wide' },
    h(
      'button',
      { type: 'button', 'data-key': column, onclick: () => sortBy(next, change) },
      text,
      h('span', { 'aria-hidden': 'true', class: 'arrow' }, arrow),
    ),
  );
}

/** The list of sort orders says what the heading says; it learns what it does not have. */
function sortBy(sort, change) {
  const { options } = document.querySelector('#sort');
  if (![...options].some(({ value }) => value === sort)) options.add(new Option('As in the table', sort));
  document.querySelector('#sort').value = sort;
  change({ sort });
}

function row(ticket) {
  const { id, orderNumber, subject, status, priority, assignee, tags = [], updatedAt } = ticket;
  return h(
    'tr',
    {},
    h('td', { class: 'wide number' }, orderNumber),
    h(
      'th',
      { scope: 'row' },
      h('a', { href: `#/tickets/${id}` }, subject),
      tags.length > 0 && h('span', { class: 'tags' }, tags.map(tagChip)),
      h('span', { class: 'narrow soft' }, `${orderNumber} · ${priority} · ${assignee?.name ?? 'nobody'}`),
    ),
    h('td', {}, statusMark(status)),
    h('td', { class: 'wide' }, priorityMark(priority)),
    h('td', { class: 'wide' }, assignee?.name ?? h('span', { class: 'soft' }, 'Nobody')),
    h('td', { class: 'wide soft' }, time(updatedAt)),
  );
}

function pager({ total, limit, offset, shown }, change) {
  const turn = (to) => () => {
    change({ offset: to === 0 ? '' : String(to) });
    document.querySelector('main h1').focus();
  };
  return h(
    'nav',
    { class: 'pager', 'aria-label': 'Pages' },
    h('button', { type: 'button', disabled: offset === 0, onclick: turn(Math.max(0, offset - limit)) }, 'Previous'),
    h('span', {}, `${offset + 1}–${offset + shown} of ${total}`),
    h('button', { type: 'button', disabled: offset + shown >= total, onclick: turn(offset + limit) }, 'Next'),
  );
}
