import { save } from '../editing/save.js';
import { button, h, replaceIn, time, written } from '../ui/dom.js';
import { placeholder } from '../ui/placeholder.js';
import { commentThread } from './comment-thread.js';
import { assigneeName, priorityMark, statusMark } from './marks.js';
import { resolutionPanel } from './resolution-panel.js';
import { comparedFields } from './ticket-fields.js';
import { editTicket } from './ticket-form.js';
import { ticketHistory } from './ticket-history.js';
import { ticketTags } from './ticket-tags.js';

/** How often a ticket is read again that changes while it is read. */
const ATTEMPTS = 5;

/**
 * One ticket and all that belongs to it.
 *
 * @param {import('../shell/view-context.js').ViewContext} context
 * @param {number} id
 * @returns {import('../shell/app.js').View}
 */
export function ticketView(context, id) {
  const path = `support-tickets/${id}`;
  const heading = written('h1', { tabindex: -1 }, 'Ticket');
  const head = h('div', { class: 'ticket-head' }, placeholder(2));
  const resolution = resolutionPanel(context, path, load);
  const thread = commentThread(context, path);
  const details = h('section', { class: 'panel', 'aria-labelledby': 'details' });
  const history = h('section', { class: 'history', 'aria-labelledby': 'history' });
  const body = h(
    'div',
    { class: 'ticket', hidden: true },
    h('div', { class: 'ticket-main' }, resolution.element, thread.element),
    h('aside', { 'aria-label': 'About this ticket' }, details, history),
  );
  const back = h('p', { class: 'back' }, h('a', { href: '#/' }, '← All tickets'));
  const element = h('div', {}, back, heading, head, body);
  /** The ticket as the user sees it, and its ETag. */
  let ticket;
  let version;

  async function load() {
    try {
      const [stored, entries] = await Promise.all([
        readTicket(context, path),
        context.read(`${path}/history?include=author&sort=-createdAt&limit=50`),
        thread.load(),
      ]);
      ({ ticket, version } = stored);
      show(entries.data.items);
    } catch (error) {
      if (error.status !== 404) throw error;
      await showMissing();
    }
  }

  function show(entries) {
    heading.textContent = ticket.subject;
    document.title = `${ticket.subject} – Support desk`;
    body.hidden = false;
    replaceIn(head, ...headOf(ticket));
    replaceIn(details, ...detailsOf(ticket));
    replaceIn(history, ...ticketHistory(entries));
    resolution.show(ticket.resolution);
  }

  function headOf({ orderNumber, status, createdAt }) {
    const [next, word] = status === 'closed' ? ['open', 'Reopen'] : ['closed', 'Close ticket'];
    return [
      h('p', { class: 'soft' }, `Ticket ${orderNumber}, opened `, time(createdAt)),
      h(
        'div',
        { class: 'buttons' },
        action(word, 'close', () => setStatus(next), 'primary'),
        action('Edit', 'edit', edit),
        action('Delete', 'delete', remove),
      ),
    ];
  }

  function action(text, key, work, kind) {
    const control = button(text, () => context.run(control, work), { key, kind });
    return control;
  }

  async function setStatus(status) {
    const isSaved = await save(context, {
      ...asSeen({ status }),
      write: (seen) => context.write('PATCH', path, { body: { status }, version: seen }),
      words: { save: status === 'closed' ? 'Close it all the same' : 'Reopen it all the same' },
    });
    if (isSaved) context.announce(status === 'closed' ? 'Closed' : 'Open again');
    await context.refresh(load);
  }

  /** The form starts from the ticket as it is stored now, with its version. */
  async function edit() {
    const { data, version: current } = await context.read(path);
    editTicket(context, { ticket: data, version: current, saved: load });
  }

  async function remove() {
    const isRemoved = await save(context, {
      ...asSeen(ticket),
      removes: true,
      write: (seen) => context.write('DELETE', path, { version: seen }),
      words: { keep: 'Keep it', save: 'Delete it all the same', mine: 'As you saw it' },
    });
    if (!isRemoved) return context.refresh(load);
    context.announce('Deleted');
    if (!context.signal.aborted) showDeleted('This ticket is deleted. It is in no list any more.');
  }

  function asSeen(changes) {
    return {
      what: `ticket ${ticket.orderNumber}`,
      version,
      read: () => context.read(path),
      fields: comparedFields(context.desk, ticket, changes),
    };
  }

  function showDeleted(text) {
    body.hidden = true;
    replaceIn(head, h('p', {}, text), h('div', { class: 'buttons' }, action('Restore', 'delete', restore, 'primary')));
  }

  async function restore() {
    await context.write('POST', `${path}/restore`);
    context.announce('Restored');
    await context.refresh(load);
  }

  /** A deleted ticket reads as missing. Administrators see which ones are deleted, and may restore this one. */
  async function showMissing() {
    const deleted = context.desk.me.user.role === 'admin' ? await readDeleted() : undefined;
    heading.textContent = deleted === undefined ? 'No such ticket' : deleted.subject;
    document.title = `${heading.textContent} – Support desk`;
    if (deleted !== undefined) return showDeleted(`Ticket ${deleted.orderNumber} is deleted.`);
    body.hidden = true;
    const all = h('a', { href: '#/' }, 'All tickets');
    return replaceIn(head, h('p', {}, 'There is none with this number here. ', all));
  }

  async function readDeleted() {
    const { data } = await context.read(`support-tickets?deleted=only&id=${id}`);
    return data.items[0];
  }

  function detailsOf({ status, priority, assignee, tags, updatedAt }) {
    const rows = [
      ['Status', statusMark(status)],
      ['Priority', priorityMark(priority)],
      ['Assignee', assigneeName(assignee)],
      ['Updated', time(updatedAt)],
    ];
    return [
      h('h2', { id: 'details' }, 'Details'),
      h(
        'dl',
        {},
        rows.map(([term, value]) => [h('dt', {}, term), h('dd', {}, value)]),
        h('dt', { class: 'whole' }, 'Tags'),
        h('dd', { class: 'whole' }, ticketTags(context, path, tags, load)),
      ),
    ];
  }

  return { element, heading, load };
}

/** Reads a ticket with its relations. Such a response has no ETag, so it is read without them too, until both are the same version. */
async function readTicket(context, path) {
  for (let attempt = 1; ; attempt++) {
    const [plain, full] = await Promise.all([
      context.read(path),
      context.read(`${path}?include=assignee,tags,resolution`),
    ]);
    if (plain.data.version === full.data.version || attempt === ATTEMPTS) {
      return { ticket: full.data, version: plain.version };
    }
  }
}
