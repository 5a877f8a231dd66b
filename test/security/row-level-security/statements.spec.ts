import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { declareScope, StatementRefusedError, TenantScopeMissingError, TenantScoped, TenantShared } from 'nestjs-muck';
import { declareRowLevelSecurity } from 'nestjs-muck/rls';
import type pg from 'pg';
import { Column, DataSource, Entity, ManyToOne, PrimaryGeneratedColumn, type Relation } from 'typeorm';
import { requireEnforcement } from '../../../lib/orm/enforcement/enforcement.js';
import { runUnscoped, runWithScope } from '../../../lib/tenancy/context/tenant-context.js';
import { UnscopedSection } from '../../../lib/tenancy/context/unscoped-section.js';
import { validateScope } from '../../../lib/tenancy/context/tenant-scope.js';
import { databasesToTest } from '../../support/databases.js';
import { describeEach } from '../../support/describe-each.js';
import { createSecuredDatabase } from '../../support/secured-database.js';
import type { SecuredDatabase } from '../../support/secured-database.js';

declareScope({ organizationId: Number });

@Entity()
@TenantScoped()
class Ticket {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() subject!: string;
}

@Entity()
@TenantScoped()
class Comment {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: '' }) body!: string;
  @Column({ type: Number, nullable: true }) ticketId!: number | null;
  @ManyToOne(() => Ticket) ticket!: Relation<Ticket> | null;
}

@Entity()
@TenantShared('news for all')
class News {
  @PrimaryGeneratedColumn() id!: number;
  @Column() text!: string;
}

const asTenant = <R>(organizationId: number, fn: () => Promise<R>): Promise<R> =>
  runWithScope(validateScope({ organizationId }), fn);
const unscoped = <R>(fn: () => Promise<R>): Promise<R> => runUnscoped(new UnscopedSection('test'), fn);

