import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { TenantScoped, TenantScopeViolationError, declareScope } from 'nestjs-muck';
import { declareRowLevelSecurity } from 'nestjs-muck/rls';
import type pg from 'pg';
import { Column, DataSource, Entity, ForeignKey, ManyToOne, OneToMany, PrimaryGeneratedColumn, Unique } from 'typeorm';
import type { EntityManager, Relation } from 'typeorm';
import { UnscopedSection } from '../../../lib/tenancy/context/unscoped-section.js';
import { runUnscoped, runWithScope } from '../../../lib/tenancy/context/tenant-context.js';
import { validateScope } from '../../../lib/tenancy/context/tenant-scope.js';
import { databasesToTest } from '../../support/databases.js';
import { describeEach } from '../../support/describe-each.js';
import { createSecuredDatabase } from '../../support/secured-database.js';
import type { SecuredDatabase } from '../../support/secured-database.js';

declareScope({ organizationId: Number });

@Entity()
@TenantScoped()
@Unique(['organizationId', 'id'])
class Ticket {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: '' }) subject!: string;
  @OneToMany(() => Comment, (comment) => comment.ticket, { cascade: true }) comments!: Relation<Comment>[];
}

@Entity()
@TenantScoped()
@ForeignKey(() => Ticket, ['organizationId', 'ticketId'], ['organizationId', 'id'])
class Comment {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: '' }) body!: string;
  @Column({ type: Number, nullable: true }) ticketId!: number | null;
  @ManyToOne(() => Ticket, (ticket) => ticket.comments) ticket!: Relation<Ticket> | null;
}

const asTenant = <R>(organizationId: number, fn: () => Promise<R>): Promise<R> =>
  runWithScope(validateScope({ organizationId }), fn);
const unscoped = <R>(fn: () => Promise<R>): Promise<R> => runUnscoped(new UnscopedSection('test'), fn);

