import { h } from '../ui/dom.js';

const masthead = document.querySelector('#masthead');
const bar = document.querySelector('#bar');

/** The views of the desk: a route, its name, and who sees it. */
const VIEWS = [
  ['tickets', '#/', 'Tickets', ({ organization }) => organization !== null],
  ['deleted', '#/deleted', 'Deleted', ({ user }) => user?.role === 'admin'],
  ['news', '#/news', 'News', () => true],
];

/**
 * Shows who has signed in and where they can go; the masthead instead where no user has.
 *
 * @param {{ session?: import('../net/session.js').Session, me?: import('./desk.js').Desk['me'], route: { name: string } }} shown `me` is
 *   undefined as long as it is not known
 */
export function showBar({ session, me, route }) {
  const isSignedOut = session === undefined && route.name !== 'isolation';
  masthead.hidden = !isSignedOut;
  bar.hidden = isSignedOut;
  const views = me === undefined ? [] : VIEWS.filter(([, , , isFor]) => isFor(me));
  const home = session === undefined ? [['', '#/', 'Sign in']] : me === undefined ? [['tickets', '#/', 'Desk']] : views;
  bar
    .querySelector('nav')
    .replaceChildren(
      ...[...home, ['isolation', '#/isolation', 'Isolation']].map(([name, href, text]) =>
        h('a', { href, 'aria-current': isCurrent(name, route) ? 'page' : undefined }, text),
      ),
    );
  bar.querySelector('#organization').textContent = me?.organization?.name ?? (me?.platformAdmin ? 'The platform' : '');
  bar.querySelector('#person').textContent = me === undefined ? '' : personOf(me);
  bar.querySelector('#sign-out').hidden = session === undefined;
}

function isCurrent(name, route) {
  return name === route.name || (name === 'tickets' && route.name === 'ticket');
}

function personOf({ user, email }) {
  return user === null ? email : `${user.name}, ${user.role}`;
}
