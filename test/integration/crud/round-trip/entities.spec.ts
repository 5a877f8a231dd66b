import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import {
  Column,
  CreateDateColumn,
  DeleteDateColumn,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToOne,
  JoinColumn,
  PrimaryGeneratedColumn,
  type Relation,
  RelationId,
  UpdateDateColumn,
  VersionColumn,
  VirtualColumn,
} from 'typeorm';
import { TestGuard } from '../../../support/crud-desk.js';
import { places } from '../../../support/places.js';
import type { DatabaseKind } from '../../../support/databases.js';
import { openScopedApplication } from '../../../support/scoped-application.js';
import type { ScopedApplication } from '../../../support/scoped-application.js';
import { familyOf } from './column-types.js';

/** Columns that the driver and JSON hold in two ways, on each database. */
function embeddable(database: DatabaseKind): (new () => object)[] {
  const family = familyOf(database);
  class Inner {
    @Column({ type: family === 'postgres' ? 'bytea' : 'blob', nullable: true }) bytes!: Buffer | null;
    @Column({ type: 'bigint', nullable: true }) count!: string | null;
    @Column({ type: 'decimal', precision: 8, scale: 2, nullable: true }) price!: string | null;
    @Column({ type: Date, nullable: true }) at!: Date | null;
    @Column({ type: 'simple-json', nullable: true }) meta!: unknown;
    @Column({ type: 'simple-array', nullable: true }) tags!: string[] | null;
  }
  if (family === 'postgres') {
    Column({ type: 'date', array: true, nullable: true })(Inner.prototype, 'days');
    Column({ type: 'interval', nullable: true })(Inner.prototype, 'span');
  }
  class Outer {
    @Column({ nullable: true, type: String }) note!: string | null;
    @Column(() => Inner) inner!: Inner;
  }
  return [Outer, Inner];
}

