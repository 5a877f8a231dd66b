import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import type { ListQuery, Page } from 'nestjs-muck';
import {
  Column,
  DeleteDateColumn,
  Entity,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
  VersionColumn,
} from 'typeorm';
import { openScopedApplication } from '../../../support/scoped-application.js';
import type { ScopedApplication } from '../../../support/scoped-application.js';
import { TestGuard } from '../../../support/crud-desk.js';
import { places } from '../../../support/places.js';

@Entity()
@TenantScoped()
class Thing {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ type: 'varchar', length: 60, nullable: true }) word!: string | null;
  @Column({ type: 'double precision', nullable: true }) ratio!: number | null;
  @Column({ type: 'bigint', nullable: true }) big!: string | null;
  @Column({ type: 'decimal', precision: 12, scale: 3, nullable: true }) price!: string | null;
  @Column({ type: 'boolean', nullable: true }) done!: boolean | null;
  @Column({ type: 'date', nullable: true }) day!: string | null;
  @Column({ type: 'time', nullable: true }) clock!: string | null;
  @Column({ type: Date, nullable: true }) at!: Date | null;
  @Column({ type: 'simple-enum', enum: ['red', 'green'], nullable: true }) color!: string | null;
  @Column({ type: 'simple-enum', enum: [1, 2, 30], nullable: true }) grade!: number | null;
  @Column({ type: 'uuid', nullable: true }) reference!: string | null;
  @Column({ type: 'simple-json', nullable: true }) meta!: unknown;
  @Column({ type: 'simple-array', nullable: true }) words!: string[] | null;
  @VersionColumn() version!: number;
}

@Entity()
@TenantScoped()
class Shelf {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: '' }) text!: string;
  @DeleteDateColumn() deletedAt!: Date | null;
}

@Entity()
@TenantScoped()
class Book {
  @PrimaryColumn({ length: 40 }) code!: string;
  @Column() organizationId!: number;
  @Column() shelfId!: number;
  @ManyToOne(() => Shelf) shelf!: Relation<Shelf>;
}

@Entity()
@TenantScoped()
class Loan {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: '' }) text!: string;
  @ManyToOne(() => Shelf) shelf!: Relation<Shelf> | null;
}

@Controller('things')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Thing, {
  also: ['createMany'],
  filter: ['id', 'word', 'ratio', 'big', 'price', 'done', 'day', 'clock', 'at', 'color', 'grade', 'reference', 'words'],
})
class ThingsController extends CrudController<Thing> {}

/** Whose rows are entities. */
@Controller('seen-things')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Thing)
class SeenThingsController extends CrudController<Thing> {
  override async findAll(query: ListQuery<Thing>): Promise<Page<Thing>> {
    return super.findAll(query);
  }
}

@Controller('shelves')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Shelf)
class ShelvesController extends CrudController<Shelf> {}

@Controller('shelves/:shelfId/books')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Book, { parent: { relation: 'shelf' } })
class BooksController extends CrudController<Book> {}

@Controller('loans')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Loan, { include: ['shelf'] })
class LoansController extends CrudController<Loan> {}

const ROWS: readonly Record<string, unknown>[] = [
  {},
  { word: '', ratio: -0, big: '-9007199254740991', price: '-0.000', done: false, words: [], meta: '' },
  { word: '💡 é', ratio: 1e21, big: 0, price: 0.1, done: true, words: ['a', 'b c'], meta: null },
  { word: ' padded ', ratio: 1e-7, price: '999999999.999', day: '1000-01-01', clock: '00:00', meta: [] },
  {
    word: '2026-01-31T00:00:00.000Z',
    ratio: 0.1,
    day: '9999-12-31',
    clock: '23:59:59',
    at: '2026-01-31T23:59:59.999Z',
  },
  {
    word: 'NULL',
    ratio: 5e-324,
    at: '1969-12-31T23:59:59.001Z',
    color: 'green',
    grade: 30,
    meta: { constructor: 'x' },
  },
  {
    word: '[object Object]',
    ratio: 1.7976931348623157e308,
    at: '1000-01-01T00:00:00Z',
    color: 'red',
    grade: 1,
    meta: { toJSON: 'x', then: 'y' },
  },
  {
    word: '{"a":1}',
    ratio: 123456789.12345678,
    at: '9999-12-31T23:59:59.999Z',
    meta: { length: 3, __proto: 1, a: [{ b: [null, true, 'x'] }] },
  },
  { word: 'true', reference: 'ABCDEF01-2345-6789-ABCD-EF0123456789', meta: 'text', words: ['x'] },
  { word: '0', meta: false, grade: 2, at: '2026-03-29T02:30:00+01:00' },
  { word: 'x', meta: 0, at: '2024-02-29' },
];

interface Answered {
  status: number;
  body: any; // eslint-disable-line @typescript-eslint/no-explicit-any
  headers: Readonly<Record<string, unknown>>;
  text: string;
}

