import { openDialog } from '../ui/dialog.js';
import { button, h, written } from '../ui/dom.js';

/**
 * Shows the stored version of a row beside the user's own, and lets the user decide.
 *
 * @param {object} conflict
 * @param {string} conflict.what the row, e.g. `ticket 1001`
 * @param {{ label: string, stored: string, mine: string }[]} conflict.fields
 * @param {{ keep: string, save: string, mine: string }} conflict.words what the buttons say that leave the stored version and save the
 *   user's own, and what the latter is called
 * @param {AbortSignal} conflict.signal
 * @returns {Promise<'stored' | 'mine' | undefined>} undefined: neither for now
 */
export function chooseVersion({ what, fields, words, signal }) {
  return new Promise((resolve) => {
    let choice;
    const choose = (chosen) => () => {
      choice = chosen;
      dialog.close();
    };
    const dialog = openDialog(
      { title: 'conflict', signal, kind: 'conflict' },
      h('h2', { id: 'conflict' }, `Another user has changed ${what} meanwhile`),
      h('p', {}, 'Nothing is overwritten yet. Which version shall be kept?'),
      comparison(fields, words.mine),
      h(
        'div',
        { class: 'buttons' },
        button(words.keep, choose('stored'), { kind: 'primary' }),
        button(words.save, choose('mine')),
        button('Go back', choose(undefined), { kind: 'quiet' }),
      ),
    );
    dialog.addEventListener('close', () => resolve(choice));
  });
}

function comparison(fields, mine) {
  return h(
    'table',
    { class: 'comparison' },
    h('thead', {}, h('tr', {}, ...['Field', 'Stored now', mine].map((text) => h('th', { scope: 'col' }, text)))),
    h('tbody', {}, fields.map(row)),
  );
}

function row({ label, stored, mine }) {
  const differs = stored !== mine;
  const cell = (text) => h('td', {}, written(differs ? 'mark' : 'span', {}, text === '' ? '–' : text));
  return h('tr', {}, h('th', { scope: 'row' }, label), cell(stored), cell(mine));
}
