import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { declareScope, Tenancy, TenantScoped } from 'nestjs-muck';
import { Column, DataSource, Entity, PrimaryColumn } from 'typeorm';
import { createDatabase, databasesToTest } from '../../support/databases.js';
import type { DatabaseKind, TestDatabase } from '../../support/databases.js';

declareScope({ tenant: String });
const tenancy = new Tenancy();

/** Pairs of tenants whose keys a collation may take for one. */
const ALIKE = [
  ['acme', 'ACME'],
  ['café', 'cafe'],
  ['straße', 'strasse'],
] as const;

function memo(kind: DatabaseKind): new () => object {
  @Entity()
  @TenantScoped()
  class Memo {
    @PrimaryColumn({ type: 'int' }) id!: number;
    @Column({ type: 'varchar', length: 20, ...(kind === 'mariadb' && { collation: 'utf8mb4_bin' }) }) tenant!: string;
    @Column({ type: 'varchar', length: 20 }) text!: string;
  }
  return Memo;
}

describe.each(databasesToTest())('G-08 the query cache in a table of %s', (kind) => {
  let dataSource: DataSource;
  let database: TestDatabase;
  const Memo = memo(kind);
  beforeAll(async () => {
    database = await createDatabase(kind);
    dataSource = await new DataSource({
      ...database.options,
      entities: [Memo],
      synchronize: true,
      cache: { type: 'database' },
    }).initialize();
    for (const [i, tenant] of ALIKE.flat().entries())
      await tenancy.run({ tenant }, () => dataSource.manager.insert(Memo, { id: i, text: `of ${tenant}` }));
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  const texts = (tenant: string, cache: boolean | { id: string; milliseconds: number }): Promise<unknown[]> =>
    tenancy.run({ tenant }, async () =>
      (await dataSource.manager.find(Memo, { cache })).map((row) => (row as { text: string }).text),
    );

  it.each(ALIKE)('keeps the results of %s from %s', async (one, other) => {
    expect(await texts(one, true)).toEqual([`of ${one}`]);
    expect(await texts(other, true)).toEqual([`of ${other}`]);
  });

  it.each(ALIKE)('keeps the results of %s from %s under one id', async (one, other) => {
    const cache = { id: 'memos', milliseconds: 60_000 };
    expect(await texts(one, cache)).toEqual([`of ${one}`]);
    expect(await texts(other, cache)).toEqual([`of ${other}`]);
  });

  it.each([
    ['of the application', 'all-memos'],
    ['that is longer than a column of the cache table', 'm'.repeat(400)],
  ])('removes an entry by an id %s, of the current tenant alone', async (_, id) => {
    const cache = { id, milliseconds: 60_000 };
    for (const tenant of ALIKE[0]) await texts(tenant, cache);
    await tenancy.unscoped('changes what is cached', () => dataSource.manager.updateAll(Memo, { text: 'new' }));
    await tenancy.run({ tenant: 'acme' }, () => dataSource.queryResultCache!.remove([id]));
    expect(await texts('acme', cache)).toEqual(['new']);
    expect(await texts('ACME', cache)).toEqual(['of ACME']);
    await tenancy.unscoped('puts it back', async () => {
      for (const [i, tenant] of ALIKE.flat().entries())
        await dataSource.manager.update(Memo, { id: i }, { text: `of ${tenant}` });
    });
  });
});
