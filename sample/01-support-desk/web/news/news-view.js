import { save } from '../editing/save.js';
import { button, h, replaceIn, time, written } from '../ui/dom.js';
import { field, formProblem, onSubmit } from '../ui/form.js';
import { placeholder } from '../ui/placeholder.js';

const PAGE = 20;

/**
 * What is new on the platform, the same for every organization. The platform's account, which belongs to none, writes it.
 *
 * @param {import('../shell/view-context.js').ViewContext} context
 * @returns {import('../shell/app.js').View}
 */
export function newsView(context) {
  const mayWrite = context.desk.me.platformAdmin;
  const heading = h('h1', { tabindex: -1 }, 'News');
  const list = h('div', { class: 'results' }, placeholder(4));
  const element = h(
    'div',
    { class: 'news' },
    h('div', { class: 'title' }, heading),
    h('p', { class: 'soft' }, mayWrite ? FOR_WRITERS : FOR_READERS),
    mayWrite && writer(),
    list,
  );
  let shown = PAGE;

  async function load() {
    const { data } = await context.read(`newsfeed?sort=-publishedAt&limit=${shown}`);
    replaceIn(
      list,
      data.items.length === 0 && h('p', { class: 'empty' }, 'There is no news.'),
      h('ol', { class: 'rows' }, data.items.map(item)),
      data.total > data.items.length && shown < 100 && button('Show more', showMore, { key: 'more', kind: 'quiet' }),
    );
  }

  function showMore({ currentTarget }) {
    shown = 100;
    void context.run(currentTarget, load);
  }

  function writer() {
    const text = h('textarea', { id: 'news', name: 'text', rows: 2, required: true, dir: 'auto' });
    const publish = h('button', { type: 'submit', class: 'primary' }, 'Publish');
    const form = h('form', { class: 'panel' }, field('To all organizations', text), formProblem(), publish);
    onSubmit(form, async () => {
      const body = { text: text.value };
      await context.write('POST', 'newsfeed', { body });
      if (text.value === body.text) text.value = '';
      context.announce('Published');
      await context.refresh(load);
    });
    return form;
  }

  function item({ id, text, version, publishedAt }) {
    const place = h('li', { 'data-key': `news-${id}` });
    const show = () => replaceIn(place, ...reading(), mayWrite && actions());
    const reading = () => [
      h('div', {}, written('p', { class: 'text' }, text), h('p', { class: 'soft' }, time(publishedAt))),
    ];
    const actions = () => {
      const edit = button('Change', () => context.run(edit, open), { key: 'edit', label: `Change the news “${text}”` });
      const remove = button('Delete', () => context.run(remove, () => removeNews(id, version, text)), {
        kind: 'quiet',
        label: `Delete the news “${text}”`,
      });
      return h('div', { class: 'buttons' }, edit, remove);
    };
    const open = async () => {
      const stored = await context.read(`newsfeed/${id}`);
      replaceIn(place, editor(id, stored, show));
    };
    show();
    return place;
  }

  function editor(id, { data, version }, cancel) {
    const text = h('textarea', {
      id: `news-${id}`,
      name: 'text',
      rows: 2,
      required: true,
      dir: 'auto',
      'data-key': 'edit',
    });
    text.value = data.text;
    const form = h(
      'form',
      {},
      field('Text', text),
      formProblem(),
      h(
        'div',
        { class: 'buttons' },
        h('button', { type: 'submit' }, 'Save'),
        button('Cancel', cancel, { kind: 'quiet', key: 'cancel' }),
      ),
    );
    onSubmit(form, async () => {
      const body = { text: text.value };
      const isSaved = await save(context, {
        what: 'the news',
        version,
        write: (seen) => context.write('PATCH', `newsfeed/${id}`, { body, version: seen }),
        read: () => context.read(`newsfeed/${id}`),
        fields: [{ label: 'Text', stored: (stored) => stored.text, seen: data.text, mine: body.text }],
      });
      context.announce(isSaved ? 'Saved' : 'The stored version stays');
      await context.refresh(load);
    });
    return form;
  }

  async function removeNews(id, version, text) {
    const stored = await context.read(`newsfeed/${id}`);
    const isRemoved = await save(context, {
      what: 'the news',
      version: stored.data.version === version ? stored.version : '"changed"',
      write: (seen) => context.write('DELETE', `newsfeed/${id}`, { version: seen }),
      read: () => context.read(`newsfeed/${id}`),
      removes: true,
      fields: [{ label: 'Text', stored: (row) => row.text, seen: text, mine: text }],
      words: { keep: 'Keep it', save: 'Delete it all the same', mine: 'As you saw it' },
    });
    if (isRemoved) context.announce('Deleted');
    await context.refresh(load);
  }

  return { element, heading, load };
}

const FOR_READERS = 'From the platform to every organization. Only the platform’s administrator writes here.';
const FOR_WRITERS =
  'Every organization reads this. It is all that the platform’s administrator may write: this account has no organization, so for it there are no tickets.';
