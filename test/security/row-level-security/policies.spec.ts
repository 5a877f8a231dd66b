import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { declareScope, TenantScoped, TenantShared } from 'nestjs-muck';
import type pg from 'pg';
import {
  ChildEntity,
  Column,
  DataSource,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
  TableInheritance,
  Tree,
  TreeChildren,
  TreeParent,
  ViewColumn,
  ViewEntity,
} from 'typeorm';
import { checkRowSecurity } from '../../../lib/rls/check-row-security.js';
import { databasesToTest } from '../../support/databases.js';
import { describeEach } from '../../support/describe-each.js';
import { createSecuredDatabase } from '../../support/secured-database.js';
import type { SecuredDatabase } from '../../support/secured-database.js';

declareScope({ regionId: String, organizationId: Number });

const own = { omit: ['regionId'] } as const;
const LONG = 'a table whose name is longer than the sixty-three bytes that PostgreSQL keeps';

@Entity()
@TenantScoped({ columns: { organizationId: 'id' }, omit: ['regionId'] })
class Organization {
  @PrimaryColumn() id!: number;
  @Column() name!: string;
}

/** Two keys. */
@Entity()
@TenantScoped()
class Ticket {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ collation: 'C' }) regionId!: string;
  @Column({ type: 'bigint' }) organizationId!: number;
  @Column({ default: '' }) name!: string;
  @ManyToMany(() => Label) @JoinTable({ name: 'ticket_label' }) labels!: Relation<Label[]>;
}

@Entity()
@TenantScoped(own)
class Label {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: 'numeric' }) organizationId!: number;
  @Column({ default: '' }) name!: string;
}

@Entity()
@TenantScoped({ via: 'ticket' })
class Resolution {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ default: '' }) name!: string;
  @ManyToOne(() => Ticket, { nullable: false }) ticket!: Relation<Ticket>;
}

/** Two parents away from its tenant. */
@Entity()
@TenantScoped({ via: 'resolution' })
class Step {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ default: '' }) name!: string;
  @ManyToOne(() => Resolution, { nullable: false }) resolution!: Relation<Resolution>;
}

@Entity()
@TenantScoped({ omit: ['regionId'], nullMeans: 'shared' })
class Template {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: Number, nullable: true }) organizationId!: number | null;
  @Column({ default: '' }) name!: string;
}

@Entity()
@TenantScoped({ via: 'template' })
class TemplateLine {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ default: '' }) name!: string;
  @ManyToOne(() => Template, { nullable: false }) template!: Relation<Template>;
}

@Entity()
@TenantScoped(own)
@Tree('closure-table')
class Topic {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: '' }) name!: string;
  @TreeParent() parent!: Relation<Topic> | null;
  @TreeChildren() children!: Relation<Topic[]>;
}

@Entity()
@TenantScoped(own)
@TableInheritance({ column: { name: 'kind', type: 'varchar' } })
class Party {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: '' }) name!: string;
}

@ChildEntity()
class Company extends Party {
  @Column({ nullable: true }) vat!: string;
}

@Entity({ schema: 'archive', name: LONG })
@TenantScoped(own)
class Archived {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: '' }) name!: string;
}

/** Partitioned by its tenant. */
@Entity({ synchronize: false })
@TenantScoped(own)
class Event {
  @PrimaryColumn() id!: number;
  @PrimaryColumn() organizationId!: number;
  @Column() name!: string;
}

@ViewEntity({
  expression: 'SELECT "id", "organizationId", "name" FROM "app_label"',
})
@TenantScoped(own)
class LabelView {
  @ViewColumn() id!: number;
  @ViewColumn() organizationId!: number;
}

@Entity()
@TenantShared('news for all')
class News {
  @PrimaryGeneratedColumn() id!: number;
  @Column() name!: string;
}

const entities = [
  Organization,
  Ticket,
  Label,
  Resolution,
  Step,
  Template,
  TemplateLine,
  Topic,
  Party,
  Company,
  Archived,
  Event,
  LabelView,
  News,
];

