import { h, select } from './dom.js';
import { FILTERS, STANDARD_SORT } from './list-query.js';

const STATUSES = [
  ['', 'Any status'],
  ['open', 'Open'],
  ['pending', 'Pending'],
  ['closed', 'Closed'],
];
const PRIORITIES = [
  ['', 'Any priority'],
  ['urgent', 'Urgent'],
  ['high', 'High'],
  ['normal', 'Normal'],
  ['low', 'Low'],
];
const SORTS = [
  ['-updatedAt', 'Changed last'],
  ['-createdAt', 'Newest'],
  ['createdAt', 'Oldest'],
  ['-priority', 'Most urgent'],
  ['orderNumber', 'Order number'],
  ['subject', 'Subject'],
  ['assignee.name', 'Assignee'],
];

/**
 * What the list is asked for. It reacts to each choice at once, and to typing when that rests.
 *
 * @param {{ users: object[], tags: object[] }} desk
 * @param {URLSearchParams} query what is asked for
 * @param {(changes: Record<string, string>) => void} change
 * @returns {HTMLFormElement}
 */
export function ticketFilters({ users, tags }, query, change) {
  const assignees = [['', 'Anyone'], ['none', 'Nobody'], ...users.map(({ id, name }) => [String(id), name])];
  const tagChoices = [['', 'Any tag'], ...tags.map(({ id, name }) => [String(id), name])];
  const search = h('input', { type: 'search', name: 'search', id: 'search', value: query.get('search') ?? '' });
  const form = h(
    'form',
    { class: 'filters', role: 'search', 'aria-label': 'Tickets' },
    labelled('Search subjects', search, 'grow'),
    labelled('Status', select({ name: 'status', id: 'status' }, STATUSES, query.get('status'))),
    labelled('Priority', select({ name: 'priority', id: 'priority' }, PRIORITIES, query.get('priority'))),
    labelled('Assignee', select({ name: 'assignee', id: 'assignee' }, assignees, query.get('assignee'))),
    labelled('Tag', select({ name: 'tag', id: 'tag' }, tagChoices, query.get('tag'))),
    labelled('Sort', select({ name: 'sort', id: 'sort' }, SORTS, query.get('sort') ?? STANDARD_SORT), 'narrow'),
  );
  let typing;
  const read = () => {
    clearTimeout(typing);
    change(Object.fromEntries([...FILTERS, 'sort'].map((name) => [name, form.elements[name].value.trim()])));
  };
  search.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(read, 300);
  });
  form.addEventListener('change', (event) => {
    if (event.target !== search) read();
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    read();
  });
  form.addEventListener('reset', (event) => {
    event.preventDefault();
    for (const name of FILTERS) form.elements[name].value = '';
    read();
  });
  return form;
}

function labelled(label, control, kind = '') {
  return h('div', { class: `filter ${kind}` }, h('label', { for: control.id }, label), control);
}
