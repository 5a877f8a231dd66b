import { ask } from './api.js';
import { h, replaceIn } from './dom.js';
import { field, formProblem, onSubmit } from './form.js';

/** How a ticket ended: said, changed and taken back here. @param {() => Promise<void>} changed */
export function resolutionPanel(desk, path, changed) {
  const view = h('section', { class: 'panel resolution', 'aria-labelledby': 'resolution' });
  const heading = () => h('h2', { id: 'resolution', tabindex: -1 }, 'Resolution');

  let shown;

  /** A text that is being written here stays, whatever else of the ticket changes. */
  function show(resolution) {
    const isSame = shown !== undefined && shown?.summary === resolution?.summary;
    const isBeingWritten = (view.querySelector('textarea')?.value ?? '') !== '';
    if (isSame && isBeingWritten) return;
    shown = resolution;
    if (resolution === null) showNone();
    else showText(resolution);
  }

  function showNone() {
    replaceIn(
      view,
      heading(),
      h('p', { class: 'soft' }, 'It is not said yet how this ended.'),
      h(
        'div',
        { class: 'buttons' },
        h('button', { type: 'button', 'data-key': 'resolution', onclick: () => showForm(null) }, 'Say how'),
      ),
    );
  }

  function showText(resolution) {
    replaceIn(
      view,
      heading(),
      h('p', { class: 'text' }, resolution.summary),
      h(
        'div',
        { class: 'buttons' },
        h('button', { type: 'button', 'data-key': 'resolution', onclick: () => showForm(resolution) }, 'Change'),
        h('button', { type: 'button', class: 'quiet', onclick: () => desk.attempt(remove) }, 'Take back'),
      ),
    );
  }

  function showForm(resolution) {
    const summary = h('textarea', {
      id: 'summary',
      name: 'summary',
      rows: 2,
      required: true,
      'data-key': 'resolution',
    });
    summary.value = resolution?.summary ?? '';
    const form = h(
      'form',
      {},
      field('How it ended', summary),
      formProblem(),
      h(
        'div',
        { class: 'buttons' },
        h('button', { type: 'submit' }, 'Save resolution'),
        h('button', { type: 'button', class: 'quiet', onclick: cancel }, 'Cancel'),
      ),
    );
    function cancel() {
      if (resolution === null) showNone();
      else showText(resolution);
    }
    onSubmit(form, async () => {
      await ask(resolution === null ? 'POST' : 'PATCH', `${path}/resolution`, { body: { summary: summary.value } });
      shown = undefined;
      await changed();
      desk.announce('Resolution saved');
    });
    replaceIn(view, heading(), form);
  }

  async function remove() {
    await ask('DELETE', `${path}/resolution`);
    await changed();
    desk.announce('Resolution taken back');
  }

  return { view, show };
}
