import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { declareScope, ReferenceUnknownError, Tenancy, TenantScoped } from 'nestjs-muck';
import {
  Column,
  DataSource,
  Entity,
  ForeignKey,
  JoinColumn,
  ManyToOne,
  OneToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
  Unique,
} from 'typeorm';
import type { ColumnOptions, InsertQueryBuilder, ObjectLiteral } from 'typeorm';
import { requireEnforcement } from '../../../../lib/orm/enforcement/enforcement.js';
import { foreignKeysOf, collectLookups } from '../../../../lib/orm/writes/foreign-keys.js';
import { ResolvedKeyValues } from '../../../../lib/orm/writes/resolved-key-values.js';
import { unconnected } from '../../../support/unconnected.js';

/* The keys that are checked are those that are written, whatever makes them. */

declareScope({ tenant: String, branch: Number });
const tenancy = new Tenancy();
const acme = { tenant: 'acme', branch: 1 };
const asAcme = <R>(fn: () => R): R => tenancy.run(acme, fn);
const FOREIGN = 9001;

@Entity('wk_room')
@TenantScoped()
class Room {
  @PrimaryColumn() id!: number;
  @Column() tenant!: string;
  @Column() branch!: number;
}

/** What the own room is called each time that it is asked for. */
let handedOut: (number | undefined)[] = [];
const handOut = {
  to: (id?: number | null) => (id === FOREIGN || id === 2 ? id : handedOut.length > 0 ? handedOut.shift() : FOREIGN),
  from: (id: number) => id,
};

@Entity('wk_ticket')
@TenantScoped()
class Ticket {
  @PrimaryGeneratedColumn() id!: number;
  @Column() tenant!: string;
  @Column() branch!: number;
  @Column({ type: String, default: 'none', transformer: { to: (text?: string) => text, from: (text: string) => text } })
  text!: string;
  @Column({ type: Number, nullable: true, transformer: handOut }) roomId!: number | null;
  @ManyToOne(() => Room, { nullable: true }) @JoinColumn({ name: 'roomId' }) room!: Relation<Room> | null;
}

/** Its room has a default, which is the own one. */
@Entity('wk_bench')
@TenantScoped()
class Bench {
  @PrimaryGeneratedColumn() id!: number;
  @Column() tenant!: string;
  @Column() branch!: number;
  @ForeignKey(() => Room) @Column({ type: Number, default: 1, nullable: true, transformer: handOut }) roomId!: number;
}

@Entity('wk_sheet')
@TenantScoped()
class Sheet {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column() tenant!: string;
  @Column() branch!: number;
  @OneToOne(() => Sheet, { createForeignKeyConstraints: false }) @JoinColumn({ name: 'id' }) itself!: Relation<Sheet>;
}

const ENTITIES = [Room, Ticket, Bench, Sheet];
let dataSource: DataSource;
beforeAll(async () => {
  dataSource = await new DataSource({ type: 'sqljs', entities: ENTITIES, synchronize: true }).initialize();
});
afterAll(() => dataSource.destroy());
beforeEach(() =>
  tenancy.unscoped('sows', async () => {
    for (const entity of [...ENTITIES].reverse()) await dataSource.getRepository(entity).clear();
    await dataSource.getRepository(Room).insert([
      { id: 1, ...acme },
      { id: 2, ...acme },
      { id: FOREIGN, tenant: 'globex', branch: 1 },
    ]);
    handedOut = [2];
    await dataSource.getRepository(Ticket).insert({ id: 1, ...acme, roomId: 2 });
    handedOut = [];
  }),
);
const stored = async (entity: Type<ObjectLiteral>): Promise<unknown[]> => {
  const rows = await asAcme(() => dataSource.getRepository(entity).find({ order: { id: 'ASC' } }));
  return rows.map(({ roomId }) => roomId as unknown);
};

describe('a transformer that answers differently each time', () => {
  it('is asked once for an insert', async () => {
    handedOut = [1];
    await asAcme(() => dataSource.getRepository(Ticket).insert({ text: 'x' }));
    expect(await stored(Ticket)).toEqual([2, 1]);
    await expect(asAcme(() => dataSource.getRepository(Ticket).insert({ text: 'x' }))).rejects.toThrow(
      ReferenceUnknownError,
    );
  });

  it('is asked once for an update, whatever names the key', async () => {
    const { update } = { update: (values: object) => asAcme(() => dataSource.getRepository(Ticket).update(1, values)) };
    for (const values of [{ roomId: 5 }, { roomId: null }, { room: { id: 5 } }, { room: null }]) {
      handedOut = [1];
      await update(values);
      expect([values, await stored(Ticket)]).toEqual([values, [1]]);
      await expect(update(values)).rejects.toThrow(ReferenceUnknownError);
      await update({ room: { id: 2 } });
      expect(await stored(Ticket)).toEqual([2]);
    }
  });

  it('is not asked where the key is not given', async () => {
    const { affected } = await asAcme(() =>
      dataSource.getRepository(Ticket).update(1, { text: 'x', roomId: undefined, room: undefined }),
    );
    expect([affected, await stored(Ticket)]).toEqual([1, [2]]);
  });

  it('leaves a key that it makes nothing of to its default', async () => {
    handedOut = [undefined];
    await asAcme(() => dataSource.getRepository(Bench).insert({}));
    expect(await stored(Bench)).toEqual([1]);
    handedOut = [undefined];
    await asAcme(() => dataSource.getRepository(Ticket).insert({}));
    expect(await stored(Ticket)).toEqual([2, null]);
  });
});

