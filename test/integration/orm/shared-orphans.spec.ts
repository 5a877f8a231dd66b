import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { declareScope, SharedRowError, Tenancy, TenantScoped } from 'nestjs-muck';
import { Column, DataSource, DeleteDateColumn, Entity, ManyToOne, OneToMany, PrimaryColumn } from 'typeorm';
import type { Relation } from 'typeorm';
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
  @OneToMany(() => Page, (page) => page.binder, { cascade: true }) pages!: Relation<Page[]>;
  @OneToMany(() => Cover, (cover) => cover.binder, { cascade: true }) covers!: Relation<Cover[]>;
}

/** Is deleted when its binder lets go of it. */
@Entity()
@TenantScoped({ nullMeans: 'shared' })
class Page {
  @PrimaryColumn() id!: number;
  @Column({ type: Number, nullable: true }) organizationId!: number | null;
  @ManyToOne(() => Binder, (binder) => binder.pages, { orphanedRowAction: 'delete', onDelete: 'RESTRICT' })
  binder!: Relation<Binder> | null;
}

/** Is soft-deleted then. */
@Entity()
@TenantScoped({ nullMeans: 'shared' })
class Cover {
  @PrimaryColumn() id!: number;
  @Column({ type: Number, nullable: true }) organizationId!: number | null;
  @DeleteDateColumn() deletedAt!: Date | null;
  @ManyToOne(() => Binder, (binder) => binder.covers, { orphanedRowAction: 'soft-delete', onDelete: 'RESTRICT' })
  binder!: Relation<Binder> | null;
}

describe.each(databasesToTest())('what a save deletes, on %s', (kind) => {
  let database: TestDatabase;
  let dataSource: DataSource;
  beforeAll(async () => {
    database = await createDatabase(kind);
    const entities = [Binder, Page, Cover];
    dataSource = await new DataSource({ ...database.options, entities, synchronize: true }).initialize();
  });
  afterAll(async () => {
    await dataSource?.destroy();
    await database?.drop();
  });
  const OWN = 1;
  const SHARED = 2;
  beforeEach(() =>
    unscoped(async () => {
      const { manager } = dataSource;
      for (const entity of [Page, Cover, Binder]) await manager.deleteAll(entity);
      await manager.insert(Binder, [
        { id: OWN, organizationId: 1 },
        { id: SHARED, organizationId: null },
      ]);
      for (const entity of [Page, Cover])
        await manager.insert(entity, [
          { id: OWN, organizationId: 1, binder: { id: OWN } },
          { id: SHARED, organizationId: null, binder: { id: SHARED } },
        ]);
    }),
  );

  const left = (): Promise<number[]> =>
    unscoped(async () => [await dataSource.manager.count(Page), await dataSource.manager.count(Cover)]);

  it('is an own row that the saved one lets go of', async () => {
    await asAcme(() => dataSource.manager.save(Binder, { id: OWN, pages: [] }));
    expect(await left()).toEqual([1, 2]);
    const statements = await statementsSentBy(dataSource, () =>
      asAcme(() => dataSource.manager.save(Binder, { id: OWN, covers: [] })),
    );
    expect(await left()).toEqual([1, 1]);
    // A row was marked: none is looked for that was left alone.
    expect(statements.filter((statement) => /^SELECT 1 FROM/.test(statement))).toEqual([]);
  });

  it.each(['pages', 'covers'])('is no shared row among the %s that it lets go of: it fails', async (relation) => {
    const save = asAcme(() => dataSource.manager.save(Binder, { id: SHARED, [relation]: [] }));
    await expect(save).rejects.toThrow(SharedRowError);
    expect(await left()).toEqual([2, 2]);
  });

  it('may be, by a subscriber, rows of a table that no entity has', async () => {
    const { manager } = dataSource;
    await unscoped(() => dataSource.query('CREATE TABLE plain_log (binder INT)'));
    const log = dataSource.createQueryBuilder().delete().from('plain_log');
    dataSource.subscribers.push({ afterInsert: () => asAcme(() => log.execute()) });
    try {
      await asAcme(() => manager.save(Binder, { id: 3 }));
    } finally {
      dataSource.subscribers.pop();
    }
    expect(await asAcme(() => manager.countBy(Binder, { id: 3 }))).toBe(1);
  });
});
