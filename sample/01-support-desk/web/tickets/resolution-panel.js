import { save } from '../editing/save.js';
import { button, h, replaceIn, written } from '../ui/dom.js';
import { field, formProblem, onSubmit } from '../ui/form.js';

/**
 * How a ticket ended: written, changed and taken back here.
 *
 * @param {import('../shell/view-context.js').ViewContext} context
 * @param {string} path of the ticket
 * @param {() => Promise<void>} changed
 */
export function resolutionPanel(context, path, changed) {
  const element = h('section', { class: 'panel resolution', 'aria-labelledby': 'resolution' });
  const heading = () => h('h2', { id: 'resolution', tabindex: -1 }, 'Resolution');
  const row = `${path}/resolution`;
  let shown;
  let isBeingWritten = false;

  /** Shows what is stored. A text that is being written here stays: if it is saved over another one, the user is asked. */
  function show(resolution) {
    shown = resolution;
    if (isBeingWritten) return;
    const change = resolution === null ? 'Say how' : 'Change';
    const edit = button(change, () => context.run(edit, open), { key: 'resolution' });
    const takeBack = button('Take back', () => context.run(takeBack, remove), { kind: 'quiet' });
    replaceIn(
      element,
      heading(),
      resolution === null
        ? h('p', { class: 'soft' }, 'It is not said yet how this ended.')
        : written('p', { class: 'text' }, resolution.summary),
      h('div', { class: 'buttons' }, edit, resolution !== null && takeBack),
    );
  }

  /** Starts from the stored text, which another user may just have written. */
  async function open() {
    showForm(shown === null ? noneYet() : await context.read(row));
  }

  function showForm({ data, version }) {
    const summary = h('textarea', {
      id: 'summary',
      name: 'summary',
      rows: 2,
      required: true,
      dir: 'auto',
      'data-key': 'resolution',
    });
    summary.value = data?.summary ?? '';
    const form = h(
      'form',
      {},
      field(LABEL, summary),
      formProblem(),
      h(
        'div',
        { class: 'buttons' },
        h('button', { type: 'submit' }, 'Save resolution'),
        button('Cancel', close, { kind: 'quiet' }),
      ),
    );
    isBeingWritten = true;
    replaceIn(element, heading(), form);

    onSubmit(form, async () => {
      const body = { summary: summary.value };
      const isSaved = await save(context, {
        what: 'the resolution',
        version,
        write: (seen) => write(body, seen),
        read: storedNow,
        fields: [
          { label: LABEL, stored: (stored) => stored?.summary ?? '', seen: data?.summary ?? '', mine: body.summary },
        ],
      });
      context.announce(isSaved ? 'Resolution saved' : 'The stored resolution stays');
      isBeingWritten = false;
      await context.refresh(changed);
    });
  }

  /** A resolution that was taken back while it was changed here is as one that has another version. */
  async function write(body, version) {
    if (version === null) return context.write('POST', row, { body });
    try {
      return await context.write('PATCH', row, { body, version });
    } catch (error) {
      throw error.status === 404 ? error.asChanged() : error;
    }
  }

  async function storedNow() {
    try {
      return await context.read(row);
    } catch (error) {
      if (error.status === 404) return noneYet();
      throw error;
    }
  }

  function close() {
    isBeingWritten = false;
    show(shown);
  }

  async function remove() {
    const seen = shown;
    const stored = await context.read(row);
    const isRemoved = await save(context, {
      what: 'the resolution',
      version: stored.data.version === seen.version ? stored.version : CHANGED,
      write: (version) => context.write('DELETE', row, { version }),
      read: () => context.read(row),
      removes: true,
      fields: [{ label: LABEL, stored: ({ summary }) => summary, seen: seen.summary, mine: seen.summary }],
      words: { keep: 'Keep it', save: 'Take it back all the same', mine: 'As you saw it' },
    });
    if (isRemoved) context.announce('Resolution taken back');
    await context.refresh(changed);
  }

  return { element, show };
}

const LABEL = 'How it ended';

/** The tag of no version of a row: what is sent with it is a conflict. */
const CHANGED = '"changed"';

function noneYet() {
  return { data: undefined, version: null };
}
