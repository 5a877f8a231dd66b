import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Injectable, UseGuards } from '@nestjs/common';
import { IsBoolean, IsInt, IsOptional, IsString, Length } from 'class-validator';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import type { CrudHooks, HookContext } from 'nestjs-muck';
import request from 'supertest';
import { Column, Entity, ManyToOne, PrimaryGeneratedColumn, type Relation, Unique } from 'typeorm';
import { adaptersToTest } from '../../support/adapters.js';
import { databasesToTest } from '../../support/databases.js';
import { openScopedApplication } from '../../support/scoped-application.js';
import type { ScopedApplication } from '../../support/scoped-application.js';
import { TestGuard } from '../../support/crud-desk.js';

/*
 * What Flask-Muck's documentation promises of an API (its pages on use, nesting, callbacks and configuration), row by row. Where this
 * package differs on purpose, the test says so; docs/flask-muck.md has the reasons.
 */

@Entity()
@TenantScoped()
@Unique(['organizationId', 'name'])
class List {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() name!: string;
  @Column({ default: 0 }) priority!: number;
}

@Entity()
@TenantScoped()
class Todo {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() text!: string;
  @Column({ default: false }) completed!: boolean;
  @Column({ default: 0 }) effort!: number;
  @Column({ type: Number, nullable: true }) listId!: number | null;
  @ManyToOne(() => List) list!: Relation<List> | null;
}

class TodoDto {
  @IsString() @Length(1, 60) text!: string;
  @IsOptional() @IsBoolean() completed?: boolean;
  @IsOptional() @IsInt() effort?: number;
  @IsOptional() @IsInt() listId?: number | null;
}

const calls: string[] = [];

/** Writes down when it is called, and what it is given. */
abstract class Recorder implements CrudHooks<Todo> {
  abstract readonly name: string;
  readonly beforeCreate = (row: Todo) => this.note('pre create', row);
  readonly createCommitted = (row: Todo) => this.note('post create', row);
  readonly beforeReplace = (row: Todo) => this.note('pre update', row);
  readonly replaceCommitted = (row: Todo) => this.note('post update', row);
  readonly beforeUpdate = (row: Todo) => this.note('pre patch', row);
  readonly updateCommitted = (row: Todo) => this.note('post patch', row);
  readonly beforeRemove = (row: Todo) => this.note('pre delete', row);
  readonly removeCommitted = (row: Todo) => this.note('post delete', row);

  private note(when: string, { text }: Todo): void {
    calls.push(`${this.name}: ${when} ${text}`);
    if (text === 'refused') throw new Error('a callback that fails');
  }
}

@Injectable()
class First extends Recorder {
  readonly name = 'first';
}

@Injectable()
class Second extends Recorder {
  readonly name = 'second';
}

/** Asks the database from outside of the transaction whether the row is there. */
@Injectable()
class Onlooker implements CrudHooks<Todo> {
  static look: (text: string) => Promise<boolean>;

  async createCommitted({ text }: Todo): Promise<void> {
    calls.push(`stored by then: ${await Onlooker.look(text)}`);
  }

  afterCreate(_: Todo, { manager }: HookContext): void {
    calls.push(`in a transaction: ${manager.queryRunner?.isTransactionActive}`);
  }
}

@Controller('todos')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Todo, {
  listFormat: 'array',
  dto: { create: TodoDto },
  search: ['text'],
  filter: ['id', 'text', 'completed', 'effort', 'listId', 'list.name', 'list.priority'],
  sort: ['id', 'text', 'effort', 'list.priority'],
})
class TodosController extends CrudController<Todo> {}

@Controller('watched-todos')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Todo, { hooks: [First, Second, Onlooker] })
class WatchedTodosController extends CrudController<Todo> {}

@Controller('lists')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(List, { listFormat: 'array' })
class ListsController extends CrudController<List> {}

@Controller('lists/:listId/todos')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Todo, { listFormat: 'array', parent: { relation: 'list' } })
class NestedTodosController extends CrudController<Todo> {}

@Controller('readable-lists')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(List, { only: ['findAll', 'findOne'] })
class ReadableListsController extends CrudController<List> {}

const places = [
  ...adaptersToTest().map((adapter) => ({ adapter, database: 'sqljs' as const })),
  ...databasesToTest()
    .filter((database) => database !== 'sqljs')
    .map((database) => ({ adapter: adaptersToTest()[0], database })),
];

