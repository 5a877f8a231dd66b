import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Injectable, Module, UseGuards } from '@nestjs/common';
import { Expose } from 'class-transformer';
import { IsArray, IsInt, IsOptional } from 'class-validator';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import type { CrudHooks, HookContext, RowChanges } from 'nestjs-muck';
import request from 'supertest';
import { clientOf } from '../../../support/client.js';
import { CreateTicketDto, openCrudDesk, Tag, TestGuard, Ticket } from '../../../support/crud-desk.js';
import type { Desk } from '../../../support/crud-desk.js';
import { places } from '../../../support/places.js';

class TaggedTicketDto extends CreateTicketDto {
  @IsOptional() @IsArray() tags?: unknown[];
}

class NamedTicketDto extends CreateTicketDto {
  @Expose({ name: 'tagIds' }) @IsOptional() @IsInt({ each: true }) tags?: number[];
}

const changes: unknown[] = [];

@Injectable()
class Watcher implements CrudHooks<Ticket> {
  afterUpdate(ticket: Ticket, context: HookContext & RowChanges<Ticket>): void {
    changes.push(context.changes);
    if (ticket.subject === 'Cursed') throw new Error('not this one');
  }
}

@Module({ providers: [Watcher] })
class HooksModule {}

@Controller('tickets')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { dto: { create: TaggedTicketDto }, also: ['createMany'] })
class TicketsController extends CrudController<Ticket> {}

@Controller('named')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { dto: { create: NamedTicketDto }, hooks: [Watcher] })
class NamedController extends CrudController<Ticket> {}

@Controller('untagged')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { dto: { create: CreateTicketDto } })
class UntaggedController extends CrudController<Ticket> {}

