import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Expose } from 'class-transformer';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import request from 'supertest';
import { openCrudDesk, Specimen, TestGuard, Ticket } from '../../../support/crud-desk.js';
import type { Desk } from '../../../support/crud-desk.js';
import { places } from '../../../support/places.js';

class TicketRow {
  @Expose() orderNumber!: number;
}

@Controller('tickets')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { defaultSort: ['status', '-subject'], sort: ['orderNumber'] })
class TicketsController extends CrudController<Ticket> {}

@Controller('by-the-module')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket)
class ByTheModuleController extends CrudController<Ticket> {
  first(): Promise<unknown> {
    return this.service.findAll({ limit: 1 });
  }
}

@Controller('rows')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { dto: { response: TicketRow } })
class RowsController extends CrudController<Ticket> {}

@Controller('specimens')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Specimen)
class SpecimensController extends CrudController<Specimen> {}

@Controller('refused')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { defaultSort: ['-subjekt' as '-subject', 'organizationId', 'tags.name'] })
class RefusedController extends CrudController<Ticket> {}

const defaults = { defaultSort: ['-subject', 'code'] };

describe.each(places)('the default order of a list, on $adapter and $database', ({ adapter, database }) => {
  let desk: Desk;
  const get = async (path: string) => {
    const { body, status } = await request(desk.app.getHttpServer()).get(path).set('x-user', '1');
    expect(status).toBe(200);
    return body as { items: Ticket[]; nextCursor: string; prevCursor: string };
  };
  const numbers = async (path: string): Promise<number[]> =>
    (await get(path)).items.map(({ orderNumber }) => orderNumber);

  beforeAll(async () => {
    desk = await openCrudDesk([TicketsController, ByTheModuleController, RowsController, SpecimensController], {
      adapter,
      database,
      defaults,
    });
    await desk.tenancy.run({ organizationId: 1 }, async () => {
      await desk.dataSource.getRepository(Ticket).insert([
        { orderNumber: 1, subject: 'b', status: 'open' },
        { orderNumber: 2, subject: 'd', status: 'closed' },
        { orderNumber: 3, subject: 'c', status: 'open' },
        { orderNumber: 4, subject: 'a', status: 'closed' },
      ]);
      await desk.dataSource.getRepository(Specimen).insert(['z', 'x', 'y'].map((code) => ({ code })));
    });
  });
  afterAll(() => desk.app.close());

  it('is the resource’s own where a client names none', async () => {
    expect(await numbers('/tickets')).toEqual([2, 4, 3, 1]);
    expect(await numbers('/tickets?sort=')).toEqual([2, 4, 3, 1]);
    expect(await numbers('/tickets?status=open&offset=1')).toEqual([1]);
    expect(await numbers('/tickets?sort=-orderNumber')).toEqual([4, 3, 2, 1]);
  });

  it('holds on from page to page by cursor, forwards and backwards', async () => {
    const first = await get('/tickets?cursor=&limit=3');
    const second = await get(`/tickets?limit=3&cursor=${first.nextCursor}`);
    expect([first, second].map(({ items }) => items.map(({ orderNumber }) => orderNumber))).toEqual([[2, 4, 3], [1]]);
    expect((await get(`/tickets?limit=3&cursor=${second.prevCursor}`)).items).toEqual(first.items);
  });

  it('is the module’s where the resource has none, for application code as well', async () => {
    expect(await numbers('/by-the-module')).toEqual([2, 3, 1, 4]);
    const controller = desk.app.get(ByTheModuleController);
    const page = await desk.tenancy.run({ organizationId: 1 }, () => controller.first());
    expect(page).toMatchObject({ items: [{ orderNumber: 2 }] });
  });

  it('leaves out columns of the module’s that the entity has not, or the response hides', async () => {
    expect((await get('/specimens')).items).toMatchObject([{ code: 'x' }, { code: 'y' }, { code: 'z' }]);
    // A cursor would tell the subject.
    expect(await numbers('/rows')).toEqual([1, 2, 3, 4]);
  });
});

describe('a default order', () => {
  it('of columns that give no order stops the start', async () => {
    const start = openCrudDesk([RefusedController], { adapter: 'express', database: 'sqljs' });
    await expect(start).rejects.toThrow(/defaultSort names '-subjekt', which is not one of id, /);
    await expect(start).rejects.toThrow("defaultSort names 'organizationId'");
    await expect(start).rejects.toThrow("defaultSort names 'tags.name'");
  });
});
