import { counted, h } from '../ui/dom.js';
import { laidOut, parametersIn, tenantParts } from './sql-text.js';

/** What a transaction consists of beside its statements. */
const TRANSACTION = /^(?:START TRANSACTION|BEGIN|COMMIT|ROLLBACK)\b/;

/**
 * The statements of a request, with what limits each to its tenant marked.
 *
 * @param {import('./traced-exchange.js').Traced['statements']} statements
 */
export function statementsView(statements) {
  if (statements === undefined) return h('p', { class: 'soft' }, 'This server does not show its statements.');
  const [before, own] = partition(statements, ({ scope }) => scope === null);
  const [transaction, sent] = partition(own, ({ sql }) => TRANSACTION.test(sql));
  return h(
    'div',
    { class: 'statements' },
    sent.length === 0 && h('p', { class: 'nothing-sent' }, 'No statement on the tickets was sent.'),
    sent.map((statement) => statementView(statement, [{ statement }])),
    transaction.length > 0 &&
      h('p', { class: 'soft' }, 'In one transaction: ', transaction.map(({ sql }) => sql).join(', ')),
    before.length > 0 && beforeView(before),
  );
}

function beforeView(statements) {
  return h(
    'details',
    {},
    h('summary', {}, `${counted(statements.length, 'statement')} without a tenant: who is asking?`),
    statements.map((statement) => statementView(statement, [{ statement }])),
  );
}

/**
 * One statement with its parameters, of one request or of several that sent the same text.
 *
 * @param {{ sql: string, parameters: unknown[], scope: Record<string, unknown> | null }} statement
 * @param {{ name?: string, statement: typeof statement }[]} senders
 */
export function statementView({ sql, parameters, scope }, senders) {
  const text = laidOut(sql);
  const parts = tenantParts(text, parameters, scope);
  const tenant = new Set(parts.flatMap(([start, end]) => parametersIn(text.slice(start, end))));
  return h(
    'div',
    { class: 'statement' },
    h('pre', {}, h('code', {}, marked(text, parts))),
    parametersIn(text).length > 0 && parametersView(parametersIn(text), tenant, senders),
  );
}

function marked(text, parts) {
  const nodes = [];
  let at = 0;
  for (const [start, end] of parts) {
    nodes.push(text.slice(at, start), h('mark', {}, text.slice(start, end)));
    at = end;
  }
  return [...nodes, text.slice(at)];
}

function parametersView(numbers, tenant, senders) {
  const value = ({ name, statement }, number) => [
    h('code', {}, JSON.stringify(statement.parameters[number - 1])),
    name !== undefined && ` for ${name}`,
  ];
  return h(
    'ul',
    { class: 'parameters' },
    numbers.map((number) =>
      h(
        'li',
        {},
        h(tenant.has(number) ? 'mark' : 'span', {}, h('code', {}, `$${number}`)),
        ' = ',
        distinct(senders, number).map((sender, index) => [index > 0 && ', ', value(sender, number)]),
        tenant.has(number) && h('span', { class: 'soft' }, ' the tenant'),
      ),
    ),
  );
}

/** A value that is the same for all senders is told once. */
function distinct(senders, number) {
  const texts = new Set(senders.map(({ statement }) => JSON.stringify(statement.parameters[number - 1])));
  return texts.size === 1 ? [{ statement: senders[0].statement }] : senders;
}

function partition(all, isFirst) {
  return [all.filter(isFirst), all.filter((one) => !isFirst(one))];
}