describeEach(
  databasesToTest().filter((kind) => kind.startsWith('postgres')),
  'TEST_DATABASES names no PostgreSQL',
)('Statements under row-level security (G-14) on %s', (kind) => {
  let database: SecuredDatabase;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await createSecuredDatabase({ entities: [Ticket, Comment, News] }, { kind });
    await database.admin.query(
      `INSERT INTO ticket ("organizationId", subject) VALUES (1, 'acme'), (1, 'acme too'), (2, 'globex')`,
    );
    await database.admin.query(`INSERT INTO comment ("organizationId", "ticketId") VALUES (1, 1), (2, 3)`);
    declareRowLevelSecurity({ unscopedRole: database.unscopedRole });
    dataSource = await new DataSource({ ...database.options, extra: { max: 3 } }).initialize();
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  const subjects = async (sql = 'SELECT subject FROM ticket ORDER BY id'): Promise<string[]> =>
    (await dataSource.query<{ subject: string }[]>(sql)).map(({ subject }) => subject);

  it('run in the scope, with and without a transaction', async () => {
    const tickets = dataSource.getRepository(Ticket);
    await asTenant(1, async () => {
      expect(await tickets.count()).toBe(2);
      const made = await tickets.save({ subject: 'new' });
      await tickets.update(made.id, { subject: 'newer' });
      await dataSource.transaction(async (manager) => {
        expect(await manager.findOneByOrFail(Ticket, { id: made.id })).toMatchObject({ subject: 'newer' });
        await manager.remove(await manager.findOneByOrFail(Ticket, { id: made.id }));
      });
      expect(await tickets.count()).toBe(2);
    });
    expect(await asTenant(2, () => tickets.count())).toBe(1);
  });

  it('read all rows when they are unscoped, also within a transaction of a scope, and only there', async () => {
    const tickets = dataSource.getRepository(Ticket);
    expect(await unscoped(() => tickets.count())).toBe(3);
    await asTenant(1, () =>
      dataSource.transaction(async (manager) => {
        expect(await manager.count(Ticket)).toBe(2);
        expect(await unscoped(() => manager.count(Ticket))).toBe(3);
        expect(await manager.query('SELECT subject FROM ticket')).toHaveLength(2);
        await manager.query('SAVEPOINT s');
        expect(await unscoped(() => manager.query('SELECT subject FROM ticket'))).toHaveLength(3);
        await manager.query('ROLLBACK TO s');
        expect(await manager.query('SELECT subject FROM ticket')).toHaveLength(2);
      }),
    );
  });

  it('may be raw SQL in a scope, which the database limits', async () => {
    expect(await asTenant(1, () => subjects())).toEqual(['acme', 'acme too']);
    expect(await asTenant(2, () => subjects())).toEqual(['globex']);
    await asTenant(1, async () => {
      expect(
        await subjects('WITH t AS (SELECT * FROM ticket) SELECT subject FROM t WHERE 1 = 1 OR 1 = 1'),
      ).toHaveLength(2);
      expect(await dataSource.query(`UPDATE ticket SET subject = subject || '' WHERE id = 3`)).toEqual([[], 0]);
      expect(await dataSource.query(`DELETE FROM comment WHERE id = 2 RETURNING id`)).toEqual([[], 0]);
      await expect(
        dataSource.query(`INSERT INTO ticket ("organizationId", subject) VALUES (2, 'x')`),
      ).rejects.toMatchObject({ driverError: { code: '42501' } });
    });
    expect((await database.admin.query('SELECT id FROM comment')).rowCount).toBe(2);
    await expect(dataSource.query('SELECT subject FROM ticket')).rejects.toBeInstanceOf(TenantScopeMissingError);
  });

  it.each([
    `SELECT set_config('muck.organizationId', '2', true), subject FROM ticket`,
    `SELECT set_config('muck.organizationId', '2', false), subject FROM ticket`,
    `SELECT "set_config"('role', 'x', true), subject FROM ticket`,
    `SELECT pg_catalog.set_config('muck.organizationId', '2', true) FROM ticket`,
    `WITH s AS MATERIALIZED (SELECT set_config('muck.organizationId', '2', true)) SELECT subject FROM s, ticket`,
    `UPDATE pg_settings SET setting = '2' WHERE name = 'muck.organizationId'`,
    `SET muck.organizationId = 2`,
    `SET LOCAL muck.organizationId = 2`,
    `SET ROLE other`,
    `SET LOCAL ROLE other`,
    `SET SESSION AUTHORIZATION other`,
    `RESET ROLE`,
    `RESET ALL`,
    `DISCARD ALL`,
    `SET row_security = off`,
    `DO $$ BEGIN PERFORM set_config('muck.organizationId', '2', true); END $$`,
    `CALL anything()`,
    `PREPARE p AS SELECT subject FROM ticket`,
    `EXECUTE p`,
    `COPY ticket TO STDOUT`,
    `EXPLAIN ANALYZE SELECT subject FROM ticket`,
    `TRUNCATE ticket`,
    `LOCK TABLE ticket`,
    `MERGE INTO ticket USING news ON false WHEN MATCHED THEN DO NOTHING`,
    `SELECT subject FROM ticket; SELECT set_config('muck.organizationId', '2', true)`,
    `SELECT subject FROM ticket; SELECT subject FROM ticket`,
    `SELECT query_to_xml('SELECT subject FROM ticket', true, true, '')`,
    `ALTER TABLE ticket DISABLE ROW LEVEL SECURITY`,
    `CREATE FUNCTION evil() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
    `COMMIT`,
    `BEGIN`,
    `INSERT INTO comment ("organizationId", "ticketId") VALUES (1, 3)`,
    `UPDATE comment SET "ticketId" = 3`,
    `WITH c AS (UPDATE comment SET "ticketId" = 3 RETURNING id) SELECT id FROM c`,
  ])('refuse %s', async (sql) => {
    await asTenant(1, () => expect(dataSource.query(sql)).rejects.toBeInstanceOf(StatementRefusedError));
    await asTenant(1, () =>
      dataSource.transaction((manager) => expect(manager.query(sql)).rejects.toBeInstanceOf(StatementRefusedError)),
    );
  });

  it('are limited by the database when the predicate of the query builders is missing', async () => {
    const { policies } = requireEnforcement(dataSource);
    const predicateSql = policies.predicateSql.bind(policies);
    // As a mistake in the query builders would.
    Object.assign(policies, { predicateSql: () => '1 = 1' });
    try {
      const found = await asTenant(1, () => dataSource.getRepository(Ticket).find());
      expect(found.map(({ organizationId }) => organizationId)).toEqual([1, 1]);
      await asTenant(1, () => dataSource.getRepository(Ticket).update({ id: 3 }, { subject: 'stolen' }));
      await asTenant(1, () => dataSource.getRepository(Ticket).delete({ id: 3 }));
    } finally {
      Object.assign(policies, { predicateSql });
    }
    expect((await database.admin.query('SELECT subject FROM ticket WHERE id = 3')).rows).toEqual([
      { subject: 'globex' },
    ]);
  });

  it('may be streamed, by builders and as raw SQL, and leave no transaction behind', async () => {
    await asTenant(1, async () => {
      const stream = await dataSource.getRepository(Ticket).createQueryBuilder('t').stream();
      const rows: unknown[] = [];
      for await (const row of stream) rows.push(row);
      expect(rows).toHaveLength(2);
      const runner = dataSource.createQueryRunner();
      const raw = await runner.stream('SELECT subject FROM ticket');
      for await (const row of raw as AsyncIterable<unknown>) {
        expect(row).toEqual({ subject: 'acme' });
        break;
      }
      await runner.release();
    });
    await unscoped(async () => {
      const rows: unknown[] = [];
      for await (const row of await dataSource.getRepository(Ticket).createQueryBuilder('t').stream()) rows.push(row);
      expect(rows).toHaveLength(3);
    });
    await expectNoTraces();
  });

  it('leave no setting and no role on a connection, also after errors and rollbacks', async () => {
    const tickets = dataSource.getRepository(Ticket);
    await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        asTenant(1 + (i % 2), async () => {
          if (i % 4 === 0) await expect(dataSource.query('SELECT 1 / 0 FROM ticket')).rejects.toThrow();
          if (i % 4 === 1)
            await expect(
              dataSource.transaction(async (manager) => {
                await manager.find(Ticket);
                throw new Error('rolled back');
              }),
            ).rejects.toThrow('rolled back');
          if (i % 4 === 2) await unscoped(() => tickets.find());
          for (const { organizationId } of await tickets.find()) expect(organizationId).toBe(1 + (i % 2));
        }),
      ),
    );
    await expectNoTraces();
  });

  /** Asks each connection of the pool, past the library. */
  async function expectNoTraces(): Promise<void> {
    const pool = (dataSource.driver as unknown as { master: pg.Pool }).master;
    const clients = await Promise.all([pool.connect(), pool.connect(), pool.connect()]);
    for (const client of clients) {
      const { rows } = await client.query(
        `SELECT current_user AS role, nullif(current_setting('muck.organizationId', true), '') AS setting,
                now() = statement_timestamp() AS "isFirst"`,
      );
      expect(rows).toEqual([{ role: database.role, setting: null, isFirst: true }]);
      client.release();
    }
  }
});