describeEach(
  databasesToTest().filter((kind) => kind.startsWith('postgres')),
  'TEST_DATABASES names no PostgreSQL',
)('A connection under row-level security (G-14) on %s', (kind) => {
  let database: SecuredDatabase;

  beforeAll(async () => {
    database = await createSecuredDatabase({ entities: [Ticket, Comment] }, { kind });
    await database.admin.query(`INSERT INTO ticket ("organizationId", subject) VALUES (1, 'acme'), (2, 'globex')`);
    await database.admin.query(
      `INSERT INTO comment ("organizationId", "ticketId", body) VALUES (1, 1, 'acme'), (2, 2, 'globex')`,
    );
    declareRowLevelSecurity({ unscopedRole: database.unscopedRole });
  });
  afterAll(() => database.drop());

  /** Calls `use` with a DataSource of so many connections. */
  async function withPool<R>(max: number, use: (dataSource: DataSource) => Promise<R>): Promise<R> {
    const options = { ...database.options, extra: { max, connectionTimeoutMillis: 5000 } };
    const dataSource = await new DataSource(options).initialize();
    try {
      return await use(dataSource);
    } finally {
      await dataSource.destroy();
    }
  }

  it('uses a setting, not a change of the role, for a tenant', () =>
    withPool(1, (dataSource) =>
      asTenant(1, async () => {
        const roles = (manager: EntityManager): Promise<unknown> =>
          manager.query('SELECT DISTINCT current_user AS role, session_user AS login FROM ticket');
        const own = [{ role: database.role, login: database.role }];
        expect(await roles(dataSource.manager)).toEqual(own);
        await dataSource.transaction(async (manager) => {
          expect(await roles(manager)).toEqual(own);
          expect(await unscoped(() => roles(manager))).toEqual([{ role: database.unscopedRole, login: database.role }]);
          expect(await roles(manager)).toEqual(own);
        });
      }),
    ));

  // With one connection, a statement on another one would wait until the timeout.
  it("sends a statement in its caller's transaction, and rolls it back with it", () =>
    withPool(1, async (dataSource) => {
      const attempt = asTenant(1, () =>
        dataSource.transaction(async (manager) => {
          await manager.insert(Ticket, { subject: 'by the manager' });
          await manager.query(`INSERT INTO ticket ("organizationId", subject) VALUES (1, 'as raw SQL')`);
          await unscoped(() => manager.insert(Ticket, { organizationId: 2, subject: 'unscoped' }));
          await manager.transaction((nested) => nested.insert(Ticket, { subject: 'nested' }));
          expect(await manager.countBy(Ticket, {})).toBe(4);
          throw new Error('undone');
        }),
      );
      await expect(attempt).rejects.toThrow('undone');
      const { rows } = await database.admin.query('SELECT subject FROM ticket ORDER BY id');
      expect(rows).toEqual([{ subject: 'acme' }, { subject: 'globex' }]);
    }));

  it('is that of the caller for a row that is preloaded or merged, with the rows below it', () =>
    withPool(1, async (dataSource) => {
      const attempt = asTenant(1, () =>
        dataSource.transaction(async (manager) => {
          // Another connection would not see them yet.
          const ticket = await manager.save(Ticket, { subject: 'new', comments: [{ body: 'new' }] });
          const changes = { id: ticket.id, subject: 'newer', comments: [{ id: ticket.comments[0].id, body: 'newer' }] };
          expect(await manager.preload(Ticket, changes)).toMatchObject(changes);
          const kept = await manager.preload(Ticket, { id: ticket.id });
          expect(manager.merge(Ticket, kept!, { subject: 'merged' })).toMatchObject({
            id: ticket.id,
            organizationId: 1,
            subject: 'merged',
          });
          expect(await manager.preload(Ticket, { id: 2 })).toBeUndefined();
          throw new Error('undone');
        }),
      );
      await expect(attempt).rejects.toThrow('undone');
    }));

  it('to a replica shows own rows only', async () => {
    const { url, ...options } = database.options;
    const replicated = new DataSource({
      ...options,
      replication: { master: { url }, slaves: [{ url }] },
    });
    await replicated.initialize();
    try {
      const { master, slaves } = replicated.driver as unknown as { master: pg.Pool; slaves: pg.Pool[] };
      const before = master.totalCount;
      const tickets = replicated.getRepository(Ticket);
      for (const organizationId of [1, 2])
        await asTenant(organizationId, async () => {
          expect((await tickets.find()).map((ticket) => ticket.organizationId)).toEqual([organizationId]);
          const reader = replicated.createQueryRunner('slave');
          expect(await reader.query('SELECT "organizationId" FROM ticket')).toEqual([{ organizationId }]);
          await reader.release();
        });
      expect(await unscoped(() => tickets.count())).toBe(2);
      await expect(tickets.find()).rejects.toThrow(/scope/);
      expect([slaves[0].totalCount > 0, master.totalCount]).toEqual([true, before]);
    } finally {
      await replicated.destroy();
    }
  });

  it('is kept by none of a hundred failures', () =>
    withPool(2, async (dataSource) => {
      const tickets = dataSource.getRepository(Ticket);
      const failures: ((tenant: number) => Promise<unknown>)[] = [
        () => dataSource.query('SELECT 1 / 0 FROM ticket'),
        (tenant) => dataSource.query(`INSERT INTO ticket ("organizationId") VALUES (${3 - tenant})`),
        () => tickets.createQueryBuilder('t').where('1 / (t.id - t.id) = 1').getMany(),
        () => dataSource.transaction((manager) => manager.query('SELECT 1 / 0 FROM ticket')),
        () => unscoped(() => dataSource.query('SELECT 1 / 0 FROM ticket')),
      ];
      await Promise.all(
        Array.from({ length: 100 }, (_, i) => {
          const tenant = 1 + (i % 2);
          return asTenant(tenant, () => expect(failures[i % failures.length](tenant)).rejects.toThrow());
        }),
      );
      const { totalCount, idleCount, waitingCount } = (dataSource.driver as unknown as { master: pg.Pool }).master;
      expect([totalCount <= 2, totalCount - idleCount, waitingCount]).toEqual([true, 0, 0]);
      for (const tenant of [1, 2])
        expect(await asTenant(tenant, () => dataSource.query('SELECT subject FROM ticket'))).toHaveLength(1);
    }));

  it('does not serve two tenants at once', () =>
    withPool(1, async (dataSource) => {
      const runner = dataSource.createQueryRunner();
      const [one, two] = [1, 2].map((tenant) => () => asTenant(tenant, () => runner.manager.find(Ticket)));
      await asTenant(1, () => runner.startTransaction());
      const [own, other] = await Promise.allSettled([one(), two()]);
      expect(own).toMatchObject({ status: 'fulfilled', value: [{ organizationId: 1 }] });
      expect(other).toMatchObject({ status: 'rejected', reason: expect.any(TenantScopeViolationError) as unknown });
      await asTenant(1, () => runner.rollbackTransaction());
      // Outside of a transaction, each statement has its own setting.
      const found = await Promise.all([one(), two(), two(), one()]);
      expect(found.map((rows) => rows.map(({ organizationId }) => organizationId))).toEqual([[1], [2], [2], [1]]);
      await runner.release();
    }));
});
