import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { declareScope, Tenancy, TenantScoped } from 'nestjs-muck';
import {
  Column,
  Entity,
  EntitySchema,
  Index,
  JoinColumn,
  ManyToOne,
  OneToOne,
  PrimaryGeneratedColumn,
  type Relation,
  Unique,
  ViewColumn,
  ViewEntity,
} from 'typeorm';
import type { DataSource } from 'typeorm';
import { scoped } from '../../../lib/tenancy/metadata/entity-tenancy.registry.js';
import { validateDataSource } from '../../../lib/orm/startup/data-source.validator.js';
import { requireEnforcement } from '../../../lib/orm/enforcement/enforcement.js';
import { scopeParameter } from '../../../lib/orm/policy/scope-parameters.js';
import { unconnected } from '../../support/unconnected.js';

/*
 * Which declarations of rows without a tenant an application starts with, and the conditions that they are compiled to.
 */

declareScope({ organizationId: Number, region: String });
const tenancy = new Tenancy();

const problemsOn = async (kind: 'postgres' | 'mariadb' | 'sqljs', ...entities: Type<object>[]): Promise<string> =>
  validateDataSource(await unconnected(kind, entities)).problems.join('\n');

const omit = ['region'];

@Entity()
@TenantScoped({ omit, nullMeans: 'shared' })
@Unique(['organizationId', 'code'])
class Status {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: Number, nullable: true }) organizationId!: number | null;
  @Column() code!: string;
}

@Entity()
@TenantScoped({ omit, via: 'status' })
class Rule {
  @PrimaryGeneratedColumn() id!: number;
  @OneToOne(() => Status, { nullable: false }) @JoinColumn() status!: Relation<Status>;
}

/** Both its keys are missing in a shared row. */
@Entity()
@TenantScoped({ nullMeans: 'shared' })
class Setting {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: Number, nullable: true }) organizationId!: number | null;
  @Column({ type: String, nullable: true }) region!: string | null;
  @Column() name!: string;
}

/** A shared row belongs to one region. */
@Entity()
@TenantScoped({ nullMeans: 'shared', columns: { organizationId: 'owner' } })
class Rate {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: Number, nullable: true }) owner!: number | null;
  @Column() region!: string;
}

@ViewEntity({ expression: 'SELECT * FROM setting' })
@TenantScoped({ omit, nullMeans: 'shared' })
class SettingView {
  @ViewColumn() organizationId!: number | null;
  @ViewColumn() name!: string;
}