describe.each(places)('a body from GET of an entity, sent back, on $adapter and $database', (place) => {
  const [Outer, Inner] = embeddable(place.database);
  const family = familyOf(place.database);
  const doubled = family === 'mysql' ? '`amount` * 2' : '"amount" * 2';
  let world: ScopedApplication;

  @Entity()
  @TenantScoped()
  class Part {
    @PrimaryGeneratedColumn() id!: number;
    @Column() organizationId!: number;
    @Column() name!: string;
  }

  @Entity()
  @TenantScoped()
  class Machine {
    @PrimaryGeneratedColumn('uuid') id!: string;
    @Column() organizationId!: number;
    @Column({ type: 'int', default: 3 }) amount!: number;
    @Column({
      type: 'int',
      nullable: true,
      asExpression: doubled,
      generatedType: 'STORED',
      insert: false,
      update: false,
    })
    doubled!: number | null;
    @VirtualColumn({ query: () => '1' }) computed!: number;
    @Column({ type: String, nullable: true, select: false }) secret!: string | null;
    @Column({ type: String, default: 'fixed', update: false }) fixed!: string;
    @Column({ type: String, default: 'first', insert: false }) later!: string;
    @Column(() => Outer) outer!: object;
    @Column(() => Inner, { prefix: 'plain_' }) inner!: object;
    @ManyToOne(() => Part, { nullable: true }) part!: Relation<Part> | null;
    @RelationId((machine: Machine) => machine.part) partKey!: number | null;
    @Column({ type: 'int', nullable: true }) spareId!: number | null;
    @ManyToOne(() => Part, { nullable: true }) @JoinColumn({ name: 'spareId' }) spare!: Relation<Part> | null;
    @Column({ type: 'int', nullable: true }) coverId!: number | null;
    @OneToOne(() => Part, { nullable: true }) @JoinColumn({ name: 'coverId' }) cover!: Relation<Part> | null;
    @ManyToMany(() => Part) @JoinTable() parts!: Relation<Part>[];
    @RelationId((machine: Machine) => machine.parts) partKeys!: number[];
    @VersionColumn() version!: number;
    @CreateDateColumn() createdAt!: Date;
    @UpdateDateColumn() updatedAt!: Date;
    @DeleteDateColumn() deletedAt!: Date | null;
  }

  @Controller('machines')
  @UseGuards(TestGuard)
  @TenantScoped()
  @Crud(Machine, { also: ['createMany'], include: ['part'] })
  class MachinesController extends CrudController<Machine> {}

  beforeAll(async () => {
    world = await openScopedApplication({ ...place, entities: [Part, Machine], controllers: [MachinesController] });
  });
  afterAll(() => world?.close());

  const send = async (method: 'GET' | 'POST' | 'PUT' | 'PATCH', url: string, body?: unknown) => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const headers = { 'x-user': '1', 'content-type': 'application/json' };
    const { status, text } = await world.transport.send({ method, url, headers, ...sent });
    return { status, text };
  };
  const inScope = <R>(work: () => Promise<R>): Promise<R> => world.tenancy.run({ organizationId: 1 }, work);
  const innerValues = (): object => ({
    bytes: Buffer.from([0, 255, 16]),
    count: '9007199254740991',
    price: '1.50',
    at: new Date('2026-01-31T12:34:56.789Z'),
    meta: { a: [1, null, 'x'] },
    tags: ['a', 'b'],
    ...(family === 'postgres' && { days: ['2026-01-31'], span: '1 day 02:03:04.5' }),
  });
  /** A row with a value in each column. */
  const insert = (values: boolean): Promise<string> =>
    inScope(async () => {
      const [part] = await world.dataSource.getRepository(Part).save([{ name: 'a' }]);
      const inner = values ? innerValues() : {};
      const machine = await world.dataSource.getRepository(Machine).save({
        ...(values && { secret: 'kept', part, spareId: part.id, coverId: part.id, parts: [part], fixed: 'set' }),
        outer: { note: values ? 'n' : null, inner },
        inner,
      });
      return machine.id;
    });
  const stored = (id: string) =>
    inScope(() =>
      world.dataSource
        .getRepository(Machine)
        .createQueryBuilder('machine')
        .addSelect('machine.secret')
        .leftJoinAndSelect('machine.part', 'part')
        .leftJoinAndSelect('machine.parts', 'parts')
        .where({ id })
        .getOneOrFail(),
    );

  it.each([
    ['with values', true],
    ['without values', false],
  ])('changes nothing of a row %s', async (_, values) => {
    const id = await insert(values);
    const url = `/machines/${id}`;
    const before = await stored(id);
    const read = await send('GET', url);
    const body = JSON.parse(read.text) as Record<string, unknown>;
    expect(await send('PUT', url, body)).toEqual(read);
    expect(await send('PATCH', url, body)).toEqual(read);
    expect(await send('GET', url)).toEqual(read);
    expect(await stored(id)).toEqual(before);
    const list = JSON.parse((await send('GET', `/machines?id=${id}`)).text) as { items: unknown[] };
    expect(list.items).toEqual([JSON.parse((await send('GET', url)).text)]);
  });

  it('changes no value of a row that is sent back with a relation', async () => {
    const id = await insert(true);
    const url = `/machines/${id}?include=part`;
    const body = JSON.parse((await send('GET', url)).text) as Record<string, unknown>;
    expect(body['part']).toMatchObject({ name: 'a' });
    // The reference is written again: nothing is read of it before.
    const written = { version: expect.anything(), updatedAt: expect.anything() };
    for (const method of ['PUT', 'PATCH'] as const) expect((await send(method, url, body)).status).toBe(200);
    expect(JSON.parse((await send('GET', url)).text)).toEqual({ ...body, ...written });
  });

  it('makes a row of the same values', async () => {
    const id = await insert(true);
    const {
      id: _,
      coverId: taken,
      ...body
    } = JSON.parse((await send('GET', `/machines/${id}`)).text) as Record<string, unknown>;
    expect(taken).not.toBeNull();
    const own = { id: expect.anything(), createdAt: expect.anything(), updatedAt: expect.anything(), coverId: null };
    const unseen = { partKey: null, partKeys: [] };
    const posted = await send('POST', '/machines', body);
    expect([posted.status, JSON.parse(posted.text)]).toMatchObject([201, { ...body, ...own, ...unseen }]);
    const bulk = await send('POST', '/machines/bulk', [body]);
    expect([bulk.status, JSON.parse(bulk.text)]).toMatchObject([201, [{ ...body, ...own, ...unseen }]]);
  });

  it('writes again what is no longer there', async () => {
    const id = await insert(true);
    const url = `/machines/${id}`;
    const before = JSON.parse((await send('GET', url)).text) as Record<string, unknown>;
    const emptied = { note: null, inner: Object.fromEntries(Object.keys(innerValues()).map((name) => [name, null])) };
    expect((await send('PATCH', url, { outer: emptied, inner: emptied.inner, amount: 9 })).status).toBe(200);
    const { status, text } = await send('PUT', url, before);
    const renewed = { version: expect.anything(), updatedAt: expect.anything() };
    expect([status, JSON.parse(text)]).toEqual([200, { ...before, ...renewed }]);
  });
});
