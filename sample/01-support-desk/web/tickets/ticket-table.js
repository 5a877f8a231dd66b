import { h, time, written } from '../ui/dom.js';
import { STANDARD_SORT } from './list-query.js';
import { assigneeName, priorityMark, statusMark, tagChip } from './marks.js';

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
 * @param {HTMLElement} heading where the keyboard goes when the page is turned
 * @returns {HTMLElement[]}
 */
export function ticketTable({ items, total, limit, offset }, query, change, heading) {
  if (items.length === 0) {
    return offset > 0 ? [emptyPage(change)] : [h('p', { class: 'empty' }, 'No ticket fits what you ask for.')];
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
    pager({ total, limit, offset, shown: items.length }, change, heading),
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
      {
        type: 'button',
        'data-key': `sort-${column}`,
        onclick: () => change({ sort: next === STANDARD_SORT ? '' : next }),
      },
      text,
      h('span', { 'aria-hidden': 'true', class: 'arrow' }, arrow),
    ),
  );
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
      written('a', { href: `#/tickets/${id}` }, subject),
      tags.length > 0 && h('span', { class: 'tags' }, tags.map(tagChip)),
      h(
        'span',
        { class: 'narrow soft' },
        `${orderNumber} · ${priority} · `,
        written('bdi', {}, assignee?.name ?? 'nobody'),
      ),
    ),
    h('td', {}, statusMark(status)),
    h('td', { class: 'wide' }, priorityMark(priority)),
    h('td', { class: 'wide name' }, assigneeName(assignee)),
    h('td', { class: 'wide soft' }, time(updatedAt)),
  );
}

/** Tickets have been deleted since the page before this one was shown. */
function emptyPage(change) {
  const first = h('button', { type: 'button', class: 'quiet', onclick: () => change({}) }, 'First page');
  return h('p', { class: 'empty' }, 'This page is empty by now. ', first);
}

function pager({ total, limit, offset, shown }, change, heading) {
  const turn = (to) => () => {
    change({ offset: to === 0 ? '' : String(to) });
    heading.focus();
  };
  return h(
    'nav',
    { class: 'pager', 'aria-label': 'Pages' },
    h('button', { type: 'button', disabled: offset === 0, onclick: turn(Math.max(0, offset - limit)) }, 'Previous'),
    h('span', {}, `${offset + 1}–${offset + shown} of ${total}`),
    h('button', { type: 'button', disabled: offset + shown >= total, onclick: turn(offset + limit) }, 'Next'),
  );
}
