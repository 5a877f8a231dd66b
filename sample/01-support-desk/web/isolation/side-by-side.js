import { isAbort } from '../net/request.js';
import { h, replaceIn, select, written } from '../ui/dom.js';
import { outage } from '../ui/outage.js';
import { placeholder } from '../ui/placeholder.js';
import { requestText, statusBadge } from './exchange-view.js';
import { statementsView, statementView } from './sql-view.js';
import { tracedExchange } from './traced-exchange.js';

/** Requests that both send. */
const REQUESTS = [
  ['support-tickets?sort=orderNumber&limit=6', 'Tickets, by their order number'],
  ['support-tickets?search=parcel&limit=6', 'Tickets about a parcel'],
  ['support-tickets?status=open&priority=urgent&sort=-createdAt&limit=6', 'The newest open and urgent tickets'],
  ['tags?sort=name', 'Tags'],
  ['users?sort=name', 'Users'],
  ['newsfeed?sort=-publishedAt&limit=5', 'The newsfeed, which is shared'],
];

/**
 * The same request by a user of each organization: what comes back, and the one statement that was sent for both.
 *
 * @param {import('./demo-users.js').DemoUser[]} users
 * @param {AbortSignal} signal
 */
export function sideBySide(users, signal) {
  const results = h('div', { class: 'results' }, placeholder(6));
  const choice = select({ id: 'same-request', name: 'request' }, REQUESTS);
  choice.addEventListener('change', () => void load());
  let running;

  async function load() {
    running?.abort();
    running = new AbortController();
    const current = AbortSignal.any([signal, running.signal]);
    results.ariaBusy = 'true';
    try {
      const request = { method: 'GET', path: choice.value };
      const traced = await Promise.all(users.map((user) => tracedExchange(request, user, current)));
      replaceIn(results, ...comparison(request, traced));
    } catch (error) {
      if (isAbort(error)) return;
      replaceIn(
        results,
        outage(error, () => void load()),
      );
    } finally {
      if (!current.aborted) results.ariaBusy = 'false';
    }
  }

  function comparison(request, traced) {
    return [
      h('pre', { class: 'request-line' }, h('code', {}, requestText(request))),
      h(
        'div',
        { class: 'twins' },
        traced.map((one, index) => twin(users[index], one)),
      ),
      h('p', { class: 'overlap' }, overlapOf(traced)),
      ...statementsOf(traced),
    ];
  }

  /** The text is shown once if both have sent the same: only its parameters tell the organizations apart. */
  function statementsOf(traced) {
    const sent = traced.map(({ statements = [] }) => statements.filter(({ scope }) => scope !== null));
    const [first, second] = sent.map((statements) => statements.map(({ sql }) => sql).join('\n'));
    if (first === '' || first !== second) return [statementsView(traced[0].statements)];
    return [
      h('h3', {}, 'The one text that both sent to the database'),
      ...sent[0].map((statement, at) =>
        statementView(
          statement,
          users.map(({ organization }, index) => ({ name: organization.name, statement: sent[index][at] })),
        ),
      ),
    ];
  }

  const element = h(
    'section',
    { 'aria-labelledby': 'same' },
    h('h2', { id: 'same' }, 'The same request, two organizations'),
    h('div', { class: 'field' }, h('label', { for: 'same-request' }, 'Both ask for'), choice),
    results,
  );
  return { element, load };
}

function twin({ name, organization }, { status, body }) {
  const { items = [], total } = body ?? {};
  return h(
    'section',
    { class: 'twin panel', 'aria-label': organization.name },
    h('h3', {}, organization.name, h('span', { class: 'soft' }, ` ${name}`)),
    h('p', { class: 'status-line' }, statusBadge(status), h('span', { class: 'soft' }, ` ${total} in all`)),
    h(
      'table',
      {},
      h('thead', {}, h('tr', {}, ...['Id', 'Row', 'Organization'].map((text) => h('th', { scope: 'col' }, text)))),
      h('tbody', {}, items.map(row)),
    ),
  );
}

function row({ id, orderNumber, subject, name, text, organizationId }) {
  return h(
    'tr',
    {},
    h('td', { class: 'number' }, id),
    h(
      'td',
      {},
      orderNumber !== undefined && h('span', { class: 'soft number' }, `${orderNumber} `),
      written('bdi', {}, subject ?? name ?? text),
    ),
    h('td', { class: 'number' }, organizationId ?? '–'),
  );
}

function overlapOf(traced) {
  const [one, other] = traced.map(({ body }) => new Set((body?.items ?? []).map(({ id }) => id)));
  const both = [...one].filter((id) => other.has(id)).length;
  if (both === 0) return 'No row is in both responses, though both come from the same table.';
  return 'Both get the same rows: this table belongs to no organization.';
}