describe.each(places)('what Flask-Muck promises, on $adapter and $database', ({ adapter, database }) => {
  let world: ScopedApplication;
  let ids: { home: number; work: number; foreign: number; milk: number; bread: number; globex: number };

  beforeAll(async () => {
    world = await openScopedApplication({
      adapter,
      database,
      entities: [List, Todo],
      controllers: [
        TodosController,
        WatchedTodosController,
        NestedTodosController,
        ListsController,
        ReadableListsController,
      ],
      providers: [First, Second, Onlooker],
    });
    Onlooker.look = (text) => world.dataSource.getRepository(Todo).existsBy({ text });
  });
  afterAll(() => world?.close());

  beforeEach(async () => {
    calls.length = 0;
    ids = await world.tenancy.unscoped('afresh', async () => {
      const [lists, todos] = [world.dataSource.getRepository(List), world.dataSource.getRepository(Todo)];
      await todos.createQueryBuilder().delete().execute();
      await lists.createQueryBuilder().delete().execute();
      const [home, work, foreign] = await lists.save([
        { organizationId: 1, name: 'home', priority: 1 },
        { organizationId: 1, name: 'work', priority: 5 },
        { organizationId: 2, name: 'globex', priority: 9 },
      ]);
      const [milk, , bread, globex] = await todos.save([
        { organizationId: 1, text: 'Buy milk', effort: 3, listId: home.id },
        { organizationId: 1, text: 'Write report', effort: 8, completed: true, listId: work.id },
        { organizationId: 1, text: 'bake BREAD and milk rolls', effort: 5 },
        { organizationId: 2, text: 'globex milk', effort: 5, listId: foreign.id },
      ]);
      return {
        home: home.id,
        work: work.id,
        foreign: foreign.id,
        milk: milk.id,
        bread: bread.id,
        globex: globex.id,
      };
    });
  });

  const send = (verb: 'get' | 'post' | 'put' | 'patch' | 'delete', path: string) =>
    request(world.app.getHttpServer())[verb](path).set('x-user', '1');
  const texts = async (query: string): Promise<string[]> => {
    const { body } = await send('get', `/todos?${query}`).expect(200);
    return (Array.isArray(body) ? body : body.items).map(({ text }: Todo) => text.split(' ')[0]);
  };
  const filtered = (filters: object, more = ''): Promise<string[]> =>
    texts(`filters=${encodeURIComponent(JSON.stringify(filters))}${more}`);

  describe('of lists', () => {
    it('flat, a list is an array of all rows', async () => {
      const { body } = await send('get', '/todos').expect(200);
      expect(body).toEqual([
        expect.objectContaining({ text: 'Buy milk', completed: false }),
        expect.objectContaining({ text: 'Write report', completed: true }),
        expect.objectContaining({ text: 'bake BREAD and milk rolls' }),
      ]);
    });

    it('a limit or an offset makes it an object with items, limit, offset and total', async () => {
      const page = (await send('get', '/todos?limit=2&offset=1').expect(200)).body;
      expect(page).toEqual({ items: [expect.any(Object), expect.any(Object)], limit: 2, offset: 1, total: 3 });
      expect((await send('get', '/todos?limit=2')).body).toMatchObject({ limit: 2, offset: 0, total: 3 });
      expect((await send('get', '/todos?offset=1')).body).toMatchObject({ limit: 20, offset: 1, total: 3 });
    });

    it('search looks for a part of the text, whatever its case', async () => {
      expect(await texts('search=MILK')).toEqual(['Buy', 'bake']);
      expect(await texts('search=nothing')).toEqual([]);
    });

    it.each([
      ['equals', { effort: 5 }, ['bake']],
      ['equals, of a flag', { completed: true }, ['Write']],
      ['ne', { effort__ne: 5 }, ['Buy', 'Write']],
      ['lt', { effort__lt: 5 }, ['Buy']],
      ['lte', { effort__lte: 5 }, ['Buy', 'bake']],
      ['gt', { effort__gt: 5 }, ['Write']],
      ['gte', { effort__gte: 5 }, ['Write', 'bake']],
      ['in', { text__in: ['Buy milk', 'Write report', 'x'] }, ['Buy', 'Write']],
      ['not_in', { text__not_in: ['Buy milk', 'x'] }, ['Write', 'bake']],
      ['several, which all hold', { effort__gt: 3, effort__lt: 8 }, ['bake']],
      ['of a related column', { 'list.name': 'work' }, ['Write']],
      ['of a related column, with an operator', { 'list.priority__gte': 1 }, ['Buy', 'Write']],
    ])('filters by %s', async (_, filters, found) => {
      expect(await filtered(filters)).toEqual(found);
    });

    it('sort goes up unless it says desc, and may name a related column', async () => {
      expect(await texts('sort=effort')).toEqual(['Buy', 'bake', 'Write']);
      expect(await texts('sort=effort__asc')).toEqual(['Buy', 'bake', 'Write']);
      expect(await texts('sort=effort__desc')).toEqual(['Write', 'bake', 'Buy']);
      expect(await texts('sort=list.priority__desc__nullslast')).toEqual(['Write', 'Buy', 'bake']);
    });

    it('search, filter, sort and page go together', async () => {
      expect(await filtered({ effort__gte: 1 }, '&search=milk&sort=effort__desc&limit=1')).toEqual(['bake']);
      expect(await filtered({ effort__gte: 1 }, '&search=milk&sort=effort__desc&limit=1&offset=1')).toEqual(['Buy']);
    });

    it.each([
      ['filters that are no JSON', 'filters=nonsense'],
      ['a filter by a column that is none', `filters=${encodeURIComponent('{"nope":1}')}`],
      ['a filter over a relation that is none', `filters=${encodeURIComponent('{"nope.name":1}')}`],
      ['a sort by a column that is none', 'sort=nope'],
      ['a sort over a relation that is none', 'sort=nope.name'],
      ['a direction that is none', 'sort=text__sideways'],
      ['a limit that is no number', 'limit=many'],
    ])('a 400 answers %s', async (_, query) => {
      await send('get', `/todos?${query}`).expect(400);
    });

    it('differ: no list is unbounded, no parameter is ignored, and what is not allowed cannot be asked', async () => {
      const many = Array.from({ length: 120 }, (_, i) => ({ text: `more ${i}` }));
      await world.tenancy.run({ organizationId: 1 }, () => world.dataSource.getRepository(Todo).insert(many));
      expect((await send('get', '/todos')).body).toHaveLength(100);
      expect((await send('get', '/todos?limit=0').expect(200)).body).toMatchObject({ items: [], limit: 0 });
      await send('get', '/todos?colour=red').expect(400);
      await send('get', '/todos?organizationId=2').expect(400);
      await send('get', `/todos?filters=${encodeURIComponent('{"effort__almost":5}')}`).expect(400);
      expect(await texts('search=%25')).toEqual([]);
    });
  });

  describe('of rows', () => {
    it('POST validates, and answers 201 with the row and its defaults', async () => {
      const { body } = await send('post', '/todos').send({ text: 'new' }).expect(201);
      expect(body).toEqual({
        id: expect.any(Number),
        organizationId: 1,
        text: 'new',
        completed: false,
        effort: 0,
        listId: null,
      });
      await send('post', '/todos').send({}).expect(400);
      await send('post', '/todos').send({ text: 5 }).expect(400);
    });

    it('GET answers one row', async () => {
      const { body } = await send('get', `/todos/${ids.milk}`).expect(200);
      expect(body).toMatchObject({ id: ids.milk, text: 'Buy milk' });
    });

    it('PUT replaces the row, PATCH changes what it names', async () => {
      const patched = await send('patch', `/todos/${ids.milk}`).send({ completed: true }).expect(200);
      expect(patched.body).toMatchObject({ text: 'Buy milk', completed: true, effort: 3, listId: ids.home });
      const put = await send('put', `/todos/${ids.milk}`).send({ text: 'Buy oats' }).expect(200);
      expect(put.body).toMatchObject({ text: 'Buy oats', completed: false, effort: 0, listId: null });
      await send('put', `/todos/${ids.milk}`).send({ completed: true }).expect(400);
      await send('patch', `/todos/${ids.milk}`).send({ completed: 'yes' }).expect(400);
    });

    it('DELETE answers 204 with nothing in it', async () => {
      const { text } = await send('delete', `/todos/${ids.milk}`).expect(204);
      expect(text).toBe('');
      await send('get', `/todos/${ids.milk}`).expect(404);
    });

    it('a value that is taken is a 409; differs: for PUT and PATCH too, and the answer quotes no database', async () => {
      const { body } = await send('post', '/lists').send({ name: 'home' }).expect(409);
      expect(body).toEqual({ statusCode: 409, error: 'Conflict', message: ['name must be unique'] });
      expect((await send('patch', `/lists/${ids.work}`).send({ name: 'home' }).expect(409)).body).toEqual(body);
      expect((await send('put', `/lists/${ids.work}`).send({ name: 'home' }).expect(409)).body).toEqual(body);
      await send('post', '/lists').send({ name: 'globex' }).expect(201);
    });

    it('differ: a row that is missing is a 404 for each verb, and so is that of another tenant', async () => {
      for (const id of [999_999, ids.globex]) {
        await send('get', `/todos/${id}`).expect(404);
        await send('put', `/todos/${id}`).send({ text: 'x' }).expect(404);
        await send('patch', `/todos/${id}`).send({ text: 'x' }).expect(404);
        await send('delete', `/todos/${id}`).expect(404);
      }
      await send('post', '/todos').send({ text: 'x', listId: ids.foreign }).expect(400);
    });

    it('methods that are not allowed are a 405', async () => {
      await send('get', '/readable-lists').expect(200);
      await send('get', `/readable-lists/${ids.home}`).expect(200);
      await send('post', '/readable-lists').send({ name: 'x' }).expect(405);
      await send('put', `/readable-lists/${ids.home}`).send({ name: 'x' }).expect(405);
      await send('patch', `/readable-lists/${ids.home}`).send({ name: 'x' }).expect(405);
      await send('delete', `/readable-lists/${ids.home}`).expect(405);
    });
  });

  describe('of nested resources', () => {
    it('a list is that of its parent, and a row is found below its own parent only', async () => {
      const { body } = await send('get', `/lists/${ids.home}/todos`).expect(200);
      expect(body.map(({ id }: Todo) => id)).toEqual([ids.milk]);
      await send('get', `/lists/${ids.home}/todos/${ids.milk}`).expect(200);
      await send('get', `/lists/${ids.work}/todos/${ids.milk}`).expect(404);
      await send('patch', `/lists/${ids.work}/todos/${ids.milk}`).send({ text: 'x' }).expect(404);
      await send('delete', `/lists/${ids.home}/todos/${ids.milk}`).expect(204);
    });

    it('differ: POST binds the new row to the parent in the path, and a parent has to be there', async () => {
      const { body } = await send('post', `/lists/${ids.home}/todos`)
        .send({ text: 'below', listId: ids.work })
        .expect(201);
      expect(body.listId).toBe(ids.home);
      for (const parent of [999_999, ids.foreign]) {
        await send('get', `/lists/${parent}/todos`).expect(404);
        await send('post', `/lists/${parent}/todos`).send({ text: 'below' }).expect(404);
      }
    });
  });

  describe('of callbacks', () => {
    it('those before a write run before it is stored, those after it when it is, each in its order', async () => {
      const { body } = await send('post', '/watched-todos').send({ text: 'a' }).expect(201);
      expect(calls).toEqual([
        'first: pre create a',
        'second: pre create a',
        'in a transaction: true',
        'first: post create a',
        'second: post create a',
        'stored by then: true',
      ]);
      calls.length = 0;
      await send('put', `/watched-todos/${body.id}`).send({ text: 'b' }).expect(200);
      await send('patch', `/watched-todos/${body.id}`).send({ text: 'c' }).expect(200);
      await send('delete', `/watched-todos/${body.id}`).expect(204);
      expect(calls).toEqual(
        ['update b', 'patch c', 'delete c'].flatMap((what) =>
          ['pre', 'post'].flatMap((when) => ['first', 'second'].map((name) => `${name}: ${when} ${what}`)),
        ),
      );
    });

    it('one before a write that fails stops it', async () => {
      await send('post', '/watched-todos').send({ text: 'refused' }).expect(500);
      expect(calls).toEqual(['first: pre create refused']);
      expect(await texts('text=refused')).toEqual([]);
    });
  });
});
