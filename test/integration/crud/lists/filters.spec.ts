import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import type { ListQuery, Page } from 'nestjs-muck';
import request from 'supertest';
import { InsertQueryBuilder } from 'typeorm';
import { databasesToTest } from '../../../support/databases.js';
import { Agent, openCrudDesk, TestGuard, Ticket } from '../../../support/crud-desk.js';
import type { Desk } from '../../../support/crud-desk.js';

@Controller('tickets')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, {
  filter: ['orderNumber', 'subject', 'status', 'note', 'assigneeId', 'assignee.name', 'createdAt'],
  search: ['subject', 'assignee.name'],
  sort: ['orderNumber', 'status', 'note', 'assignee.name', 'createdAt'],
  count: 'none',
})
class TicketsController extends CrudController<Ticket> {
  listed(query: ListQuery<Ticket>): Promise<Page<Ticket>> {
    return this.service.findAll(query);
  }
}

@Controller('narrow')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, {
  filter: [
    'orderNumber',
    { column: 'subject', operators: ['eq', 'icontains'] },
    { column: 'note', operators: ['is_null'] },
    { column: 'assignee.name', operators: ['eq'] },
  ],
})
class NarrowController extends CrudController<Ticket> {}

@Controller('refused')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, {
  filter: [
    { column: 'orderNumber', operators: ['eq', 'icontains'] },
    { column: 'status', operators: [] },
    { column: 'secret' as 'note', operators: ['eq'] },
  ],
})
class RefusedController extends CrudController<Ticket> {}

@Controller('bin')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, {
  deleted: true,
  filter: ['status', 'assignee.tickets.status'],
  include: ['assignee.tickets'],
})
class BinController extends CrudController<Ticket> {}

@Controller('agents')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Agent, {
  filter: ['name', 'tickets.id', 'tickets.status', 'tickets.assignee.name'],
  search: ['tickets.subject', 'name'],
})
class AgentsController extends CrudController<Agent> {}