describe('G-10 an application with rows without a tenant', () => {
  it('starts with the option on columns, several keys, a view, and rows that belong to such rows', async () => {
    for (const kind of ['postgres', 'mariadb', 'sqljs'] as const)
      expect(await problemsOn(kind, Status, Rule, Setting, Rate, SettingView)).toBe('');
  });

  it('does not start without the option, and the message proposes it', async () => {
    @Entity()
    @TenantScoped({ omit })
    class Loose {
      @PrimaryGeneratedColumn() id!: number;
      @Column({ type: Number, nullable: true }) organizationId!: number | null;
    }
    expect(await problemsOn('sqljs', Loose)).toBe(
      "Loose has a nullable tenant column 'organizationId': a row without a tenant would belong to no tenant. Make it not null, " +
        "or set @TenantScoped({ nullMeans: 'shared' }) if such rows are defaults that every tenant reads.",
    );
  });

  it('does not start with the option where no tenant column is nullable', async () => {
    @Entity()
    @TenantScoped({ omit, nullMeans: 'shared' })
    class Strict {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
    }
    expect(await problemsOn('sqljs', Strict)).toContain(
      "Strict has nullMeans: 'shared', but none of its tenant columns is nullable. Make it @Column({ nullable: true }) organizationId",
    );
  });

  it('does not start with the option beside via, or with another value', async () => {
    @Entity()
    @TenantScoped({ via: 'status', nullMeans: 'shared' })
    class Below {
      @PrimaryGeneratedColumn() id!: number;
      @ManyToOne(() => Status, { nullable: false }) status!: Relation<Status>;
    }
    @Entity()
    @TenantScoped({ omit, nullMeans: 'own' as 'shared' })
    class Typo {
      @PrimaryGeneratedColumn() id!: number;
      @Column({ type: Number, nullable: true }) organizationId!: number | null;
    }
    expect(await problemsOn('sqljs', Status, Below)).toContain("Below has both nullMeans and via: 'status'");
    expect(await problemsOn('sqljs', Typo)).toContain(
      "Typo has an unknown value for nullMeans. Set nullMeans: 'shared'",
    );
  });

  it.each([
    ['is deleted', { onDelete: 'SET NULL' }],
    ['gets another key', { onUpdate: 'SET NULL' }],
    ['is deleted, by a default', { onDelete: 'DEFAULT' }],
  ] as const)(
    'does not start where the database clears the tenant column when the organization %s',
    async (_, rule) => {
      @Entity()
      @TenantScoped({ omit, columns: { organizationId: 'id' } })
      class Organization {
        @PrimaryGeneratedColumn() id!: number;
      }
      @Entity()
      @TenantScoped({ omit, nullMeans: 'shared' })
      class Owned {
        @PrimaryGeneratedColumn() id!: number;
        @Column({ type: Number, nullable: true }) organizationId!: number | null;
        @ManyToOne(() => Organization, rule) organization!: Relation<Organization> | null;
      }
      expect(await problemsOn('sqljs', Organization, Owned)).toContain(
        "Owned clears the tenant column 'organizationId' when a row of Organization is deleted or gets another key",
      );
    },
  );

  it('does not start with a unique key over a reference to rows that tenants share', async () => {
    @Entity()
    @TenantScoped({ omit })
    class Place {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @OneToOne(() => Status, { nullable: false }) @JoinColumn() status!: Relation<Status>;
    }
    expect(await problemsOn('sqljs', Status, Place)).toContain('Place has a unique key (status');
  });

  it('starts with a unique index over shared rows only, where the database has partial indexes', async () => {
    const indexed = (where: string): Type<object> => {
      @Entity()
      @TenantScoped({ omit, nullMeans: 'shared' })
      @Index(['code'], { unique: true, where })
      class Indexed {
        @PrimaryGeneratedColumn() id!: number;
        @Column({ type: Number, nullable: true }) organizationId!: number | null;
        @Column() code!: string;
      }
      return Indexed;
    };
    for (const where of [
      '"organizationId" IS NULL',
      '(organizationId is null)',
      `"organizationId" IS NULL AND "code" IS NOT NULL AND "code" <> 'a or b'`,
    ])
      expect([where, await problemsOn('postgres', indexed(where))]).toEqual([where, '']);
    for (const where of [
      '"organizationId" IS NOT NULL',
      '"organizationId" IS NULL OR "code" = \'a\'',
      'NOT ("code" = \'a\' AND "organizationId" IS NULL)',
      '"code" IS NULL',
    ])
      expect([where, await problemsOn('postgres', indexed(where))]).toEqual([
        where,
        expect.stringContaining('unique key (code)'),
      ]);
    expect(await problemsOn('mariadb', indexed('"organizationId" IS NULL'))).toContain('unique key (code)');
  });

  it('does not start with two entities of one table of which one has the option', async () => {
    const Other = new EntitySchema<{ id: number; organizationId: number; code: string }>({
      name: 'Other',
      tableName: 'status',
      columns: {
        id: { type: Number, primary: true, generated: true },
        organizationId: { type: Number },
        code: { type: String },
      },
    });
    const { registerEntityTenancy } = await import('../../../lib/tenancy/metadata/entity-tenancy.registry.js');
    const { entity, declaration } = scoped(Other, { omit });
    registerEntityTenancy(entity, declaration, 'forRoot');
    const { problems } = validateDataSource(await unconnected('sqljs', [Status, Other]));
    expect(problems.join()).toContain("Status and Other map the same table, but only one has nullMeans: 'shared'");
  });
});

describe('G-10 the condition of a table with rows without a tenant', () => {
  const [organization, region] = [`:${scopeParameter('organizationId')}`, `:${scopeParameter('region')}`];
  const textsOn = (dataSource: DataSource, entity: Type<object>, alias: string): readonly [string, string] =>
    tenancy.run({ organizationId: 1, region: 'eu' }, () => {
      const { policies } = requireEnforcement(dataSource);
      const metadata = dataSource.getMetadata(entity);
      return [policies.predicateFor(metadata, alias), policies.predicateFor(metadata, alias, 'own')];
    });
  let dataSource: DataSource;
  beforeAll(async () => {
    dataSource = await unconnected('postgres', [Status, Rule, Setting, Rate]);
  });

  it('reads own rows or those without a tenant, and writes own ones', () => {
    expect(textsOn(dataSource, Status, '"t"')).toEqual([
      `("t"."organizationId" = ${organization} OR "t"."organizationId" IS NULL)`,
      `"t"."organizationId" = ${organization}`,
    ]);
  });

  it('asks for NULL in all nullable tenant columns, and for the value of the others', () => {
    expect(textsOn(dataSource, Setting, '"t"')[0]).toBe(
      `(("t"."organizationId" = ${organization} AND "t"."region" = ${region}) OR ("t"."organizationId" IS NULL AND "t"."region" IS NULL))`,
    );
    expect(textsOn(dataSource, Rate, '"t"')).toEqual([
      `"t"."region" = ${region} AND ("t"."owner" = ${organization} OR "t"."owner" IS NULL)`,
      `"t"."owner" = ${organization} AND "t"."region" = ${region}`,
    ]);
  });

  it('asks the parent of a row the same', () => {
    const parent = '"muck_parent_1"';
    const exists = (limit: string): string =>
      `EXISTS (SELECT 1 FROM "status" ${parent} WHERE ${parent}."id" = "t"."statusId" AND ${limit})`;
    expect(textsOn(dataSource, Rule, '"t"')).toEqual([
      exists(`(${parent}."organizationId" = ${organization} OR ${parent}."organizationId" IS NULL)`),
      exists(`${parent}."organizationId" = ${organization}`),
    ]);
  });

  it('compares texts exactly on MariaDB, within the brackets', async () => {
    const mariadb = await unconnected('mariadb', [Setting]);
    expect(textsOn(mariadb, Setting, '`t`')[0]).toBe(
      `((\`t\`.\`organizationId\` = ${organization} AND \`t\`.\`region\` = ${region} AND BINARY \`t\`.\`region\` = ${region}) ` +
        'OR (`t`.`organizationId` IS NULL AND `t`.`region` IS NULL))',
    );
  });
});

