import { h } from '../ui/dom.js';
import { statementsView } from './sql-view.js';

/** As much of a body is shown. */
const SHOWN_LENGTH = 700;

/**
 * A request, its response and its statements.
 *
 * @param {import('./traced-exchange.js').Traced} traced
 * @param {{ name: string }} sender
 */
export function exchangeView({ request, status, body, statements }, { name }) {
  return h(
    'div',
    { class: 'exchange' },
    h(
      'div',
      {},
      h('h5', {}, `${name} sends`),
      h('pre', {}, h('code', {}, requestText(request))),
      h('h5', {}, 'The API responds'),
      h('p', { class: 'status-line' }, statusBadge(status)),
      body !== undefined && h('pre', {}, h('code', {}, shortened(bodyText(body)))),
    ),
    h('div', {}, h('h5', {}, 'The database was sent'), statementsView(statements)),
  );
}

/** A row on a line of its own. */
function bodyText(body) {
  if (Array.isArray(body)) return `[\n${body.map((row) => `  ${JSON.stringify(row)}`).join(',\n')}\n]`;
  const entries = Object.entries(body).map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  return `{\n${entries.join(',\n')}\n}`;
}

export function requestText({ method, path, body }) {
  return `${method} /api/${path}${body === undefined ? '' : `\n${JSON.stringify(body)}`}`;
}

/** @param {number} status */
export function statusBadge(status) {
  return h('span', { class: `badge of-${Math.floor(status / 100)}` }, `${status} ${NAMES[status] ?? ''}`);
}

const NAMES = {
  200: 'OK',
  201: 'Created',
  204: 'No Content',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  500: 'Internal Server Error',
};

function shortened(text) {
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)} …` : text;
}
