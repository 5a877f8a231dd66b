import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { declareScope, ReferenceUnknownError, Tenancy, TenantScoped } from 'nestjs-muck';
import {
  Column,
  DataSource,
  DeleteDateColumn,
  Entity,
  EventSubscriber,
  JoinColumn,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  Unique,
  UpdateDateColumn,
  VersionColumn,
} from 'typeorm';
import type { EntityManager, EntitySubscriberInterface, EntityTarget, ObjectLiteral, Relation } from 'typeorm';
import { CompiledBulkInsert } from '../../../lib/orm/compiled-bulk-insert.js';
import { CompiledDelete } from '../../../lib/orm/compiled-delete.js';
import { CompiledInsert } from '../../../lib/orm/compiled-insert.js';
import { CompiledUpdate } from '../../../lib/orm/compiled-update.js';
import type { CompiledWriteParts } from '../../../lib/orm/compiled-write.js';
import { createDatabase, databasesToTest } from '../../support/databases.js';
import type { TestDatabase } from '../../support/databases.js';
import { startAfresh } from '../../support/empty-tables.js';
import { statementsSentBy } from '../../support/sent.js';

/*
 * Writes in one statement, each asked by itself: what it stores, and what it leaves to TypeORM's builder, which is told by an answer of undefined.
 */

declareScope({ organizationId: Number });
const tenancy = new Tenancy();
const asAcme = <R>(fn: () => R): R => tenancy.run({ organizationId: 1 }, fn);
const asGlobex = <R>(fn: () => R): R => tenancy.run({ organizationId: 2 }, fn);
const unscoped = <R>(fn: () => R): R => tenancy.unscoped('looks at all rows', fn);

@Entity()
@TenantScoped()
class Team {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() name!: string;
  @DeleteDateColumn({ type: Date }) deletedAt!: Date | null;
  @VersionColumn() version!: number;
  @UpdateDateColumn() changedAt!: Date;
}

@Entity()
@TenantScoped()
class Note {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() title!: string;
  @Column({ type: String, nullable: true, default: 'nothing' }) text!: string | null;
  @Column({ type: Number, nullable: true }) score!: number | null;
  @Column({ update: false, default: 'web' }) source!: string;
  @Column({ type: 'simple-json', nullable: true }) extra!: unknown;
  @Column({ type: Number, nullable: true }) teamId!: number | null;
  @ManyToOne(() => Team) team!: Relation<Team> | null;
  @VersionColumn() version!: number;
  @UpdateDateColumn() changedAt!: Date;
}

/** Belongs to whom its note belongs. */
@Entity()
@TenantScoped({ via: 'note' })
class Line {
  @PrimaryGeneratedColumn() id!: number;
  @Column() text!: string;
  @Column() noteId!: number;
  @ManyToOne(() => Note) note!: Relation<Note>;
}

@Entity()
@TenantScoped()
class Ticket {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column() organizationId!: number;
  @Column() title!: string;
}

/** Its references name their tenant, and a second column that is nullable. */
@Entity()
@TenantScoped()
@Unique(['organizationId', 'shelf', 'place'])
class Box {
  @PrimaryColumn() code!: string;
  @Column() organizationId!: number;
  @Column() shelf!: number;
  @Column() place!: number;
}

@Entity()
@TenantScoped()
class Item {
  @PrimaryColumn() code!: string;
  @Column() organizationId!: number;
  @Column({ type: Number, nullable: true }) shelf!: number | null;
  @Column({ type: Number, nullable: true }) place!: number | null;
  @ManyToOne(() => Box)
  @JoinColumn([
    { name: 'organizationId', referencedColumnName: 'organizationId' },
    { name: 'shelf', referencedColumnName: 'shelf' },
    { name: 'place', referencedColumnName: 'place' },
  ])
  box!: Relation<Box> | null;
}

/** Looks at statements, which some of these writes would hide from it. */
class Listening implements EntitySubscriberInterface {
  beforeQuery(): void {
    // Nothing: that it is there is what counts.
  }
}
EventSubscriber()(Listening);

