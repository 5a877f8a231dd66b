import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { declareScope, Tenancy } from 'nestjs-muck';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { createDatabase, databasesToTest } from '../../../support/databases.js';
import type { TestDatabase } from '../../../support/databases.js';
import { detach, provesAttempts } from '../../../support/detach.js';
import { chainOf, OWNERS, RULES } from './chain.js';
import type { Chain } from './chain.js';

/*
 * ON DELETE and ON UPDATE from a row that the tenant eu/1 may change to a row of us/1, for each way in which the row between them can
 * belong to a tenant. Each attempt reaches the row of us/1 with enforcement taken off, and is refused with it.
 */

declareScope({ region: String, organizationId: Number });
const tenancy = new Tenancy();
const EU = { region: 'eu', organizationId: 1 };

const chains = OWNERS.flatMap((owner) => RULES.flatMap((rule) => [chainOf(owner, rule, 1), chainOf(owner, rule, 2)]));

const ATTEMPTS: Readonly<Record<'delete' | 'update', Readonly<Record<string, Attempt>>>> = {
  delete: {
    'a delete by condition': (manager, { changed }) => manager.delete(changed, { code: 1 }),
    'the removal of an entity': async (manager, { changed }) =>
      manager.remove(await manager.findOneByOrFail(changed, { code: 1 })),
    'a delete of all rows': (manager, { changed }) => manager.deleteAll(changed),
    'a delete by query builder': (manager, { changed }) =>
      manager.createQueryBuilder().delete().from(changed).where('code = 1').execute(),
  },
  update: {
    'an update by condition': (manager, { changed }) => manager.update(changed, { code: 1 }, { code: 2 }),
    'an update by query builder': (manager, { changed }) =>
      manager
        .createQueryBuilder()
        .update(changed)
        .set({ code: () => '2' })
        .where('code = 1')
        .execute(),
    'an increment': (manager, { changed }) => manager.increment(changed, { code: 1 }, 'code', 1),
  },
};
type Attempt = (manager: EntityManager, chain: Chain) => Promise<unknown>;

describe.each(databasesToTest())('G-02 cascades to rows of another tenant on %s', (kind) => {
  const open: { dataSource: DataSource; database: TestDatabase }[] = [];

  beforeAll(async () => {
    for (const enforced of provesAttempts ? [true, false] : [true]) {
      const database = await createDatabase(kind);
      const dataSource = await new DataSource({
        ...database.options,
        entities: chains.flatMap(({ entities }) => entities),
        synchronize: true,
      }).initialize();
      if (!enforced) detach(dataSource);
      open.push({ dataSource, database });
    }
  });
  afterAll(async () => {
    for (const { dataSource, database } of open.splice(0)) {
      await dataSource.destroy();
      await database.drop();
    }
  });

  const outcome = async (
    { manager }: DataSource,
    chain: Chain,
    attempt: Attempt,
  ): Promise<{ changesRowOfAnother: boolean; error: string }> => {
    const look = (): Promise<string> =>
      tenancy.unscoped('looks', async () => JSON.stringify(await manager.find(chain.attacked)));
    await tenancy.unscoped('starts afresh', async () => {
      for (const entity of [...chain.entities].reverse()) await manager.deleteAll(entity);
      for (const [entity, row] of chain.rows) await manager.insert(entity, row);
    });
    const before = await look();
    let error = '';
    await tenancy.run(EU, () => attempt(manager, chain)).catch((thrown: Error) => (error = thrown.name));
    return { changesRowOfAnother: (await look()) !== before, error };
  };

  for (const chain of chains) {
    for (const [name, attempt] of Object.entries(ATTEMPTS[chain.rule.event])) {
      it(`${name} reaches no row of another tenant over a row of the kind: ${chain.name}`, async () => {
        if (provesAttempts) {
          expect(await outcome(open[1].dataSource, chain, attempt)).toEqual({ changesRowOfAnother: true, error: '' });
        }
        expect(await outcome(open[0].dataSource, chain, attempt)).toEqual({
          changesRowOfAnother: false,
          error: 'StatementRefusedError',
        });
        await tenancy.unscoped('cleans up', () => attempt(open[0].dataSource.manager, chain));
      });
    }
  }
});
