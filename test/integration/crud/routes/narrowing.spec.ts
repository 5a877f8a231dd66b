import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, UseGuards } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { adaptersToTest } from '../../../support/adapters.js';
import { clientOf } from '../../../support/client.js';
import { Agent, meantime, openCrudDesk, Specimen, TestGuard, Ticket } from '../../../support/crud-desk.js';
import type { Desk } from '../../../support/crud-desk.js';

const userOf = (context: ExecutionContext) =>
  context.switchToHttp().getRequest<{ user: { organizationId: number; id: number } }>().user;

let asked = 0;

@Controller('mine')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket)
class MyTicketsController extends CrudController<Ticket> {
  protected override async scope(context: ExecutionContext): Promise<Partial<Ticket>> {
    asked++;
    await Promise.resolve();
    return { assigneeId: userOf(context).id };
  }

  @Get('count')
  async count() {
    return { total: (await this.service.findAll()).total };
  }

  read() {
    return this.service.findAll();
  }
}

@Controller('strict')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { strictPayload: true })
class StrictController extends CrudController<Ticket> {
  protected override scope(): Partial<Ticket> {
    return { status: 'open' };
  }
}

/** As an application of one tenant scope per view would say it; the second one is wrong about it. */
@Controller('own')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket)
class OwnTenantController extends CrudController<Ticket> {
  protected override scope(context: ExecutionContext): Partial<Ticket> {
    return { organizationId: userOf(context).organizationId };
  }
}

@Controller('other')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket)
class OtherTenantController extends CrudController<Ticket> {
  protected override scope(context: ExecutionContext): Partial<Ticket> {
    return { organizationId: 3 - userOf(context).organizationId };
  }
}

let broken: unknown;

@Controller('broken')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Specimen)
class BrokenController extends CrudController<Specimen> {
  protected override scope(): Partial<Specimen> {
    return broken as Partial<Specimen>;
  }
}

@Controller('recursive')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Agent)
class RecursiveController extends CrudController<Agent> {
  protected override async scope(): Promise<Partial<Agent>> {
    await this.service.findAll();
    return {};
  }
}

