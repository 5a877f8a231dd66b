import { iteratePages, toQuery } from '/assets/client/index.js';
import { button, h, replaceIn, time, written } from '../ui/dom.js';
import { field, formProblem, onSubmit } from '../ui/form.js';

const PAGE = 20;

/**
 * The comments on a ticket, the newest last, and room for another one.
 *
 * @param {import('../shell/view-context.js').ViewContext} context
 * @param {string} path of the ticket
 */
export function commentThread(context, path) {
  const heading = h('h2', { id: 'comments', tabindex: -1 }, 'Comments');
  const list = h('div', {});
  const text = h('textarea', { id: 'comment', name: 'body', rows: 3, required: true, dir: 'auto' });
  const form = h('form', {}, field('New comment', text), formProblem(), h('button', { type: 'submit' }, 'Add comment'));
  let shown = PAGE;
  let comments = [];
  /** A comment that was sent without a response: it may be stored. */
  let unsure;

  onSubmit(form, async () => {
    const body = text.value;
    const added = (await storedAlready(body)) ?? (await add(body));
    // What has been typed since belongs to the next one.
    if (text.value === body) text.value = '';
    unsure = undefined;
    context.announce('Comment added');
    shown = Math.max(shown, comments.length + 1);
    await context.refresh(load);
    showAdded(added.id);
  });

  async function add(body) {
    try {
      return (await context.write('POST', `${path}/comments`, { body: { body } })).data;
    } catch (error) {
      if (error.isOutage) unsure = { body, after: comments.at(-1)?.id ?? 0 };
      throw error;
    }
  }

  /** The comment that an attempt without a response has stored after all; it is not added twice. */
  async function storedAlready(body) {
    if (unsure?.body !== body) return undefined;
    const { after } = unsure;
    const { items } = await newestComments(PAGE);
    return items.find((one) => one.id > after && one.body === body && one.authorId === context.desk.me.user.id);
  }

  function showAdded(id) {
    const item = list.querySelector(`[data-comment="${id}"]`);
    item?.classList.add('added');
    item?.scrollIntoView({ block: 'nearest' });
  }

  async function load() {
    const { items, more } = await newestComments(shown);
    comments = items.reverse();
    replaceIn(
      list,
      items.length === 0 && h('p', { class: 'soft' }, 'There are no comments yet.'),
      more && button('Show earlier comments', showMore, { key: 'more', kind: 'quiet' }),
      h('ol', { class: 'thread' }, comments.map(commentItem)),
    );
  }

  function showMore({ currentTarget }) {
    shown += PAGE;
    void context.run(currentTarget, load);
  }

  function commentItem({ id, body, version, author, authorId, createdAt }) {
    const remove = button('Delete', () => context.run(remove, () => removeComment(id, version)), {
      kind: 'quiet',
      label: 'Delete this comment',
    });
    return h(
      'li',
      { 'data-comment': id },
      h('p', { class: 'byline' }, written('b', {}, author.name), ' ', h('span', { class: 'soft' }, time(createdAt))),
      written('p', { class: 'text' }, body),
      authorId === context.desk.me.user.id && remove,
    );
  }

  /** Deletes the comment that the user saw; one that has changed since is shown first. */
  async function removeComment(id, version) {
    const comment = `${path}/comments/${id}`;
    const stored = await context.read(comment);
    if (stored.data.version === version) {
      await context.write('DELETE', comment, { version: stored.version });
      context.announce('Comment deleted');
    } else context.announce('The comment has changed meanwhile. This is the new one.');
    await context.refresh(load);
    if (!list.contains(document.activeElement)) heading.focus();
  }

  /** Follows cursors, so that a comment that comes or goes meanwhile neither repeats nor hides another one. */
  async function newestComments(count) {
    const items = [];
    for await (const page of iteratePages(readPage)) {
      items.push(...page.items);
      if (items.length >= count) return { items, more: page.nextCursor !== null };
    }
    return { items, more: false };
  }

  async function readPage(cursor) {
    const query = toQuery({ include: ['author'], sort: '-createdAt', limit: PAGE, cursor });
    return (await context.read(`${path}/comments?${new URLSearchParams(query)}`)).data;
  }

  const element = h('section', { 'aria-labelledby': 'comments' }, heading, list, form);
  return { element, load };
}
