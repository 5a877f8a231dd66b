import { button, h, select, written } from '../ui/dom.js';

/**
 * A ticket's tags. Each is added and removed by a request of its own, so that two users who tag at once keep both tags.
 *
 * @param {import('../shell/view-context.js').ViewContext} context
 * @param {string} path of the ticket
 * @param {{ id: number, name: string }[]} tags
 * @param {() => Promise<void>} changed
 */
export function ticketTags(context, path, tags, changed) {
  const others = context.desk.tags.filter(({ id }) => tags.every((tag) => tag.id !== id));
  return [
    tags.length === 0 && h('p', { class: 'soft' }, 'None'),
    tags.length > 0 && h('ul', { class: 'tags' }, tags.map(tagItem)),
    others.length > 0 && adder(),
  ];

  function tagItem({ id, name }) {
    const label = `Remove the tag ${name}`;
    const remove = button('×', () => context.run(remove, () => change('DELETE', id, `Tag ${name} removed`)), { label });
    return h('li', { class: 'tag' }, written('span', {}, name), remove);
  }

  function adder() {
    const choices = others.map(({ id, name }) => [String(id), name]);
    const choice = select({ 'aria-label': 'Tag to add', id: 'add-tag', 'data-key': 'add-tag' }, choices);
    const add = button(
      'Add',
      () => {
        const tag = others.find(({ id }) => String(id) === choice.value);
        void context.run(add, () => change('PUT', tag.id, `Tag ${tag.name} added`));
      },
      { key: 'add' },
    );
    return h('div', { class: 'add-tag' }, choice, add);
  }

  async function change(method, tagId, done) {
    await context.write(method, `${path}/tags/${tagId}`);
    context.announce(done);
    await context.refresh(changed);
  }
}
