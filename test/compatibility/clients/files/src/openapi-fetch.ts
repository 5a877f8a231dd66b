import { QueryClient } from '@tanstack/react-query';
import { ACCEPT_PROBLEM_DETAILS, fieldMessages, filterBy, infinitePages, iterateRows } from 'nestjs-muck/client';
import { problemOf, toFilters, unwrap } from 'nestjs-muck/client';
import createClient from 'openapi-fetch';
import type { components, paths } from './openapi-fetch/schema.js';
import { given, newOrderNumber, NO_ROW, same, tell } from './story.js';

type Ticket = components['schemas']['SupportTicket'];
type TicketPage = components['schemas']['SupportTicketPage'];

const headers: Record<string, string> = { Accept: ACCEPT_PROBLEM_DETAILS };
const api = createClient<paths>({
  baseUrl: '',
  headers,
  querySerializer: { array: { style: 'form', explode: false } },
});
// A token that is known later: sent with each request.
let token = '';
api.use({
  onRequest({ request }) {
    if (token !== '') request.headers.set('Authorization', `Bearer ${token}`);
  },
});

const listTickets = async (cursor: string, signal?: AbortSignal): Promise<TicketPage> =>
  unwrap(
    await api.GET('/api/support-tickets', {
      params: {
        query: { cursor, limit: 7, sort: ['-createdAt'], filters: toFilters<Ticket>({ status__ne: 'closed' }) },
      },
      signal: signal ?? null,
    }),
  );

let ticket: Ticket;
let tag = '';
const orderNumber = newOrderNumber();

await tell([
  [
    'sign in',
    async () => {
      const body = { email: 'ada@acme.example', password: 'demo' };
      token = unwrap(await api.POST('/api/auth/login', { body })).accessToken;
    },
  ],
  [
    'list by parameters and by filters',
    async () => {
      const byParameters = unwrap(
        await api.GET('/api/support-tickets', {
          params: {
            query: {
              status: 'open',
              priority__in: ['high', 'urgent'],
              createdAt__gte: '2020-01-01',
              sort: ['-priority', 'subject'],
              include: ['assignee', 'tags'],
              limit: 100,
            },
          },
        }),
      );
      const filters = filterBy<Ticket>().where('status', 'open').where('priority', 'in', ['high', 'urgent']);
      const byFilters = unwrap(
        await api.GET('/api/support-tickets', {
          params: { query: { filters: filters.toString(), sort: ['-priority', 'subject'], limit: 100 } },
        }),
      );
      same(byParameters.items.length > 0, true);
      same(byParameters.total, byFilters.total);
      const [first] = byParameters.items;
      same(first?.id, byFilters.items[0]?.id);
      const names: (string | undefined)[] = byParameters.items.map(({ assignee }) => assignee?.name);
      same(names.length, byParameters.total);
      same(
        first?.tags?.every(({ name }) => name.length > 0),
        true,
      );
    },
  ],
  [
    'page by cursor',
    async () => {
      const ids = new Set<number>();
      for await (const { id, status } of iterateRows(listTickets)) {
        same(status === 'closed' || ids.has(id), false);
        ids.add(id);
      }
      const counted = unwrap(
        await api.GET('/api/support-tickets', { params: { query: { status__ne: 'closed', limit: 0 } } }),
      );
      same(ids.size, counted.total);
    },
  ],
  [
    "page by TanStack's infinite query",
    async () => {
      const { pages } = await new QueryClient().fetchInfiniteQuery({
        queryKey: ['tickets'],
        ...infinitePages(listTickets),
        pages: 3,
      });
      same(new Set(pages.flatMap(({ items }) => items.map(({ id }) => id))).size, 21);
    },
  ],
  [
    'create',
    async () => {
      const created = await api.POST('/api/support-tickets', {
        body: { orderNumber, subject: 'Anvil too light', priority: 'high', tags: [] },
      });
      ticket = unwrap(created);
      tag = given(created.response.headers.get('ETag'));
      same([ticket.orderNumber, ticket.priority, ticket.status], [orderNumber, 'high', 'open']);
    },
  ],
  [
    'read and patch',
    async () => {
      const params = { path: { id: ticket.id } };
      same(unwrap(await api.GET('/api/support-tickets/{id}', { params })).subject, 'Anvil too light');
      const patched = await api.PATCH('/api/support-tickets/{id}', {
        params: { ...params, header: { 'If-Match': tag } },
        body: { priority: 'urgent', assigneeId: null },
      });
      ticket = unwrap(patched);
      same([ticket.priority, ticket.assigneeId, ticket.subject], ['urgent', null, 'Anvil too light']);
    },
  ],
  [
    '400 with a text for each field',
    async () => {
      const { error, response } = await api.POST('/api/support-tickets', { body: { orderNumber: 0, subject: '' } });
      const problem = given(problemOf({ error, response }));
      same(problem.kind, 'invalid');
      same(Object.keys(fieldMessages(problem, ['orderNumber', 'subject']).fields).sort(), ['orderNumber', 'subject']);
    },
  ],
  [
    '404',
    async () => {
      const result = await api.GET('/api/support-tickets/{id}', { params: { path: { id: NO_ROW } } });
      same(problemOf(result)?.kind, 'not-found');
      same(result.data?.subject, undefined);
    },
  ],
  [
    '409 with the field',
    async () => {
      const problem = problemOf(await api.POST('/api/support-tickets', { body: { orderNumber, subject: 'Again' } }));
      same(
        [problem?.kind, problem?.errors.map(({ field, code }) => [field, code])],
        ['conflict', [['orderNumber', 'unique']]],
      );
    },
  ],
  [
    '412 for a version that has changed',
    async () => {
      const params = { path: { id: ticket.id }, header: { 'If-Match': tag } };
      const stale = await api.PATCH('/api/support-tickets/{id}', { params, body: { priority: 'low' } });
      const problem = problemOf(stale);
      same([problem?.kind, problem?.status], ['precondition-failed', 412]);
    },
  ],
  [
    'delete',
    async () => {
      const params = { path: { id: ticket.id } };
      same(unwrap(await api.DELETE('/api/support-tickets/{id}', { params })), undefined);
      const { response } = await api.GET('/api/support-tickets/{id}', { params });
      same(response.status, 404);
    },
  ],
]);
