import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, ForbiddenException, Injectable, UseGuards } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import type { EntityId } from 'nestjs-muck';
import { Column, Entity, JoinTable, ManyToMany, ManyToOne, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import type { Relation } from 'typeorm';
import { clientOf } from '../../../support/client.js';
import { Agent, openCrudDesk, Tag, TestGuard, Ticket } from '../../../support/crud-desk.js';
import type { Desk } from '../../../support/crud-desk.js';
import { places } from '../../../support/places.js';

/** Its key has two texts, and it knows the notices that show it. */
@Entity()
@TenantScoped()
class Picture {
  @PrimaryColumn({ length: 20 }) album!: string;
  @PrimaryColumn({ length: 20 }) title!: string;
  @Column() organizationId!: number;
  @ManyToMany(() => Notice, (notice) => notice.pictures) notices!: Relation<Notice[]>;
}

/** Below a ticket; it has neither a version nor a date of change. */
@Entity()
@TenantScoped()
class Notice {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column() organizationId!: number;
  @ManyToOne(() => Ticket, { nullable: false }) ticket!: Relation<Ticket>;
  @ManyToMany(() => Picture, (picture) => picture.notices) @JoinTable() pictures!: Relation<Picture[]>;
}

@Controller('tickets')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { links: ['tags'] })
class TicketsController extends CrudController<Ticket> {}

@Controller('tickets/:ticketId/notices')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Notice, { only: ['findOne'], links: ['pictures'], parent: { relation: 'ticket' } })
class NoticesController extends CrudController<Notice> {}

@Controller('pictures')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Picture, { links: ['notices'] })
class PicturesController extends CrudController<Picture> {}

@Controller('mine')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { links: ['tags'] })
class MyTicketsController extends CrudController<Ticket> {
  protected override scope(context: ExecutionContext): Partial<Ticket> {
    return { assigneeId: context.switchToHttp().getRequest<{ user: { id: number } }>().user.id };
  }
}

@Injectable()
class NobodyGuard implements CanActivate {
  canActivate(): boolean {
    throw new ForbiddenException('not allowed');
  }
}

@Controller('guarded')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { links: ['tags'] })
class GuardedController extends CrudController<Ticket> {
  @UseGuards(NobodyGuard)
  linkTags(id: EntityId, tagId: EntityId): Promise<void> {
    return this.service.link(id, 'tags', tagId);
  }
}

@Controller('unlinked')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket)
class UnlinkedController extends TicketsController {}

const NOT_FOUND = { statusCode: 404, message: 'Not Found' };

