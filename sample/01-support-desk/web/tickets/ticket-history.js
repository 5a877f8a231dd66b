import { h, time, written } from '../ui/dom.js';

const EVENTS = { created: 'opened it', changed: 'changed it', deleted: 'deleted it', restored: 'restored it' };

/** What became of a ticket, newest first. @param {object[]} entries */
export function ticketHistory(entries) {
  return [h('h2', { id: 'history' }, 'History'), h('ol', {}, entries.map(entryItem))];
}

function entryItem({ event, changes, author, createdAt }) {
  return h(
    'li',
    {},
    h('p', {}, written('b', {}, author.name), ` ${EVENTS[event]}`),
    changes.map(({ field, from, to }) =>
      h(
        'p',
        { class: 'soft' },
        `${field}: `,
        from !== undefined && [written('bdi', {}, from ?? 'none'), ' → '],
        written('bdi', {}, to ?? 'none'),
      ),
    ),
    h('p', { class: 'soft' }, time(createdAt)),
  );
}