describe.each(databasesToTest())('filters and orders on %s', (database) => {
  let desk: Desk;
  const get = (path: string) => request(desk.app.getHttpServer()).get(path).set('x-user', '1');
  const ask = async (path: string, parameters: Readonly<Record<string, string>>) => {
    const { body, status } = await get(`${path}?${new URLSearchParams(parameters).toString()}`);
    return status === 200
      ? (body.items as (Ticket & Agent)[]).map(({ orderNumber, name }) => orderNumber ?? name)
      : body;
  };
  const tickets = (parameters: Readonly<Record<string, string>>) => ask('/tickets', parameters);
  const matching = (filters: unknown) => tickets({ filters: JSON.stringify(filters) });

  beforeAll(async () => {
    desk = await openCrudDesk([TicketsController, BinController, AgentsController, NarrowController], { database });
    const sow = async (organizationId: number, mark: string) => {
      const agents = desk.dataSource.getRepository(Agent);
      const [ada, alan] = await agents.save([{ name: `Ada${mark}` }, { name: `Alan${mark}` }, { name: `Idle${mark}` }]);
      await desk.dataSource.getRepository(Ticket).insert([
        { organizationId, orderNumber: 1, subject: 'Late parcel', status: 'open', assigneeId: ada.id },
        { organizationId, orderNumber: 2, subject: '100% late', status: 'closed', note: 'b', assigneeId: alan.id },
        { organizationId, orderNumber: 3, subject: 'Broken_cup', status: 'open', note: 'a' },
        { organizationId, orderNumber: 4, subject: 'broken*cup', status: 'pending', note: 'B', assigneeId: ada.id },
      ]);
    };
    await desk.tenancy.run({ organizationId: 1 }, () => sow(1, ''));
    await desk.tenancy.run({ organizationId: 2 }, () => sow(2, ' of Globex'));
  });
  afterAll(() => desk?.close());

  it('compare by each operator, as a parameter or in JSON', async () => {
    expect(await tickets({ orderNumber__gte: '2', orderNumber__lt: '4' })).toEqual([2, 3]);
    expect(await tickets({ orderNumber__between: '2,3' })).toEqual([2, 3]);
    expect(await tickets({ status__in: 'open,pending' })).toEqual([1, 3, 4]);
    expect(await matching({ status__not_in: ['open', 'pending'] })).toEqual([2]);
    expect(await matching({ orderNumber__in: [] })).toEqual([]);
    expect(await matching({ note__not_in: [] })).toEqual([2, 3, 4]);
    expect(await tickets({ status__ne: 'open' })).toEqual([2, 4]);
    expect(await tickets({ note__is_null: 'true' })).toEqual([1]);
    expect(await tickets({ assigneeId__is_null: 'false' })).toEqual([1, 2, 4]);
    expect(await tickets({ subject__contains: 'late' })).toEqual([2]);
    expect(await tickets({ subject__icontains: 'LATE' })).toEqual([1, 2]);
    expect(await tickets({ subject__starts_with: 'Broken' })).toEqual([3]);
    expect(await tickets({ subject__istarts_with: 'Broken' })).toEqual([3, 4]);
    expect(await tickets({ subject__ends_with: 'cup' })).toEqual([3, 4]);
    expect(await tickets({ subject__iends_with: 'PARCEL' })).toEqual([1]);
    expect(await tickets({ subject__contains: '%' })).toEqual([2]);
    expect(await tickets({ subject__contains: '_' })).toEqual([3]);
    expect(await tickets({ subject__contains: '*' })).toEqual([4]);
    expect(await tickets({ createdAt__gt: '2020-01-01', createdAt__lt: '2120-01-01T00:00:00Z' })).toEqual([1, 2, 3, 4]);
  });

  it('combine, and $not is the exact complement', async () => {
    expect(await matching({ $or: [{ status: 'closed' }, { orderNumber__lt: 2 }] })).toEqual([1, 2]);
    expect(await matching({ $and: [{ status: 'open' }, { $or: [{ orderNumber: 3 }, { orderNumber: 2 }] }] })).toEqual([
      3,
    ]);
    expect(await matching({ note__ne: 'a', $not: { orderNumber: 4 } })).toEqual([2]);
    expect(await matching({ $not: { note: 'a' } })).toEqual([1, 2, 4]);
    expect(await matching({ $not: {} })).toEqual([]);
    expect(await matching({ $or: [{}, { orderNumber: 9001 }] })).toEqual([1, 2, 3, 4]);
    expect(await tickets({ status: 'open', filters: '{"$or":[{"orderNumber":1},{"orderNumber":2}]}' })).toEqual([1]);
  });

  it('search in related rows of the tenant, each row once', async () => {
    expect(await tickets({ search: 'ada' })).toEqual([1, 4]);
    expect(await tickets({ search: 'late' })).toEqual([1, 2]);
    expect(await tickets({ search: 'al', status: 'closed' })).toEqual([2]);
    expect(await tickets({ search: 'globex' })).toEqual([]);
    expect(await ask('/agents', { search: 'broken', sort: 'name' })).toEqual(['Ada']);
    expect(await ask('/agents', { search: 'LATE', sort: 'name' })).toEqual(['Ada', 'Alan']);
    expect((await get('/agents?search=a&limit=1&sort=name')).body).toMatchObject({
      items: [{ name: 'Ada' }],
      total: 2,
    });
  });

  it('use the operators that the resource names for a column, and no other', async () => {
    const narrow = (parameters: Readonly<Record<string, string>>) => ask('/narrow', parameters);
    expect(await narrow({ subject: 'Late parcel' })).toEqual([1]);
    expect(await narrow({ subject__icontains: 'CUP', sort: 'orderNumber' })).toEqual([3, 4]);
    expect(await narrow({ note__is_null: 'true' })).toEqual([1]);
    expect(await narrow({ 'assignee.name': 'Alan' })).toEqual([2]);
    for (const [key, value] of [
      ['subject__contains', 'x'],
      ['subject__is_null', 'true'],
      ['note', 'a'],
      ['assignee.name__is_null', 'true'],
    ]) {
      const message = [
        expect.stringMatching(/^'[a-z.]+' can be compared by .*, not by |^'[a-z.]+' can be compared by /),
      ];
      expect([key, await narrow({ [key]: value })]).toEqual([key, expect.objectContaining({ message })]);
      const filters = JSON.stringify({ [key]: value === 'true' ? true : value });
      expect([key, await narrow({ filters })]).toEqual([key, expect.objectContaining({ message })]);
    }
    expect((await get('/narrow?assignee__is_null=true')).status).toBe(400);
    expect((await get(`/narrow?filters=${encodeURIComponent('{"assignee":null}')}`)).status).toBe(400);
  });

  it('ask whether there is a related row', async () => {
    expect(await tickets({ assignee__is_null: 'true' })).toEqual([3]);
    expect(await tickets({ assignee__is_null: 'false' })).toEqual([1, 2, 4]);
    expect(await matching({ assignee: null })).toEqual([3]);
    expect(await matching({ $not: { assignee: null } })).toEqual([1, 2, 4]);
    expect(await matching({ assignee__is_null: true, status: 'open' })).toEqual([3]);
    expect(await ask('/agents', { tickets__is_null: 'true', sort: 'name' })).toEqual(['Idle']);
    expect(await ask('/agents', { 'tickets.id__is_null': 'true' })).toEqual(['Idle']);
    expect(await ask('/agents', { 'tickets.id__is_null': 'false', sort: 'name' })).toEqual(['Ada', 'Alan']);
    expect(await ask('/agents', { filters: '{"tickets.id":null}' })).toEqual(['Idle']);
    expect((await get('/tickets?assignee=1')).body.message).toEqual([expect.stringMatching(/is_null, not by eq/)]);
    expect((await get('/bin?assignee.tickets__is_null=true')).status).toBe(200);
    expect((await get('/bin?assignee.name__is_null=true')).status).toBe(400);
    const named = await desk.tenancy.run({ organizationId: 1 }, () =>
      desk.app.get(TicketsController).listed({ filters: { assignee: null } }),
    );
    expect(named).toMatchObject({ items: [{ orderNumber: 3 }] });
  });

  it('take a row that the scope does not see for none', async () => {
    await desk.tenancy.run({ organizationId: 1 }, async () => {
      const agents = desk.dataSource.getRepository(Agent);
      const { id } = await agents.save({ name: 'Gone' });
      const ticket = desk.dataSource.getRepository(Ticket);
      await ticket.insert({ orderNumber: 5, subject: 'x', status: 'open', assigneeId: id });
      await desk.tenancy.unscoped('a test', () =>
        desk.dataSource.createQueryBuilder().update(Agent).set({ organizationId: 2 }).where({ id }).execute(),
      );
      expect(await tickets({ assignee__is_null: 'true' })).toEqual([3, 5]);
      await ticket.delete({ orderNumber: 5 });
      await desk.tenancy.unscoped('a test', () => agents.delete({ id }));
    });
  });

  it('follow relations without leaving the tenant, and multiply no row', async () => {
    expect(await tickets({ 'assignee.name': 'Ada' })).toEqual([1, 4]);
    expect(await tickets({ 'assignee.name__icontains': 'globex' })).toEqual([]);
    expect(await matching({ $not: { 'assignee.name': 'Ada' } })).toEqual([2, 3]);
    expect(await ask('/agents', { 'tickets.status': 'open' })).toEqual(['Ada']);
    expect(await ask('/agents', { 'tickets.assignee.name__starts_with': 'A' })).toEqual(['Ada', 'Alan']);
  });

  it('ask own rows only, where old data of another tenant refer to them or are referred to', async () => {
    await desk.tenancy.unscoped('data from before anything was enforced', async () => {
      const agents = desk.dataSource.getRepository(Agent);
      const ada = await agents.findOneByOrFail({ name: 'Ada' });
      const foreign = await agents.findOneByOrFail({ name: 'Ada of Globex' });
      // TypeORM's own builder, which knows no rules.
      const plant = (ticket: Partial<Ticket>) =>
        new InsertQueryBuilder<Ticket>(desk.dataSource).into(Ticket).values(ticket).execute();
      await plant({ organizationId: 2, orderNumber: 90, subject: 'secret', status: 'leaked', assigneeId: ada.id });
      await plant({ organizationId: 1, orderNumber: 91, subject: 'own', status: 'bad', assigneeId: foreign.id });
    });
    try {
      expect(await ask('/agents', { 'tickets.status': 'leaked' })).toEqual([]);
      expect(await ask('/agents', { filters: '{"$not":{"tickets.status":"leaked"}}' })).toEqual([
        'Ada',
        'Alan',
        'Idle',
      ]);
      expect(await tickets({ 'assignee.name__contains': 'Globex' })).toEqual([]);
      expect(await tickets({ 'assignee.name__is_null': 'false' })).toEqual([1, 2, 4]);
      // Its assignee reads as none: its place among the others tells nothing of the name.
      expect((await tickets({ sort: 'assignee.name,orderNumber' })).slice(-2)).toEqual([3, 91]);
      const { body } = await get('/tickets?sort=-assignee.name,-orderNumber&limit=1&cursor=');
      expect(body.items).toMatchObject([{ orderNumber: 91 }]);
      expect(Buffer.from(body.nextCursor, 'base64url').toString()).not.toMatch(/globex/i);
    } finally {
      await desk.tenancy.unscoped('tidies up', () =>
        desk.dataSource.query("DELETE FROM ticket WHERE status IN ('leaked', 'bad')"),
      );
    }
  });

  it('sort by several columns and relations, rows without a value in the same place on every database', async () => {
    expect(await tickets({ sort: 'note,orderNumber' })).toEqual(
      database === 'mariadb' ? [3, 2, 4, 1] : expect.any(Array),
    );
    expect((await tickets({ sort: 'note' })).at(-1)).toBe(1);
    expect((await tickets({ sort: '-note' }))[0]).toBe(1);
    expect((await tickets({ sort: 'note__nullsfirst' }))[0]).toBe(1);
    expect((await tickets({ sort: 'note__desc__nullslast' })).at(-1)).toBe(1);
    expect(await tickets({ sort: 'assignee.name,-orderNumber' })).toEqual([4, 1, 2, 3]);
    expect(await tickets({ sort: '-assignee.name,orderNumber' })).toEqual([3, 2, 1, 4]);
    expect(await tickets({ sort: 'assignee.name__asc__nullsfirst,orderNumber', limit: '2' })).toEqual([3, 1]);
  });

  it('search within what else is asked', async () => {
    expect(await tickets({ search: 'BROKEN', status__ne: 'open' })).toEqual([4]);
  });

  it.each([
    ['{"$or":[]}', /^\$or must be a list of objects/],
    ['{"$or":{}}', /^\$or must be/],
    ['{"$and":[1]}', /^\$and must be/],
    ['{"$not":[]}', /^\$not must be/],
    ['{"$nor":[{}]}', /^filters must name one of/],
    ['{"status__lt":{}}', /^status__lt must be a string/],
    ['{"status__in":"open"}', /^status__in must be a list of at most 200 values/],
    ['{"orderNumber__between":[1]}', /^orderNumber__between must be a list of two values/],
    ['{"orderNumber__contains":"1"}', /^'orderNumber' can be compared by eq, ne, .*, not by contains/],
    ['{"note__is_null":1}', /^note__is_null must be true or false/],
    ['{"subject__contains":""}', /^subject__contains must be a text of 1 to 200 characters/],
    ['{"assignee.organizationId":1}', /^filters must name/],
    ['{"secret__starts_with":"a"}', /^filters must name/],
    [`{"orderNumber__in":[${'1,'.repeat(200)}1]}`, /^orderNumber__in must be a list of at most 200/],
    [`${'{"$not":'.repeat(9)}{}${'}'.repeat(9)}`, /^filters must be nested at most 8 levels deep/],
    [`${'{"$not":'.repeat(200)}{}${'}'.repeat(200)}`, /^filters must/],
    [`{"$or":[${'{"orderNumber":1},'.repeat(70)}{}]}`, /^filters must have at most 64 parts/],
  ])('refuse %s', async (filters, message) => {
    expect(await tickets({ filters })).toEqual({
      statusCode: 400,
      error: 'Bad Request',
      message: [expect.stringMatching(message)],
    });
  });

  it('count as it is asked', async () => {
    const page = async (query: string) => (await get(`/tickets?limit=3&${query}`)).body as Record<string, unknown>;
    expect(Object.keys(await page(''))).toEqual(['items', 'limit', 'offset']);
    expect(await page('count=exact')).toMatchObject({ total: 4 });
    expect(await page('count=capped')).toMatchObject({ total: 4 });
    expect(await page('count=about')).toMatchObject({ message: ['count must be one of exact, none, capped'] });
  });

  it('have deleted rows where that is allowed and asked for, of this list alone', async () => {
    await desk.tenancy.unscoped('a deleted ticket of each', () =>
      desk.dataSource.getRepository(Ticket).softDelete({ orderNumber: 4 }),
    );
    try {
      expect(await tickets({})).toEqual([1, 2, 3]);
      expect((await get('/tickets?deleted=only')).body.message).toEqual([
        expect.stringContaining("parameter 'deleted'"),
      ]);
      expect(await ask('/bin', {})).toEqual([1, 2, 3]);
      expect(await ask('/bin', { deleted: 'include' })).toEqual([1, 2, 3, 4]);
      expect(await ask('/bin', { deleted: 'only' })).toEqual([4]);
      expect((await get('/bin?deleted=include&limit=1')).body).toMatchObject({ total: 4 });
      expect((await get('/bin?deleted=only&count=capped&limit=1')).body).toMatchObject({ total: 1 });
      expect((await get('/bin?deleted=all')).body.message).toEqual(['deleted must be one of include, only']);
      expect(await ask('/bin', { deleted: 'include', 'assignee.tickets.status': 'pending' })).toEqual([]);
      const { body } = await get('/bin?deleted=only&include=assignee.tickets');
      expect(body.items[0].assignee.tickets.map(({ orderNumber }: Ticket) => orderNumber)).toEqual([1]);
      const { nextCursor } = (await get('/bin?deleted=include&limit=1&cursor=')).body;
      expect((await get(`/bin?limit=1&cursor=${nextCursor}`)).status).toBe(400);
    } finally {
      await desk.tenancy.unscoped('as before', () => desk.dataSource.getRepository(Ticket).restore({ orderNumber: 4 }));
    }
  });

  it('page by cursor, forwards and backwards', async () => {
    const page = async (cursor: string) =>
      (await get(`/tickets?limit=3&sort=-note&cursor=${cursor}`)).body as {
        items: Ticket[];
        nextCursor: string | null;
        prevCursor: string | null;
      };
    const numbers = ({ items }: { items: Ticket[] }) => items.map(({ orderNumber }) => orderNumber);
    const first = await page('');
    expect(Object.keys(first)).toEqual(['items', 'limit', 'nextCursor', 'prevCursor']);
    expect(first.prevCursor).toBeNull();
    const second = await page(first.nextCursor!);
    expect(second.nextCursor).toBeNull();
    expect([...numbers(first), ...numbers(second)]).toEqual(await tickets({ sort: '-note' }));
    const back = await page(second.prevCursor!);
    expect(numbers(back)).toEqual(numbers(first));
    expect(back.prevCursor).toBeNull();

    for (const query of [`sort=note&cursor=${first.nextCursor}`, `sort=-note&status=open&cursor=${first.nextCursor}`]) {
      expect((await get(`/tickets?limit=3&${query}`)).body.message).toEqual([
        'cursor must come from a page of this list with the same sort and filters',
      ]);
    }
    expect((await get('/tickets?cursor=x&offset=1')).body.message).toEqual([
      'cursor cannot be combined with offset, page or count',
    ]);
    expect((await get('/tickets?cursor=nonsense')).status).toBe(400);
  });
});

it('operators that a column does not have stop the start', async () => {
  const start = openCrudDesk([RefusedController], { database: 'sqljs' });
  await expect(start).rejects.toThrow(/'orderNumber' can be compared by eq, .*, not by icontains/);
  await expect(start).rejects.toThrow(/'status' can be compared by eq, .*, not by none/);
  await expect(start).rejects.toThrow("filter names 'secret'");
});