/** Tables with a row of tenant 1 and one of tenant 2, and an insert of a row that belongs to tenant `$1`. */
const TABLES: Readonly<Record<string, string>> = {
  app_organization: `INSERT INTO app_organization VALUES ($1, 'x')`,
  app_ticket: `INSERT INTO app_ticket ("regionId", "organizationId") VALUES ('eu', $1)`,
  app_label: `INSERT INTO app_label ("organizationId") VALUES ($1)`,
  app_resolution: `INSERT INTO app_resolution ("ticketId") VALUES ($1)`,
  app_step: `INSERT INTO app_step ("resolutionId") VALUES ($1)`,
  app_template: `INSERT INTO app_template ("organizationId") VALUES ($1)`,
  app_template_line: `INSERT INTO app_template_line ("templateId") VALUES ($1)`,
  app_topic: `INSERT INTO app_topic ("organizationId") VALUES ($1)`,
  app_party: `INSERT INTO app_party (kind, "organizationId") VALUES ('Company', $1)`,
  [`archive."app_${LONG}"`]: `INSERT INTO archive."app_${LONG}" ("organizationId") VALUES ($1)`,
  app_event: `INSERT INTO app_event VALUES (77, $1, 'x')`,
  app_ticket_label: `INSERT INTO app_ticket_label VALUES ($1, $1 + 2)`,
  app_topic_closure: `INSERT INTO app_topic_closure VALUES ($1, $1 + 2)`,
};

async function seed(admin: pg.Client): Promise<void> {
  for (const tenant of [1, 2]) {
    await admin.query(`INSERT INTO app_organization VALUES (${tenant}, 'organization')`);
    await admin.query(`INSERT INTO app_ticket ("regionId", "organizationId") VALUES ('eu', ${tenant})`);
    await admin.query(`INSERT INTO app_label ("organizationId") VALUES (${tenant})`);
    await admin.query(`INSERT INTO app_resolution ("ticketId") VALUES (${tenant})`);
    await admin.query(`INSERT INTO app_step ("resolutionId") VALUES (${tenant})`);
    await admin.query(`INSERT INTO app_template ("organizationId") VALUES (${tenant})`);
    await admin.query(`INSERT INTO app_template_line ("templateId") VALUES (${tenant})`);
    await admin.query(`INSERT INTO app_topic ("organizationId") VALUES (${tenant})`);
    await admin.query(`INSERT INTO app_topic_closure VALUES (${tenant}, ${tenant})`);
    await admin.query(`INSERT INTO app_party (kind, "organizationId") VALUES ('Company', ${tenant})`);
    await admin.query(`INSERT INTO archive."app_${LONG}" ("organizationId") VALUES (${tenant})`);
    await admin.query(`INSERT INTO app_event VALUES (${tenant}, ${tenant}, 'event')`);
    await admin.query(`INSERT INTO app_ticket_label VALUES (${tenant}, ${tenant})`);
  }
  // Further rows that a new link may name: 3 is of tenant 1, 4 of tenant 2.
  for (const tenant of [1, 2]) {
    await admin.query(`INSERT INTO app_label ("organizationId") VALUES (${tenant})`);
    await admin.query(`INSERT INTO app_topic ("organizationId") VALUES (${tenant})`);
  }
  // Defaults, which every tenant reads and none writes.
  await admin.query(`INSERT INTO app_template ("organizationId") VALUES (NULL)`);
  await admin.query(`INSERT INTO app_template_line ("templateId") VALUES (3)`);
  await admin.query(`INSERT INTO app_news (name) VALUES ('news')`);
  // The same organization in another region.
  await admin.query(`INSERT INTO app_ticket ("regionId", "organizationId") VALUES ('us', 1)`);
}