it('what is no key, or has no transformer, is written as ever', async () => {
  handedOut = [1];
  await asAcme(() => dataSource.getRepository(Ticket).insert({}));
  const [, { text }] = await asAcme(() => dataSource.getRepository(Ticket).find({ order: { id: 'ASC' } }));
  expect(text).toBe('none');
  const { identifiers } = await asAcme(() => dataSource.getRepository(Sheet).insert({}));
  expect(identifiers).toEqual([{ id: expect.stringMatching(/^[0-9a-f-]{36}$/) }]);
});

@Entity('wk_suite')
@TenantScoped({ globallyUnique: { 'building,number': 'is an address' } })
@Unique(['building', 'number'])
@Unique(['tenant', 'branch', 'number'])
class Suite {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ collation: 'binary' }) tenant!: string;
  @Column() branch!: number;
  @Column() building!: number;
  @Column() number!: number;
}

/** Of two columns is the key to its suite, of its tenant and a number that to its spare one. */
@Entity('wk_lease')
@TenantScoped({ globallyUnique: { code: 'is printed on it' } })
@Unique(['tenant', 'branch', 'number'])
class Lease {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ collation: 'binary' }) tenant!: string;
  @Column() branch!: number;
  @Column() number!: number;
  @Column() code!: string;
  @Column() building!: number;
  @Column({ type: Number, nullable: true }) spareNumber!: number | null;
  @ManyToOne(() => Suite)
  @JoinColumn([
    { name: 'building', referencedColumnName: 'building' },
    { name: 'suiteNumber', referencedColumnName: 'number' },
  ])
  suite!: Relation<Suite>;
  @ManyToOne(() => Suite, { nullable: true })
  @JoinColumn([
    { name: 'tenant', referencedColumnName: 'tenant' },
    { name: 'branch', referencedColumnName: 'branch' },
    { name: 'spareNumber', referencedColumnName: 'number' },
  ])
  spare!: Relation<Suite> | null;
}

const upsertOn = async (
  type: 'sqljs' | 'postgres' | 'mysql' | 'mariadb',
  entity: Type<ObjectLiteral>,
  values: object,
  or: (insert: InsertQueryBuilder<ObjectLiteral>) => InsertQueryBuilder<ObjectLiteral>,
  isScoped = true,
): Promise<string> => {
  const open = await unconnected(type, [Room, Suite, Lease, ...(entity === Lease ? [] : [entity])]);
  const text = (): string => or(open.createQueryBuilder().insert().into(entity).values(values)).getQuery();
  return isScoped ? asAcme(text) : tenancy.unscoped('writes', text);
};

