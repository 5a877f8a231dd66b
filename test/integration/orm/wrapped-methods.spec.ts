import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TenantScoped } from 'nestjs-muck';
import { Column, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { validateDataSource } from '../../../lib/orm/startup/data-source.validator.js';
import { enforcementOf } from '../../../lib/orm/enforcement/enforcement.js';
import { createDatabase, databasesToTest } from '../../support/databases.js';
import type { TestDatabase } from '../../support/databases.js';
import { patchForTransactions, transactional } from '../../support/transactional-library.js';
import { ACME, GLOBEX, tenancy } from '../../support/world.js';

/*
 * Libraries put methods of their own over those of a DataSource: some before it is initialised, some after. Both have to go on working
 * when the DataSource is kept inside the tenant scope.
 */

@Entity()
@TenantScoped()
class Parcel {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() label!: string;
}

describe.each(databasesToTest())('on %s', (kind) => {
  describe.each(['before', 'after'] as const)('a library that patches the DataSource %s it is initialised', (when) => {
    let database: TestDatabase;
    let dataSource: DataSource;

    beforeAll(async () => {
      database = await createDatabase(kind);
      dataSource = new DataSource({ ...database.options, entities: [Parcel], synchronize: true });
      if (when === 'before') patchForTransactions(dataSource);
      await dataSource.initialize();
      if (when === 'after') patchForTransactions(dataSource);
    });
    afterAll(async () => {
      await dataSource.destroy();
      await database.drop();
    });

    const labels = async (scope: typeof ACME | typeof GLOBEX): Promise<string[]> =>
      (await tenancy.run(scope, () => dataSource.getRepository(Parcel).find({ order: { id: 'ASC' } }))).map(
        ({ label }) => label,
      );

    it('keeps what a query builder of the DataSource inserts inside its transaction', async () => {
      const insert = (label: string): Promise<unknown> =>
        dataSource.createQueryBuilder().insert().into(Parcel).values({ label }).execute();
      const failing = tenancy.run(ACME, () =>
        transactional(dataSource, async () => {
          await insert('undone');
          await dataSource.manager.insert(Parcel, { label: 'undone too' });
          const seen = dataSource.createQueryBuilder(Parcel, 'parcel').getMany();
          expect((await seen).map(({ label }) => label)).toEqual(['undone', 'undone too']);
          throw new Error('fails');
        }),
      );
      await expect(failing).rejects.toThrow('fails');
      expect(await labels(ACME)).toEqual([]);
      await tenancy.run(ACME, () => transactional(dataSource, () => insert('kept')));
      expect(await labels(ACME)).toEqual(['kept']);
      expect(await labels(GLOBEX)).toEqual([]);
    });

    it('does not get around the tenant scope, nor does the start refuse it', async () => {
      expect(enforcementOf(dataSource)!.findOverwrittenPatches()).toEqual([]);
      expect(validateDataSource(dataSource).problems).toEqual([]);
      await tenancy.run(GLOBEX, async () => {
        await dataSource.createQueryBuilder().insert().into(Parcel).values({ label: 'globex' }).execute();
        await dataSource
          .createQueryBuilder()
          .delete()
          .from(Parcel)
          .where('label = :label', { label: 'kept' })
          .execute();
        const rows = await dataSource.createQueryBuilder(Parcel, 'parcel').getMany();
        expect(rows.map(({ label }) => label)).toEqual(['globex']);
      });
      expect(await labels(ACME)).toEqual(['kept']);
    });
  });

  it('a library that wraps methods of the EntityManager before the DataSource is initialised is still called', async () => {
    const database = await createDatabase(kind);
    const dataSource = new DataSource({ ...database.options, entities: [Parcel], synchronize: true });
    const called: string[] = [];
    for (const method of ['save', 'remove', 'transaction'] as const) {
      const stock = Reflect.get(dataSource.manager, method) as (...args: unknown[]) => unknown;
      const wrapped = (...args: unknown[]): unknown => (called.push(method), stock.apply(dataSource.manager, args));
      Object.assign(dataSource.manager, { [method]: wrapped });
    }
    await dataSource.initialize();
    try {
      await tenancy.run(ACME, async () => {
        const parcel = await dataSource.getRepository(Parcel).save({ label: 'counted' });
        await dataSource.transaction((manager) => manager.update(Parcel, parcel.id, { label: 'changed' }));
        await expect(
          tenancy.run(GLOBEX, () => dataSource.getRepository(Parcel).remove(Object.assign(new Parcel(), parcel))),
        ).rejects.toThrow('Could not find any entity');
        await dataSource.getRepository(Parcel).remove(parcel);
      });
      expect(called).toEqual(['save', 'transaction', 'remove']);
    } finally {
      await dataSource.destroy();
      await database.drop();
    }
  });
});
