import { ask } from './api.js';
import { h, replaceIn, time } from './dom.js';
import { field, formProblem, onSubmit } from './form.js';

const PAGE = 20;

/** What has been written about a ticket, oldest first, and room for more. */
export function commentThread(desk, path) {
  const heading = h('h2', { id: 'comments' }, 'Comments');
  const list = h('div', {});
  const text = h('textarea', { id: 'comment', name: 'body', rows: 3, required: true });
  const form = h('form', {}, field('New comment', text), formProblem(), h('button', { type: 'submit' }, 'Add comment'));
  let shown = PAGE;

  onSubmit(form, async () => {
    await ask('POST', `${path}/comments`, { body: { body: text.value } });
    text.value = '';
    shown += 1;
    await refresh();
    desk.announce('Comment added');
  });

  async function refresh() {
    const { items, more } = await firstComments(path, shown);
    replaceIn(
      list,
      items.length === 0 && h('p', { class: 'soft' }, 'There are no comments yet.'),
      h('ol', { class: 'thread' }, items.map(comment)),
      more && h('button', { type: 'button', 'data-key': 'more', onclick: showMore }, 'Show more'),
    );
  }

  function showMore() {
    shown += PAGE;
    void desk.attempt(refresh);
  }

  function comment({ id, body, author, authorId, createdAt }) {
    const remove = () => desk.attempt(() => removeComment(id));
    return h(
      'li',
      {},
      h('p', { class: 'byline' }, h('b', {}, author.name), ' ', h('span', { class: 'soft' }, time(createdAt))),
      h('p', { class: 'text' }, body),
      authorId === desk.me?.id &&
        h('button', { type: 'button', class: 'quiet', 'aria-label': 'Delete this comment', onclick: remove }, 'Delete'),
    );
  }

  async function removeComment(id) {
    await ask('DELETE', `${path}/comments/${id}`);
    await refresh();
    desk.announce('Comment deleted');
  }

  const view = h('section', { 'aria-labelledby': 'comments' }, heading, list, form);
  return { view, refresh };
}

/** Follows cursors, so that a comment that comes or goes meanwhile neither repeats nor hides another one. */
async function firstComments(path, count) {
  const items = [];
  let cursor = '';
  do {
    const query = new URLSearchParams({ include: 'author', sort: 'createdAt', limit: String(PAGE), cursor });
    const { data } = await ask('GET', `${path}/comments?${query}`);
    items.push(...data.items);
    cursor = data.nextCursor;
  } while (cursor !== null && items.length < count);
  return { items, more: cursor !== null };
}