describe('an upsert', () => {
  const TARGET = ['tenant', 'branch', 'number'];
  const values = { code: 'c', number: 1, suite: { building: 1, number: 5 }, spareNumber: 7 };
  const over =
    (columns: string[], target = TARGET) =>
    (insert: InsertQueryBuilder<ObjectLiteral>): InsertQueryBuilder<ObjectLiteral> =>
      insert.orUpdate(columns, target);

  it('writes over a key as a whole, its tenant aside, or not at all', async () => {
    for (const columns of [['code'], ['building', 'suiteNumber'], ['spareNumber'], ['code', 'spareNumber']])
      expect(await upsertOn('sqljs', Lease, values, over(columns))).toContain('ON CONFLICT');
    for (const columns of [['building'], ['code', 'suiteNumber']])
      await expect(upsertOn('sqljs', Lease, values, over(columns))).rejects.toThrow(
        'sets only some columns of the foreign key suite',
      );
  });

  it('of a key tells in an unscoped section whose the row is that it meets', async () => {
    const named = { ...values, ...acme };
    const write = (columns: string[], target?: string[]): Promise<string> =>
      upsertOn('sqljs', Lease, named, over(columns, target), false);
    const KEY = ['building', 'suiteNumber'];
    expect(await write(KEY)).toContain('ON CONFLICT');
    expect(await write(['code'], ['code'])).toContain('ON CONFLICT');
    expect(await write([...KEY, 'tenant', 'branch'], ['code'])).toContain('ON CONFLICT');
    for (const more of [[], ['tenant'], ['branch']])
      await expect(write([...KEY, ...more], ['code'])).rejects.toThrow('may conflict with another tenant');
  });

  const tenantOf = (options: ColumnOptions, omit: string[] = []): Type<ObjectLiteral> => {
    @Entity('wk_setting')
    @TenantScoped({ omit })
    @Unique(['tenant', 'branch', 'name'])
    class Setting {
      @PrimaryGeneratedColumn() id!: number;
      @Column(options) tenant!: string;
      @Column() branch!: number;
      @Column() name!: string;
      @Column() text!: string;
    }
    return Setting;
  };

  it('needs a tenant that the database tells from others, where texts are equal that are none', async () => {
    const write = (type: 'sqljs' | 'postgres' | 'mysql' | 'mariadb', entity: Type<ObjectLiteral>): Promise<string> =>
      upsertOn(type, entity, { name: 'x', text: 'y' }, over(['text'], ['tenant', 'branch', 'name']));
    for (const type of ['mysql', 'mariadb'] as const) {
      for (const collation of [undefined, 'utf8mb4_general_ci', 'x_bin_ci', 'nobinary', 'binary_ci'])
        await expect(write(type, tenantOf(collation === undefined ? {} : { collation }))).rejects.toThrow(
          "may conflict with another tenant's row whose tenant differs only in case. Use a case-sensitive collation",
        );
      for (const options of [{ collation: 'binary' }, { collation: 'UTF8_BIN' }, { collation: 'binary' }])
        expect(await write(type, tenantOf(options))).toContain('ON DUPLICATE KEY');
      expect(await write(type, tenantOf({}, ['tenant']))).toContain('ON DUPLICATE KEY');
    }
    expect(await write('mariadb', tenantOf({ type: 'uuid' }))).toContain('ON DUPLICATE KEY');
    for (const type of ['sqljs', 'postgres'] as const) expect(await write(type, tenantOf({}))).toContain('ON CONFLICT');
  });
});

describe('an insert that ignores errors', () => {
  const ignoring = (insert: InsertQueryBuilder<ObjectLiteral>): InsertQueryBuilder<ObjectLiteral> => insert.orIgnore();
  const nothing = (insert: InsertQueryBuilder<ObjectLiteral>): InsertQueryBuilder<ObjectLiteral> =>
    insert.orUpdate([], ['tenant', 'branch', 'name']);

  @Entity('wk_shelf')
  @TenantScoped()
  @Unique(['tenant', 'branch', 'name'])
  class Shelf {
    @PrimaryGeneratedColumn() id!: number;
    @Column({ collation: 'binary' }) tenant!: string;
    @Column() branch!: number;
    @Column() name!: string;
    @Column() roomId!: number;
    @Column({ type: Number, nullable: true }) nextId!: number | null;
    @ManyToOne(() => Room) @JoinColumn({ name: 'roomId' }) room!: Relation<Room>;
    @ManyToOne(() => Room, { nullable: true }) @JoinColumn({ name: 'nextId' }) next!: Relation<Room> | null;
  }

  it('gives its required keys where the database would make some of nothing', async () => {
    for (const type of ['mysql', 'mariadb'] as const) {
      for (const or of [ignoring, nothing]) {
        expect(await upsertOn(type, Shelf, { name: 'x', roomId: 1, nextId: null }, or)).toMatch(/^INSERT\s+IGNORE/);
        for (const values of [{ name: 'x' }, { name: 'x', roomId: null }, [{ name: 'x', roomId: 1 }, { name: 'y' }]])
          await expect(upsertOn(type, Shelf, values, or)).rejects.toThrow(
            'an insert of Shelf with orIgnore() does not set roomId',
          );
      }
      const over = (insert: InsertQueryBuilder<ObjectLiteral>): InsertQueryBuilder<ObjectLiteral> =>
        insert.orUpdate(['name'], ['tenant', 'branch', 'name']);
      expect(await upsertOn(type, Shelf, { name: 'x' }, over)).toContain('ON DUPLICATE KEY');
    }
    for (const type of ['sqljs', 'postgres'] as const)
      expect(await upsertOn(type, Shelf, { name: 'x' }, ignoring)).toContain('CONFLICT');
  });
});

@Entity('wk_topic')
@TenantScoped()
class Topic {
  @PrimaryColumn() id!: number;
  @Column() tenant!: string;
  @Column() branch!: number;
  @ManyToOne(() => Topic, { nullable: true }) above!: Relation<Topic> | null;
}

