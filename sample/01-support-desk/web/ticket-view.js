import { ask } from './api.js';
import { commentThread } from './comment-thread.js';
import { h, replaceIn, select, time } from './dom.js';
import { priorityMark, statusMark } from './marks.js';
import { resolutionPanel } from './resolution-panel.js';
import { editTicket } from './ticket-form.js';

/**
 * One ticket and all that hangs on it.
 *
 * @param {object} desk
 * @param {number} id
 */
export function ticketView(desk, id) {
  const path = `support-tickets/${id}`;
  const heading = h('h1', { tabindex: -1 }, 'Ticket');
  const head = h('div', { class: 'ticket-head' });
  const resolution = resolutionPanel(desk, path, refresh);
  const thread = commentThread(desk, path);
  const details = h('section', { class: 'panel', 'aria-labelledby': 'details' });
  const history = h('section', { class: 'history', 'aria-labelledby': 'history' });
  const body = h(
    'div',
    { class: 'ticket' },
    h('div', { class: 'ticket-main' }, resolution.view, thread.view),
    h('aside', { 'aria-label': 'About this ticket' }, details, history),
  );
  const view = h('div', {}, h('p', { class: 'back' }, h('a', { href: '#/' }, '← All tickets')), heading, head, body);

  async function refresh() {
    const [ticket, entries] = await Promise.all([
      ask('GET', `${path}?include=assignee,tags,resolution`),
      ask('GET', `${path}/history?include=author&sort=-createdAt&limit=50`),
      thread.refresh(),
    ]);
    heading.textContent = ticket.data.subject;
    document.title = `${ticket.data.subject} – Support desk`;
    body.hidden = false;
    replaceIn(head, ...headOf(ticket.data));
    replaceIn(details, ...detailsOf(ticket.data));
    replaceIn(history, ...historyOf(entries.data.items));
    resolution.show(ticket.data.resolution);
  }

  const attempt = (work) => () => desk.attempt(work);

  function headOf({ orderNumber, status, createdAt }) {
    const [next, word] = status === 'closed' ? ['open', 'Reopen'] : ['closed', 'Close ticket'];
    return [
      h('p', { class: 'soft' }, `Ticket ${orderNumber}, opened `, time(createdAt)),
      h(
        'div',
        { class: 'buttons' },
        button(
          word,
          'close',
          attempt(() => setStatus(next)),
          'primary',
        ),
        button('Edit', 'edit', attempt(edit)),
        button('Delete', 'delete', attempt(remove)),
      ),
    ];
  }

  async function setStatus(status) {
    await ask('PATCH', path, { body: { status } });
    await refresh();
    desk.announce(status === 'closed' ? 'Closed' : 'Open again');
  }

  /** An edit names the version that was read now, so that it cannot overwrite another user's change. */
  async function edit() {
    const { data, version } = await ask('GET', path);
    editTicket({ ...desk, reload: attempt(refresh) }, { ticket: data, version });
  }

  async function remove() {
    await ask('DELETE', path);
    body.hidden = true;
    replaceIn(
      head,
      h('p', {}, 'This ticket is deleted. It stands in no list any more.'),
      h('div', { class: 'buttons' }, button('Restore', 'delete', attempt(restore), 'primary')),
    );
    desk.announce('Deleted');
  }

  async function restore() {
    await ask('POST', `${path}/restore`);
    await refresh();
    desk.announce('Restored');
  }

  function detailsOf({ status, priority, assignee, tags, updatedAt }) {
    return [
      h('h2', { id: 'details' }, 'Details'),
      h(
        'dl',
        {},
        h('dt', {}, 'Status'),
        h('dd', {}, statusMark(status)),
        h('dt', {}, 'Priority'),
        h('dd', {}, priorityMark(priority)),
        h('dt', {}, 'Assignee'),
        h('dd', {}, assignee?.name ?? h('span', { class: 'soft' }, 'Nobody')),
        h('dt', {}, 'Updated'),
        h('dd', {}, time(updatedAt)),
        h('dt', { class: 'whole' }, 'Tags'),
        h('dd', { class: 'whole' }, ...tagsOf(tags)),
      ),
    ];
  }

  function tagsOf(tags) {
    const tagIds = tags.map(({ id: tagId }) => tagId);
    const others = desk.tags.filter(({ id: tagId }) => tags.every((tag) => tag.id !== tagId));
    const add = select(
      { 'aria-label': 'Tag to add', id: 'add-tag', 'data-key': 'add-tag' },
      others.map(({ id: tagId, name }) => [String(tagId), name]),
    );
    return [
      tags.length === 0 && h('p', { class: 'soft' }, 'None'),
      tags.length > 0 &&
        h(
          'ul',
          { class: 'tags' },
          tags.map(({ id: tagId, name }) => h('li', { class: 'tag' }, name, untagButton(tagId, name, tagIds))),
        ),
      others.length > 0 &&
        h(
          'div',
          { class: 'add-tag' },
          add,
          button(
            'Add',
            'add',
            attempt(() => setTags([...tagIds, Number(add.value)])),
          ),
        ),
    ];
  }

  function untagButton(tagId, name, tagIds) {
    const remove = attempt(() => setTags(tagIds.filter((other) => other !== tagId)));
    return h('button', { type: 'button', 'aria-label': `Remove the tag ${name}`, onclick: remove }, '×');
  }

  async function setTags(tagIds) {
    await ask('PATCH', path, { body: { tags: tagIds } });
    await refresh();
    desk.announce('Tags changed');
  }

  return { view, heading, ready: refresh() };
}

function button(text, key, onclick, kind) {
  return h('button', { type: 'button', class: kind, 'data-key': key, onclick }, text);
}

const EVENTS = { created: 'opened it', changed: 'changed it', deleted: 'deleted it', restored: 'restored it' };

function historyOf(entries) {
  return [
    h('h2', { id: 'history' }, 'History'),
    h(
      'ol',
      {},
      entries.map(({ event, changes, author, createdAt }) =>
        h(
          'li',
          {},
          h('p', {}, h('b', {}, author.name), ` ${EVENTS[event]}`),
          changes.map(({ field, from, to }) =>
            h('p', { class: 'soft' }, `${field}: ${from === undefined ? '' : `${from ?? 'none'} → `}${to ?? 'none'}`),
          ),
          h('p', { class: 'soft' }, time(createdAt)),
        ),
      ),
    ),
  ];
}