describe.each(adaptersToTest())('a controller with a scope of its own, on %s', (adapter) => {
  let desk: Desk;
  let ada: number;
  let bob: number;
  let eve: number;
  const as = (user: string) => clientOf(() => desk, user);

  beforeAll(async () => {
    desk = await openCrudDesk(
      [
        MyTicketsController,
        StrictController,
        OwnTenantController,
        OtherTenantController,
        BrokenController,
        RecursiveController,
      ],
      { adapter },
    );
    const agents = desk.dataSource.getRepository(Agent);
    const tickets = desk.dataSource.getRepository(Ticket);
    await desk.tenancy.run({ organizationId: 1 }, async () => {
      ada = (await agents.save({ name: 'Ada' })).id;
      bob = (await agents.save({ name: 'Bob' })).id;
      await tickets.insert([
        { orderNumber: 1, subject: 'of Ada', assigneeId: ada },
        { orderNumber: 2, subject: 'of Bob', assigneeId: bob },
        { orderNumber: 3, subject: 'without an owner' },
      ]);
    });
    await desk.tenancy.run({ organizationId: 2 }, async () => {
      eve = (await agents.save({ name: 'Eve' })).id;
      await tickets.insert({ orderNumber: 1, subject: 'of Eve', assigneeId: eve });
    });
  });
  afterAll(() => desk?.close());

  it('shows and changes only what it narrows to, and stamps it', async () => {
    const mine = as(`1/${ada}`);
    const theirs = as(`1/${bob}`);
    const list = (await mine.get('/mine')).body;
    expect(list).toMatchObject({ items: [{ subject: 'of Ada' }], total: 1 });
    expect((await mine.get('/mine/count')).body).toEqual({ total: 1 });
    expect((await mine.get('/mine?subject=of+Bob')).body.items).toEqual([]);
    expect((await mine.get(`/mine?assigneeId=${bob}`)).body.items).toEqual([]);
    const { id } = list.items[0];
    for (const answer of [
      await theirs.get(`/mine/${id}`),
      await theirs.patch(`/mine/${id}`, { subject: 'x' }),
      await theirs.put(`/mine/${id}`, { orderNumber: 1, subject: 'x' }),
      await theirs.delete(`/mine/${id}`),
    ]) {
      expect([answer.status, answer.body]).toEqual([404, { statusCode: 404, message: 'Not Found' }]);
    }
    const created = await mine.post('/mine', { orderNumber: 10, subject: 'new', assigneeId: bob });
    expect([created.status, created.body.assigneeId]).toEqual([201, ada]);
    expect((await mine.patch(`/mine/${id}`, { assigneeId: bob, note: 'x' })).body).toMatchObject({
      assigneeId: ada,
      note: 'x',
    });
    expect((await mine.put(`/mine/${id}`, { orderNumber: 1, subject: 'of Ada' })).body).toMatchObject({
      assigneeId: ada,
    });
  });

  it.each([
    ['leaves its bounds', { assigneeId: null }],
    ['is deleted', { deletedAt: new Date() }],
  ])('does not write to a row that %s meanwhile', async (_, change) => {
    const mine = as(`1/${ada}`);
    const { body } = await mine.post('/mine', { orderNumber: 50, subject: 'contended' });
    meantime.happens = async () => {
      await desk.dataSource.getRepository(Ticket).update({ id: body.id }, change);
    };
    const { status } = await mine.patch(`/mine/${body.id}`, { subject: 'changed' });
    meantime.happens = undefined;
    expect(status).toBe(404);
    const stored = await desk.tenancy.run({ organizationId: 1 }, () =>
      desk.dataSource.getRepository(Ticket).findOneOrFail({ where: { id: body.id }, withDeleted: true }),
    );
    expect(stored.subject).toBe('contended');
    await desk.tenancy.run({ organizationId: 1 }, () => desk.dataSource.getRepository(Ticket).delete({ id: body.id }));
  });

  it('never widens: a row of another organization stays out of reach', async () => {
    expect((await as(`1/${eve}`).get('/mine')).body.items).toEqual([]);
    expect((await as(`1/${eve}`).post('/mine', { orderNumber: 20, subject: 'x' })).body.message).toEqual([
      'assigneeId refers to a row that does not exist',
    ]);
  });

  it('is asked once for a request', async () => {
    asked = 0;
    await as(`1/${ada}`).post('/mine', { orderNumber: 11, subject: 'another' });
    expect(asked).toBe(1);
    await as(`1/${ada}`).get('/mine');
    expect(asked).toBe(2);
  });

  it('may name the tenant column, which narrows to the same or to nothing', async () => {
    const client = as('1/1');
    expect((await client.get('/own')).body.total).toBeGreaterThan(2);
    expect((await client.post('/own', { orderNumber: 30, subject: 'x', organizationId: 2 })).body.organizationId).toBe(
      1,
    );
    expect((await client.get('/other')).body).toMatchObject({ items: [], total: 0 });
    const { items } = (await client.get('/own')).body;
    expect((await client.get(`/other/${items[0].id}`)).status).toBe(404);
    expect((await client.patch(`/other/${items[0].id}`, { note: 'x' })).status).toBe(404);
    expect((await client.delete(`/other/${items[0].id}`)).status).toBe(404);
    const refused = await client.post('/other', { orderNumber: 31, subject: 'x' });
    expect([refused.status, refused.body.message]).toEqual([403, 'This account may not access this.']);
  });

  it('with strictPayload refuses a body that says otherwise', async () => {
    const client = as('1/1');
    const refused = await client.post('/strict', { orderNumber: 40, subject: 'x', status: 'closed' });
    expect([refused.status, refused.body.message]).toEqual([400, ['status is server-owned and must not be set']]);
    expect((await client.post('/strict', { orderNumber: 40, subject: 'x', status: 'open' })).status).toBe(201);
  });

  it.each([
    ['undefined', { code: undefined }],
    ['null', { code: null }],
    ['NaN', { small: NaN }],
    ['an object', { code: { name: 'x' } }],
    ['an array', { code: ['x'] }],
    ['a value of another type', { code: 0 }],
    ['nothing', undefined],
    ['JSON', { meta: 'x' }],
  ])('that gives %s is refused, never dropped', async (_, scope) => {
    broken = scope;
    for (const answer of [
      await as('1/1').get('/broken'),
      await as('1/1').post('/broken', {}),
      await as('1/1').delete('/broken/00000000-0000-4000-8000-000000000000'),
    ]) {
      expect([answer.status, answer.body.message]).toEqual([403, 'This account may not access this.']);
    }
  });

  it('that names no column, or waits for itself, is an error', async () => {
    broken = { nope: 1 };
    expect((await as('1/1').get('/broken')).status).toBe(500);
    expect((await as('1/1').get('/recursive')).status).toBe(500);
  });

  it('needs a request', async () => {
    const controller = desk.app.get(MyTicketsController, { strict: false });
    await expect(desk.tenancy.run({ organizationId: 1 }, () => controller.read())).rejects.toThrow(
      'has row constraints that need a request',
    );
  });
});
