import { ask } from './api.js';
import { h } from './dom.js';
import { field, formProblem, onSubmit } from './form.js';
import { session } from './session.js';

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

/** Who comes in. @param {{ entered: () => void, notice?: string }} options */
export function signInView({ entered, notice }) {
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
  onSubmit(form, () => enter(email.value, password.value));

  async function enter(address, secret) {
    const { data } = await ask('POST', 'auth/login', { body: { email: address, password: secret } }).catch((error) => {
      if (error.status === 401) error.problems = [{ detail: 'The address or the password is wrong.' }];
      throw error;
    });
    session.begin(data.accessToken, address);
    entered();
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
        h('a', { href: '/terminal' }, 'The same from a terminal'),
        ', or ',
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
