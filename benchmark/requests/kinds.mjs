// @ts-check
import { referencesOf } from '../database/data-set.mjs';

/**
 * @typedef {{ method: string, path: string, headers: Record<string, string>, body?: string }} Request
 * @typedef {'plain' | 'muck' | 'shared' | 'dataui' | 'paginate'} Contract how a contestant is asked, and how it responds
 * @typedef {{ id: string, organization: number }} Ticket a row that exists
 */

/**
 * What requests are made of.
 *
 * @typedef {object} Sample
 * @property {number} tenants
 * @property {readonly Ticket[]} tickets
 * @property {Partial<Record<Contract, string>>} deepCursor the cursor of a late page, as the contract writes it
 * @property {readonly Ticket[]} [doomed] rows made to be deleted
 */

/**
 * A kind of request that is measured.
 *
 * @typedef {object} Kind
 * @property {string} name
 * @property {string} title
 * @property {'rows' | 'row' | 'none'} response
 * @property {boolean} [writes]
 * @property {(contract: Contract, i: number, sample: Sample) => Request | undefined} request the `i`th request; undefined if the contract has none
 */

/** How the subject of a ticket that a request has created begins. */
export const NEW = 'A new ticket';

/** Whether a contestant has the paths and the responses of this library: the plain ones have them too. @param {Contract} contract */
export const isRest = (contract) => contract === 'plain' || contract === 'muck' || contract === 'shared';

/**
 * A request for a list: another tenant's each time, but not the largest's.
 *
 * @param {{ rest: string, dataui?: string, paginate?: string }} paths
 * @returns {Kind['request']}
 */
const list = (paths) => (contract, i, sample) => {
  const organization = organizationAt(i, sample);
  // Of an entity that belongs to no tenant a client has to name the rows that it wants.
  if (contract === 'shared') return get(`${paths.rest}&organizationId=${organization}`, organization);
  const path = contract === 'plain' || contract === 'muck' ? paths.rest : paths[contract];
  return path === undefined ? undefined : get(path, organization);
};

/** @param {number} i @param {Sample} sample */
const organizationAt = (i, { tenants }) => 2 + (i % (tenants - 1));
/** @param {number} organization */
const headersOf = (organization) => ({ 'x-organization': String(organization) });
/** @param {string} path @param {number} organization @returns {Request} */
const get = (path, organization) => ({ method: 'GET', path, headers: headersOf(organization) });
/** @param {string} method @param {string} path @param {number} organization @param {unknown} body @returns {Request} */
const send = (method, path, organization, body) => ({
  method,
  path,
  headers: { ...headersOf(organization), 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

/** @param {number} organization @param {number} i */
const ticketBody = (organization, i) => ({
  ...referencesOf(organization, i),
  subject: `${NEW} about parcel ${i}`,
  status: 'open',
  priority: 1 + (i % 5),
});

/** The peers have no pages by a cursor that an index could serve. @param {Contract} contract @param {string | undefined} cursor */
const pageAt = (contract, cursor) =>
  isRest(contract) && cursor !== undefined
    ? get(`/tickets?limit=25&cursor=${encodeURIComponent(cursor)}`, 1)
    : undefined;

/** @type {readonly Kind[]} */
export const kinds = [
  {
    name: 'list',
    title: 'list, no total',
    response: 'rows',
    request: list({
      rest: '/tickets?limit=25&count=none',
      dataui: '/tickets?limit=25',
      paginate: '/tickets-uncounted?limit=25',
    }),
  },
  {
    name: 'total',
    title: 'list with total',
    response: 'rows',
    request: list({
      rest: '/tickets?limit=25&count=exact',
      dataui: '/tickets?limit=25&page=1',
      paginate: '/tickets?limit=25',
    }),
  },
  {
    name: 'filtered',
    title: 'filtered and sorted',
    response: 'rows',
    request: list({
      rest: '/tickets?limit=25&count=none&status=open&priority__gte=3&sort=createdAt,id',
      dataui: '/tickets?limit=25&filter=status||$eq||open&filter=priority||$gte||3&sort=createdAt,ASC&sort=id,ASC',
      paginate:
        '/tickets-uncounted?limit=25&filter.status=$eq:open&filter.priority=$gte:3&sortBy=createdAt:ASC&sortBy=id:ASC',
    }),
  },
  {
    name: 'cursor',
    title: 'cursor, page 1',
    response: 'rows',
    request: (contract) => pageAt(contract, ''),
  },
  {
    name: 'deep-cursor',
    title: 'cursor, page 10,000',
    response: 'rows',
    request: (contract, _i, { deepCursor }) => pageAt(contract, deepCursor[contract]),
  },
  {
    name: 'to-one',
    title: 'with a to-one include',
    response: 'rows',
    request: list({
      rest: '/tickets?limit=25&count=none&include=assignee',
      dataui: '/tickets?limit=25&join=assignee',
      paginate: '/tickets-with-assignee?limit=25',
    }),
  },
  {
    name: 'to-many',
    title: 'with a to-many include',
    response: 'rows',
    request: list({
      rest: '/tickets?limit=25&count=none&include=comments',
      dataui: '/tickets?limit=25&join=comments',
      paginate: '/tickets-with-comments?limit=25',
    }),
  },
  {
    name: 'read',
    title: 'read',
    response: 'row',
    request: (contract, i, { tickets }) => {
      const { id, organization } = tickets[i % tickets.length];
      return contract === 'paginate' ? undefined : get(`/tickets/${id}`, organization);
    },
  },
  {
    name: 'create',
    title: 'create',
    response: 'row',
    writes: true,
    request: (contract, i, sample) => {
      const organization = organizationAt(i, sample);
      return contract === 'paginate' ? undefined : send('POST', '/tickets', organization, ticketBody(organization, i));
    },
  },
  {
    name: 'update',
    title: 'update',
    response: 'row',
    writes: true,
    request: (contract, i, { tickets }) => {
      const { id, organization } = tickets[i % tickets.length];
      const body = { subject: `Changed for the ${i}th time`, priority: 1 + (i % 5) };
      return contract === 'paginate' ? undefined : send('PATCH', `/tickets/${id}`, organization, body);
    },
  },
  {
    name: 'bulk',
    title: 'create 100 at once',
    response: 'rows',
    writes: true,
    request: (contract, i, sample) => {
      const organization = organizationAt(i, sample);
      const bodies = Array.from({ length: 100 }, (_, n) => ticketBody(organization, i * 100 + n));
      if (contract === 'paginate') return undefined;
      return send('POST', '/tickets/bulk', organization, contract === 'dataui' ? { bulk: bodies } : bodies);
    },
  },
  {
    name: 'delete',
    title: 'delete',
    response: 'none',
    writes: true,
    request: (contract, i, { tickets, doomed = tickets }) => {
      const { id, organization } = doomed[i % doomed.length];
      return contract === 'paginate'
        ? undefined
        : { method: 'DELETE', path: `/tickets/${id}`, headers: headersOf(organization) };
    },
  },
];

/**
 * The kinds that a run measures.
 *
 * @param {readonly string[]} only names of kinds, or `requests` for all of them
 * @returns {Kind[]}
 */
export function chooseKinds(only) {
  return kinds.filter(({ name }) => only.length === 0 || only.includes('requests') || only.includes(name));
}