describeEach(
  databasesToTest().filter((kind) => kind.startsWith('postgres')),
  'TEST_DATABASES names no PostgreSQL',
)('Row-level security policies (G-14) on %s', (kind) => {
  let database: SecuredDatabase;
  let client: pg.Client;

  beforeAll(async () => {
    database = await createSecuredDatabase(
      { entities, entityPrefix: 'app_' },
      {
        kind,
        before: async (admin) => {
          await admin.query(`CREATE SCHEMA archive`);
          await admin.query(
            `CREATE TABLE app_event (id int, "organizationId" int, name varchar, PRIMARY KEY (id, "organizationId"))
             PARTITION BY HASH ("organizationId")`,
          );
          await admin.query(`CREATE TABLE app_event_0 PARTITION OF app_event FOR VALUES WITH (MODULUS 1, REMAINDER 0)`);
        },
      },
    );
    await seed(database.admin);
    await database.admin.query(`GRANT SELECT ON app_event_0 TO ${database.role}`);
    client = await database.connect();
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  /** Runs in a transaction of a tenant that is rolled back. */
  async function asTenant<R>(tenant: number | undefined, fn: () => Promise<R>): Promise<R> {
    await client.query('BEGIN');
    try {
      if (tenant !== undefined)
        await client.query(
          `SELECT set_config('muck.organizationId', $1, true), set_config('muck.regionId', 'eu', true)`,
          [String(tenant)],
        );
      return await fn();
    } finally {
      await client.query('ROLLBACK');
    }
  }

  const count = async (sql: string, values: unknown[] = []): Promise<number> =>
    (await client.query(sql, values)).rowCount ?? 0;

  describe.each(Object.entries(TABLES))('%s', (table, insert) => {
    it('shows no row and accepts none without the setting, also on a connection that had it before', async () => {
      for (const before of [undefined, 1]) {
        if (before !== undefined) await asTenant(before, () => count(`SELECT * FROM ${table}`));
        await asTenant(undefined, async () => {
          expect(await count(`SELECT * FROM ${table}`)).toBe(0);
          expect(await count(`DELETE FROM ${table}`)).toBe(0);
          await expect(client.query(insert, [1])).rejects.toMatchObject({ code: '42501' });
        });
      }
    });

    it('shows the rows of the tenant, and only these are deleted', async () => {
      const all = (await database.admin.query(`SELECT * FROM ${table}`)).rowCount!;
      await asTenant(1, async () => {
        const visible = await count(`SELECT * FROM ${table}`);
        expect(visible).toBeGreaterThan(0);
        expect(visible).toBeLessThan(all);
        // The rows that others refer to cannot be deleted, so this asks for the rows that DELETE sees.
        const deletable = await count(`SELECT * FROM ${table} FOR UPDATE`);
        expect(deletable).toBe(visible - (table.startsWith('app_template') ? 1 : 0));
      });
    });

    it('accepts a row of the tenant and refuses one of another', async () => {
      await asTenant(1, async () => {
        await client.query('SAVEPOINT own');
        const own = await client.query(insert, [1]).then(
          () => 'stored',
          (error: { code: string }) => error.code,
        );
        // Of the organization itself there is one row, so PostgreSQL gets as far as the unique key.
        expect(own).toBe(table === 'app_organization' ? '23505' : 'stored');
        await client.query('ROLLBACK TO own');
        await expect(client.query(insert, [2])).rejects.toMatchObject({ code: '42501' });
      });
    });
  });

  it('lets no tenant write defaults, whose tenant is NULL', async () => {
    await asTenant(1, async () => {
      expect(await count(`UPDATE app_template SET name = 'x' WHERE "organizationId" IS NULL`)).toBe(0);
      expect(await count(`UPDATE app_template_line SET name = 'x' WHERE "templateId" = 3`)).toBe(0);
      expect(await count(`DELETE FROM app_template_line WHERE "templateId" = 3`)).toBe(0);
      await client.query('SAVEPOINT s');
      for (const sql of [
        `INSERT INTO app_template ("organizationId") VALUES (NULL)`,
        `INSERT INTO app_template_line ("templateId") VALUES (3)`,
        `UPDATE app_template SET "organizationId" = NULL`,
      ]) {
        await expect(client.query(sql)).rejects.toMatchObject({ code: '42501' });
        await client.query('ROLLBACK TO s');
      }
    });
  });

  it('lets no row move to another tenant', async () => {
    await asTenant(1, async () => {
      await expect(client.query(`UPDATE app_label SET "organizationId" = 2`)).rejects.toMatchObject({ code: '42501' });
    });
    await asTenant(1, async () => {
      await expect(client.query(`UPDATE app_resolution SET "ticketId" = 2`)).rejects.toMatchObject({ code: '42501' });
    });
  });

  it('limits every key of a scope', async () => {
    await asTenant(1, async () => {
      expect((await client.query(`SELECT "regionId" FROM app_ticket`)).rows).toEqual([{ regionId: 'eu' }]);
    });
  });

  it('holds for a view, and for a partition that is named itself', async () => {
    await asTenant(undefined, async () => {
      expect(await count(`SELECT * FROM app_label_view`)).toBe(0);
    });
    await asTenant(1, async () => {
      expect(await count(`SELECT * FROM app_label_view`)).toBe(2);
      expect(await count(`SELECT * FROM app_event_0`)).toBe(0);
    });
  });

  it('leaves shared tables as they are', async () => {
    await asTenant(undefined, async () => {
      expect(await count(`SELECT * FROM app_news`)).toBe(1);
      expect(await count(`INSERT INTO app_news (name) VALUES ('x')`)).toBe(1);
    });
  });

  it('opens every table to the unscoped role, only while it is the current one', async () => {
    await asTenant(undefined, async () => {
      await client.query(`SELECT set_config('role', $1, true)`, [database.unscopedRole]);
      for (const table of Object.keys(TABLES)) {
        const all = (await database.admin.query(`SELECT * FROM ${table}`)).rowCount!;
        expect([table, await count(`SELECT * FROM ${table}`)]).toEqual([table, all]);
      }
    });
    expect(await count(`SELECT * FROM app_ticket`)).toBe(0);
    // Even if the application's role inherits the privileges of the unscoped one.
    await database.admin.query(`ALTER ROLE ${database.role} INHERIT`);
    await database.admin.query(`GRANT ${database.unscopedRole} TO ${database.role}`);
    const inheriting = await database.connect();
    try {
      expect((await inheriting.query(`SELECT * FROM app_ticket`)).rows).toEqual([]);
    } finally {
      await inheriting.end();
      await database.admin.query(`ALTER ROLE ${database.role} NOINHERIT`);
    }
  });

  it('serves an index by the setting', async () => {
    await database.admin.query(`CREATE INDEX by_tenant ON app_topic ("organizationId")`);
    await asTenant(1, async () => {
      await client.query('SET LOCAL enable_seqscan = off');
      const { rows } = await client.query<{ 'QUERY PLAN': string }>('EXPLAIN SELECT * FROM app_topic');
      expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toMatch(/Index Cond: \("organizationId" = /);
    });
  });

  describe('compared with the database', () => {
    let dataSource: DataSource;
    beforeAll(async () => {
      dataSource = await new DataSource(database.ownerOptions).initialize();
    });
    afterAll(() => dataSource.destroy());
    const check = () => checkRowSecurity(dataSource, { unscopedRole: database.unscopedRole });

    it('are as declared', async () => {
      expect(await check()).toEqual([]);
    });

    it.each([
      ['ALTER TABLE app_ticket DISABLE ROW LEVEL SECURITY', /has no row-level security/],
      ['ALTER TABLE app_ticket NO FORCE ROW LEVEL SECURITY', /does not force/],
      ['ALTER POLICY muck_tenant ON app_ticket USING (true)', /another policy muck_tenant/],
      ['ALTER POLICY muck_tenant ON app_label WITH CHECK (true)', /another policy muck_tenant/],
      ['ALTER POLICY muck_unscoped ON app_ticket TO PUBLIC', /another policy muck_unscoped/],
      ['DROP POLICY muck_shared ON app_template', /lacks the policy muck_shared/],
      ['ALTER TABLE app_event_0 DISABLE ROW LEVEL SECURITY', /partition public.app_event_0/],
      ['ALTER VIEW app_label_view RESET (security_invoker)', /without security_invoker/],
      ['REVOKE SELECT ON app_news FROM ROLE', /GRANT SELECT ON "app_news"/],
    ])('are restored after %s', async (sql, problem) => {
      await database.admin.query(sql.replace('ROLE', database.unscopedRole));
      const found = await check();
      expect(found.flatMap(({ problems }) => problems)).toEqual([expect.stringMatching(problem)]);
      for (const statement of found.flatMap(({ up }) => up)) await database.admin.query(statement);
      expect(await check()).toEqual([]);
      for (const statement of found.flatMap(({ down }) => down)) await database.admin.query(statement);
      expect((await check()).length).toBe(1);
      for (const statement of (await check()).flatMap(({ up }) => up)) await database.admin.query(statement);
    });

    it('name a second permissive policy, and accept a restrictive one', async () => {
      await database.admin.query(`CREATE POLICY everything ON app_ticket USING (true)`);
      expect((await check()).flatMap(({ problems }) => problems)).toEqual([
        expect.stringMatching(/policy everything, which lets further rows pass/),
      ]);
      await database.admin.query(`DROP POLICY everything ON app_ticket`);
      await database.admin.query(`CREATE POLICY less ON app_ticket AS RESTRICTIVE USING (id > 0)`);
      expect(await check()).toEqual([]);
    });
  });
});