describe.each(places)('rows that come and go, on $adapter and $database', (place) => {
  let world: ScopedApplication;
  const send = async (
    method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE',
    url: string,
    body?: unknown,
  ): Promise<Answered> => {
    const { status, headers, text } = await world.transport.send({
      method,
      url,
      headers: { 'x-user': '1', ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status, headers, text, body: text === '' ? undefined : JSON.parse(text) };
  };

  beforeAll(async () => {
    world = await openScopedApplication({
      ...place,
      entities: [Thing, Shelf, Book, Loan],
      controllers: [ThingsController, SeenThingsController, BooksController, ShelvesController, LoansController],
    });
  });
  afterAll(() => world?.close());

  it.each(ROWS.map((row, i) => [i, row] as const))(
    'the row %i is the same in each answer, and when it is sent back',
    async (_, row) => {
      const made = await send('POST', '/things', row);
      expect([made.status, made.status === 201 ? '' : made.text]).toEqual([201, '']);
      const { id } = made.body;
      const one = await send('GET', `/things/${id}`);
      const [listed] = (await send('GET', `/things?id=${id}`)).body.items;
      const [again] = (await send('GET', `/things?id=${id}&limit=1&count=none`)).body.items;
      const [seen] = (await send('GET', `/seen-things?id=${id}`)).body.items;
      expect([one.body, listed, again, seen]).toEqual([made.body, made.body, made.body, made.body]);
      const back = await send('PUT', `/things/${id}`, one.text);
      expect([back.status, back.body]).toEqual([200, made.body]);
      const patched = await send('PATCH', `/things/${id}`, one.text);
      expect([patched.status, patched.body]).toEqual([200, made.body]);
    },
  );

  it('all rows made at once are what they are when made alone', async () => {
    const many = await send('POST', '/things/bulk', ROWS);
    expect(many.status).toBe(201);
    for (const [i, row] of ROWS.entries()) {
      const { body } = await send('POST', '/things', row);
      expect({ ...many.body[i], id: 0 }).toEqual({ ...body, id: 0 });
    }
  });

  it('each value that is shown finds its row, and its opposite does not', async () => {
    const wrong: string[] = [];
    for (const row of ROWS) {
      const { body } = await send('POST', '/things', row);
      for (const name of [
        'word',
        'ratio',
        'big',
        'price',
        'done',
        'day',
        'clock',
        'at',
        'color',
        'grade',
        'reference',
      ]) {
        const value = body[name] as string | number | boolean | null;
        const query = value === null ? `${name}__is_null=true` : `${name}=${encodeURIComponent(String(value))}`;
        const opposite = value === null ? `${name}__is_null=false` : `${name}__ne=${encodeURIComponent(String(value))}`;
        const totals = [query, opposite].map(
          async (asked) => (await send('GET', `/things?id=${body.id}&${asked}`)).body.total,
        );
        const found = await Promise.all(totals);
        if (JSON.stringify(found) !== '[1,0]') wrong.push(`${query}: ${JSON.stringify(found)}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('no row below another one has an id that leads to its parent', async () => {
    const { body: shelf } = await send('POST', '/shelves', { text: 'keep' });
    for (const code of ['.', '..']) {
      const made = await send('POST', `/shelves/${shelf.id}/books`, { code });
      expect([made.status, made.body.message]).toEqual([
        400,
        ['code must be a string of at most 40 characters other than . and ..'],
      ]);
    }
    const { pathname } = new URL(`/shelves/${shelf.id}/books/..`, 'http://localhost');
    expect(pathname).toBe(`/shelves/${shelf.id}/`);
  });

  it('a PUT without a body empties no row', async () => {
    const { body } = await send('POST', '/things', { word: 'kept', done: true });
    const none = await send('PUT', `/things/${body.id}`);
    expect([none.status, (await send('GET', `/things/${body.id}`)).body]).toEqual([400, body]);
    const empty = await send('PUT', `/things/${body.id}`, '');
    expect([empty.status, (await send('GET', `/things/${body.id}`)).body]).toEqual([400, body]);
  });

  it('a day of an early year is what was sent, or refused', async () => {
    for (const day of ['0001-01-01', '0099-12-31', '0100-01-01', '0999-01-01']) {
      const made = await send('POST', '/things', { day });
      if (made.status !== 400) expect([made.status, made.body.day]).toEqual([201, day]);
    }
    for (const at of ['0001-06-01T00:00:00Z', '0099-12-31T00:00:00Z', '0100-06-01T00:00:00Z', '0999-06-01T00:00:00Z']) {
      const made = await send('POST', '/things', { at });
      if (made.status !== 400) expect([made.status, made.body.at]).toEqual([201, at.replace('Z', '.000Z')]);
    }
  });

  it('a reference without a column is set, kept and cleared as the body says', async () => {
    const { body: shelf } = await send('POST', '/shelves', { text: 's' });
    const { body: loan } = await send('POST', '/loans', { shelf: shelf.id });
    const shelfOf = async () => (await send('GET', `/loans/${loan.id}?include=shelf`)).body.shelf?.id ?? null;
    expect(await shelfOf()).toBe(shelf.id);
    await send('PATCH', `/loans/${loan.id}`, { text: 'x' });
    expect(await shelfOf()).toBe(shelf.id);
    await send('PATCH', `/loans/${loan.id}`, { shelf: null });
    expect(await shelfOf()).toBe(null);
    await send('PATCH', `/loans/${loan.id}`, { shelf: { id: shelf.id, text: 'taken' } });
    expect(await shelfOf()).toBe(shelf.id);
    expect((await send('GET', `/shelves/${shelf.id}`)).body.text).toBe('s');
    const sent = (await send('GET', `/loans/${loan.id}?include=shelf`)).body;
    expect((await send('PUT', `/loans/${loan.id}`, { ...sent, shelf: undefined, text: 'y' })).status).toBe(200);
    expect((await send('PUT', `/loans/${loan.id}`, sent)).status).toBe(200);
    expect(await shelfOf()).toBe(shelf.id);
  });
});
