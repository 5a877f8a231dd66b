import { ask } from './api.js';
import { h } from './dom.js';
import { listView } from './list-view.js';
import { messages } from './messages.js';
import { session } from './session.js';
import { signInView } from './sign-in-view.js';
import { ticketView } from './ticket-view.js';

const main = document.querySelector('#main');
const masthead = document.querySelector('#masthead');
const bar = document.querySelector('#bar');

/** What every view of the desk knows; undefined before sign-in. */
let desk;

/** Everybody of the organization, its tags and its name: what lists and forms name. */
async function openDesk() {
  const [organization, users, tags] = await Promise.all([
    ask('GET', 'organization'),
    ask('GET', 'users?sort=name&limit=100'),
    ask('GET', 'tags?sort=name&limit=100'),
  ]);
  return {
    organization: organization.data,
    users: users.data.items,
    tags: tags.data.items,
    me: users.data.items.find(({ email }) => email === session.email),
    ...messages,
    attempt,
  };
}

/** Does what a button asks for; what is wrong with it is said. */
async function attempt(work) {
  try {
    await work();
  } catch (error) {
    if (error.status === 401) leave('Your session is over. Please sign in again.');
    else messages.alarm(error.message);
  }
}

/** Shows what the address names: `#/`, `#/?status=open`, `#/tickets/7`. */
async function show({ focus = true } = {}) {
  if (session.token === null) return showSignIn();
  await attempt(async () => {
    desk ??= await openDesk().catch((error) => {
      // Signed in, but for nothing: the platform's account has no organization.
      if (error.status === 403)
        return leave('This account belongs to no organization, so there are no tickets for it.');
      throw error;
    });
    if (desk === undefined) return;
    showBar();
    const { view, heading, ready } = chooseView();
    main.replaceChildren(view);
    document.title = `${heading.textContent} – Support desk`;
    if (focus) heading.focus();
    await ready.catch((error) => {
      if (error.status !== 404) throw error;
      main.replaceChildren(missing());
    });
  });
}

function chooseView() {
  const [path, query = ''] = location.hash.replace(/^#/, '').split('?');
  const id = /^\/tickets\/(\d+)$/.exec(path)?.[1];
  if (id !== undefined) return ticketView(desk, Number(id));
  const asked = (parameters) => history.replaceState(null, '', `#/${parameters.size > 0 ? `?${parameters}` : ''}`);
  return listView(desk, new URLSearchParams(query), asked);
}

function missing() {
  return h(
    'div',
    {},
    h('h1', {}, 'No such ticket'),
    h('p', {}, 'There is none with this number here. ', h('a', { href: '#/' }, 'All tickets')),
  );
}

function showBar() {
  masthead.hidden = true;
  bar.hidden = false;
  bar.querySelector('#organization').textContent = desk.organization.name;
  bar.querySelector('#person').textContent = desk.me === undefined ? '' : `${desk.me.name}, ${desk.me.role}`;
}

function showSignIn(notice) {
  masthead.hidden = false;
  bar.hidden = true;
  document.title = 'Support desk – a nestjs-muck sample';
  main.replaceChildren(signInView({ entered: () => void show(), notice }));
}

/** Forgets the state of the last user: the next user may belong to another organization. */
function leave(notice) {
  session.end();
  desk = undefined;
  messages.clear();
  for (const dialog of document.querySelectorAll('dialog')) dialog.close();
  for (const part of bar.querySelectorAll('#organization, #person')) part.textContent = '';
  history.replaceState(null, '', '/');
  showSignIn(notice);
}

window.addEventListener('hashchange', () => void show());
document.querySelector('#sign-out').addEventListener('click', () => {
  leave('You have signed out.');
  masthead.querySelector('h1').focus();
});
void show({ focus: false });
