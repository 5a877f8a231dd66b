import { Api } from '../net/api.js';
import { isAbort } from '../net/request.js';
import { keptSession } from '../net/session.js';
import { deletedView } from '../tickets/deleted-view.js';
import { isolationView } from '../isolation/isolation-view.js';
import { listView } from '../tickets/list-view.js';
import { newsView } from '../news/news-view.js';
import { ticketView } from '../tickets/ticket-view.js';
import { messages } from '../ui/messages.js';
import { outage } from '../ui/outage.js';
import { placeholder } from '../ui/placeholder.js';
import { showBar } from './bar.js';
import { openDesk } from './desk.js';
import { renewSession } from './renew-session.js';
import { routeOf } from './routes.js';
import { signInView } from './sign-in-view.js';
import { ViewContext } from './view-context.js';

/**
 * What a view consists of.
 *
 * @typedef {object} View
 * @property {HTMLElement} element
 * @property {HTMLElement} heading where the keyboard goes
 * @property {() => Promise<void>} load reads what it shows
 * @property {(query: URLSearchParams) => Promise<void>} [update] shows something else instead: the user went back
 */

const main = document.querySelector('#main');

/** Who has signed in, and the desk that is opened for this session only. */
let session = keptSession();
/** @type {Promise<import('./desk.js').Desk> | undefined} */
let opening;
/** The same desk once it is open: what the bar shows wherever the user is. @type {import('./desk.js').Desk | undefined} */
let opened;
/** What is shown now: its route, its view and what aborts it. */
let shown;

/** Shows what the address names. */
async function show({ focus = true } = {}) {
  const route = routeOf(location.hash);
  if (shown?.view?.update && shown.route.name === route.name) return shown.view.update(route.query);
  const leaving = leaveView(route);
  showBar({ session, me: opened?.me, route });
  if (route.name === 'isolation') return open(isolationView(leaving), leaving, focus);
  if (session === undefined) return showSignIn();
  const desk = await deskOf(leaving);
  if (desk === undefined) return;
  showBar({ session, me: desk.me, route });
  if (desk.me.organization === null && route.name !== 'news') return location.replace('#/news');
  const context = new ViewContext(desk, leaving);
  const view = viewOf(route, context);
  context.load = view.load;
  return open(view, leaving, focus);
}

/** Ends the view that is shown: nothing that it waits for changes the page any more. @returns {AbortSignal} of the next one */
function leaveView(route) {
  shown?.leave.abort();
  shown = { route, leave: new AbortController() };
  return shown.leave.signal;
}

/** @returns {Promise<import('./desk.js').Desk | undefined>} undefined if something else is shown meanwhile */
async function deskOf(signal) {
  if (opening === undefined) main.replaceChildren(placeholder(8));
  opening ??= openDesk(session, new Api(session, (expired) => renewSession(expired, leave)));
  try {
    const desk = await opening;
    if (signal.aborted) return undefined;
    opened = desk;
    return desk;
  } catch (error) {
    opening = undefined;
    if (isAbort(error) || signal.aborted) return undefined;
    main.replaceChildren(outage(error, () => void show()));
    return undefined;
  }
}

function viewOf(route, context) {
  switch (route.name) {
    case 'ticket':
      return ticketView(context, route.id);
    case 'deleted':
      return deletedView(context);
    case 'news':
      return newsView(context);
    default:
      return listView(context, route.query);
  }
}

/** @param {View} view @param {AbortSignal} signal */
async function open(view, signal, focus) {
  shown.view = view;
  main.replaceChildren(view.element);
  document.title = `${view.heading.textContent} – Support desk`;
  if (focus) view.heading.focus();
  await load(view, signal);
}

async function load(view, signal) {
  try {
    await view.load();
  } catch (error) {
    if (isAbort(error) || signal.aborted) return;
    const problem = outage(error, () => {
      problem.remove();
      view.heading.focus();
      void load(view, signal);
    });
    view.heading.after(problem);
  }
}

function showSignIn(notice) {
  document.title = 'Support desk – a nestjs-muck sample';
  main.replaceChildren(signInView({ enter, signal: shown.leave.signal, notice }));
}

/** @param {import('../net/session.js').Session} next */
function enter(next) {
  session = next;
  session.keep();
  void show();
}

/** Ends the session. Nothing of it stays: the next user may belong to another organization. */
function leave(notice) {
  session?.end();
  session = undefined;
  opening = undefined;
  opened = undefined;
  leaveView(routeOf(''));
  messages.clear();
  for (const dialog of document.querySelectorAll('dialog')) dialog.remove();
  history.replaceState(null, '', '/');
  showBar({ session, route: shown.route });
  showSignIn(notice);
  document.querySelector('#masthead h1').focus();
}

window.addEventListener('hashchange', () => void show());
document.querySelector('#sign-out').addEventListener('click', () => leave('You have signed out.'));
void show({ focus: false });
