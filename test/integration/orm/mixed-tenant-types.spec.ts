import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { declareScope, Tenancy, TenantScoped } from 'nestjs-muck';
import { Column, DataSource, Entity, ManyToOne, PrimaryGeneratedColumn, ViewColumn, ViewEntity } from 'typeorm';
import type { ColumnOptions, Relation } from 'typeorm';
import { createDatabase, databasesToTest } from '../../support/databases.js';
import type { TestDatabase } from '../../support/databases.js';

declareScope({ tenantId: String });
const tenancy = new Tenancy();

const ACME = '0b8e1f6a-1111-4111-8111-000000000001';
const GLOBEX = '0b8e1f6a-1111-4111-8111-000000000002';

/** Types that PostgreSQL does not compare with each other. */
const TYPES: Readonly<Record<string, ColumnOptions>> = {
  varchar: { type: 'varchar', length: 36, collation: undefined },
  uuid: { type: 'uuid' },
  enum: { type: 'simple-enum', enum: [ACME, GLOBEX] },
  'another enum': { type: 'simple-enum', enum: [GLOBEX, ACME] },
};

describe.each(databasesToTest())('tenant columns of several types in one statement, on %s', (kind) => {
  const isMariadb = kind === 'mariadb';
  const names = Object.keys(TYPES);
  const optionsOf = (name: string): ColumnOptions => ({
    ...TYPES[name],
    ...(isMariadb && name === 'varchar' && { collation: 'utf8mb4_bin' }),
  });

  @Entity()
  @TenantScoped()
  class Text {
    @PrimaryGeneratedColumn() id!: number;
    @Column(optionsOf(names[0])) tenantId!: string;
    @Column() name!: string;
  }
  @Entity()
  @TenantScoped()
  class Uuid {
    @PrimaryGeneratedColumn() id!: number;
    @Column(optionsOf(names[1])) tenantId!: string;
    @Column() name!: string;
    @ManyToOne(() => Text) text!: Relation<Text>;
  }
  @Entity()
  @TenantScoped()
  class Listed {
    @PrimaryGeneratedColumn() id!: number;
    @Column(optionsOf(names[2])) tenantId!: string;
    @Column() name!: string;
    @ManyToOne(() => Uuid) uuid!: Relation<Uuid>;
  }
  @Entity()
  @TenantScoped()
  class ListedToo {
    @PrimaryGeneratedColumn() id!: number;
    @Column(optionsOf(names[3])) tenantId!: string;
    @Column() name!: string;
    @ManyToOne(() => Listed) listed!: Relation<Listed>;
    @ManyToOne(() => Text) text!: Relation<Text>;
  }
  @ViewEntity({
    expression: (dataSource: DataSource) =>
      dataSource
        .createQueryBuilder()
        .select('u.id', 'id')
        .addSelect('u.tenantId', 'tenantId')
        .addSelect('u.name', 'name')
        .from(Uuid, 'u'),
  })
  @TenantScoped()
  class UuidView {
    @ViewColumn() id!: number;
    @ViewColumn() tenantId!: string;
    @ViewColumn() name!: string;
  }

  let database: TestDatabase;
  let dataSource: DataSource;
  beforeAll(async () => {
    database = await createDatabase(kind);
    const entities = [Text, Uuid, Listed, ListedToo, UuidView];
    dataSource = await new DataSource({
      ...database.options,
      entities,
      synchronize: true,
    }).initialize();
    for (const [tenantId, name] of [
      [ACME, 'acme'],
      [GLOBEX, 'globex'],
    ])
      await tenancy.run({ tenantId }, async () => {
        const text = await dataSource.manager.save(Text, { name });
        const uuid = await dataSource.manager.save(Uuid, { name, text });
        const listed = await dataSource.manager.save(Listed, { name, uuid });
        await dataSource.manager.save(ListedToo, { name, listed, text });
      });
  });
  afterAll(async () => {
    await dataSource?.destroy();
    await database?.drop();
  });

  it('are compared each as what it is, in joins', async () => {
    const rows = await tenancy.run({ tenantId: ACME }, () =>
      dataSource.manager.find(ListedToo, { relations: { listed: { uuid: { text: true } }, text: true } }),
    );
    expect(rows).toMatchObject([
      { name: 'acme', text: { name: 'acme' }, listed: { uuid: { text: { name: 'acme' } } } },
    ]);
  });

  it('are compared each as what it is, in sub-queries, and those of a view', async () => {
    const count = await tenancy.run({ tenantId: ACME }, () =>
      dataSource
        .createQueryBuilder(Text, 't')
        .whereExists(dataSource.createQueryBuilder(UuidView, 'v').where('v.name = t.name'))
        .getCount(),
    );
    expect(count).toBe(1);
  });
});