describe('a row that the same statement makes', () => {
  it('may be referred to, where it is made or nothing is', async () => {
    const open = await new DataSource({ type: 'sqljs', entities: [Topic], synchronize: true }).initialize();
    const topics = open.getRepository(Topic);
    await asAcme(() => topics.insert([{ id: 1 }, { id: 2, above: { id: 1 } }, { id: 3, above: { id: 3 } }]));
    expect(await asAcme(() => topics.countBy({ above: { id: 1 } }))).toBe(1);
    const rows = [{ id: 4 }, { id: 5, above: { id: 4 } }];
    const ignoring = asAcme(() => topics.createQueryBuilder().insert().values(rows).orIgnore().execute());
    await expect(ignoring).rejects.toThrow('may conflict with another tenant');
    await tenancy.unscoped('sows', () => topics.insert({ id: 6, tenant: 'globex', branch: 1 }));
    await expect(asAcme(() => topics.insert([{ id: 7 }, { id: 8, above: { id: 6 } }]))).rejects.toThrow(
      ReferenceUnknownError,
    );
    // An update makes no row.
    await expect(asAcme(() => topics.update(1, { id: 9, above: { id: 9 } }))).rejects.toThrow(ReferenceUnknownError);
    // An upsert may meet a row instead of making one.
    const { policies } = requireEnforcement(open);
    const metadata = open.getMetadata(Topic);
    const looked = (kind: 'insert' | 'upsert'): number =>
      asAcme(() => collectLookups(new ResolvedKeyValues(metadata, rows, policies, metadata.columns, kind), policies))
        .length;
    expect([looked('insert'), looked('upsert')]).toEqual([0, 1]);
    await open.destroy();
  });
});

@Entity('wk_page')
@TenantScoped({ globallyUnique: {} })
class Page {
  @PrimaryColumn() book!: number;
  @PrimaryColumn() number!: number;
  @Column() tenant!: string;
  @Column() branch!: number;
  @ForeignKey(() => Keeper) @Column({ default: 'a\\b' }) keeper!: string;
  @ManyToOne(() => Page, { nullable: true }) next!: Relation<Page> | null;
}

@Entity('wk_keeper')
@TenantScoped()
class Keeper {
  @PrimaryColumn() name!: string;
  @Column() tenant!: string;
  @Column() branch!: number;
}

it('a row of several key columns is the one that all of them name, and an escaped default is not evaluated', async () => {
  const open = await unconnected('sqljs', [Page, Keeper]);
  const metadata = open.getMetadata(Page);
  const { policies } = requireEnforcement(open);
  const looked = (rows: object[]): unknown[] =>
    asAcme(() =>
      collectLookups(new ResolvedKeyValues(metadata, rows, policies, metadata.columns, 'insert'), policies),
    ).map(({ key, values }) => [key.property, values]);
  const first = { book: 1, number: 1, keeper: 'x' };
  expect(looked([first, { ...first, number: 2, next: { book: 1, number: 1 } }])).toEqual([['keeper', [['x']]]]);
  expect(looked([first, { ...first, number: 2, next: { book: 1, number: 3 } }])).toEqual([
    ['next', [[1, 3]]],
    ['keeper', [['x']]],
  ]);
  expect(() => looked([{ book: 1, number: 1 }])).toThrow('Page.keeper would get its database default');
});

it('the key of a row within a row is what a transformer gets', async () => {
  const nested = { id: { id: 2 } } as never;
  await asAcme(() => dataSource.getRepository(Ticket).insert({ room: nested }));
  expect(await stored(Ticket)).toEqual([2, 2]);
});

describe('keys to entities that are declared late', () => {
  it.each(['relation', 'key'])('are found once they are: by a %s', async (kind) => {
    @Entity(`wk_late_${kind}`)
    class Late {
      @PrimaryGeneratedColumn() id!: number;
      @Column() tenant!: string;
      @Column() branch!: number;
    }
    @Entity(`wk_early_${kind}`)
    @TenantScoped()
    class Early {
      @PrimaryGeneratedColumn() id!: number;
      @Column() tenant!: string;
      @Column() branch!: number;
      @ManyToOne(() => Room) room!: Relation<Room>;
      @Column() lateId!: number;
      late!: Relation<Late>;
    }
    if (kind === 'relation') ManyToOne(() => Late)(Early.prototype, 'late');
    else ForeignKey(() => Late)(Early.prototype, 'lateId');
    const open = await unconnected('sqljs', [Room, Late, Early]);
    const { policies } = requireEnforcement(open);
    const targets = (): string[] => foreignKeysOf(open.getMetadata(Early), policies).map(({ target }) => target.name);
    expect(targets()).toEqual(['Room']);
    TenantScoped()(Late);
    expect(targets()).toEqual(['Room', 'Late']);
    expect(foreignKeysOf(open.getMetadata(Early), policies)).toBe(foreignKeysOf(open.getMetadata(Early), policies));
  });
});
