import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { declareScope, ReferenceUnknownError, SharedRowError, Tenancy, TenantScoped } from 'nestjs-muck';
import {
  Column,
  DataSource,
  Entity,
  EntityNotFoundError,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
} from 'typeorm';
import type { QueryRunner, Relation, RelationQueryBuilder } from 'typeorm';
import { createDatabase, databasesToTest } from '../../support/databases.js';
import type { TestDatabase } from '../../support/databases.js';
import { statementsSentBy } from '../../support/sent.js';

declareScope({ organizationId: Number });
const tenancy = new Tenancy();
const asAcme = <R>(fn: () => R): R => tenancy.run({ organizationId: 1 }, fn);
const unscoped = <R>(fn: () => R): R => tenancy.unscoped('a test', fn);

@Entity()
@TenantScoped({ nullMeans: 'shared' })
class Binder {
  @PrimaryColumn() id!: number;
  @Column({ type: Number, nullable: true }) organizationId!: number | null;
  @OneToMany(() => Page, (page) => page.binder) pages!: Relation<Page[]>;
  @ManyToMany(() => Page) @JoinTable({ name: 'binder_marked' }) marked!: Relation<Page[]>;
}

@Entity()
@TenantScoped({ nullMeans: 'shared' })
class Page {
  @PrimaryColumn() id!: number;
  @Column({ type: Number, nullable: true }) organizationId!: number | null;
  @ManyToOne(() => Binder, (binder) => binder.pages) binder!: Relation<Binder> | null;
}

/** Belongs to its page, and names another one. */
@Entity()
@TenantScoped({ via: 'page' })
class Remark {
  @PrimaryColumn() id!: number;
  @ManyToOne(() => Page, { nullable: false }) page!: Relation<Page>;
  @ManyToOne(() => Page, { nullable: true }) about!: Relation<Page> | null;
}

const OWN = 1;
const SHARED = 2;
const GLOBEX = 3;

