import { ask } from '../net/request.js';
import { Session, tokenFor } from '../net/session.js';
import { h } from '../ui/dom.js';
import { field, formProblem, onSubmit } from '../ui/form.js';

const PEOPLE = [
  {
    organization: 'Acme',
    note: '60 tickets, ids 1 to 60',
    people: [
      ['ada@acme.example', 'Ada Lovelace', 'admin'],
      ['alan@acme.example', 'Alan Turing', 'agent'],
    ],
  },
  {
    organization: 'Globex',
    note: '60 tickets, ids 61 to 120',
    people: [
      ['grace@globex.example', 'Grace Hopper', 'admin'],
      ['edsger@globex.example', 'Edsger Dijkstra', 'agent'],
    ],
  },
  {
    organization: 'The platform',
    note: 'Belongs to no organization: there are no tickets for it',
    people: [['root@platform.example', 'Platform administrator', 'writes the newsfeed']],
  },
];

/**
 * Where users come in.
 *
 * @param {{ enter: (session: Session) => void, signal: AbortSignal, notice?: string }} options `signal` is aborted when the view is left
 */
export function signInView({ enter, signal: left, notice }) {
  const email = h('input', { id: 'email', name: 'email', type: 'email', autocomplete: 'username', required: true });
  const password = h('input', {
    id: 'password',
    name: 'password',
    type: 'password',
    autocomplete: 'current-password',
    required: true,
  });
  const form = h(
    'form',
    { class: 'panel sign-in' },
    h('h2', {}, 'Sign in'),
    notice && h('p', { role: 'status', class: 'notice' }, notice),
    field('Email', email),
    field('Password', password),
    formProblem(),
    h('button', { class: 'primary', type: 'submit' }, 'Sign in'),
  );
  // Of two users who are picked while the first is on the way, the second comes in.
  onSubmit(form, signIn, { restarts: true });

  async function signIn(signal) {
    const [address, secret] = [email.value, password.value];
    const token = await tokenFor(ask, address, secret, AbortSignal.any([signal, left]));
    enter(new Session(address, token));
  }

  /** As if it had been typed, so that a problem shows where it always does. */
  function pick(address) {
    email.value = address;
    password.value = 'demo';
    form.requestSubmit();
  }

  return h(
    'div',
    { class: 'welcome' },
    form,
    h(
      'section',
      { 'aria-labelledby': 'people' },
      h('h2', { id: 'people' }, 'Or come in as one of these'),
      h('p', { class: 'soft' }, 'Everyone’s password is ', h('code', {}, 'demo'), '.'),
      h(
        'ul',
        { class: 'cards' },
        PEOPLE.map((group) => card(group, pick)),
      ),
      h(
        'p',
        { class: 'soft' },
        'Both organizations have the order numbers 1001 to 1060, and every third ticket has the same subject in both: a row that went astray would be easy to spot. ',
        h('a', { href: '#/isolation' }, 'See both side by side'),
        ', try ',
        h('a', { href: '/terminal' }, 'the same from a terminal'),
        ', or read ',
        h('a', { href: '/api/docs' }, 'the API’s description'),
        '.',
      ),
    ),
  );
}

function card({ organization, note, people }, pick) {
  return h(
    'li',
    {},
    h('h3', {}, organization),
    h('p', { class: 'soft' }, note),
    people.map(([address, name, role]) =>
      h(
        'button',
        { type: 'button', class: 'person', onclick: () => pick(address) },
        h('span', {}, name),
        h('span', { class: 'soft' }, role),
      ),
    ),
  );
}