describe('G-03 a statement that a builder hands over', () => {
  let dataSource: DataSource;
  beforeAll(async () => {
    dataSource = await unconnected('postgres', [Status, Rule, Setting, Rate]);
  });
  const VERDICT = 'without its tenant predicate';
  /** `{visible}` and `{own}` are placeholders of the two conditions of Status. */
  const verdictOn = (sql: string, entity: Type<object> = Status): string =>
    tenancy.run({ organizationId: 1, region: 'eu' }, () => {
      const { policies, builtSql } = requireEnforcement(dataSource);
      const metadata = dataSource.getMetadata(entity);
      const table = policies.table(metadata);
      const text = sql
        .replaceAll('{visible}', policies.predicateSql(metadata, table))
        .replaceAll('{own}', policies.predicateSql(metadata, table, 'own'))
        .replaceAll('{visible s}', policies.predicateSql(metadata, '"s"'))
        .replaceAll('{own s}', policies.predicateSql(metadata, '"s"', 'own'));
      try {
        builtSql.verify(text, []);
        return 'passed';
      } catch (error) {
        return (error as Error).message;
      }
    });

  it.each([
    'SELECT * FROM "status" "s" WHERE {visible s}',
    'SELECT * FROM "status" "s" WHERE {own s}',
    'SELECT * FROM "status" "s" WHERE ( {visible s} ) AND ( "s"."code" = 1 OR 1 = 1 )',
    'UPDATE "status" SET "code" = 1 WHERE {own}',
    'DELETE FROM "status" WHERE ( {own} ) AND ( "id" = 1 )',
    'UPDATE "status" SET "code" = 1 WHERE ( {own} ) AND ( "id" IN (SELECT "s"."id" FROM "status" "s" WHERE {visible s}) )',
    'UPDATE "status" SET "code" = (SELECT "s"."code" FROM "status" "s" WHERE {visible s}) WHERE {own}',
  ])('passes: %s', (sql) => {
    expect(verdictOn(sql)).toBe('passed');
  });

  it.each([
    'UPDATE "status" SET "code" = 1 WHERE {visible}',
    'DELETE FROM "status" WHERE {visible}',
    'DELETE FROM ONLY "status" WHERE {visible}',
    'DELETE FROM "status" "s" WHERE {visible s}',
    'UPDATE "status" "s" SET "code" = 1 WHERE {visible s}',
    'UPDATE "status" SET "code" = 1 WHERE {visible} AND 1 IN (SELECT 1 FROM "status" "s" WHERE {own s})',
    'WITH "gone" AS (DELETE FROM "status" "s" WHERE {visible s} RETURNING 1) SELECT 1 FROM "gone"',
    'WITH "new" AS (UPDATE "status" "s" SET "code" = 1 WHERE {visible s} RETURNING 1) SELECT 1 FROM "new"',
    'SELECT * FROM "status" "s" WHERE {own s} OR "s"."organizationId" IS NULL',
    'SELECT * FROM "status" "s" WHERE ({own s} OR "s"."organizationId" IS NULL OR 1 = 1)',
    'SELECT * FROM "status" "s" WHERE {visible s} OR 1 = 1',
    'SELECT * FROM "status" "s" WHERE NOT {visible s}',
    'UPDATE "status" SET "code" = 1 WHERE ({own} OR "status"."organizationId" IS NULL)',
  ])('is refused: %s', (sql) => {
    expect(verdictOn(sql)).toContain(VERDICT);
  });

  it('is refused where a part of several keys is asked for', () => {
    expect(verdictOn('UPDATE "setting" SET "name" = 1 WHERE {visible}', Setting)).toContain(VERDICT);
    expect(verdictOn('UPDATE "rate" SET "owner" = 1 WHERE {visible}', Rate)).toContain(VERDICT);
    expect(verdictOn('UPDATE "rate" SET "owner" = 1 WHERE {own}', Rate)).toBe('passed');
  });
});
