import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Tenancy } from 'nestjs-muck';
import { DataSource } from 'typeorm';
import type { DataSourceOptions } from 'typeorm';
import { adaptersToTest } from '../support/adapters.js';
import { createDatabase, databasesToTest } from '../support/databases.js';
import type { TestDatabase } from '../support/databases.js';
import { DEPOT_ENTITIES, openDepot, Shelf } from './replica/depot.js';
import type { Depot } from './replica/depot.js';
import { itWritesByThePrimary } from './replica/stories.js';

/*
 * The replica here is another database that never hears of the primary's rows: the most that a replica can be behind.
 */

const CASES = databasesToTest().flatMap((kind) => adaptersToTest().map((adapter) => [kind, adapter] as const));

it('SQLite knows no replication', async () => {
  const dataSource = await new DataSource({ type: 'sqljs', entities: DEPOT_ENTITIES, synchronize: true }).initialize();
  expect(dataSource.driver.isReplicated).toBe(false);
  expect(Object.hasOwn(dataSource, 'defaultReplicationModeForReads')).toBe(false);
  await dataSource.destroy();
});

for (const [kind, adapter] of CASES.filter(([name]) => name !== 'sqljs')) {
  describe(`with a replica on ${kind}, over ${adapter}`, () => {
    const databases: TestDatabase[] = [];
    let depot: Depot;

    beforeAll(async () => {
      for (let i = 0; i < 2; i += 1) {
        const database = await createDatabase(kind);
        databases.push(database);
        const options = { ...database.options, entities: DEPOT_ENTITIES, synchronize: true } as DataSourceOptions;
        await (await new DataSource(options).initialize()).destroy();
      }
      const [master, slave] = databases.map(({ options }) => options);
      const { type } = master;
      depot = await openDepot({ type, replication: { master, slaves: [slave] } } as DataSourceOptions, adapter);
    });
    afterAll(async () => {
      await depot.close();
      for (const database of databases) await database.drop();
    });

    itWritesByThePrimary(() => depot);

    it('a job reads from the replica until it writes, and a job after it reads there again', async () => {
      const tenancy = new Tenancy();
      const shelves = depot.dataSource.getRepository(Shelf);
      const scope = { organizationId: 7 };
      await tenancy.run(scope, async () => {
        expect(await shelves.count()).toBe(0);
        await shelves.insert({ name: 'made by a job' });
        expect(await shelves.count()).toBe(1);
        await tenancy.unscoped('looks at all', async () =>
          expect(await shelves.findBy({ organizationId: 7 })).toHaveLength(1),
        );
      });
      await tenancy.run(scope, async () => expect(await shelves.count()).toBe(0));
    });

    it('a replica that was asked for by name is asked, and defaultMode counts as ever', async () => {
      await new Tenancy().run({ organizationId: 8 }, async () => {
        const shelves = depot.dataSource.getRepository(Shelf);
        await shelves.insert({ name: 'asked for' });
        const runner = depot.dataSource.createQueryRunner('slave');
        expect(await runner.manager.count(Shelf)).toBe(0);
        await runner.release();
      });
      expect(depot.dataSource.defaultReplicationModeForReads()).toBe('slave');
    });
  });
}
