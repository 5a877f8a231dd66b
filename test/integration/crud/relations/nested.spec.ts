import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import type { ExecutionContext, Type } from '@nestjs/common';
import { RouterModule } from '@nestjs/core';
import { IsInt, IsString } from 'class-validator';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import {
  Column,
  DeleteDateColumn,
  Entity,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  Unique,
} from 'typeorm';
import type { DeepPartial, Relation } from 'typeorm';
import { adaptersToTest } from '../../../support/adapters.js';
import { databasesToTest } from '../../../support/databases.js';
import { clientOf } from '../../../support/client.js';
import { Agent, openCrudDesk, TestGuard, Ticket } from '../../../support/crud-desk.js';
import type { Desk } from '../../../support/crud-desk.js';

@Entity()
@TenantScoped()
class Note {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() body!: string;
  @Column() ticketId!: number;
  @ManyToOne(() => Ticket, { nullable: false }) ticket!: Relation<Ticket>;
  @Column({ type: Number, nullable: true }) authorId!: number | null;
  @ManyToOne(() => Agent) author!: Relation<Agent> | null;
  @DeleteDateColumn() deletedAt!: Date | null;
  @OneToMany(() => Reaction, (reaction) => reaction.note) reactions!: Relation<Reaction[]>;
}

/** Only its relation says which parent it has; scoped through it. */
@Entity()
@TenantScoped({ via: 'note' })
class Reaction {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column() emoji!: string;
  @ManyToOne(() => Note, (note) => note.reactions, { nullable: false }) note!: Relation<Note>;
}

/** Its key is two texts; it has no parent. */
@Entity()
@TenantScoped()
class Chapter {
  @PrimaryColumn({ length: 20 }) book!: string;
  @PrimaryColumn({ length: 20 }) title!: string;
  @Column() organizationId!: number;
}

@Entity()
@TenantScoped()
class Footnote {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() text!: string;
  @ManyToOne(() => Chapter, { nullable: false }) chapter!: Relation<Chapter>;
}

@Entity()
@TenantScoped()
@Unique(['organizationId', 'slug'])
class Topic {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column() organizationId!: number;
  @Column({ length: 20 }) slug!: string;
}

/** Its slug is unique below one topic. */
@Entity()
@TenantScoped()
@Unique(['topic', 'slug'])
class Post {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ length: 20 }) slug!: string;
  @ManyToOne(() => Topic, { nullable: false }) topic!: Relation<Topic>;
}

class CreateNoteDto {
  @IsString() body!: string;
}

class WholeNoteDto extends CreateNoteDto {
  @IsInt() ticketId!: number;
}

@Controller('tickets/:ticketId/notes')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Note, { dto: { create: CreateNoteDto }, also: ['createMany', 'restore'], parent: { relation: 'ticket' } })
class NotesController extends CrudController<Note> {
  @Get('count')
  async count() {
    return { total: (await this.service.findAll()).total };
  }

  read() {
    return this.service.findAll();
  }
}

@Controller('strict/:number/notes')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Note, {
  dto: { create: WholeNoteDto },
  strictPayload: true,
  parent: { relation: 'ticket', param: 'number' },
})
class StrictNotesController extends CrudController<Note> {}

@Controller('open/:ticketId/notes')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Note, { parent: { relation: 'ticket' } })
class OpenNotesController extends CrudController<Note> {}

@Controller('mine/:ticketId/notes')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Note, { parent: { relation: 'ticket' } })
class MyNotesController extends CrudController<Note> {
  protected override scope(context: ExecutionContext): Partial<Note> {
    const { user } = context.switchToHttp().getRequest<{ user: { id: number } }>();
    return user.id === 0 ? { ticketId: 1 } : { authorId: user.id };
  }
}

@Controller('agents/:assigneeId/tickets/:ticketId/notes/:noteId/reactions')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Reaction, {
  parent: { relation: 'note', parent: { relation: 'ticket', parent: { relation: 'assignee' } } },
})
class ReactionsController extends CrudController<Reaction> {}

