import { capitalized, h, written } from '../ui/dom.js';

/** How things look that stand in the list and in a ticket alike. Each says in words what its colour says. */

export function statusMark(status) {
  return h('span', { class: `mark status-${status}` }, capitalized(status));
}

export function priorityMark(priority) {
  return h('span', { class: `mark priority-${priority}` }, capitalized(priority));
}

export function tagChip({ name }) {
  return written('span', { class: 'tag' }, name);
}

/** @param {{ name: string } | null} assignee */
export function assigneeName(assignee) {
  return assignee === null ? h('span', { class: 'soft' }, 'Nobody') : written('span', {}, assignee.name);
}
