import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { Logger, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MuckModule, StatementRefusedError, Tenancy, TenantScoped, declareScope, tenantFromUser } from 'nestjs-muck';
import { Column, DataSource, Entity, ForeignKey, ManyToOne, PrimaryGeneratedColumn, Unique } from 'typeorm';
import type { Relation } from 'typeorm';
import { databasesToTest } from '../../support/databases.js';
import { describeEach } from '../../support/describe-each.js';
import { createSecuredDatabase } from '../../support/secured-database.js';
import type { SecuredDatabase } from '../../support/secured-database.js';

declareScope({ organizationId: Number });

@Entity()
@TenantScoped()
@Unique(['organizationId', 'id'])
class Folder {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
}

/** Its foreign key includes the tenant. */
@Entity()
@TenantScoped()
@ForeignKey(() => Folder, ['organizationId', 'folderId'], ['organizationId', 'id'], { onDelete: 'CASCADE' })
class Letter {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() folderId!: number;
}

/** Its foreign key leaves the tenant out. */
@Entity()
@TenantScoped()
class Parcel {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ type: Number, nullable: true }) folderId!: number | null;
  @ManyToOne(() => Folder, { onDelete: 'CASCADE' }) folder!: Relation<Folder> | null;
}

describeEach(
  databasesToTest().filter((kind) => kind.startsWith('postgres')),
  'TEST_DATABASES names no PostgreSQL',
)('A reference under row-level security (G-14) on %s', (kind) => {
  let database: SecuredDatabase;
  const warnings: string[] = [];

  beforeAll(async () => {
    database = await createSecuredDatabase({ entities: [Folder, Letter, Parcel] }, { kind });
    await database.admin.query('INSERT INTO folder ("organizationId") VALUES (1), (2)');
    await database.admin.query('INSERT INTO letter ("organizationId", "folderId") VALUES (1, 1), (2, 2)');
    await database.admin.query('INSERT INTO parcel ("organizationId", "folderId") VALUES (1, 1), (2, 2)');
    jest.spyOn(Logger.prototype, 'warn').mockImplementation((line: unknown) => void warnings.push(String(line)));
  });
  afterAll(() => database.drop());

  async function withApplication(
    use: (tenancy: Tenancy, dataSource: DataSource) => Promise<void>,
    options: object = {},
  ): Promise<void> {
    @Module({
      imports: [
        TypeOrmModule.forRoot({ ...database.options, ...options, retryAttempts: 0 }),
        MuckModule.forRoot({
          scope: { organizationId: Number },
          resolver: tenantFromUser('organizationId'),
          rowLevelSecurity: { unscopedRole: database.unscopedRole },
        }),
      ],
    })
    class AppModule {}
    const app = (await Test.createTestingModule({ imports: [AppModule] }).compile()).createNestApplication({
      logger: false,
    });
    try {
      await app.init();
      await use(app.get(Tenancy), app.get(DataSource));
    } finally {
      await app.get(DataSource).destroy();
    }
  }

  it('whose foreign key leaves the tenant out is named at the start', async () => {
    warnings.length = 0;
    await withApplication(() => Promise.resolve());
    expect(warnings.filter((line) => line.includes('foreign keys'))).toEqual([
      expect.stringMatching(/leave the tenant out: Parcel\.folderId → Folder\..*rls check/),
    ]);
  });

  it('takes no row of another tenant with it when the parent is deleted', () =>
    withApplication(async (tenancy, dataSource) => {
      // A foreign key that includes the tenant holds even for a superuser.
      const planted = database.admin.query('INSERT INTO letter ("organizationId", "folderId") VALUES (2, 1)');
      await expect(planted).rejects.toMatchObject({ code: '23503' });
      const refused: (() => Promise<unknown>)[] = [
        () => dataSource.query('INSERT INTO parcel ("organizationId", "folderId") VALUES (2, 1)'),
        () => dataSource.query('UPDATE parcel SET "folderId" = 1'),
        () => dataSource.getRepository(Parcel).insert({ folderId: 1 }),
        () => dataSource.getRepository(Parcel).update({ organizationId: 2 }, { folderId: 1 }),
        () => dataSource.getRepository(Parcel).save({ folder: { id: 1 } as Folder }),
        () => dataSource.getRepository(Letter).insert({ folderId: 1 }),
      ];
      await tenancy.run({ organizationId: 2 }, async () => {
        for (const plant of refused) await expect(plant()).rejects.toThrow();
        for (const raw of refused.slice(0, 2)) await expect(raw()).rejects.toBeInstanceOf(StatementRefusedError);
      });
      await tenancy.run({ organizationId: 1 }, async () => {
        expect(await dataSource.query('DELETE FROM folder')).toEqual([[], 1]);
      });
      for (const table of ['folder', 'letter', 'parcel'])
        expect((await database.admin.query(`SELECT "organizationId" FROM ${table}`)).rows).toEqual([
          { organizationId: 2 },
        ]);
    }));

  it('to a cached result leads to own rows only, and the start says that the table of the cache has no policies', async () => {
    const setUp = new DataSource({ ...database.ownerOptions, cache: true });
    await setUp.initialize();
    await setUp.queryResultCache!.synchronize();
    await setUp.destroy();
    await database.admin.query(`GRANT ALL ON "query-result-cache", "query-result-cache_id_seq" TO ${database.role}`);
    await database.admin.query('INSERT INTO folder ("organizationId") VALUES (1)');
    warnings.length = 0;
    await withApplication(
      async (tenancy, dataSource) => {
        const read = (organizationId: number): Promise<number[]> =>
          tenancy.run({ organizationId }, async () =>
            (await dataSource.getRepository(Folder).find({ cache: { id: 'all', milliseconds: 60_000 } })).map(
              (folder) => folder.organizationId,
            ),
          );
        for (const tenant of [1, 2, 1, 2]) expect(await read(tenant)).toEqual([tenant]);
      },
      { cache: true },
    );
    expect(warnings).toContainEqual(expect.stringMatching(/query cache stores results of all tenants/));
  });
});
