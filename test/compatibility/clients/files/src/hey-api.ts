import { QueryClient } from '@tanstack/react-query';
import { fieldMessages, filterBy, iterateRows, nextPageParam, problemOf, toFilters, unwrap } from 'nestjs-muck/client';
import {
  supportTicketsControllerCreateMutation,
  supportTicketsControllerFindAllInfiniteOptions,
  supportTicketsControllerFindOneOptions,
} from './hey-api/@tanstack/react-query.gen.js';
import { client } from './hey-api/client.gen.js';
import * as api from './hey-api/sdk.gen.js';
import type { SupportTicket, SupportTicketPage } from './hey-api/types.gen.js';
import { zSupportTicketPage } from './hey-api/zod.gen.js';
import { given, newOrderNumber, NO_ROW, same, tell } from './story.js';

let token = '';
client.setConfig({ baseUrl: '', auth: () => token });

const listTickets = async (cursor: string): Promise<SupportTicketPage> =>
  unwrap(
    await api.supportTicketsControllerFindAll({
      query: { cursor, limit: 7, sort: ['-createdAt'], filters: toFilters<SupportTicket>({ status__ne: 'closed' }) },
    }),
  );

let ticket: SupportTicket;
let tag = '';
const orderNumber = newOrderNumber();
const queries = new QueryClient();

await tell([
  [
    'sign in',
    async () => {
      const body = { email: 'ada@acme.example', password: 'demo' };
      token = unwrap(await api.authControllerLogin({ body })).accessToken;
    },
  ],
  [
    'list by parameters and by filters',
    async () => {
      const byParameters = unwrap(
        await api.supportTicketsControllerFindAll({
          query: {
            status: 'open',
            priority__in: ['high', 'urgent'],
            createdAt__gte: '2020-01-01',
            sort: ['-priority', 'subject'],
            include: ['assignee', 'tags'],
            limit: 100,
          },
        }),
      );
      const filters = filterBy<SupportTicket>().where('status', 'open').where('priority', 'in', ['high', 'urgent']);
      const byFilters = unwrap(
        await api.supportTicketsControllerFindAll({
          query: { filters: filters.toString(), sort: ['-priority', 'subject'], limit: 100 },
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
      // The schemas of zod describe what the server sends.
      same(zSupportTicketPage.parse(byParameters).items.length, byParameters.total);
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
      const counted = unwrap(await api.supportTicketsControllerFindAll({ query: { status__ne: 'closed', limit: 0 } }));
      same(ids.size, counted.total);
    },
  ],
  [
    "page by TanStack's infinite query",
    async () => {
      const { pages } = await queries.fetchInfiniteQuery({
        ...supportTicketsControllerFindAllInfiniteOptions({ query: { limit: 7, sort: ['-createdAt'] } }),
        initialPageParam: '',
        getNextPageParam: nextPageParam,
        pages: 3,
      });
      same(new Set(pages.flatMap(({ items }) => items.map(({ id }) => id))).size, 21);
    },
  ],
  [
    'create',
    async () => {
      const created = await api.supportTicketsControllerCreate({
        body: { orderNumber, subject: 'Anvil too light', priority: 'high', tags: [] },
      });
      ticket = unwrap(created);
      tag = given(created.response?.headers.get('ETag'));
      same([ticket.orderNumber, ticket.priority, ticket.status], [orderNumber, 'high', 'open']);
    },
  ],
  [
    'read and patch',
    async () => {
      const path = { id: ticket.id };
      const read = await queries.fetchQuery(supportTicketsControllerFindOneOptions({ path }));
      same(read.subject, 'Anvil too light');
      const patched = await api.supportTicketsControllerUpdate({
        path,
        headers: { 'If-Match': tag },
        body: { priority: 'urgent', assigneeId: null },
      });
      ticket = unwrap(patched);
      same([ticket.priority, ticket.assigneeId, ticket.subject], ['urgent', null, 'Anvil too light']);
    },
  ],
  [
    '400 with a text for each field',
    async () => {
      const { error, response } = await api.supportTicketsControllerCreate({ body: { orderNumber: 0, subject: '' } });
      const problem = given(problemOf({ error, response }));
      same(problem.kind, 'invalid');
      same(Object.keys(fieldMessages(problem, ['orderNumber', 'subject']).fields).sort(), ['orderNumber', 'subject']);
    },
  ],
  [
    '404, thrown in a query of TanStack too',
    async () => {
      const path = { id: NO_ROW };
      same(problemOf(await api.supportTicketsControllerFindOne({ path }))?.kind, 'not-found');
      const thrown: unknown = await queries
        .fetchQuery({ ...supportTicketsControllerFindOneOptions({ path }), retry: false })
        .catch((error: unknown) => error);
      same(problemOf(thrown)?.kind, 'not-found');
    },
  ],
  [
    '409 with the field, thrown in a mutation of TanStack too',
    async () => {
      const body = { orderNumber, subject: 'Again' };
      const problem = given(problemOf(await api.supportTicketsControllerCreate({ body })));
      same([problem.kind, problem.status], ['conflict', 409]);
      same(fieldMessages(problem, ['orderNumber']).fields.orderNumber, ['orderNumber must be unique']);
      const mutation = queries.getMutationCache().build(queries, supportTicketsControllerCreateMutation());
      const thrown: unknown = await mutation.execute({ body }).catch((error: unknown) => error);
      same(problemOf(thrown)?.kind, 'conflict');
    },
  ],
  [
    '412 for a version that has changed',
    async () => {
      const stale = await api.supportTicketsControllerUpdate({
        path: { id: ticket.id },
        headers: { 'If-Match': tag },
        body: { priority: 'low' },
      });
      same(problemOf(stale)?.kind, 'precondition-failed');
    },
  ],
  [
    'delete',
    async () => {
      const path = { id: ticket.id };
      const removed = await api.supportTicketsControllerRemove({ path });
      same(removed.response?.status, 204);
      same((await api.supportTicketsControllerFindOne({ path })).response?.status, 404);
    },
  ],
]);
