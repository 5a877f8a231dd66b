import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Injectable, Module, UseGuards } from '@nestjs/common';
import { Crud, CrudController, MuckConfigurationError, TenantScoped } from 'nestjs-muck';
import type { CrudHooks, HookContext } from 'nestjs-muck';
import { clientOf } from '../../../support/client.js';
import { Agent, CreateTicketDto, HistoryEntry, openCrudDesk, TestGuard, Ticket } from '../../../support/crud-desk.js';
import type { Desk } from '../../../support/crud-desk.js';
import { places } from '../../../support/places.js';

@Injectable()
class Register implements CrudHooks<Ticket> {
  async afterRestore(ticket: Ticket, { manager }: HookContext): Promise<void> {
    await manager.insert(HistoryEntry, { ticketId: ticket.id, text: 'restored' });
    if (ticket.subject === 'Cursed') throw new Error('it stays where it is');
  }
}

@Module({ providers: [Register] })
class HooksModule {}

@Controller('tickets')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { dto: { create: CreateTicketDto }, also: ['restore'], hooks: [Register] })
class TicketsController extends CrudController<Ticket> {}

@Controller('open')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { dto: { create: CreateTicketDto }, also: ['restore'] })
class OpenTicketsController extends CrudController<Ticket> {
  protected override scope(): Partial<Ticket> {
    return { status: 'open' };
  }
}

@Controller('plain')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket)
class PlainController extends CrudController<Ticket> {}

const NOT_FOUND = { statusCode: 404, message: 'Not Found' };

describe.each(places)('a deleted row, on $adapter and $database', ({ adapter, database }) => {
  let desk: Desk;
  let orderNumber = 0;
  const acme = clientOf(() => desk, '1');
  const globex = clientOf(() => desk, '2');
  const deleted = async (more = {}): Promise<{ id: number; path: string }> => {
    const { body } = await acme.post('/tickets', { orderNumber: ++orderNumber, subject: 'Late', note: 'n', ...more });
    const path = `/tickets/${body.id}`;
    expect((await acme.delete(path)).status).toBe(204);
    return { id: body.id as number, path };
  };

  beforeAll(async () => {
    desk = await openCrudDesk([TicketsController, OpenTicketsController, PlainController], {
      adapter,
      database,
      imports: [HooksModule],
    });
  });
  afterAll(() => desk?.close());

  it('is a 404 for every verb, and not edited unseen', async () => {
    const { id, path } = await deleted();
    const stored = () =>
      desk.tenancy.run({ organizationId: 1 }, () =>
        desk.dataSource.getRepository(Ticket).findOne({ where: { id }, withDeleted: true }),
      );
    const before = await stored();
    for (const answer of [
      await acme.get(path),
      await acme.put(path, { orderNumber: 99, subject: 'x' }),
      await acme.patch(path, { note: 'x' }),
      await acme.patch(path, { deletedAt: null }),
      await acme.delete(path),
    ]) {
      expect([answer.status, answer.body]).toEqual([404, NOT_FOUND]);
    }
    expect(await stored()).toEqual(before);
  });

  it('is restored as it was', async () => {
    const { id, path } = await deleted();
    const { status, body } = await acme.post(`${path}/restore`, {});
    expect(status).toBe(200);
    expect(body).toMatchObject({ id, subject: 'Late', note: 'n', deletedAt: null });
    expect((await acme.get(path)).body).toEqual(body);
    expect((await acme.patch(path, { note: 'x' })).status).toBe(200);
  });

  it('is not restored by another tenant, and a row that is not deleted is not restored at all', async () => {
    const { id, path } = await deleted();
    const kept = await acme.post('/tickets', { orderNumber: ++orderNumber, subject: 'Kept' });
    for (const answer of [
      await globex.post(`${path}/restore`, {}),
      await acme.post(`/tickets/${kept.body.id}/restore`, {}),
      await acme.post('/tickets/999999/restore', {}),
      await acme.post('/tickets/abc/restore', {}),
    ]) {
      expect([answer.status, answer.body]).toEqual([404, NOT_FOUND]);
    }
    expect((await acme.get(path)).status).toBe(404);
    expect((await acme.get(`/tickets/${kept.body.id}`)).body).toEqual(kept.body);
    expect((await acme.post(`/plain/${id}/restore`, {})).status).toBe(404);
    expect((await acme.post(`${path}/restore`, {})).status).toBe(200);
    expect((await acme.post(`${path}/restore`, {})).status).toBe(404);
  });

  it('is restored only within what the controller narrows to', async () => {
    const closed = await deleted({ status: 'closed' });
    expect((await acme.post(`/open/${closed.id}/restore`, {})).status).toBe(404);
    const open = await deleted();
    expect((await acme.post(`/open/${open.id}/restore`, {})).status).toBe(200);
  });

  it('is restored in one transaction with its hooks', async () => {
    const entries = () => desk.tenancy.run({ organizationId: 1 }, () => desk.dataSource.manager.count(HistoryEntry));
    const before = await entries();
    const cursed = await deleted({ subject: 'Cursed' });
    expect((await acme.post(`${cursed.path}/restore`, {})).status).toBe(500);
    expect([(await acme.get(cursed.path)).status, await entries()]).toEqual([404, before]);
    const { path } = await deleted();
    await acme.post(`${path}/restore`, {});
    expect(await entries()).toBe(before + 1);
  });
});

it('restoring where rows are deleted for good stops the application from starting', async () => {
  @Controller('wrong')
  @TenantScoped()
  @Crud(Agent, { also: ['restore'] })
  class WrongController extends CrudController<Agent> {}

  const error: unknown = await openCrudDesk([WrongController]).catch((refusal: unknown) => refusal);
  expect(error).toBeInstanceOf(MuckConfigurationError);
  expect((error as Error).message).toContain('restore needs a @DeleteDateColumn() on Agent');
});
