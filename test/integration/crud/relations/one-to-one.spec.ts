import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import type { CrudBody } from 'nestjs-muck';
import { Column, Entity, JoinColumn, ManyToOne, OneToOne, PrimaryGeneratedColumn } from 'typeorm';
import type { Relation } from 'typeorm';
import { adaptersToTest } from '../../../support/adapters.js';
import { databasesToTest } from '../../../support/databases.js';
import { clientOf } from '../../../support/client.js';
import { openCrudDesk, TestGuard, Ticket } from '../../../support/crud-desk.js';
import type { Desk } from '../../../support/crud-desk.js';

/** Scoped through its ticket, whose key it has as a column. */
@Entity()
@TenantScoped({ via: 'ticket' })
class Resolution {
  @PrimaryGeneratedColumn() id!: number;
  @Column() summary!: string;
  @Column({ type: String, nullable: true }) remark!: string | null;
  @Column() ticketId!: number;
  @OneToOne(() => Ticket, { nullable: false }) @JoinColumn() ticket!: Relation<Ticket>;
}

/** Has a tenant of its own, and its ticket as a relation only. */
@Entity()
@TenantScoped()
class Rating {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column() organizationId!: number;
  @Column() stars!: number;
  @OneToOne(() => Ticket, { nullable: false }) @JoinColumn() ticket!: Relation<Ticket>;
}

@Controller('tickets/:ticketId/resolution')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Resolution, { oneToOne: true, parent: { relation: 'ticket' } })
class ResolutionController extends CrudController<Resolution> {
  override update(ticketId: number, body: CrudBody<Resolution>): Promise<Resolution> {
    expect(typeof ticketId).toBe('number');
    return super.update(ticketId, body);
  }
}

@Controller('tickets/:ticketId/rating')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Rating, { oneToOne: true, parent: { relation: 'ticket' } })
class RatingController extends CrudController<Rating> {}

const ENTITIES = [Resolution, Rating];
const NOT_FOUND = { statusCode: 404, message: 'Not Found' };

const places = [
  ...adaptersToTest().map((adapter) => ({ adapter, database: 'sqljs' as const })),
  ...databasesToTest()
    .filter((database) => database !== 'sqljs')
    .map((database) => ({ adapter: adaptersToTest()[0], database })),
];

describe.each(places)('the only row below a parent, on $adapter and $database', ({ adapter, database }) => {
  let desk: Desk;
  const acme = clientOf(() => desk, '1');
  const globex = clientOf(() => desk, '2');
  const tickets: Record<number, number[]> = { 1: [], 2: [] };

  beforeAll(async () => {
    desk = await openCrudDesk([ResolutionController, RatingController], { adapter, database, entities: ENTITIES });
    for (const organizationId of [1, 2]) {
      await desk.tenancy.run({ organizationId }, async () => {
        for (const orderNumber of [1, 2]) {
          const { id } = await desk.dataSource.getRepository(Ticket).save({ orderNumber, subject: 'x' });
          tickets[organizationId].push(id);
        }
      });
    }
  });
  afterAll(() => desk?.close());

  it.each([
    ['resolution', { summary: 'solved' }, { summary: 'better' }],
    ['rating', { stars: 4 }, { stars: 5 }],
  ])('is made, read, changed and removed at its path: a %s', async (name, values, others) => {
    const [first, second] = tickets[1];
    const path = `/tickets/${first}/${name}`;
    expect((await acme.get(path)).body).toEqual(NOT_FOUND);
    expect((await acme.put(path, values)).body).toEqual(NOT_FOUND);
    const created = await acme.post(path, { ...values, ticketId: undefined, id: undefined });
    expect([created.status, created.headers['location']]).toEqual([201, path]);
    expect(created.body).toMatchObject(values);
    expect((await acme.get(path)).body).toEqual(created.body);
    expect((await acme.get(`/tickets/${second}/${name}`)).body).toEqual(NOT_FOUND);
    const again = await acme.post(path, others);
    expect([again.status, again.body.error]).toEqual([409, 'Conflict']);
    expect((await acme.patch(path, others)).body).toEqual({ ...created.body, ...others });
    expect((await acme.put(path, values)).body).toEqual(created.body);
    expect((await acme.delete(path)).status).toBe(204);
    expect((await acme.get(path)).body).toEqual(NOT_FOUND);
    expect((await acme.delete(path)).body).toEqual(NOT_FOUND);
    expect((await acme.get(`${path}/${created.body.id}`)).status).toBe(404);
  });

  it('is missing below a parent of another organization, whatever is asked of it', async () => {
    const [foreign] = tickets[2];
    expect((await globex.post(`/tickets/${foreign}/resolution`, { summary: 'theirs' })).status).toBe(201);
    for (const parent of [foreign, 999999, 'abc']) {
      const path = `/tickets/${parent}/resolution`;
      for (const answer of [
        await acme.get(path),
        await acme.post(path, { summary: 'mine' }),
        await acme.post(path, { nope: 1 }),
        await acme.put(path, { summary: 'mine' }),
        await acme.patch(path, { nope: 1 }),
        await acme.delete(path),
      ]) {
        expect([answer.status, answer.body]).toEqual([404, NOT_FOUND]);
      }
    }
    expect((await globex.get(`/tickets/${foreign}/resolution`)).body.summary).toBe('theirs');
  });

  it('is not taken over by another parent', async () => {
    const [first, second] = tickets[1];
    await acme.post(`/tickets/${first}/resolution`, { summary: 'of the first' });
    const { status, body } = await acme.post(`/tickets/${second}/resolution`, { summary: 'x', ticketId: first });
    expect([status, body.ticketId]).toEqual([201, second]);
    expect((await acme.patch(`/tickets/${second}/resolution`, { ticketId: tickets[2][1] })).body.ticketId).toBe(second);
    expect((await acme.get(`/tickets/${first}/resolution`)).body.summary).toBe('of the first');
  });
});

describe('an application refuses to start', () => {
  const refusal = async (controller: Type, entities: Type[] = ENTITIES): Promise<string> => {
    const desk = await openCrudDesk([controller], { entities }).catch((error: unknown) => error as Error);
    if (desk instanceof Error) return desk.message;
    await desk.close();
    return 'started';
  };

  it('on a one-to-one resource without a parent, or of which a parent may have several rows', async () => {
    @Entity()
    @TenantScoped({ via: 'ticket' })
    class Remark {
      @PrimaryGeneratedColumn() id!: number;
      @ManyToOne(() => Ticket, { nullable: false }) ticket!: Relation<Ticket>;
    }
    @Controller('rating')
    @TenantScoped()
    @Crud(Rating, { oneToOne: true })
    class OrphanController extends CrudController<Rating> {}
    @Controller('tickets/:ticketId/remark')
    @TenantScoped()
    @Crud(Remark, { oneToOne: true, parent: { relation: 'ticket' } })
    class RemarkController extends CrudController<Remark> {}
    expect(await refusal(OrphanController)).toContain('OrphanController: oneToOne needs a parent');
    expect(await refusal(RemarkController, [Remark])).toContain(
      'RemarkController: oneToOne: several rows of Remark may have the same ticket. Make the relation @OneToOne() with @JoinColumn()',
    );
  });

  it('on a list of what there is one of', () => {
    expect(() => Crud(Rating, { oneToOne: true, only: ['findAll'] })(RatingController)).toThrow(
      'RatingController: a one-to-one resource has no findAll: leave it out.',
    );
  });
});
