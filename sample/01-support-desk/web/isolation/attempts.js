/**
 * A request to the API. `path` is below `/api`.
 *
 * @typedef {{ method: string, path: string, body?: unknown }} ApiRequest
 *
 * @typedef {import('./demo-users.js').DemoUser} DemoUser
 *
 * What a user tries who wants to get across, and what must come of it.
 *
 * @typedef {object} Attempt
 * @property {string} title
 * @property {string} text
 * @property {(own: DemoUser, other: DemoUser) => ApiRequest} request
 * @property {(status: number, body: any, own: DemoUser) => boolean} holds
 * @property {string} promise what is said if it holds
 * @property {(own: DemoUser, other: DemoUser) => ApiRequest} [control] a request that must get the very same response
 * @property {boolean} [asRoot] tried by the platform's account
 * @property {(body: any, own: DemoUser) => ApiRequest} [cleanUp] takes back what has been written
 */

/** The id of no ticket. */
const NEVER = 2_000_000_000;

const is = (expected) => (status) => status === expected;
const isEmptyPage = (status, body) => status === 200 && body.total === 0;
const isOwn = (status, body, own) =>
  status === 200 && body.length > 0 && body.every(({ organizationId }) => organizationId === own.organization.id);

/** @type {Attempt[]} */
const THROUGH_THE_API = [
  {
    title: 'By its id',
    text: 'Reads a ticket of the other organization.',
    request: (_, other) => ({ method: 'GET', path: `support-tickets/${other.ticketId}` }),
    control: () => ({ method: 'GET', path: `support-tickets/${NEVER}` }),
    holds: is(404),
    promise: 'Not found, and byte for byte what an id gets that never existed.',
  },
  {
    title: 'By a filter',
    text: 'Lists the tickets that the other’s administrator works on.',
    request: (_, other) => ({ method: 'GET', path: `support-tickets?assigneeId=${other.userId}` }),
    holds: isEmptyPage,
    promise: 'An empty list.',
  },
  {
    title: 'By a filter over a relation',
    text: 'Lists the tickets with a tag that only the other organization has.',
    request: (_, other) => ({ method: 'GET', path: `support-tickets?tags.name=${other.tag.name}` }),
    holds: isEmptyPage,
    promise: 'An empty list: the related tables are limited too.',
  },
  {
    title: 'By an include',
    text: 'Has related rows come with an own ticket.',
    request: (own) => ({ method: 'GET', path: `support-tickets/${own.ticketId}?include=assignee,tags,resolution` }),
    holds: (status, body, own) =>
      status === 200 &&
      [body, body.assignee, ...body.tags].every((row) => row === null || row.organizationId === own.organization.id),
    promise: 'Own rows only: every joined table has a predicate of its own.',
  },
  {
    title: 'By its comments',
    text: 'Lists what hangs on a ticket of the other organization.',
    request: (_, other) => ({ method: 'GET', path: `support-tickets/${other.ticketId}/comments` }),
    control: () => ({ method: 'GET', path: `support-tickets/${NEVER}/comments` }),
    holds: is(404),
    promise: 'Not found: the parent is not there.',
  },
  {
    title: 'By changing it',
    text: 'Gives the other’s ticket another subject.',
    request: (_, other) => ({
      method: 'PATCH',
      path: `support-tickets/${other.ticketId}`,
      body: { subject: 'Mine now' },
    }),
    control: () => ({ method: 'PATCH', path: `support-tickets/${NEVER}`, body: { subject: 'Mine now' } }),
    holds: is(404),
    promise: 'Not found. No UPDATE was sent.',
  },
  {
    title: 'By deleting it',
    text: 'Deletes the other’s ticket.',
    request: (_, other) => ({ method: 'DELETE', path: `support-tickets/${other.ticketId}` }),
    control: () => ({ method: 'DELETE', path: `support-tickets/${NEVER}` }),
    holds: is(404),
    promise: 'Not found. No DELETE was sent.',
  },
  {
    title: 'By a reference',
    text: 'Assigns an own ticket to a user of the other organization.',
    request: (own, other) => ({
      method: 'PATCH',
      path: `support-tickets/${own.ticketId}`,
      body: { assigneeId: other.userId },
    }),
    control: (own) => ({ method: 'PATCH', path: `support-tickets/${own.ticketId}`, body: { assigneeId: NEVER } }),
    holds: is(400),
    promise: 'Refused, as for a user who never existed.',
  },
  {
    title: 'By a link',
    text: 'Tags an own ticket with the other’s tag.',
    request: (own, other) => ({ method: 'PUT', path: `support-tickets/${own.ticketId}/tags/${other.tag.id}` }),
    control: (own) => ({ method: 'PUT', path: `support-tickets/${own.ticketId}/tags/${NEVER}` }),
    holds: is(404),
    promise: 'Not found: for this request there is no such tag.',
  },
  {
    title: 'By planting a row',
    text: 'Writes a comment and says that it belongs to the other organization.',
    request: (own, other) => ({
      method: 'POST',
      path: `support-tickets/${own.ticketId}/comments`,
      body: { body: 'Planted', organizationId: other.organization.id },
    }),
    holds: (status, body, own) => status === 201 && body.organizationId === own.organization.id,
    promise: 'Written, for the own organization: the INSERT is stamped with it.',
    cleanUp: ({ id }, own) => ({ method: 'DELETE', path: `support-tickets/${own.ticketId}/comments/${id}` }),
  },
];

