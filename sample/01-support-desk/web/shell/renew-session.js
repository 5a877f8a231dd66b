import { ask } from '../net/request.js';
import { tokenFor } from '../net/session.js';
import { button, h } from '../ui/dom.js';
import { field, formProblem, onSubmit } from '../ui/form.js';

/**
 * Asks the user of a session that has run out for the password again, over whatever is shown: what has been typed there stays.
 *
 * @param {import('../net/session.js').Session} session gets the new token
 * @param {(notice: string) => void} leave ends the session
 * @returns {Promise<void>} settles when the session goes on; rejects when the user leaves
 */
export function renewSession(session, leave) {
  return new Promise((resolve, reject) => {
    const password = h('input', {
      id: 'renew-password',
      name: 'password',
      type: 'password',
      autocomplete: 'current-password',
      required: true,
    });
    const form = h(
      'form',
      {},
      h('h2', { id: 'renew' }, 'Your session is over'),
      h('p', {}, 'Sign in again as ', h('b', {}, session.email), ' to go on where you are.'),
      field('Password', password),
      formProblem(),
      h(
        'div',
        { class: 'buttons' },
        h('button', { type: 'submit', class: 'primary' }, 'Go on'),
        button('Sign out', () => leave('You have signed out.')),
      ),
    );
    const dialog = h('dialog', { 'aria-labelledby': 'renew' }, form);
    onSubmit(form, async (signal) => {
      session.renew(await tokenFor(ask, session.email, password.value, signal));
      dialog.remove();
      resolve();
    });
    // There is nothing to go back to without a session.
    dialog.addEventListener('cancel', (event) => event.preventDefault());
    session.signal.addEventListener('abort', () => reject(session.signal.reason));
    document.body.append(dialog);
    dialog.showModal();
  });
}
