import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { Logger, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MuckConfigurationError, MuckModule, Tenancy, TenantScoped, tenantFromUser } from 'nestjs-muck';
import { Column, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { DataSourceOptions } from 'typeorm';
import { databasesToTest } from '../../support/databases.js';
import { describeEach } from '../../support/describe-each.js';
import { createSecuredDatabase } from '../../support/secured-database.js';
import type { SecuredDatabase } from '../../support/secured-database.js';
import { declareScope } from 'nestjs-muck';

declareScope({ organizationId: Number });

@Entity()
@TenantScoped()
class Ticket {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: '' }) subject!: string;
}

describeEach(
  databasesToTest().filter((kind) => kind.startsWith('postgres')),
  'TEST_DATABASES names no PostgreSQL',
)('The start with row-level security (G-14) on %s', (kind) => {
  let database: SecuredDatabase;
  const warnings: string[] = [];

  beforeAll(async () => {
    database = await createSecuredDatabase({ entities: [Ticket] }, { kind });
    await database.admin.query(`INSERT INTO ticket ("organizationId") VALUES (1), (2)`);
    jest.spyOn(Logger.prototype, 'warn').mockImplementation((line: unknown) => void warnings.push(String(line)));
  });
  afterAll(() => database.drop());

  /** Starts an application, and calls `use` with it. */
  async function start(
    options: DataSourceOptions = database.options,
    use: (dataSource: DataSource, tenancy: Tenancy) => Promise<void> = () => Promise.resolve(),
  ): Promise<void> {
    @Module({
      imports: [
        TypeOrmModule.forRoot({ ...options, entities: [Ticket], retryAttempts: 0 }),
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
      await use(app.get(DataSource), app.get(Tenancy));
    } finally {
      await app.get(DataSource).destroy();
    }
  }

  async function problemsOf(options?: DataSourceOptions): Promise<readonly string[]> {
    const error = await start(options).then(
      () => undefined,
      (caught: unknown) => caught,
    );
    expect(error).toBeInstanceOf(MuckConfigurationError);
    return (error as MuckConfigurationError).problems;
  }

  it('succeeds for a role that the policies limit, and tenants and unscoped code see their rows', async () => {
    await start(undefined, async (dataSource, tenancy) => {
      const tickets = dataSource.getRepository(Ticket);
      expect(await tenancy.run({ organizationId: 1 }, () => tickets.count())).toBe(1);
      expect(await tenancy.run({ organizationId: 1 }, () => tickets.query('SELECT * FROM ticket'))).toHaveLength(1);
      expect(await tenancy.unscoped('all', () => tickets.count())).toBe(2);
    });
  });

  it('refuses a superuser', async () => {
    expect(await problemsOf(database.ownerOptions)).toEqual([expect.stringMatching(/superuser/)]);
  });

  it('refuses another database', async () => {
    expect(await problemsOf({ type: 'sqljs', synchronize: true })).toEqual([
      expect.stringMatching(/feature of PostgreSQL, and a DataSource is of the type sqljs/),
    ]);
  });

  it.each([
    [
      'ALTER ROLE app BYPASSRLS',
      'ALTER ROLE app NOBYPASSRLS',
      /bypasses every policy. Run: ALTER ROLE "app" NOBYPASSRLS/,
    ],
    ['ALTER ROLE unscoped SUPERUSER', 'ALTER ROLE unscoped NOSUPERUSER', /unscoped is a superuser/],
    ['REVOKE unscoped FROM app', 'GRANT unscoped TO app', /cannot switch to unscoped. Run: GRANT "unscoped" TO "app"/],
    [
      'REVOKE TEMPORARY ON DATABASE db FROM PUBLIC',
      'GRANT TEMPORARY ON DATABASE db TO PUBLIC',
      /Run: GRANT TEMPORARY ON DATABASE "db" TO "app"/,
    ],
    [
      'ALTER TABLE ticket DISABLE ROW LEVEL SECURITY',
      'ALTER TABLE ticket ENABLE ROW LEVEL SECURITY',
      /"ticket" has no row-level security/,
    ],
    [
      'ALTER TABLE ticket NO FORCE ROW LEVEL SECURITY',
      'ALTER TABLE ticket FORCE ROW LEVEL SECURITY',
      /"ticket" does not force row-level security on its owner. Run: npx nestjs-muck rls generate/,
    ],
    [
      'CREATE POLICY more ON ticket USING (true)',
      'DROP POLICY more ON ticket',
      /policy more, which lets further rows pass/,
    ],
    [
      'CREATE VIEW v AS SELECT * FROM ticket; CREATE VIEW w AS SELECT * FROM v; GRANT SELECT ON w TO app',
      'DROP VIEW w, v',
      /view public.w reads past the policies.*Run: ALTER VIEW public.w SET \(security_invoker = true\)/,
    ],
    [
      'CREATE MATERIALIZED VIEW m AS SELECT * FROM ticket; GRANT SELECT ON m TO app',
      'DROP MATERIALIZED VIEW m',
      /materialized view public.m has rows of all tenants/,
    ],
  ])('refuses %s', async (breakIt, mend, problem) => {
    const { role, unscopedRole, admin } = database;
    const named = (text: string): string =>
      text
        .replaceAll(/\bapp\b/g, role)
        .replaceAll(/\bunscoped\b(?! code)/g, unscopedRole)
        .replaceAll(/\bdb\b/g, admin.database!);
    await admin.query(named(breakIt));
    try {
      const problems = await problemsOf();
      expect(problems).toEqual([expect.stringMatching(new RegExp(named(problem.source)))]);
    } finally {
      await admin.query(named(mend));
    }
  });

  it('warns about functions that raw SQL could leave its scope by, and these are refused', async () => {
    await database.admin.query(`
      CREATE FUNCTION harmless(n int) RETURNS int LANGUAGE sql AS 'SELECT n + 1';
      CREATE FUNCTION definer() RETURNS SETOF ticket LANGUAGE sql SECURITY DEFINER AS 'SELECT * FROM ticket';
      CREATE FUNCTION become(tenant text) RETURNS text LANGUAGE sql AS $$ SELECT set_config('muck.organizationId', tenant, true) $$;
      CREATE FUNCTION through(tenant text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN become(tenant); END $$;
      CREATE FUNCTION of_row(ticket) RETURNS text LANGUAGE sql AS $$ SELECT become('2') $$;
    `);
    await start(undefined, async (dataSource, tenancy) => {
      expect(warnings.join('\n')).toMatch(/must not call.*become/);
      expect(warnings.join('\n')).not.toMatch(/harmless/);
      await tenancy.run({ organizationId: 1 }, async () => {
        expect(await dataSource.query('SELECT harmless(1) FROM ticket')).toEqual([{ harmless: 2 }]);
        for (const sql of [
          'SELECT * FROM ticket, definer()',
          `SELECT become('2') FROM ticket`,
          `SELECT through('2') FROM ticket`,
          `SELECT t.of_row FROM ticket t`,
          `SELECT (t).of_row FROM ticket t`,
        ])
          await expect(dataSource.query(sql)).rejects.toThrow(/may change settings, or runs with the rights/);
      });
    });
  });

  it('succeeds for the owner of the tables, since row-level security is forced', async () => {
    const { role, admin } = database;
    await admin.query('DROP FUNCTION definer, of_row; DROP FUNCTION become, through, harmless');
    await admin.query(`ALTER TABLE ticket OWNER TO ${role}`);
    await start(undefined, async (dataSource, tenancy) => {
      expect(await tenancy.run({ organizationId: 1 }, () => dataSource.query('SELECT * FROM ticket'))).toHaveLength(1);
    });
  });
});