describe.each(places)('a list of keys in a body, on $adapter and $database', ({ adapter, database }) => {
  let desk: Desk;
  let orderNumber = 0;
  let own: number[];
  let foreign: number[];
  const acme = clientOf(() => desk, '1');
  const ticket = (more = {}) => ({ orderNumber: ++orderNumber, subject: 'Late', ...more });
  const tagsOf = (organizationId: number, names: readonly string[]): Promise<number[]> =>
    desk.tenancy.run({ organizationId }, async () => {
      const tags = desk.dataSource.getRepository(Tag);
      return (await tags.save(names.map((name) => ({ name })))).map(({ id }) => id);
    });
  /** Of every owner. */
  const linkedTo = (id: number): Promise<number[]> =>
    desk.tenancy.unscoped('looks at links', async () => {
      const row = await desk.dataSource.getRepository(Ticket).findOne({ where: { id }, relations: { tags: true } });
      return row!.tags.map((tag) => tag.id).sort((a, b) => a - b);
    });

  beforeAll(async () => {
    desk = await openCrudDesk([TicketsController, NamedController, UntaggedController], {
      adapter,
      database,
      imports: [HooksModule],
    });
    own = await tagsOf(1, ['billing', 'urgent', 'parcel', 'vip']);
    foreign = await tagsOf(2, ['billing', 'theirs']);
  });
  afterAll(() => desk?.close());

  it('links a new row to these rows, written as keys or as objects', async () => {
    const { status, body } = await acme.post('/tickets', ticket({ tags: [own[0], { id: own[1] }, own[0]] }));
    expect([status, await linkedTo(body.id as number)]).toEqual([201, [own[0], own[1]]]);
    const none = await acme.post('/tickets', ticket({ tags: [] }));
    expect([none.status, await linkedTo(none.body.id as number)]).toEqual([201, []]);
    const named = await acme.post('/named', ticket({ tagIds: [own[2]] }));
    expect([named.status, await linkedTo(named.body.id as number)]).toEqual([201, [own[2]]]);
  });

  it('replaces the links of PUT and PATCH, and where it is missing they stay', async () => {
    const { body } = await acme.post('/tickets', ticket({ tags: [own[0], own[1]] }));
    const id = body.id as number;
    expect((await acme.patch(`/tickets/${id}`, { tags: [own[1], own[2]] })).status).toBe(200);
    expect(await linkedTo(id)).toEqual([own[1], own[2]]);
    await acme.patch(`/tickets/${id}`, { note: 'x' });
    await acme.put(`/tickets/${id}`, ticket());
    expect(await linkedTo(id)).toEqual([own[1], own[2]]);
    expect((await acme.put(`/tickets/${id}`, ticket({ tags: [own[3]] }))).status).toBe(200);
    expect(await linkedTo(id)).toEqual([own[3]]);
    await acme.patch(`/tickets/${id}`, { tags: [] });
    expect(await linkedTo(id)).toEqual([]);
  });

  it('makes another version of the row, unless it changes nothing', async () => {
    const { body } = await acme.post('/tickets', ticket({ tags: [own[0]] }));
    const same = await acme.patch(`/tickets/${body.id}`, { tags: [own[0]] });
    expect(same.body.version).toBe(1);
    const other = await acme.patch(`/tickets/${body.id}`, { tags: [own[0], own[1]] });
    expect([other.body.version, other.body.subject]).toEqual([2, 'Late']);
    const stale = await request(desk.app.getHttpServer())
      .patch(`/tickets/${body.id}`)
      .set({ 'x-user': '1', 'if-match': String(same.headers['etag']) })
      .send({ tags: [] });
    expect([stale.status, await linkedTo(body.id as number)]).toEqual([412, [own[0], own[1]]]);
  });

  it('that names a row of another organization is a 400 at its field as for a missing row, and nothing is written', async () => {
    const { body } = await acme.post('/tickets', ticket({ tags: [own[0]] }));
    const id = body.id as number;
    const path = `/tickets/${id}`;
    const total = async () => ((await acme.get('/tickets?limit=1')).body as { total: number }).total;
    const before = await total();
    for (const [verb, at] of [
      ['post', '/tickets'],
      ['put', path],
      ['patch', path],
    ] as const) {
      const sent = ticket({ note: 'x' });
      const bad = await acme[verb](at, { ...sent, tags: [own[1], foreign[1]] });
      const missing = await acme[verb](at, { ...sent, tags: [own[1], { id: 999_999 }] });
      expect([bad.status, bad.body.message]).toEqual([400, ['tags refers to a row that does not exist']]);
      expect(missing.text).toBe(bad.text);
    }
    const bulk = await acme.post('/tickets/bulk', [ticket(), ticket({ tags: [foreign[0]] })]);
    expect([bulk.status, bulk.body.message]).toEqual([400, ['[1] tags refers to a row that does not exist']]);
    expect([await linkedTo(id), (await acme.get(path)).body, await total()]).toEqual([[own[0]], body, before]);
  });

  it('changes no row of the other table', async () => {
    const rename = { id: own[0], name: 'renamed', organizationId: 2 };
    expect((await acme.post('/tickets', ticket({ tags: [rename] }))).status).toBe(201);
    const tag = await desk.tenancy.run({ organizationId: 1 }, () =>
      desk.dataSource.getRepository(Tag).findOneByOrFail({ id: own[0] }),
    );
    expect(tag).toMatchObject({ name: 'billing', organizationId: 1 });
  });

  it('leaves alone what the scope does not see', async () => {
    const { body } = await acme.post('/tickets', ticket({ tags: [own[0]] }));
    const id = body.id as number;
    await desk.tenancy.unscoped('old bad data', () =>
      desk.dataSource.query(
        `INSERT INTO ticket_tags_tag (${['ticketId', 'tagId'].map((name) => desk.dataSource.driver.escape(name)).join()}) VALUES (${id}, ${foreign[0]})`,
      ),
    );
    await acme.patch(`/tickets/${id}`, { tags: [own[1]] });
    expect(await linkedTo(id)).toEqual([own[1], foreign[0]].sort((a, b) => a - b));
  });

  it('is a list of at most a hundred keys', async () => {
    for (const tags of ['x', 5, { id: 1 }, null, ['x'], [null], [{}], [{ id: {} }], [[1]], Array(101).fill(1)]) {
      const { status, body } = await acme.post('/tickets', ticket({ tags }));
      expect(status).toBe(400);
      expect(body.message[0]).toMatch(/^tags must be/);
    }
  });

  it('is taken only where the DTO names it', async () => {
    const { body } = await acme.post('/tickets', ticket({ tags: [own[0]] }));
    const refused = await acme.patch(`/untagged/${body.id}`, { tags: [] });
    expect([refused.status, refused.body.message]).toEqual([400, ['property tags should not exist']]);
    expect(await linkedTo(body.id as number)).toEqual([own[0]]);
  });

  it('is told to hooks, and undone with them', async () => {
    const { body } = await acme.post('/named', ticket({ tagIds: [own[0]] }));
    const id = body.id as number;
    changes.length = 0;
    await acme.patch(`/named/${id}`, { tagIds: [own[1]] });
    expect(changes).toEqual([{ tags: [{ id: own[1] }] }]);
    expect((await acme.patch(`/named/${id}`, { subject: 'Cursed', tagIds: [] })).status).toBe(500);
    expect(await linkedTo(id)).toEqual([own[1]]);
  });
});
