import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { databasesToTest } from '../../../support/databases.js';
import { statementsSentBy } from '../../../support/sent.js';
import { clientOf } from '../../../support/client.js';
import { Agent, openCrudDesk, TestGuard, Ticket } from '../../../support/crud-desk.js';
import type { Desk } from '../../../support/crud-desk.js';

@Controller('tickets')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, {
  also: ['createMany', 'restore'],
  search: ['subject', 'note'],
  filter: ['status', 'orderNumber', 'assignee.name'],
  sort: ['orderNumber', 'assignee.name'],
  include: ['assignee', 'assignee.tickets'],
})
class TicketsController extends CrudController<Ticket> {}

@Controller('agents')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Agent, { include: ['tickets', 'tickets.assignee'] })
class AgentsController extends CrudController<Agent> {}

@Controller('agents/:assigneeId/tickets')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { parent: { relation: 'assignee' } })
class TicketsOfAgentController extends CrudController<Ticket> {}

describe.each(databasesToTest())('the statements of a request, on %s', (database) => {
  let desk: Desk;
  let ids: { own: number; foreign: number; agent: number; foreignAgent: number };
  const client = clientOf(() => desk, '1');

  beforeAll(async () => {
    desk = await openCrudDesk([TicketsController, TicketsOfAgentController, AgentsController], { database });
  });
  afterAll(() => desk?.close());

  beforeEach(async () => {
    const { tenancy, dataSource } = desk;
    ids = await tenancy.unscoped('afresh', async () => {
      await dataSource.getRepository(Ticket).createQueryBuilder().delete().execute();
      await dataSource.getRepository(Agent).createQueryBuilder().delete().execute();
      const agents = await dataSource.getRepository(Agent).save([
        { organizationId: 1, name: 'Ada' },
        { organizationId: 2, name: 'Globex' },
      ]);
      const tickets = await dataSource.getRepository(Ticket).save(
        [1, 2, 3, 4, 5, 6].map((n) => ({
          organizationId: n === 6 ? 2 : 1,
          orderNumber: n,
          subject: `Parcel ${n}`,
          assigneeId: n === 6 ? agents[1].id : agents[0].id,
        })),
      );
      return { own: tickets[0].id, foreign: tickets[5].id, agent: agents[0].id, foreignAgent: agents[1].id };
    });
  });

  const sent = async (ask: () => Promise<{ status: number }>): Promise<{ status: number; statements: string[] }> => {
    let status = 0;
    const statements = await statementsSentBy(desk.dataSource, async () => {
      ({ status } = await ask());
    });
    return { status, statements };
  };
  const count = async (ask: () => Promise<{ status: number }>): Promise<[status: number, statements: number]> => {
    const { status, statements } = await sent(ask);
    return [status, statements.length];
  };

  it.each([
    ['a list that its page holds whole', '', 1],
    ['a page that is full, and its total', '?limit=2', 1],
    ['a page that is full, not counted', '?limit=2&count=none', 1],
    ['a page that is full, counted up to a bound', '?limit=2&count=capped', 1],
    ['the last page, which tells the total', '?limit=2&offset=4', 1],
    ['a page behind the end, which carries no total', '?limit=2&offset=40', 2],
    ['a list without rows', '?status=closed', 1],
    ['a page at a cursor', '?limit=2&cursor=', 1],
    ['a list that is searched', '?search=parcel&limit=2', 1],
    ['a list over a relation, sorted by one', '?assignee.name__icontains=a&sort=-assignee.name&limit=2', 1],
    [
      'a list that is asked a tree',
      `?limit=2&filters=${encodeURIComponent('{"$or":[{"status":"open"},{"$not":{"assignee.name":"x"}}]}')}`,
      1,
    ],
    ['an include of one', '?include=assignee', 1],
    ['an include of many behind one', '?include=assignee.tickets&limit=2', 2],
    ['a list that is refused', '?status__like=x', 0],
  ])('are as few as can be for %s', async (_, query, statements) => {
    expect((await count(() => client.get(`/tickets${query}`)))[1]).toBe(statements);
  });

  it('are one more for each include of many, and one more for the parents in a path', async () => {
    const { agent, foreignAgent } = ids;
    expect(await count(() => client.get('/agents'))).toEqual([200, 1]);
    expect(await count(() => client.get('/agents?include=tickets'))).toEqual([200, 2]);
    expect(await count(() => client.get('/agents?include=tickets.assignee'))).toEqual([200, 2]);
    expect(await count(() => client.get(`/agents/${agent}?include=tickets`))).toEqual([200, 2]);
    expect(await count(() => client.get(`/agents/${agent}/tickets`))).toEqual([200, 2]);
    expect(await count(() => client.get(`/agents/${agent}/tickets?limit=2`))).toEqual([200, 2]);
    expect(await count(() => client.get(`/agents/${foreignAgent}/tickets`))).toEqual([404, 1]);
    expect(await count(() => client.get('/agents/999999/tickets'))).toEqual([404, 1]);
  });

  it('are one for a row, be it own, foreign or missing', async () => {
    expect(await count(() => client.get(`/tickets/${ids.own}`))).toEqual([200, 1]);
    expect(await count(() => client.get(`/tickets/${ids.foreign}`))).toEqual([404, 1]);
    expect(await count(() => client.get('/tickets/999999'))).toEqual([404, 1]);
    expect(await count(() => client.get('/tickets/x'))).toEqual([404, 0]);
  });

  it('are the documented number for a write', async () => {
    const { own, agent } = ids;
    // SQLite tells neither the key nor the defaults of a new row in its answer: TypeORM asks.
    const created = database === 'sqljs' ? 4 : 1;
    const checked = database === 'sqljs' ? 5 : 1;
    const body = { orderNumber: 50, subject: 'New' };
    // The first write of a process asks PostgreSQL once whether the table has triggers.
    await client.post('/tickets', { ...body, orderNumber: 49 });
    expect(await count(() => client.post('/tickets', body))).toEqual([201, created]);
    expect(await count(() => client.post('/tickets', { ...body, orderNumber: 51, assigneeId: agent }))).toEqual([
      201,
      checked,
    ]);
    expect(await count(() => client.post('/tickets', {}))).toEqual([400, 0]);
    expect(await count(() => client.patch(`/tickets/${own}`, { subject: 'Changed' }))).toEqual([200, 3]);
    expect(await count(() => client.patch(`/tickets/${own}`, { subject: 'Changed' }))).toEqual([200, 1]);
    expect(await count(() => client.put(`/tickets/${own}`, { orderNumber: 1, subject: 'Put' }))).toEqual([200, 3]);
    // MariaDB does not return updated rows, of which a soft-deleted one is one.
    const removed = database.startsWith('postgres') ? 1 : 2;
    expect(await count(() => client.delete(`/tickets/${own}`))).toEqual([204, removed]);
    expect(await count(() => client.post(`/tickets/${own}/restore`, {}))).toEqual([200, 2]);
  });

  it.each(['get', 'patch', 'put', 'delete', 'post'] as const)(
    'are the same for a foreign row as for a missing one: %s',
    async (verb) => {
      const body = { orderNumber: 60, subject: 'Mine now' };
      const ask = (id: number) => () =>
        verb === 'get' || verb === 'delete'
          ? client[verb](`/tickets/${id}`)
          : client[verb](`/tickets/${id}${verb === 'post' ? '/restore' : ''}`, body);
      const missing = await sent(ask(999_999));
      expect(missing.status).toBe(404);
      expect(await sent(ask(ids.foreign))).toEqual(missing);
    },
  );

  it('are the same for a reference to a foreign row as to a missing one', async () => {
    const create = (assigneeId: number) => () => client.post('/tickets', { orderNumber: 70, subject: 'x', assigneeId });
    const change = (assigneeId: number) => () => client.patch(`/tickets/${ids.own}`, { assigneeId });
    for (const ask of [create, change]) {
      const missing = await sent(ask(999_999));
      expect(missing.status).toBe(400);
      expect(await sent(ask(ids.foreignAgent))).toEqual(missing);
    }
  });
});
