import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { declareScope, Tenancy, TenantScoped, TenantScopeInvalidError, TenantScopeViolationError } from 'nestjs-muck';
import { Column, DataSource, Entity, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
import { createDatabase, databasesToTest } from '../../support/databases.js';
import type { TestDatabase } from '../../support/databases.js';

declareScope({ organizationId: BigInt, regionId: Number });
const tenancy = new Tenancy();

@Entity()
@TenantScoped()
class Letter {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: 'bigint' }) organizationId!: string;
  @Column() regionId!: number;
  @Column() text!: string;
  @ManyToOne(() => Letter, { nullable: true }) answers!: Letter | null;
}

/** Not divided by regions. */
@Entity()
@TenantScoped({ omit: ['regionId'] })
class Setting {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: 'bigint' }) organizationId!: string;
  @Column() text!: string;
}

/** Neighbours that become one and the same where they are taken for floating point numbers. */
const ORGANIZATIONS = [9007199254740991n, 9007199254740992n, 9007199254740993n, 9007199254740994n];

describe.each(databasesToTest())('G-01 G-02 tenants of two keys, one of them large, on %s', (kind) => {
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await createDatabase(kind);
    dataSource = new DataSource({ ...database.options, entities: [Letter, Setting], synchronize: true });
    await dataSource.initialize();
    for (const organizationId of ORGANIZATIONS) {
      for (const regionId of [1, 2]) {
        await tenancy.run({ organizationId, regionId }, async () => {
          await dataSource.getRepository(Letter).insert({ text: `${organizationId}/${regionId}` });
          await dataSource.getRepository(Setting).insert({ text: String(organizationId) });
        });
      }
    }
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  it.each(ORGANIZATIONS)('each have their own rows: %s', async (organizationId) => {
    for (const regionId of [1, 2]) {
      await tenancy.run({ organizationId, regionId }, async () => {
        const letters = await dataSource.getRepository(Letter).find();
        expect(letters.map(({ text }) => text)).toEqual([`${organizationId}/${regionId}`]);
      });
    }
  });

  it('share what leaves one of the keys out, and nothing more', () =>
    tenancy.run({ organizationId: ORGANIZATIONS[1], regionId: 1 }, async () => {
      const settings = await dataSource.getRepository(Setting).find();
      expect(settings.map(({ text }) => text)).toEqual([String(ORGANIZATIONS[1]), String(ORGANIZATIONS[1])]);
    }));

  it('each change their own rows', async () => {
    const scope = { organizationId: ORGANIZATIONS[2], regionId: 2 };
    await tenancy.run(scope, () => dataSource.getRepository(Letter).updateAll({ text: 'changed' }));
    const count = await tenancy.unscoped('looks', () => dataSource.getRepository(Letter).countBy({ text: 'changed' }));
    expect(count).toBe(1);
    await tenancy.run(scope, () =>
      dataSource.getRepository(Letter).updateAll({ text: `${scope.organizationId}/${scope.regionId}` }),
    );
  });

  it('are none with one of the keys alone, or of the other type', () => {
    for (const scope of [
      { organizationId: 1n },
      { regionId: 1 },
      { organizationId: 1, regionId: 1 },
      { organizationId: 1n, regionId: 1n },
      { organizationId: '1', regionId: 1 },
    ]) {
      expect(() => tenancy.run(scope as never, () => undefined)).toThrow(TenantScopeInvalidError);
    }
  });

  it('do not insert or update by a key that holds only one of the keys', () => {
    const upsert = tenancy.run({ organizationId: ORGANIZATIONS[0], regionId: 1 }, () =>
      dataSource
        .getRepository(Letter)
        .createQueryBuilder()
        .insert()
        .values({ text: 'x' })
        .orUpdate(['text'], ['regionId'])
        .execute(),
    );
    // In the MySQL family every key of the table counts, and the only one is made by the database.
    return kind === 'mariadb' ? upsert : expect(upsert).rejects.toThrow('may conflict with another tenant');
  });

  it('do not write into another region', async () => {
    const write = tenancy.run({ organizationId: ORGANIZATIONS[0], regionId: 1 }, () =>
      dataSource.getRepository(Letter).insert({ regionId: 2, text: 'x' }),
    );
    await expect(write).rejects.toThrow(/is the key of another tenant/);
  });

  it('refer to their own rows, in an unscoped section too', () =>
    tenancy.unscoped('mends', async () => {
      const letters = dataSource.getRepository(Letter);
      const [one, otherRegion, neighbour] = await Promise.all(
        [`${ORGANIZATIONS[1]}/1`, `${ORGANIZATIONS[1]}/2`, `${ORGANIZATIONS[2]}/1`].map((text) =>
          letters.findOneByOrFail({ text }),
        ),
      );
      await letters.update(one.id, { answers: one });
      for (const other of [otherRegion, neighbour]) {
        await expect(letters.update(one.id, { answers: other })).rejects.toThrow(TenantScopeViolationError);
      }
    }));
});