describe.each(databasesToTest())('writes in one statement on %s', (kind) => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let manager: EntityManager;
  const isPostgres = kind.startsWith('postgres');
  /** Updates compare values as PostgreSQL does, and TypeORM's driver for SQLite knows no RETURNING. */
  const returns = { insert: kind !== 'sqljs', update: isPostgres };

  beforeAll(async () => {
    database = await createDatabase(kind);
    dataSource = await new DataSource({
      ...database.options,
      entities: [Team, Note, Line, Ticket, Box, Item],
      synchronize: true,
    }).initialize();
    ({ manager } = dataSource);
  });
  afterAll(async () => {
    await dataSource?.destroy();
    await database.drop();
  });

  /** Teams 1 and 2 of Acme, of which the second is deleted, and 3 of Globex. */
  beforeEach(async () => {
    await unscoped(() => startAfresh(dataSource));
    await asAcme(async () => {
      await manager.insert(Team, [{ name: 'first' }, { name: 'deleted' }]);
      await manager.softDelete(Team, { id: 2 });
      await manager.insert(Box, { code: 'a', shelf: 1, place: 1 });
    });
    await asGlobex(async () => {
      await manager.insert(Team, { name: 'foreign' });
      await manager.insert(Box, { code: 'b', shelf: 2, place: 2 });
    });
  });

  const partsOf = (entity: EntityTarget<ObjectLiteral>, only?: readonly string[]): CompiledWriteParts => {
    const metadata = dataSource.getMetadata(entity);
    const returned = metadata.columns
      .filter(({ propertyName }) => only === undefined || only.includes(propertyName))
      .map((column) => ({ column, name: column.propertyName }));
    return { dataSource, metadata, returned, live: [] };
  };
  const columnOf = (entity: EntityTarget<ObjectLiteral>, property: string) =>
    dataSource.getMetadata(entity).findColumnWithPropertyName(property)!;
  const rowsOf = <T extends ObjectLiteral>(entity: EntityTarget<T>): Promise<T[]> =>
    unscoped(() => manager.find(entity, { withDeleted: true }));

  /** Every row of values, of which each is left out, null, or one of those given. */
  const combinations = (choices: Readonly<Record<string, readonly unknown[]>>): ObjectLiteral[] =>
    Object.entries(choices).reduce<ObjectLiteral[]>(
      (rows, [property, values]) =>
        rows.flatMap((row) =>
          [undefined, null, ...values].map((value) => (value === undefined ? row : { ...row, [property]: value })),
        ),
      [{}],
    );

  describe('an insert', () => {
    it('stores every combination of values, NULLs and defaults, in whichever order they come', async () => {
      const insert = new CompiledInsert(partsOf(Note));
      const rows = combinations({ text: ['told'], score: [5], teamId: [1] });
      for (const values of [...rows, ...rows.toReversed()]) {
        const expected = { text: 'nothing', score: null, teamId: null, source: 'web', version: 1, ...values };
        const stored = await asAcme(() => insert.run({ title: 'new', ...values }, manager));
        if (returns.insert) expect(stored).toMatchObject({ organizationId: 1, title: 'new', ...expected });
        else expect(stored).toBeUndefined();
      }
    });

    it('takes one statement for each of them', async () => {
      const insert = new CompiledInsert(partsOf(Note));
      for (const values of combinations({ text: ['told'], teamId: [1] })) {
        const run = async (): Promise<void> =>
          void (await asAcme(() => insert.run({ title: 'new', ...values }, manager)));
        await run();
        expect(await statementsSentBy(dataSource, run)).toHaveLength(returns.insert ? 1 : 0);
      }
    });

    it.each([
      ['refers to a row of another tenant', { title: 'new', teamId: 3 }],
      ['refers to no row', { title: 'new', teamId: 99 }],
      ['brings a tenant', { title: 'new', organizationId: 1 }],
      ['brings another tenant', { title: 'new', organizationId: 2 }],
      ['brings a key that the database makes', { title: 'new', id: 77 }],
      ['brings SQL', { title: () => `'new'` }],
      ['brings an object in place of a key', { title: 'new', teamId: { id: { id: 1 } } }],
    ])('leaves a row to the builder that %s', async (_, row) => {
      const insert = new CompiledInsert(partsOf(Note));
      expect(await asAcme(() => insert.run(row, manager))).toBeUndefined();
      expect(await rowsOf(Note)).toEqual([]);
    });

    it('leaves a reference to a deleted row to the builder where that is asked for', async () => {
      const live = [{ own: columnOf(Note, 'teamId'), referenced: columnOf(Team, 'id') }];
      const row = { title: 'new', teamId: 2 };
      expect(await asAcme(() => new CompiledInsert({ ...partsOf(Note), live }).run(row, manager))).toBeUndefined();
      const stored = await asAcme(() => new CompiledInsert(partsOf(Note)).run(row, manager));
      expect(stored !== undefined).toBe(returns.insert);
    });

    it('leaves rows below a parent to the builder that is missing or of another tenant', async () => {
      await asAcme(() => manager.insert(Note, { title: 'own' }));
      await asGlobex(() => manager.insert(Note, { title: 'foreign' }));
      const insert = new CompiledInsert(partsOf(Line));
      const run = (row: ObjectLiteral) => asAcme(() => insert.run({ text: 'a', ...row }, manager));
      for (const noteId of [undefined, null, 2, 99]) expect(await run({ noteId })).toBeUndefined();
      expect((await run({ noteId: 1 })) !== undefined).toBe(returns.insert);
    });

    it('checks a reference of several columns if none of them is NULL', async () => {
      const insert = new CompiledInsert(partsOf(Item));
      const run = (code: string, shelf: number | null, place: number | null) =>
        asAcme(() => insert.run({ code, shelf, place }, manager));
      expect(await run('foreign', 2, 2)).toBeUndefined();
      for (const [code, shelf, place] of [
        ['own', 1, 1],
        ['half', 2, null],
        ['other half', null, 2],
        ['none', null, null],
      ] as const)
        expect((await run(code, shelf, place)) !== undefined).toBe(returns.insert);
    });

    it('is made in a scope alone', async () => {
      const insert = new CompiledInsert(partsOf(Team));
      expect(await insert.run({ name: 'new' }, manager)).toBeUndefined();
      expect(await unscoped(() => insert.run({ name: 'new' }, manager))).toBeUndefined();
      expect(await rowsOf(Team)).toHaveLength(3);
    });

    it('belongs to the transaction that it is given', async () => {
      const insert = new CompiledInsert(partsOf(Team));
      const failure = new Error('undone');
      const undone = asAcme(() =>
        dataSource.transaction(async (own) => {
          const stored = await insert.run({ name: 'new' }, own);
          expect(stored !== undefined).toBe(returns.insert);
          expect(await own.count(Team)).toBe(returns.insert ? 2 : 1);
          throw failure;
        }),
      );
      await expect(undone).rejects.toBe(failure);
      expect(await rowsOf(Team)).toHaveLength(3);
    });

    it('gives its connection back', async () => {
      const insert = new CompiledInsert(partsOf(Team));
      for (let time = 0; time < 25; time += 1)
        expect((await asAcme(() => insert.run({ name: `${time}` }, manager))) !== undefined).toBe(returns.insert);
    });
  });

  describe('an insert of several rows', () => {
    const compiled = (entity: EntityTarget<ObjectLiteral> = Note, only?: readonly string[]) =>
      new CompiledBulkInsert(partsOf(entity, only));

    it('stores every combination of values, NULLs and defaults, each in its place', async () => {
      const insert = compiled();
      const all = combinations({ text: ['told'], score: [5], teamId: [1] });
      for (const rows of [all, all.toReversed(), all.slice(0, 2), all.slice(-2), [all[0], all[3]], [all[3], all[0]]]) {
        const given = rows.map((values, i) => ({ title: `row ${i}`, ...values }));
        const stored = await asAcme(() => insert.run(given, manager));
        if (!returns.insert) expect(stored).toBeUndefined();
        else
          expect(stored).toEqual(
            given.map((values): unknown =>
              expect.objectContaining({
                ...{ organizationId: 1, text: 'nothing', score: null, teamId: null, version: 1 },
                ...values,
              }),
            ),
          );
      }
    });

    it('returns rows with keys of their own in the order in which they were given', async () => {
      const rows = ['z', 'c', 'm', 'd'].map((code, i) => ({ code, shelf: 1, place: i + 2 }));
      const stored = await asAcme(() => compiled(Box).run(rows, manager));
      if (returns.insert) expect(stored?.map(({ code }) => code)).toEqual(['z', 'c', 'm', 'd']);
      const tickets = ['z', 'a', 'm', 'b'].map((title) => ({ title }));
      const made = await asAcme(() => compiled(Ticket).run(tickets, manager));
      if (returns.insert) expect(made?.map(({ title }) => title)).toEqual(['z', 'a', 'm', 'b']);
    });

    it.each([
      ['brings a tenant', { title: 'new', organizationId: 1 }],
      ['brings a key that the database makes', { title: 'new', id: 77 }],
      ['brings SQL', { title: () => `'new'` }],
      ['brings an object in place of a key', { title: 'new', teamId: { id: { id: 1 } } }],
    ])('leaves all rows to the builder if one %s', async (_, row) => {
      for (const rows of [
        [row, { title: 'other' }],
        [{ title: 'other' }, row],
      ])
        expect(await asAcme(() => compiled().run(rows, manager))).toBeUndefined();
      expect(await rowsOf(Note)).toEqual([]);
    });

    it('stores nothing if one row refers to a row of another tenant', async () => {
      const rows = [
        { title: 'own', teamId: 1 },
        { title: 'foreign', teamId: 3 },
      ];
      const run = asAcme(() => compiled().run(rows, manager));
      if (returns.insert) await expect(run).rejects.toThrow(ReferenceUnknownError);
      else expect(await run).toBeUndefined();
      expect(await rowsOf(Note)).toEqual([]);
    });

    it('leaves more values to the builder than a statement should have', async () => {
      const columns = dataSource.getMetadata(Team).columns.length;
      const most = Math.floor(4000 / columns);
      const rows = (count: number) => Array.from({ length: count }, (_, i) => ({ name: `${i}` }));
      expect(await asAcme(() => compiled(Team).run(rows(most + 1), manager))).toBeUndefined();
      expect((await asAcme(() => compiled(Team).run(rows(most), manager)))?.length).toBe(
        returns.insert ? most : undefined,
      );
    });

    it('leaves rows to the builder that could not be told apart in what is returned', async () => {
      const rows = [
        { code: 'y', shelf: 1, place: 2 },
        { code: 'x', shelf: 1, place: 3 },
      ];
      expect(await asAcme(() => compiled(Box, ['shelf']).run(rows, manager))).toBeUndefined();
      expect(await asAcme(() => compiled(Box, ['code']).run(rows, manager))).toEqual(
        returns.insert ? [{ code: 'y' }, { code: 'x' }] : undefined,
      );
    });

    it('is made in a scope alone', async () => {
      expect(await compiled(Team).run([{ name: 'new' }], manager)).toBeUndefined();
      expect(await unscoped(() => compiled(Team).run([{ name: 'new' }], manager))).toBeUndefined();
      expect(await rowsOf(Team)).toHaveLength(3);
    });

    it('belongs to the transaction that it is given, and leaves it its connection', async () => {
      const failure = new Error('undone');
      const undone = asAcme(() =>
        dataSource.transaction(async (own) => {
          const stored = await compiled(Team).run([{ name: 'a' }, { name: 'b' }], own);
          expect(stored !== undefined).toBe(returns.insert);
          expect(await own.count(Team)).toBe(returns.insert ? 3 : 1);
          throw failure;
        }),
      );
      await expect(undone).rejects.toBe(failure);
      expect(await rowsOf(Team)).toHaveLength(3);
    });

    it('gives its connection back, also after a refusal', async () => {
      const insert = compiled();
      for (let time = 0; time < 25; time += 1) {
        await asAcme(() => insert.run([{ title: 'a' }, { title: 'b' }], manager));
        await asAcme(() => insert.run([{ title: 'a', teamId: 3 }], manager)).catch(() => undefined);
      }
      expect(await rowsOf(Note)).toHaveLength(returns.insert ? 50 : 0);
    });
  });

  describe('an update', () => {
    const changes = (entity: EntityTarget<ObjectLiteral>, values: ObjectLiteral) =>
      new Map(Object.entries(values).map(([property, value]) => [columnOf(entity, property), value as unknown]));
    const which = (entity: EntityTarget<ObjectLiteral>, values: ObjectLiteral) =>
      Object.entries(values).map(([property, parameter]) => ({
        column: columnOf(entity, property),
        parameter: parameter as unknown,
      }));
    const first = (): Promise<Note> => unscoped(() => manager.findOneByOrFail(Note, { id: 1 }));

    /** Note 1 of Acme, note 2 of Globex. */
    beforeEach(async () => {
      await asAcme(() => manager.insert(Note, { title: 'own', teamId: 1 }));
      await asGlobex(() => manager.insert(Note, { title: 'foreign', teamId: 3 }));
    });

    it('stores every combination of values and NULLs, in whichever order they come', async () => {
      const update = new CompiledUpdate(partsOf(Note));
      const rows = combinations({ text: ['told', 'other'], score: [5], teamId: [1] }).filter(
        (row) => Object.keys(row).length > 0,
      );
      for (const values of [...rows, ...rows.toReversed()]) {
        const before = await first();
        const differs = Object.entries(values).some(([property, value]) => Reflect.get(before, property) !== value);
        const stored = await asAcme(() => update.run(changes(Note, values), which(Note, { id: 1 }), manager));
        if (!returns.update || !differs) expect(stored).toBeUndefined();
        else {
          expect(stored).toMatchObject({ id: 1, ...values, version: before.version + 1 });
          expect(await first()).toMatchObject({ title: 'own', ...values, version: before.version + 1 });
        }
        if (!returns.update) await asAcme(() => manager.update(Note, { id: 1 }, values));
      }
    });

    it('takes one statement for each of them', async () => {
      const update = new CompiledUpdate(partsOf(Note));
      for (const values of [{ score: 1 }, { score: null }, { teamId: null }, { teamId: 1 }, { text: null, score: 9 }]) {
        const run = async (): Promise<void> =>
          void (await asAcme(() => update.run(changes(Note, values), which(Note, { id: 1 }), manager)));
        await run();
        expect(await statementsSentBy(dataSource, run)).toHaveLength(returns.update ? 1 : 0);
      }
    });

    it.each<[string, ObjectLiteral]>([
      ['refers to a row of another tenant', { teamId: 3 }],
      ['refers to no row', { title: 'new', teamId: 99 }],
      ['sets the tenant', { title: 'new', organizationId: 1 }],
      ['sets another tenant', { organizationId: 2 }],
      ['sets the key', { title: 'new', id: 1 }],
      ['sets a column that is never updated', { title: 'new', source: 'mail' }],
      ['sets SQL', { title: () => `'new'` }],
      ['sets nothing', {}],
      ['sets something to nothing', { title: 'new', text: undefined }],
      ['sets JSON, which is stored as text', { title: 'new', extra: { a: 1 } }],
    ])('leaves a change to the builder that %s', async (_, values) => {
      const before = await rowsOf(Note);
      const update = new CompiledUpdate(partsOf(Note));
      expect(await asAcme(() => update.run(changes(Note, values), which(Note, { id: 1 }), manager))).toBeUndefined();
      expect(await rowsOf(Note)).toEqual(before);
    });

    it('leaves a column to the builder that is none of the entity', async () => {
      const update = new CompiledUpdate(partsOf(Note));
      const values = new Map([...changes(Note, { title: 'new' }), ...changes(Team, { name: 'new' })]);
      expect(await asAcme(() => update.run(values, which(Note, { id: 1 }), manager))).toBeUndefined();
    });

    it('changes no row of another tenant, no other row, and none if there is none', async () => {
      const before = await rowsOf(Note);
      const update = new CompiledUpdate(partsOf(Note));
      for (const conditions of [{ id: 2 }, { id: 99 }, { id: 1, title: 'other' }, { id: 1, teamId: null }])
        expect(
          await asAcme(() => update.run(changes(Note, { score: 5 }), which(Note, conditions), manager)),
        ).toBeUndefined();
      expect(await rowsOf(Note)).toEqual(before);
    });

    it('finds a row by a column that is NULL', async () => {
      const update = new CompiledUpdate(partsOf(Note));
      const run = (conditions: ObjectLiteral, score: number) =>
        asAcme(() => update.run(changes(Note, { score }), which(Note, conditions), manager));
      expect((await run({ id: 1, extra: null }, 5)) !== undefined).toBe(returns.update);
      expect((await run({ id: 1, title: 'own' }, 6)) !== undefined).toBe(returns.update);
      expect(await run({ id: 1, teamId: null }, 7)).toBeUndefined();
    });

    it('keeps a version that is set', async () => {
      const update = new CompiledUpdate(partsOf(Note));
      const changedAt = new Date('2020-02-02T02:02:02Z');
      const run = (values: ObjectLiteral) =>
        asAcme(() => update.run(changes(Note, values), which(Note, { id: 1 }), manager));
      const stored = await run({ score: 1, version: 40, changedAt });
      if (!returns.update) return expect(stored).toBeUndefined();
      expect(stored).toMatchObject({ version: 40, changedAt });
      const next = await run({ score: 2 });
      expect(next).toMatchObject({ version: 41 });
      expect((next as unknown as Note).changedAt.getFullYear()).toBeGreaterThan(2020);
    });

    it('moves a row below another own parent alone', async () => {
      await asAcme(async () => {
        await manager.insert(Note, { title: 'second' });
        await manager.insert(Line, { text: 'a', noteId: 1 });
      });
      const update = new CompiledUpdate(partsOf(Line));
      const run = (noteId: number | null) =>
        asAcme(() => update.run(changes(Line, { noteId }), which(Line, { id: 1 }), manager));
      for (const noteId of [null, 2, 99]) expect(await run(noteId)).toBeUndefined();
      expect((await run(3)) !== undefined).toBe(returns.update);
    });

    it('checks a reference of several columns as a whole', async () => {
      await asAcme(async () => {
        await manager.insert(Item, [
          { code: 'x', shelf: 1, place: 1 },
          { code: 'y', shelf: null, place: null },
        ]);
        await manager.insert(Box, { code: 'c', shelf: 2, place: 1 });
      });
      const update = new CompiledUpdate(partsOf(Item));
      const run = (code: string, values: ObjectLiteral) =>
        asAcme(() => update.run(changes(Item, values), which(Item, { code }), manager));
      for (const values of [{ shelf: 2 }, { place: 2 }, { shelf: 2, place: 2 }, { shelf: 1, place: 2 }])
        expect(await run('x', values)).toBeUndefined();
      expect(await run('x', { shelf: 1, place: 1 })).toBeUndefined();
      for (const values of [
        { shelf: 2, place: 1 },
        { shelf: 2, place: null },
        { shelf: null, place: 2 },
        { shelf: 1, place: 1 },
      ])
        expect((await run('y', values)) !== undefined).toBe(returns.update);
    });

    it('is made in a scope alone', async () => {
      const update = new CompiledUpdate(partsOf(Note));
      const run = () => update.run(changes(Note, { score: 5 }), which(Note, { id: 1 }), manager);
      expect(await run()).toBeUndefined();
      expect(await unscoped(run)).toBeUndefined();
      expect(await first()).toMatchObject({ score: null });
    });
  });

  describe('a delete', () => {
    const which = (entity: EntityTarget<ObjectLiteral>, values: ObjectLiteral) =>
      Object.entries(values).map(([property, parameter]) => ({
        column: columnOf(entity, property),
        parameter: parameter as unknown,
      }));

    it('deletes one row, once', async () => {
      await asAcme(() => manager.insert(Note, [{ title: 'a' }, { title: 'b' }]));
      await asGlobex(() => manager.insert(Note, { title: 'foreign' }));
      const remove = new CompiledDelete(partsOf(Note));
      const run = (conditions: ObjectLiteral) => asAcme(() => remove.run(which(Note, conditions), manager));
      for (const conditions of [{ id: 3 }, { id: 99 }, { id: 1, title: 'b' }])
        expect(await run(conditions)).toBe(false);
      expect(await run({ id: 1, score: null })).toBe(returns.insert);
      expect(await run({ id: 1 })).toBe(false);
      expect((await rowsOf(Note)).map(({ id }) => id)).toEqual(returns.insert ? [2, 3] : [1, 2, 3]);
    });

    it('sets the date of a row that is to be kept, with its version and update date, once', async () => {
      const past = new Date('2020-02-02T02:02:02Z');
      await unscoped(() => manager.update(Team, { id: 1 }, { changedAt: past }));
      const [before] = await rowsOf(Team);
      const remove = new CompiledDelete(partsOf(Team));
      const run = (id: number) => asAcme(() => remove.run(which(Team, { id }), manager));
      expect(await run(3)).toBe(false);
      expect(await run(2)).toBe(false);
      expect(await run(1)).toBe(returns.update);
      expect(await run(1)).toBe(false);
      const teams = await rowsOf(Team);
      expect(teams).toHaveLength(3);
      const [team, , foreign] = teams.toSorted((a, b) => a.id - b.id);
      expect(foreign.deletedAt).toBeNull();
      expect(team.deletedAt !== null).toBe(returns.update);
      expect(team.version).toBe(before.version + (returns.update ? 1 : 0));
      expect(team.changedAt.getFullYear() > 2020).toBe(returns.update);
    });

    it('is made in a scope alone', async () => {
      const remove = new CompiledDelete(partsOf(Team));
      expect(await remove.run(which(Team, { id: 1 }), manager)).toBe(false);
      expect(await unscoped(() => remove.run(which(Team, { id: 1 }), manager))).toBe(false);
      expect((await rowsOf(Team)).filter(({ deletedAt }) => deletedAt === null)).toHaveLength(2);
    });
  });

  it('are left to the builder while a subscriber looks at statements', async () => {
    const insert = new CompiledInsert(partsOf(Team));
    const run = () => asAcme(() => insert.run({ name: 'new' }, manager));
    expect((await run()) !== undefined).toBe(returns.insert);
    const listening = new Listening();
    dataSource.subscribers.push(listening);
    try {
      expect((await run()) !== undefined).toBe(returns.insert && !isPostgres);
    } finally {
      dataSource.subscribers.splice(dataSource.subscribers.indexOf(listening), 1);
    }
    expect((await run()) !== undefined).toBe(returns.insert);
  });

  it('are left to the builder for good where the database does not know a column', async () => {
    const insert = new CompiledInsert(partsOf(Team));
    const run = (own = manager) => asAcme(() => insert.run({ name: 'new' }, own));
    const rename = (from: string, to: string): Promise<unknown> =>
      unscoped(async () => {
        const runner = dataSource.createQueryRunner();
        await runner.renameColumn('team', from, to);
        await runner.release();
      });
    if (!returns.insert) return expect(await run()).toBeUndefined();
    await rename('changedAt', 'elsewhere');
    try {
      await expect(asAcme(() => dataSource.transaction(run))).rejects.toThrow();
      expect(await run()).toBeUndefined();
      expect(await statementsSentBy(dataSource, run)).toEqual([]);
    } finally {
      await rename('elsewhere', 'changedAt');
    }
    expect(await run()).toBeUndefined();
  });
});
