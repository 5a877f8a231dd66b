import { capitalized, h } from './dom.js';

/** How things look that stand in the list and in a ticket alike. Each says in words what its colour says. */

export function statusMark(status) {
  return h('span', { class: `mark status-${status}` }, capitalized(status));
}

export function priorityMark(priority) {
  return h('span', { class: `mark priority-${priority}` }, capitalized(priority));
}

export function tagChip({ name }) {
  return h('span', { class: 'tag' }, name);
}
