import { save } from '../editing/save.js';
import { openDialog } from '../ui/dialog.js';
import { button, capitalized, h, select } from '../ui/dom.js';
import { field, formProblem, onSubmit } from '../ui/form.js';
import { comparedFields } from './ticket-fields.js';

const PRIORITIES = ['low', 'normal', 'high', 'urgent'].map((priority) => [priority, capitalized(priority)]);

/**
 * A form for a new ticket, or for a stored one, in a dialog.
 *
 * @param {import('../shell/view-context.js').ViewContext} context
 * @param {{ ticket: object, version: string, saved: () => Promise<void> }} [stored] left out for a new one
 */
export function editTicket(context, stored) {
  const { ticket } = stored ?? {};
  const controls = controlsFor(context.desk, ticket);
  const form = h(
    'form',
    {},
    h('h2', { id: 'ticket-form' }, ticket === undefined ? 'New ticket' : `Change ticket ${ticket.orderNumber}`),
    field('Subject', controls.subject),
    field('Order number', controls.orderNumber, { hint: 'Each ticket of your organization has its own.' }),
    h('div', { class: 'pair' }, field('Priority', controls.priority), field('Assignee', controls.assigneeId)),
    formProblem(),
    h(
      'div',
      { class: 'buttons' },
      h('button', { type: 'submit', class: 'primary' }, ticket === undefined ? 'Create ticket' : 'Save'),
      button('Cancel', () => dialog.close()),
    ),
  );
  const dialog = openDialog({ title: 'ticket-form', signal: context.signal }, form);

  onSubmit(form, async () => {
    const values = valuesOf(controls);
    if (ticket === undefined) await create(values);
    else await change(values);
  });

  async function create(body) {
    const { data } = await context.write('POST', 'support-tickets', { body });
    context.announce(`Ticket ${data.orderNumber} created`);
    if (context.signal.aborted) return;
    dialog.close();
    location.hash = `#/tickets/${data.id}`;
  }

  /** Only what the user has changed is sent: what others have changed beside it stays. */
  async function change(values) {
    const path = `support-tickets/${ticket.id}`;
    const body = Object.fromEntries(Object.entries(values).filter(([name, value]) => value !== ticket[name]));
    const isSaved = await saveIfThere({
      what: `ticket ${ticket.orderNumber}`,
      version: stored.version,
      write: (version) => context.write('PATCH', path, { body, version }),
      read: () => context.read(path),
      fields: comparedFields(context.desk, ticket, body),
    });
    context.announce(isSaved ? 'Saved' : 'The stored version stays');
    if (context.signal.aborted) return;
    dialog.close();
    await context.refresh(stored.saved);
  }

  async function saveIfThere(changed) {
    try {
      return await save(context, changed);
    } catch (error) {
      throw error.status === 404 ? error.saying(DELETED) : error;
    }
  }
}

const DELETED = 'Another user has deleted this ticket meanwhile. It can be saved when it is restored.';

function controlsFor({ users }, ticket) {
  const assignees = [['', 'Nobody'], ...users.map(({ id, name }) => [String(id), name])];
  return {
    subject: h('input', {
      id: 'ticket-subject',
      name: 'subject',
      dir: 'auto',
      required: true,
      autocomplete: 'off',
      value: ticket?.subject,
    }),
    orderNumber: h('input', {
      id: 'ticket-order',
      name: 'orderNumber',
      inputmode: 'numeric',
      required: true,
      autocomplete: 'off',
      value: ticket?.orderNumber,
    }),
    priority: select({ id: 'ticket-priority', name: 'priority' }, PRIORITIES, ticket?.priority ?? 'normal'),
    assigneeId: select({ id: 'ticket-assignee', name: 'assigneeId' }, assignees, ticket?.assigneeId),
  };
}

function valuesOf({ subject, orderNumber, priority, assigneeId }) {
  const number = orderNumber.value.trim();
  return {
    subject: subject.value,
    // What is no number is sent as it is: the API says what is wrong with it.
    orderNumber: /^\d+$/.test(number) ? Number(number) : number,
    priority: priority.value,
    assigneeId: assigneeId.value === '' ? null : Number(assigneeId.value),
  };
}
