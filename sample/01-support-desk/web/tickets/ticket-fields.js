import { capitalized } from '../ui/dom.js';

/** A ticket's fields that users change, as a person reads them. */

/** @param {import('../shell/desk.js').Desk} desk */
export function ticketFields({ users }) {
  const nameOf = (id) => users.find((user) => user.id === id)?.name ?? (id === null ? 'Nobody' : `User ${id}`);
  return {
    subject: { label: 'Subject', text: ({ subject }) => subject },
    orderNumber: { label: 'Order number', text: ({ orderNumber }) => String(orderNumber) },
    priority: { label: 'Priority', text: ({ priority }) => capitalized(priority) },
    status: { label: 'Status', text: ({ status }) => capitalized(status) },
    assigneeId: { label: 'Assignee', text: ({ assigneeId }) => nameOf(assigneeId) },
  };
}

/**
 * What a comparison of two versions of a ticket shows.
 *
 * @param {import('../shell/desk.js').Desk} desk
 * @param {object} seen the ticket as the user saw it
 * @param {object} changes what the user has changed
 */
export function comparedFields(desk, seen, changes) {
  return Object.entries(ticketFields(desk)).map(([name, { label, text }]) => ({
    label,
    stored: text,
    seen: text(seen),
    mine: name in changes ? text({ ...seen, ...changes }) : undefined,
  }));
}