@Controller('chapters/:chapterId/footnotes')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Footnote, { parent: { relation: 'chapter' } })
class FootnotesController extends CrudController<Footnote> {}

@Controller('topics/:topicId/posts')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Post, { id: 'slug', parent: { relation: 'topic' } })
class PostsController extends CrudController<Post> {}

@Controller('named-topics/:topic/posts')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Post, { parent: { relation: 'topic', id: 'slug', param: 'topic' } })
class NamedTopicPostsController extends CrudController<Post> {}

const ENTITIES = [Note, Reaction, Chapter, Footnote, Topic, Post];
const NOT_FOUND = { statusCode: 404, message: 'Not Found' };

const places = [
  ...adaptersToTest().map((adapter) => ({ adapter, database: 'sqljs' as const })),
  ...databasesToTest()
    .filter((database) => database !== 'sqljs')
    .map((database) => ({ adapter: adaptersToTest()[0], database })),
];

describe.each(places)('a resource below a parent, on $adapter and $database', ({ adapter, database }) => {
  let desk: Desk;
  let statements: string[] = [];
  const acme = clientOf(() => desk, '1');
  const globex = clientOf(() => desk, '2');
  const own = { agent: 0, other: 0, tickets: [] as number[] };
  let foreign = 0;

  beforeAll(async () => {
    desk = await openCrudDesk(
      [
        NotesController,
        StrictNotesController,
        OpenNotesController,
        MyNotesController,
        ReactionsController,
        FootnotesController,
        PostsController,
        NamedTopicPostsController,
      ],
      {
        adapter,
        database,
        entities: ENTITIES,
        logging: (statement) => statements.push(statement),
      },
    );
    const insert = async <T extends object>(entity: Type<T>, row: DeepPartial<T>) =>
      (await desk.dataSource.getRepository(entity).save(row)) as T;
    await desk.tenancy.run({ organizationId: 1 }, async () => {
      own.agent = (await insert(Agent, { name: 'Ada' })).id;
      own.other = (await insert(Agent, { name: 'Bob' })).id;
      for (const orderNumber of [1, 2]) {
        own.tickets.push((await insert(Ticket, { orderNumber, subject: 'x', assigneeId: own.agent })).id);
      }
    });
    await desk.tenancy.run({ organizationId: 2 }, async () => {
      foreign = (await insert(Ticket, { orderNumber: 1, subject: 'x' })).id;
    });
  });
  afterAll(() => desk?.close());
  beforeEach(() => {
    statements = [];
  });

  it('is created below it, whatever the body says, and found below it only', async () => {
    const [first, second] = own.tickets;
    const { status, body, headers } = await acme.post(`/tickets/${first}/notes`, { body: 'a', ticketId: second });
    expect([status, body.ticketId, body.organizationId]).toEqual([201, first, 1]);
    expect(headers['location']).toBe(`/tickets/${first}/notes/${body.id}`);
    expect((await acme.get(headers['location'])).body).toEqual(body);
    const elsewhere = `/tickets/${second}/notes/${body.id}`;
    for (const answer of [
      await acme.get(elsewhere),
      await acme.put(elsewhere, { body: 'x' }),
      await acme.patch(elsewhere, { body: 'x' }),
      await acme.delete(elsewhere),
    ]) {
      expect([answer.status, answer.body]).toEqual([404, NOT_FOUND]);
    }
    expect((await acme.get(`/tickets/${second}/notes`)).body.items).toEqual([]);
    expect((await acme.get(`/tickets/${second}/notes?ticketId=${first}`)).body).toMatchObject({ items: [], total: 0 });
    expect((await acme.patch(headers['location'], { body: 'b', ticketId: second })).body).toMatchObject({
      body: 'b',
      ticketId: first,
    });
    expect((await acme.put(headers['location'], { body: 'c', ticketId: second })).body.ticketId).toBe(first);
    expect((await acme.get(`/tickets/${first}/notes/count`)).body).toEqual({ total: 1 });
    expect((await acme.delete(headers['location'])).status).toBe(204);
    expect((await acme.post(`${elsewhere}/restore`, {})).body).toEqual(NOT_FOUND);
    expect((await acme.post(`${headers['location']}/restore`, {})).body).toMatchObject({ id: body.id });
    expect((await acme.delete(headers['location'])).status).toBe(204);
    const many = await acme.post(`/tickets/${second}/notes/bulk`, [{ body: 'x' }, { body: 'y', ticketId: first }]);
    expect([many.status, many.body.map(({ ticketId }: Note) => ticketId)]).toEqual([201, [second, second]]);
    for (const { id } of many.body) await acme.delete(`/tickets/${second}/notes/${id}`);
  });

  it('is missing below a parent of another organization, as below one that never was', async () => {
    const unhappy = { body: 5, nope: 1 };
    for (const parent of [foreign, 999999, 'abc', `0${own.tickets[0]}`, '%00', '1e1', '99999999999999999999']) {
      const path = `/tickets/${parent}/notes`;
      for (const answer of [
        await acme.get(path),
        await acme.get(`${path}?nope=1`),
        await acme.get(`${path}/1`),
        await acme.get(`${path}/count`),
        await acme.post(path, { body: 'a' }),
        await acme.post(path, unhappy),
        await acme.put(`${path}/1`, unhappy),
        await acme.patch(`${path}/1`, unhappy),
        await acme.delete(`${path}/1`),
        await acme.post(`${path}/bulk`, [unhappy]),
        await acme.post(`${path}/1/restore`, {}),
      ]) {
        expect([answer.status, answer.body]).toEqual([404, NOT_FOUND]);
      }
    }
    const left = await desk.tenancy.run({ organizationId: 2 }, () => desk.dataSource.getRepository(Note).count());
    expect(left).toBe(0);
    expect((await globex.post(`/tickets/${foreign}/notes`, { body: 'ours' })).status).toBe(201);
    expect((await acme.get(`/tickets/${foreign}/notes`)).body).toEqual(NOT_FOUND);
  });

  it('is missing below a deleted parent, at any depth', async () => {
    const { ticket, note } = await desk.tenancy.run({ organizationId: 1 }, async () => {
      const gone = await desk.dataSource
        .getRepository(Ticket)
        .save({ orderNumber: 77, subject: 'x', assigneeId: own.agent });
      return {
        ticket: gone.id,
        note: await desk.dataSource.getRepository(Note).save({ body: 'x', ticketId: gone.id }),
      };
    });
    const path = `/tickets/${ticket}/notes`;
    const deep = `/agents/${own.agent}/tickets/${ticket}/notes/${note.id}/reactions`;
    expect([(await acme.get(path)).status, (await acme.get(deep)).status]).toEqual([200, 200]);
    await desk.tenancy.run({ organizationId: 1 }, () => desk.dataSource.getRepository(Ticket).softDelete(ticket));
    expect((await acme.get(path)).body).toEqual(NOT_FOUND);
    expect((await acme.post(path, { body: 'a' })).body).toEqual(NOT_FOUND);
    expect((await acme.get(deep)).body).toEqual(NOT_FOUND);
  });

  it('with strictPayload refuses a body that names another parent', async () => {
    const [first, second] = own.tickets;
    const refused = await acme.post(`/strict/${first}/notes`, { body: 'a', ticketId: second });
    expect([refused.status, refused.body.message]).toEqual([400, ['ticketId is server-owned and must not be set']]);
    const { status, body } = await acme.post(`/strict/${first}/notes`, { body: 'a', ticketId: first });
    expect(status).toBe(201);
    const moved = await acme.patch(`/strict/${first}/notes/${body.id}`, { ticketId: second });
    expect([moved.status, moved.body.message]).toEqual([400, ['ticketId is server-owned and must not be set']]);
    expect((await acme.delete(`/strict/${first}/notes/${body.id}`)).status).toBe(204);
  });

  it('needs no field for its parent', async () => {
    const [first] = own.tickets;
    const { status, body } = await acme.post(`/open/${first}/notes`, { body: 'a' });
    expect([status, body.ticketId]).toEqual([201, first]);
    expect((await acme.put(`/open/${first}/notes/${body.id}`, { body: 'b' })).body.ticketId).toBe(first);
    expect((await acme.delete(`/open/${first}/notes/${body.id}`)).status).toBe(204);
  });

  it('is narrowed by the scope of its controller as well', async () => {
    const [first] = own.tickets;
    const ada = clientOf(() => desk, `1/${own.agent}`);
    const bob = clientOf(() => desk, `1/${own.other}`);
    const { body } = await ada.post(`/mine/${first}/notes`, { body: 'of Ada', authorId: own.other });
    expect(body).toMatchObject({ authorId: own.agent, ticketId: first });
    expect((await bob.get(`/mine/${first}/notes`)).body.items).toEqual([]);
    expect((await bob.delete(`/mine/${first}/notes/${body.id}`)).body).toEqual(NOT_FOUND);
    expect((await ada.get(`/mine/${foreign}/notes`)).body).toEqual(NOT_FOUND);
    const contradicting = await clientOf(() => desk, '1/0').get(`/mine/${own.tickets[1]}/notes`);
    expect(contradicting.body).toEqual(NOT_FOUND);
    expect((await ada.delete(`/mine/${first}/notes/${body.id}`)).status).toBe(204);
  });

  it('has all its parents looked up by one statement, before anything else', async () => {
    const [first, second] = own.tickets;
    const { id } = (await acme.post(`/tickets/${first}/notes`, { body: 'deep' })).body;
    const path = (agent: number, ticket: number, note: number | string) =>
      `/agents/${agent}/tickets/${ticket}/notes/${note}/reactions`;
    const { status, body } = await acme.post(path(own.agent, first, id), { emoji: 'x' });
    expect(status).toBe(201);
    statements = [];
    expect((await acme.get(path(own.agent, first, id))).body.items).toEqual([body]);
    expect(statements).toHaveLength(2);
    expect((await acme.get(`${path(own.agent, first, id)}/${body.id}`)).body).toEqual(body);
    statements = [];
    for (const wrong of [
      path(own.other, first, id),
      path(own.agent, second, id),
      path(own.agent, foreign, id),
      path(own.agent, first, 999999),
    ]) {
      expect((await acme.get(wrong)).body).toEqual(NOT_FOUND);
      expect((await globex.get(wrong)).body).toEqual(NOT_FOUND);
    }
    expect(statements).toHaveLength(8);
    statements = [];
    expect((await acme.get(path(own.agent, first, 'abc'))).body).toEqual(NOT_FOUND);
    expect(statements).toHaveLength(0);
    expect((await acme.delete(`/tickets/${first}/notes/${id}`)).status).toBe(204);
    expect((await acme.get(path(own.agent, first, id))).body).toEqual(NOT_FOUND);
  });

  it('may be nested in a row whose key has several columns', async () => {
    for (const organizationId of [1, 2]) {
      await desk.tenancy.run({ organizationId }, () =>
        desk.dataSource.getRepository(Chapter).insert([
          { book: `b${organizationId}`, title: 'one, two' },
          { book: `b${organizationId}`, title: 'three' },
        ]),
      );
    }
    const path = '/chapters/b1,one~1%20two/footnotes';
    const { status, body, headers } = await acme.post(path, { text: 'see below' });
    expect([status, headers['location']]).toEqual([201, `${path}/${body.id}`]);
    expect((await acme.get(path)).body.items).toEqual([body]);
    expect((await acme.get('/chapters/b1,three/footnotes')).body.items).toEqual([]);
    expect((await acme.get(`/chapters/b1,three/footnotes/${body.id}`)).body).toEqual(NOT_FOUND);
    expect((await acme.patch(`${path}/${body.id}`, { text: 'changed' })).body.text).toBe('changed');
    expect((await acme.patch(`${path}/${body.id}`, { chapter: { book: 'b1', title: 'three' } })).status).toBe(400);
    expect((await acme.get('/chapters/b2,three/footnotes')).body).toEqual(NOT_FOUND);
    expect((await acme.get('/chapters/b1/footnotes')).body).toEqual(NOT_FOUND);
    expect((await acme.delete(`${path}/${body.id}`)).status).toBe(204);
  });

  it('may be nested in a UUID, or below another column than the key', async () => {
    const topics = new Map<number, string>();
    for (const organizationId of [1, 2]) {
      await desk.tenancy.run({ organizationId }, async () => {
        const { id } = await desk.dataSource.getRepository(Topic).save({ slug: 'news' });
        topics.set(organizationId, id);
      });
    }
    const { status, headers } = await acme.post(`/topics/${topics.get(1)}/posts`, { slug: 'hello' });
    expect([status, headers['location']]).toEqual([201, `/topics/${topics.get(1)}/posts/hello`]);
    expect((await acme.get(headers['location'])).status).toBe(200);
    expect((await acme.post(`/topics/${topics.get(1)}/posts`, { slug: 'hello' })).status).toBe(409);
    expect((await acme.get(`/topics/${topics.get(2)}/posts`)).body).toEqual(NOT_FOUND);
    expect((await acme.get('/named-topics/news/posts')).body).toMatchObject({ total: 1 });
    expect((await globex.get('/named-topics/news/posts')).body).toMatchObject({ total: 0 });
    expect((await globex.post('/named-topics/news/posts', { slug: 'hello' })).status).toBe(201);
    expect((await acme.get('/named-topics/news/posts')).body).toMatchObject({ total: 1 });
    expect((await acme.get(`/named-topics/${topics.get(1)}/posts`)).body).toEqual(NOT_FOUND);
  });

  it('has its service in requests only', async () => {
    const controller = desk.app.get(NotesController, { strict: false });
    await expect(desk.tenancy.run({ organizationId: 1 }, () => controller.read())).rejects.toThrow(
      'NotesController has row constraints that need a request',
    );
  });
});