describe.each(databasesToTest())('a query builder of relations on %s', (kind) => {
  let database: TestDatabase;
  let dataSource: DataSource;
  beforeAll(async () => {
    database = await createDatabase(kind);
    dataSource = await new DataSource({
      ...database.options,
      entities: [Binder, Page, Remark],
      synchronize: true,
    }).initialize();
  });
  afterAll(async () => {
    await dataSource?.destroy();
    await database?.drop();
  });
  beforeEach(() =>
    unscoped(async () => {
      const { manager } = dataSource;
      await manager.deleteAll('binder_marked');
      await manager.deleteAll(Remark);
      await manager.deleteAll(Page);
      await manager.deleteAll(Binder);
      await manager.insert(Binder, [
        { id: OWN, organizationId: 1 },
        { id: SHARED, organizationId: null },
      ]);
      await manager.insert(Page, [
        { id: OWN, organizationId: 1 },
        { id: SHARED, organizationId: null },
        { id: GLOBEX, organizationId: 2 },
      ]);
    }),
  );

  const of = (
    entity: typeof Binder | typeof Page,
    relation: string,
    runner?: QueryRunner,
  ): RelationQueryBuilder<object> => dataSource.createQueryBuilder(runner).relation(entity, relation);

  const link = (binder: number, ...pages: number[]): Promise<unknown> =>
    dataSource.manager.insert(
      'binder_marked',
      pages.map((page) => ({ binderId: binder, pageId: page })),
    );

  it('says of a row that it would write that it is shared, or not there', async () => {
    await asAcme(async () => {
      const pages = of(Binder, 'pages').of(OWN);
      await expect(pages.add(SHARED)).rejects.toThrow(SharedRowError);
      await expect(pages.add([OWN, GLOBEX])).rejects.toThrow(EntityNotFoundError);
      await expect(of(Page, 'binder').of(SHARED).set(OWN)).rejects.toThrow(SharedRowError);
      await expect(of(Page, 'binder').of(GLOBEX).set(OWN)).rejects.toThrow(EntityNotFoundError);
      await pages.add(OWN);
      expect(await dataSource.manager.countBy(Page, { binder: { id: OWN } })).toBe(1);
    });
  });

  it('hangs own rows below a shared one, which is not written', async () => {
    await asAcme(async () => {
      await of(Binder, 'pages').of(SHARED).add(OWN);
      expect(await dataSource.manager.countBy(Page, { binder: { id: SHARED } })).toBe(1);
    });
  });

  it('links a shared row to an own one, but no two shared ones, however many are linked at once', async () => {
    await asAcme(async () => {
      for (const pages of [[SHARED], [OWN, SHARED], [SHARED, OWN]])
        await expect(link(SHARED, ...pages)).rejects.toThrow(SharedRowError);
      expect(await of(Binder, 'marked').of(SHARED).loadMany()).toEqual([]);
      await link(SHARED, OWN);
      await link(OWN, OWN, SHARED);
      expect(await of(Binder, 'marked').of(SHARED).loadMany()).toHaveLength(1);
    });
  });

  it('looks the other side of a link up only if this one is shared', async () => {
    const lookups = async (binder: number): Promise<number> => {
      const sent = await statementsSentBy(dataSource, () => asAcme(() => link(binder, OWN)));
      return sent.filter((sql) => sql.startsWith('SELECT')).length;
    };
    // Both sides are checked as visible rows, and the first one as an own row.
    expect(await lookups(OWN)).toBe(3);
    // A row that is not found is checked again by itself.
    expect(await lookups(SHARED)).toBe(5);
  });

  it('writes a row of a parent below an own one, which may name a shared one besides', async () => {
    const { manager } = dataSource;
    await asAcme(async () => {
      await manager.insert(Remark, { id: 1, page: { id: OWN }, about: { id: SHARED } });
      const below = (page: number): Promise<unknown> =>
        manager.insert(Remark, { id: 2, page: { id: page }, about: { id: OWN } });
      await expect(below(SHARED)).rejects.toThrow(SharedRowError);
      await expect(below(GLOBEX)).rejects.toThrow(ReferenceUnknownError);
      const exempt = (page: number): Promise<unknown> =>
        tenancy.unscoped('a test', { entities: [Page] }, () => below(page));
      await expect(exempt(SHARED)).rejects.toThrow(SharedRowError);
    });
  });

  it('refuses what TypeORM refuses', async () => {
    await asAcme(async () => {
      await expect(of(Page, 'binder').of(OWN).add(OWN)).rejects.toThrow('Add operation is only supported for');
      for (const relation of ['pages', 'marked'])
        await expect(of(Binder, relation).add(OWN)).rejects.toThrow('Use .of method to define');
    });
  });

  it('adds no rows where none are given', async () => {
    await asAcme(async () => {
      await of(Binder, 'marked').of(OWN).add([]);
      expect(await of(Binder, 'marked').of(OWN).loadMany()).toEqual([]);
      await of(Binder, 'marked').of(OWN).add([OWN, SHARED]);
      expect(await of(Binder, 'marked').of(OWN).loadMany()).toHaveLength(2);
    });
  });

  it('keeps no connection, and leaves one that it is given open', async () => {
    const { createQueryRunner } = dataSource;
    const runners = new Set<QueryRunner>();
    let [made, released] = [0, 0];
    const count = (...given: Parameters<DataSource['createQueryRunner']>): QueryRunner => {
      const runner = createQueryRunner.apply(dataSource, given);
      made += 1;
      // SQLite has one for all.
      if (runners.has(runner)) return runner;
      runners.add(runner);
      const { release } = runner;
      return Object.assign(runner, { release: () => ((released += 1), release.call(runner)) });
    };
    Object.assign(dataSource, { createQueryRunner: count });
    try {
      await asAcme(() => of(Binder, 'marked').of(OWN).add(OWN));
      expect(made).toBeGreaterThan(0);
      expect(released).toBe(made);
      const runner = dataSource.createQueryRunner();
      await asAcme(() => of(Binder, 'marked', runner).of(OWN).add(SHARED));
      expect(released).toBe(made - 1);
      await runner.release();
    } finally {
      Reflect.deleteProperty(dataSource, 'createQueryRunner');
      for (const runner of runners) Reflect.deleteProperty(runner, 'release');
    }
  });
});