describe.each(places)('links one by one, on $adapter and $database', ({ adapter, database }) => {
  let desk: Desk;
  const acme = clientOf(() => desk, '1');
  const globex = clientOf(() => desk, '2');
  const own = { agent: 0, ticket: 0, other: 0, tags: [] as number[], notice: '' };
  const foreign = { ticket: 0, tag: 0, notice: '' };
  const run = <R>(organizationId: number, work: () => Promise<R>) => desk.tenancy.run({ organizationId }, work);
  const repository = <T extends object>(entity: new () => T) => desk.dataSource.getRepository(entity);
  /** Of every owner. */
  const tagsOf = (id: number): Promise<number[]> =>
    desk.tenancy.unscoped('looks at links', async () => {
      const ticket = await repository(Ticket).findOne({ where: { id }, relations: { tags: true }, withDeleted: true });
      return ticket!.tags.map((tag) => tag.id).sort((a, b) => a - b);
    });
  const picturesOf = (id: string): Promise<string[]> =>
    desk.tenancy.unscoped('looks at links', async () => {
      const notice = await repository(Notice).findOne({ where: { id }, relations: { pictures: true } });
      return notice!.pictures.map(({ title }) => title);
    });

  beforeAll(async () => {
    desk = await openCrudDesk(
      [
        TicketsController,
        NoticesController,
        PicturesController,
        MyTicketsController,
        GuardedController,
        UnlinkedController,
      ],
      { adapter, database, entities: [Picture, Notice] },
    );
    await run(1, async () => {
      own.agent = (await repository(Agent).save({ name: 'Ada' })).id;
      own.ticket = (await repository(Ticket).save({ orderNumber: 1, subject: 'x', assigneeId: own.agent })).id;
      own.other = (await repository(Ticket).save({ orderNumber: 2, subject: 'x' })).id;
      for (const name of ['billing', 'urgent', 'parcel']) own.tags.push((await repository(Tag).save({ name })).id);
      own.notice = (await repository(Notice).save({ ticket: { id: own.ticket } })).id;
      await repository(Picture).insert({ album: 'a, b', title: 'c' });
    });
    await run(2, async () => {
      foreign.ticket = (await repository(Ticket).save({ orderNumber: 1, subject: 'x' })).id;
      foreign.tag = (await repository(Tag).save({ name: 'billing' })).id;
      foreign.notice = (await repository(Notice).save({ ticket: { id: foreign.ticket } })).id;
      await repository(Picture).insert({ album: 'x', title: 'y' });
    });
  });
  afterAll(() => desk?.close());
  beforeEach(async () => {
    await run(1, async () => {
      for (const id of [own.ticket, own.other]) {
        await repository(Ticket).save({ id, tags: [] });
      }
    });
  });

  it('PUT links two rows, DELETE takes the link away, and both may be repeated', async () => {
    const path = (tag: number) => `/tickets/${own.ticket}/tags/${tag}`;
    for (const tag of [own.tags[0], own.tags[1], own.tags[0]]) {
      const { status, text } = await acme.put(path(tag), {});
      expect([status, text]).toEqual([204, '']);
    }
    expect([await tagsOf(own.ticket), await tagsOf(own.other)]).toEqual([own.tags.slice(0, 2), []]);
    for (const tag of [own.tags[0], own.tags[0], own.tags[2]]) {
      const { status, text } = await acme.delete(path(tag));
      expect([status, text]).toEqual([204, '']);
    }
    expect(await tagsOf(own.ticket)).toEqual([own.tags[1]]);
  });

  it('a row of another organization is missing on either side, and nothing is linked', async () => {
    const linked = `/tickets/${foreign.ticket}/tags/${foreign.tag}`;
    expect((await globex.put(linked, {})).status).toBe(204);
    const missing = 999_999;
    for (const path of [
      linked,
      `/tickets/${own.ticket}/tags/${foreign.tag}`,
      `/tickets/${own.ticket}/tags/${missing}`,
      `/tickets/${foreign.ticket}/tags/${own.tags[0]}`,
      `/tickets/${missing}/tags/${own.tags[0]}`,
      `/tickets/${own.ticket}/tags/0${own.tags[0]}`,
      `/tickets/${own.ticket}/tags/nope`,
      `/tickets/nope/tags/${own.tags[0]}`,
    ]) {
      const put = await acme.put(path, {});
      const gone = await acme.delete(path);
      expect([put.status, put.body, gone.status, gone.body]).toEqual([404, NOT_FOUND, 404, NOT_FOUND]);
    }
    expect(await tagsOf(own.ticket)).toEqual([]);
    expect(await tagsOf(foreign.ticket)).toEqual([foreign.tag]);
  });

  it('a deleted row is missing', async () => {
    const ticket = await run(1, () => repository(Ticket).save({ orderNumber: 77, subject: 'x' }));
    const path = `/tickets/${ticket.id}/tags/${own.tags[0]}`;
    await run(1, () => repository(Ticket).softDelete(ticket.id));
    expect((await acme.put(path, {})).body).toEqual(NOT_FOUND);
    expect((await acme.delete(path)).body).toEqual(NOT_FOUND);
  });

  it('make another version of the row where they change something', async () => {
    const version = async () => ((await acme.get(`/tickets/${own.other}`)).body as Ticket).version;
    const path = `/tickets/${own.other}/tags/${own.tags[0]}`;
    const before = await version();
    await acme.delete(path);
    expect(await version()).toBe(before);
    await acme.put(path, {});
    await acme.put(path, {});
    expect(await version()).toBe(before + 1);
    await acme.delete(path);
    expect(await version()).toBe(before + 2);
  });

  it('are made once by many who ask at the same time', async () => {
    const path = (tag: number) => `/tickets/${own.ticket}/tags/${tag}`;
    const answers = await Promise.all([0, 1, 0, 1, 0, 1, 0, 1].map((tag) => acme.put(path(own.tags[tag]), {})));
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(204));
    expect(await tagsOf(own.ticket)).toEqual(own.tags.slice(0, 2));
  });

  it('below a parent name the row by it', async () => {
    const path = (ticket: number, notice: string, picture: string) =>
      `/tickets/${ticket}/notices/${notice}/pictures/${picture}`;
    const mine = 'a~1%20b,c';
    for (const wrong of [
      path(own.other, own.notice, mine),
      path(foreign.ticket, own.notice, mine),
      path(own.ticket, foreign.notice, mine),
      path(own.ticket, own.notice, 'x,y'),
      path(own.ticket, own.notice, 'a'),
    ]) {
      expect([(await acme.put(wrong, {})).body, (await acme.delete(wrong)).body]).toEqual([NOT_FOUND, NOT_FOUND]);
    }
    expect((await acme.put(path(own.ticket, own.notice, mine), {})).status).toBe(204);
    expect(await picturesOf(own.notice)).toEqual(['c']);
    expect((await acme.delete(path(own.other, own.notice, mine))).status).toBe(404);
    expect((await acme.delete(path(own.ticket, own.notice, mine))).status).toBe(204);
    expect(await picturesOf(own.notice)).toEqual([]);
  });

  it('are made from the side that does not own the relation too', async () => {
    const path = (notice: string) => `/pictures/a~1%20b,c/notices/${notice}`;
    expect((await acme.put(path(foreign.notice), {})).body).toEqual(NOT_FOUND);
    expect((await acme.put(path(own.notice), {})).status).toBe(204);
    expect(await picturesOf(own.notice)).toEqual(['c']);
    expect((await acme.delete(path(own.notice))).status).toBe(204);
    expect(await picturesOf(own.notice)).toEqual([]);
  });

  it('are of rows within the scope of the controller only', async () => {
    const ada = clientOf(() => desk, `1/${own.agent}`);
    const [tag] = own.tags;
    expect((await ada.put(`/mine/${own.other}/tags/${tag}`, {})).body).toEqual(NOT_FOUND);
    expect((await ada.put(`/mine/${own.ticket}/tags/${tag}`, {})).status).toBe(204);
    expect([await tagsOf(own.other), await tagsOf(own.ticket)]).toEqual([[], [tag]]);
  });

  it('keep the guards of a method that the controller has for them', async () => {
    const path = `/guarded/${own.ticket}/tags/${own.tags[0]}`;
    expect((await acme.put(path, {})).status).toBe(403);
    expect((await acme.delete(path)).status).toBe(204);
  });

  it('are served where the option names the relation, not by a subclass with other options', async () => {
    const path = (controller: string) => `/${controller}/${own.ticket}/tags/${own.tags[0]}`;
    expect((await acme.put(path('unlinked'), {})).status).toBe(404);
    expect((await acme.delete(path('unlinked'))).status).toBe(404);
    expect((await acme.put(path('tickets'), {})).status).toBe(204);
    expect((await acme.get(path('tickets'))).status).toBe(405);
  });
});

it('the application does not start where a relation is none to link by', async () => {
  @Controller('tickets')
  @TenantScoped()
  @Crud(Ticket, { links: ['assignee' as 'tags'] })
  class WrongController extends CrudController<Ticket> {}

  await expect(openCrudDesk([WrongController])).rejects.toThrow(
    "WrongController: links names 'assignee', which is not a many-to-many relation of Ticket. Use links: ['tags'].",
  );
});
