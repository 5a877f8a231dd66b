import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { declareScope, Tenancy, TenantScoped } from 'nestjs-muck';
import {
  Column,
  DataSource,
  Entity,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  ViewColumn,
  ViewEntity,
} from 'typeorm';
import type { DataSourceOptions, Relation } from 'typeorm';
import { createDatabase, databasesToTest } from '../support/databases.js';
import type { TestDatabase } from '../support/databases.js';

declareScope({ tenantId: String });

const ACME = { tenantId: '1c0a4e7e-5d8f-4c1b-9d6e-0a1b2c3d4e5f' };
const GLOBEX = { tenantId: '2d1b5f8f-6e90-4d2c-8e7f-1b2c3d4e5f60' };

@Entity()
@TenantScoped({ columns: { tenantId: 'id' } })
class Tenant {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column() name!: string;
}

@Entity()
@TenantScoped()
class Parcel {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column('uuid') tenantId!: string;
  @ManyToOne(() => Tenant, { nullable: false }) tenant!: Relation<Tenant>;
  @Column() label!: string;
  @ManyToOne(() => Parcel, { nullable: true }) within!: Relation<Parcel> | null;
}

/** A view declares no types: its tenant column is what it selects. */
@ViewEntity({
  expression: (from) =>
    from
      .createQueryBuilder()
      .select('parcel.id', 'id')
      .addSelect('parcel.tenantId', 'tenantId')
      .addSelect('parcel.label', 'label')
      .from(Parcel, 'parcel'),
})
@TenantScoped()
class ParcelView {
  @PrimaryColumn('varchar') id!: string;
  @ViewColumn() tenantId!: string;
  @ViewColumn() label!: string;
}

describe.each(databasesToTest())('Tenant columns of the type uuid on %s', (kind) => {
  const tenancy = new Tenancy();
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await createDatabase(kind);
    const options = {
      ...database.options,
      entities: [Tenant, Parcel, ParcelView],
      synchronize: true,
    } as DataSourceOptions;
    dataSource = await new DataSource(options).initialize();
    await tenancy.unscoped('makes two tenants', async () => {
      await dataSource.manager.insert(Tenant, [
        { id: ACME.tenantId, name: 'Acme' },
        { id: GLOBEX.tenantId, name: 'Globex' },
      ]);
    });
    for (const scope of [ACME, GLOBEX]) {
      await tenancy.run(scope, () => dataSource.manager.save(Parcel, { label: `of ${scope.tenantId}` }));
    }
  });
  afterAll(async () => {
    await dataSource?.destroy();
    await database?.drop();
  });

  it('limit a view over such rows to those of the tenant in the scope', async () => {
    for (const scope of [ACME, GLOBEX]) {
      const found = await tenancy.run(scope, () => dataSource.getRepository(ParcelView).find());
      expect(found).toMatchObject([{ tenantId: scope.tenantId, label: `of ${scope.tenantId}` }]);
    }
  });

  it('limit reads to the rows of the tenant in the scope', async () => {
    const parcels = dataSource.getRepository(Parcel);
    for (const scope of [ACME, GLOBEX]) {
      expect(await tenancy.run(scope, () => parcels.find())).toMatchObject([{ label: `of ${scope.tenantId}` }]);
      expect(await tenancy.run(scope, () => dataSource.getRepository(Tenant).find())).toHaveLength(1);
    }
  });

  it('refuse a tenant that is no uuid where the database has the type, and find nothing of it where it has not', async () => {
    const find = async (): Promise<unknown> =>
      tenancy.run({ tenantId: 'no uuid' }, () => dataSource.getRepository(Parcel).find());
    if (kind === 'sqljs') expect(await find()).toEqual([]);
    else await expect(find()).rejects.toThrow('tenantId has a value that the column Tenant.id (uuid) does not store');
  });

  it('limit joins, updates and deletions to the rows of the tenant in the scope', async () => {
    const parcels = dataSource.getRepository(Parcel);
    await tenancy.run(ACME, async () => {
      const [outer] = await parcels.find();
      const inner = await parcels.save({ label: 'inner', within: outer });
      expect(await parcels.find({ where: { id: inner.id }, relations: { within: true, tenant: true } })).toMatchObject([
        { within: { id: outer.id }, tenant: { name: 'Acme' } },
      ]);
      expect((await parcels.update({ label: 'inner' }, { label: 'renamed' })).affected ?? 1).toBe(1);
      await parcels.delete({ id: inner.id });
      expect(await parcels.count()).toBe(1);
    });
    expect(await tenancy.run(GLOBEX, () => parcels.count())).toBe(1);
  });
});
