import { ask } from './api.js';
import { capitalized, h, select } from './dom.js';
import { field, formProblem, onSubmit } from './form.js';

const PRIORITIES = ['low', 'normal', 'high', 'urgent'].map((priority) => [priority, capitalized(priority)]);

/**
 * A new ticket, or an old one to change, in a dialog.
 *
 * @param {{ users: object[], announce: (text: string) => void, reload: () => void }} desk
 * @param {{ ticket: object, version: string | null }} old left out for a new one
 */
export function editTicket(desk, old) {
  const { ticket } = old ?? {};
  const assignees = [['', 'Nobody'], ...desk.users.map(({ id, name }) => [String(id), name])];
  const orderNumber = h('input', {
    id: 'ticket-order',
    name: 'orderNumber',
    inputmode: 'numeric',
    required: true,
    value: ticket?.orderNumber,
  });
  const subject = h('input', { id: 'ticket-subject', name: 'subject', required: true, value: ticket?.subject });
  const priority = select({ id: 'ticket-priority', name: 'priority' }, PRIORITIES, ticket?.priority ?? 'normal');
  const assignee = select({ id: 'ticket-assignee', name: 'assigneeId' }, assignees, ticket?.assigneeId);
  const form = h(
    'form',
    {},
    h('h2', { id: 'ticket-form' }, ticket === undefined ? 'New ticket' : `Change ticket ${ticket.orderNumber}`),
    field('Subject', subject),
    field('Order number', orderNumber, { hint: 'Each ticket of your organization has its own.' }),
    h('div', { class: 'pair' }, field('Priority', priority), field('Assignee', assignee)),
    formProblem(),
    h(
      'div',
      { class: 'buttons' },
      h('button', { type: 'submit', class: 'primary' }, ticket === undefined ? 'Create ticket' : 'Save'),
      h('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel'),
    ),
  );
  const dialog = h('dialog', { 'aria-labelledby': 'ticket-form' }, form);
  dialog.addEventListener('close', () => dialog.remove());

  onSubmit(form, async () => {
    const body = {
      subject: subject.value,
      // What is no number goes as it is: the API says what is wrong with it.
      orderNumber: /^\d+$/.test(orderNumber.value.trim()) ? Number(orderNumber.value) : orderNumber.value,
      priority: priority.value,
      assigneeId: assignee.value === '' ? null : Number(assignee.value),
    };
    if (ticket === undefined) {
      const { data } = await ask('POST', 'support-tickets', { body });
      dialog.close();
      desk.announce(`Ticket ${data.orderNumber} created`);
      location.hash = `#/tickets/${data.id}`;
    } else {
      await ask('PATCH', `support-tickets/${ticket.id}`, { body, version: old.version });
      dialog.close();
      desk.announce('Saved');
      desk.reload();
    }
  });
  document.body.append(dialog);
  dialog.showModal();
}