describe('an application refuses to start', () => {
  const refusal = async (controller: Type, options: object = {}): Promise<string> => {
    const desk = await openCrudDesk([controller], { entities: ENTITIES, ...options }).catch(
      (error: unknown) => error as Error,
    );
    if (desk instanceof Error) return desk.message;
    await desk.close();
    return 'started';
  };

  it('on a parent that is no to-one relation of the entity', async () => {
    @Controller('tickets/:ticketId/notes')
    @TenantScoped()
    @Crud(Note, { parent: { relation: 'reactions' as 'ticket' } })
    class WrongController extends CrudController<Note> {}
    @Controller('topics/:topicId/notes/:noteId/reactions')
    @TenantScoped()
    @Crud(Reaction, { parent: { relation: 'note', parent: { relation: 'topic' as 'ticket' } } })
    class DeepController extends CrudController<Reaction> {}
    expect(await refusal(WrongController)).toContain(
      "WrongController: parent names 'reactions', which is not a to-one relation with its foreign key in Note. " +
        "Use parent: { relation: 'ticket' } or parent: { relation: 'author' }.",
    );
    expect(await refusal(DeepController)).toContain(
      "parent names 'topic', which is not a to-one relation with its foreign key in Note",
    );
  });

  it('on a parent that the path does not name, unless a router gives the module its path', async () => {
    @Controller(['tickets/:ticketId/notes', 'notes'])
    @TenantScoped()
    @Crud(Note, { parent: { relation: 'ticket' } })
    class PathlessController extends CrudController<Note> {}
    @Controller('notes')
    @TenantScoped()
    @Crud(Note, { parent: { relation: 'ticket' } })
    class RoutedController extends CrudController<Note> {}
    @Module({ controllers: [RoutedController] })
    class NotesModule {}
    expect(await refusal(PathlessController)).toContain(
      "PathlessController: parent names 'ticket', but the controller's path has no :ticketId. " +
        "Use @Controller('…/:ticketId/notes'), or parent: { relation: 'ticket', param: '…' }.",
    );
    const imports = [NotesModule, RouterModule.register([{ path: 'tickets/:ticketId', module: NotesModule }])];
    expect(await refusal(NotesController, { imports })).toBe('started');
  });
});
