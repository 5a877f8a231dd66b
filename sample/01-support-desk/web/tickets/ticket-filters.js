import { h, select } from '../ui/dom.js';
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

/** Typing is one change when it has rested for so long. */
const REST_MS = 300;

/**
 * The form of the list's filters. It reacts to each choice at once, and to typing when that rests.
 *
 * @param {{ users: object[], tags: object[] }} desk
 * @param {URLSearchParams} query what is asked for
 * @param {(changes: Record<string, string>, entry?: { step: string }) => void} change
 * @returns {{ element: HTMLFormElement, show: (query: URLSearchParams) => void, showSort: (query: URLSearchParams) => void }} `show` fills the
 *   form with another query, `showSort` its order only
 */
export function ticketFilters({ users, tags }, query, change) {
  const assignees = [['', 'Anyone'], ['none', 'Nobody'], ...users.map(({ id, name }) => [String(id), name])];
  const tagChoices = [['', 'Any tag'], ...tags.map(({ id, name }) => [String(id), name])];
  const search = h('input', { type: 'search', name: 'search', id: 'search', dir: 'auto' });
  const element = h(
    'form',
    { class: 'filters', role: 'search', 'aria-label': 'Tickets' },
    labelled('Search subjects', search, 'grow'),
    labelled('Status', select({ name: 'status', id: 'status' }, STATUSES)),
    labelled('Priority', select({ name: 'priority', id: 'priority' }, PRIORITIES)),
    labelled('Assignee', select({ name: 'assignee', id: 'assignee' }, assignees)),
    labelled('Tag', select({ name: 'tag', id: 'tag' }, tagChoices)),
    labelled('Sort', select({ name: 'sort', id: 'sort' }, SORTS), 'narrow'),
  );
  let typing;

  function show(shown) {
    clearTimeout(typing);
    for (const name of FILTERS) element.elements[name].value = shown.get(name) ?? '';
    showSort(shown);
  }

  /** The table sorts by orders that the list of sort orders does not have: it gets those that are chosen there. */
  function showSort(shown) {
    const { sort } = element.elements;
    const order = shown.get('sort') ?? STANDARD_SORT;
    if (![...sort.options].some(({ value }) => value === order)) sort.add(new Option('As in the table', order));
    sort.value = order;
  }

  search.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(() => change({ search: search.value.trim() }, { step: 'search' }), REST_MS);
  });
  element.addEventListener('change', ({ target }) => {
    if (target !== search) change({ [target.name]: target.value });
  });
  element.addEventListener('submit', (event) => {
    event.preventDefault();
    clearTimeout(typing);
    change({ search: search.value.trim() }, { step: 'search' });
  });
  show(query);
  return { element, show, showSort };
}

function labelled(label, control, kind = '') {
  return h('div', { class: `filter ${kind}` }, h('label', { for: control.id }, label), control);
}
