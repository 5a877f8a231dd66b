import { QueryClient } from '@tanstack/react-query';
import {
  ACCEPT_PROBLEM_DETAILS,
  ApiError,
  fieldMessages,
  filterBy,
  infinitePages,
  iterateRows,
  problemOf,
  toFilters,
} from 'nestjs-muck/client';
import * as api from './orval/desk.js';
import type { SupportTicket, SupportTicketPage } from './orval/model/index.js';
import { given, newOrderNumber, NO_ROW, same, tell } from './story.js';

/** The options of each request. */
let options: RequestInit = { headers: { Accept: ACCEPT_PROBLEM_DETAILS } };
const withTag = (tag: string): RequestInit => ({
  headers: { ...Object.fromEntries(new Headers(options.headers)), 'If-Match': tag },
});

/** The error to throw for a response that is none of those that a caller handles. */
const failure = (response: unknown): Error => {
  const problem = problemOf(response);
  return problem === undefined ? new Error('an unknown response') : new ApiError(problem);
};

const listTickets = async (cursor: string, signal?: AbortSignal): Promise<SupportTicketPage> => {
  const response = await api.supportTicketsControllerFindAll(
    { cursor, limit: 7, sort: ['-createdAt'], filters: toFilters<SupportTicket>({ status__ne: 'closed' }) },
    { ...options, signal: signal ?? null },
  );
  if (response.status !== 200) throw failure(response);
  return response.data;
};

let ticket: SupportTicket;
let tag = '';
const orderNumber = newOrderNumber();

await tell([
  [
    'sign in',
    async () => {
      const response = await api.authControllerLogin({ email: 'ada@acme.example', password: 'demo' });
      if (response.status !== 200) throw failure(response);
      options = { headers: { Accept: ACCEPT_PROBLEM_DETAILS, Authorization: `Bearer ${response.data.accessToken}` } };
    },
  ],
  [
    'list by parameters and by filters',
    async () => {
      const byParameters = await api.supportTicketsControllerFindAll(
        {
          status: 'open',
          priority__in: ['high', 'urgent'],
          createdAt__gte: '2020-01-01',
          sort: ['-priority', 'subject'],
          include: ['assignee', 'tags'],
          limit: 100,
        },
        options,
      );
      if (byParameters.status !== 200) throw failure(byParameters);
      const filters = filterBy<SupportTicket>().where('status', 'open').where('priority', 'in', ['high', 'urgent']);
      const byFilters = await api.supportTicketsControllerFindAll(
        { filters: filters.toString(), sort: ['-priority', 'subject'], limit: 100 },
        options,
      );
      if (byFilters.status !== 200) throw failure(byFilters);
      const { items, total } = byParameters.data;
      same(items.length > 0, true);
      same(total, byFilters.data.total);
      const [first] = items;
      same(first?.id, byFilters.data.items[0]?.id);
      const names: (string | undefined)[] = items.map(({ assignee }) => assignee?.name);
      same(names.length, total);
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
      const counted = await api.supportTicketsControllerFindAll({ status__ne: 'closed', limit: 0 }, options);
      if (counted.status !== 200) throw failure(counted);
      same(ids.size, counted.data.total);
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
      const created = await api.supportTicketsControllerCreate(
        { orderNumber, subject: 'Anvil too light', priority: 'high', tags: [] },
        options,
      );
      if (created.status !== 201) throw failure(created);
      ticket = created.data;
      tag = given(created.headers.get('ETag'));
      same([ticket.orderNumber, ticket.priority, ticket.status], [orderNumber, 'high', 'open']);
    },
  ],
  [
    'read and patch',
    async () => {
      const read = await api.supportTicketsControllerFindOne(ticket.id, undefined, options);
      if (read.status !== 200) throw failure(read);
      same(read.data.subject, 'Anvil too light');
      const body = { priority: 'urgent', assigneeId: null } satisfies Parameters<
        typeof api.supportTicketsControllerUpdate
      >[1];
      const patched = await api.supportTicketsControllerUpdate(ticket.id, body, withTag(tag));
      if (patched.status !== 200) throw failure(patched);
      ticket = patched.data;
      same([ticket.priority, ticket.assigneeId, ticket.subject], ['urgent', null, 'Anvil too light']);
    },
  ],
  [
    '400 with a text for each field',
    async () => {
      const response = await api.supportTicketsControllerCreate({ orderNumber: 0, subject: '' }, options);
      same(response.status, 400);
      const problem = given(problemOf(response));
      same(problem.kind, 'invalid');
      same(Object.keys(fieldMessages(problem, ['orderNumber', 'subject']).fields).sort(), ['orderNumber', 'subject']);
    },
  ],
  [
    '404',
    async () => {
      const response = await api.supportTicketsControllerFindOne(NO_ROW, undefined, options);
      same([response.status, problemOf(response)?.kind], [404, 'not-found']);
    },
  ],
  [
    '409 with the field',
    async () => {
      const problem = problemOf(await api.supportTicketsControllerCreate({ orderNumber, subject: 'Again' }, options));
      same(
        [problem?.kind, problem?.errors.map(({ field, code }) => [field, code])],
        ['conflict', [['orderNumber', 'unique']]],
      );
    },
  ],
  [
    '412 for a version that has changed',
    async () => {
      const stale = await api.supportTicketsControllerUpdate(ticket.id, { priority: 'low' }, withTag(tag));
      same([stale.status, problemOf(stale)?.kind], [412, 'precondition-failed']);
    },
  ],
  [
    'delete',
    async () => {
      same((await api.supportTicketsControllerRemove(ticket.id, options)).status, 204);
      same((await api.supportTicketsControllerFindOne(ticket.id, undefined, options)).status, 404);
    },
  ],
]);