/** @type {Attempt[]} */
const THROUGH_A_SERVICE = [
  {
    title: 'A forgotten condition',
    text: 'repository.find() without a where.',
    request: () => ({ method: 'GET', path: 'isolation/without-where' }),
    holds: isOwn,
    promise: 'Own rows only: the repository adds the predicate.',
  },
  {
    title: 'A condition for the other tenant',
    text: 'repository.find({ where: { organizationId: the other’s } }).',
    request: (_, other) => ({ method: 'GET', path: `isolation/of-other?organization=${other.organization.id}` }),
    holds: (status, body) => status === 200 && body.length === 0,
    promise: 'No rows: both conditions have to hold.',
  },
  {
    title: 'OR 1 = 1',
    text: 'A query builder whose last condition is true for every row.',
    request: () => ({ method: 'GET', path: 'isolation/or-true' }),
    holds: isOwn,
    promise: 'Own rows only: the caller’s conditions are in brackets.',
  },
  {
    title: 'Raw SQL',
    text: 'dataSource.query(\'SELECT … FROM "support_ticket"\').',
    request: () => ({ method: 'GET', path: 'isolation/raw-sql' }),
    holds: is(500),
    promise: 'Refused before it was sent. Other clients get a 500 without the text, which is in the log.',
  },
  {
    title: 'Raw SQL for a report',
    text: 'tenancy.sql`… FROM ${table(SupportTicket)} …`, the way that is meant for it.',
    request: () => ({ method: 'GET', path: 'isolation/report' }),
    holds: is(200),
    promise: 'Own rows are counted: the table is a sub-query with the predicate.',
  },
  {
    title: 'Giving a row away',
    text: 'repository.update(own ticket, { organizationId: the other’s }).',
    request: (own, other) => ({
      method: 'POST',
      path: `isolation/move?organization=${other.organization.id}&ticket=${own.ticketId}`,
    }),
    holds: is(500),
    promise: 'Refused before it was sent.',
  },
];

/** @type {Attempt[]} */
const THE_PLATFORM = [
  {
    title: 'The platform reads tickets',
    text: 'Its administrator has no organization.',
    request: () => ({ method: 'GET', path: 'support-tickets' }),
    asRoot: true,
    holds: is(403),
    promise: 'Forbidden: without a tenant there is no query.',
  },
  {
    title: 'The platform writes the newsfeed',
    text: 'The one table here that belongs to all.',
    request: () => ({ method: 'POST', path: 'newsfeed', body: { text: 'Hello, everyone' } }),
    asRoot: true,
    holds: is(201),
    promise: 'Written. It is taken back at once.',
    cleanUp: ({ id }) => ({ method: 'DELETE', path: `newsfeed/${id}` }),
  },
  {
    title: 'An organization reads the newsfeed',
    text: 'A shared table needs no predicate.',
    request: () => ({ method: 'GET', path: 'newsfeed?sort=-publishedAt&limit=2' }),
    holds: (status, body) => status === 200 && body.items.length > 0,
    promise: 'The same news for every organization.',
  },
  {
    title: 'An organization writes the newsfeed',
    text: 'Even an administrator of an organization is a reader here.',
    request: () => ({ method: 'POST', path: 'newsfeed', body: { text: 'Hello, competitors' } }),
    holds: is(403),
    promise: 'Forbidden, by an ordinary guard.',
  },
];

/** @type {[heading: string, text: string, attempts: Attempt[]][]} */
export const ATTEMPTS = [
  ['Through the API', 'Requests that any signed-in user can send.', THROUGH_THE_API],
  ['Through careless code', 'A service of this sample whose queries never name a tenant.', THROUGH_A_SERVICE],
  ['The platform and the newsfeed', 'What belongs to all, and the account that belongs to none.', THE_PLATFORM],
];
