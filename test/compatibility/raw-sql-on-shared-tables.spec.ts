import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  EntityUndeclaredError,
  MuckModule,
  StatementRefusedError,
  Tenancy,
  tenantFromUser,
  TenantScoped,
  TenantScopeMissingError,
  TenantShared,
} from 'nestjs-muck';
import type { App } from 'supertest/types.js';
import { Column, DataSource, Entity, PrimaryColumn } from 'typeorm';
import { createApplication } from '../support/adapters.js';
import { createDatabase, databasesToTest } from '../support/databases.js';
import type { DatabaseKind, TestDatabase } from '../support/databases.js';

/*
 * docs/refused.md says that raw SQL which reads or writes rows and names no scoped table runs as it is, with a scope and without, and
 * docs/entities.md that nothing limits shared rows, nor rows of undeclared entities with undeclaredEntities: 'allow'.
 */

@Entity('bulletin')
@TenantShared('news for everybody')
class SharedRow {
  @PrimaryColumn() id!: number;
  @Column({ length: 20 }) title!: string;
}
@Entity('memo')
class UndeclaredRow {
  @PrimaryColumn() id!: number;
  @Column({ length: 20 }) title!: string;
}
@Entity('invoice')
@TenantScoped()
class ScopedRow {
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ length: 20 }) title!: string;
}

/** What a statement does to a table with the rows 1 and 2, and the ids that are there then. */
interface Promised {
  readonly sql: string;
  readonly ids: readonly number[];
  readonly on?: readonly DatabaseKind[];
}

const POSTGRES: readonly DatabaseKind[] = ['postgres', 'postgres15'];
const NOT_MARIADB: readonly DatabaseKind[] = [...POSTGRES, 'sqljs'];
const NOT_SQLITE: readonly DatabaseKind[] = [...POSTGRES, 'mariadb'];

const STATEMENTS: readonly Promised[] = [
  { sql: 'SELECT * FROM t', ids: [1, 2] },
  { sql: 'SELECT count(*) FROM t AS a JOIN t AS b ON b.id = a.id WHERE a.id IN (SELECT id FROM t)', ids: [1, 2] },
  { sql: 'SELECT id FROM t UNION SELECT id FROM t ORDER BY id', ids: [1, 2] },
  { sql: 'EXPLAIN SELECT * FROM t', ids: [1, 2] },
  { sql: 'WITH few AS (SELECT id FROM t WHERE id = 1) SELECT * FROM few', ids: [1, 2] },
  { sql: "INSERT INTO t (id, title) VALUES (3, 'c'), (4, 'd')", ids: [1, 2, 3, 4] },
  { sql: 'INSERT INTO t (id, title) SELECT id + 10, title FROM t', ids: [1, 2, 11, 12] },
  { sql: "INSERT INTO t (id, title) VALUES (3, 'c') RETURNING id", ids: [1, 2, 3] },
  {
    sql: "INSERT INTO t (id, title) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET title = 'x'",
    ids: [1, 2],
    on: NOT_MARIADB,
  },
  { sql: "INSERT INTO t (id, title) VALUES (1, 'x') ON CONFLICT DO NOTHING", ids: [1, 2], on: NOT_MARIADB },
  {
    sql: "INSERT INTO t (id, title) VALUES (1, 'x') ON DUPLICATE KEY UPDATE title = 'x'",
    ids: [1, 2],
    on: ['mariadb'],
  },
  { sql: "INSERT IGNORE INTO t (id, title) VALUES (1, 'x')", ids: [1, 2], on: ['mariadb'] },
  { sql: "INSERT OR IGNORE INTO t (id, title) VALUES (1, 'x')", ids: [1, 2], on: ['sqljs'] },
  { sql: "REPLACE INTO t (id, title) VALUES (1, 'x'), (5, 'e')", ids: [1, 2, 5], on: ['mariadb', 'sqljs'] },
  {
    sql: 'WITH few AS (SELECT id FROM t) INSERT INTO t (id, title) SELECT id + 20, title FROM t',
    ids: [1, 2, 21, 22],
    on: NOT_MARIADB,
  },
  { sql: "UPDATE t SET title = 'x'", ids: [1, 2] },
  { sql: 'UPDATE t SET id = id + 30 WHERE id = 2', ids: [1, 32] },
  { sql: "UPDATE t SET title = 'x' FROM t AS o WHERE o.id = t.id", ids: [1, 2], on: POSTGRES },
  { sql: "UPDATE t JOIN t AS o ON o.id = t.id SET t.title = 'x'", ids: [1, 2], on: ['mariadb'] },
  {
    sql: "WITH few AS (SELECT 1 AS id) UPDATE t SET title = 'x' WHERE id IN (SELECT id FROM few)",
    ids: [1, 2],
    on: NOT_MARIADB,
  },
  { sql: 'DELETE FROM t WHERE id = 1', ids: [2] },
  { sql: 'DELETE FROM t', ids: [] },
  { sql: 'DELETE FROM t USING t AS o WHERE o.id = t.id AND o.id = 2', ids: [1], on: POSTGRES },
  { sql: 'WITH gone AS (DELETE FROM t WHERE id = 1 RETURNING id) SELECT * FROM gone', ids: [2], on: POSTGRES },
  { sql: 'TRUNCATE TABLE t', ids: [], on: NOT_SQLITE },
  { sql: 'TRUNCATE t', ids: [], on: NOT_SQLITE },
];

describe.each(databasesToTest())('raw SQL on tables without tenants on %s', (kind) => {
  let database: TestDatabase;
  let app: INestApplication<App>;
  let dataSource: DataSource;
  let tenancy: Tenancy;

  beforeAll(async () => {
    database = await createDatabase(kind);
    app = await createApplication({
      module: class {},
      imports: [
        TypeOrmModule.forRoot({
          ...database.options,
          entities: [SharedRow, UndeclaredRow, ScopedRow],
          synchronize: true,
          retryAttempts: 0,
        }),
        MuckModule.forRoot({
          scope: { organizationId: Number },
          resolver: tenantFromUser('organizationId'),
          undeclaredEntities: 'allow',
        }),
      ],
    });
    dataSource = app.get(DataSource);
    tenancy = app.get(Tenancy);
  });
  afterAll(async () => {
    await app?.close();
    await database.drop();
  });
  beforeEach(async () => {
    for (const entity of [SharedRow, UndeclaredRow]) {
      await dataSource.getRepository(entity).clear();
      await dataSource.getRepository(entity).insert([
        { id: 1, title: 'a' },
        { id: 2, title: 'b' },
      ]);
    }
  });

  const acme = <R>(fn: () => R): R => tenancy.run({ organizationId: 1 }, fn);
  const named = (sql: string, table: string): string => sql.replaceAll(/\bt\b/g, table);
  const idsOf = async (entity: typeof SharedRow): Promise<number[]> =>
    (await dataSource.getRepository(entity).find({ order: { id: 'ASC' } })).map(({ id }) => id);
  const statements = STATEMENTS.filter(({ on }) => on?.includes(kind) ?? true);

  describe.each([
    ['shared', 'bulletin', SharedRow],
    ['undeclared', 'memo', UndeclaredRow],
  ] as const)('the table of %s rows', (_what, table, entity) => {
    it.each(statements)('takes $sql', async ({ sql, ids }) => {
      await acme(() => dataSource.query(named(sql, table)));
      expect(await idsOf(entity)).toEqual(ids);
    });

    it.each(statements)('takes $sql outside of a scope, and in a transaction of one', async ({ sql, ids }) => {
      await dataSource.manager.query(named(sql, table));
      expect(await idsOf(entity)).toEqual(ids);
      await dataSource.getRepository(entity).clear();
      await acme(() =>
        dataSource.transaction(async (manager) => {
          await manager.insert(entity, [
            { id: 1, title: 'a' },
            { id: 2, title: 'b' },
          ]);
          await manager.query(named(sql, table));
        }),
      );
      expect(await idsOf(entity)).toEqual(ids);
    });

    it('is cleared in a scope, outside, and in an unscoped section', async () => {
      const repository = dataSource.getRepository(entity);
      for (const clear of [
        () => acme(() => repository.clear()),
        () => repository.clear(),
        () => tenancy.unscoped('empties', () => repository.clear()),
        () => acme(() => repository.deleteAll()),
      ]) {
        await repository.save({ id: 7, title: 'x' });
        await clear();
        expect(await repository.count()).toBe(0);
      }
    });

    it('takes no statement that names a scoped table too', async () => {
      for (const sql of [
        `SELECT * FROM ${table} WHERE EXISTS (SELECT 1 FROM invoice)`,
        `SELECT * FROM ${table}, invoice`,
        `INSERT INTO ${table} (id, title) SELECT id, title FROM invoice`,
        `UPDATE ${table} SET title = (SELECT title FROM invoice LIMIT 1)`,
        `DELETE FROM ${table} WHERE id IN (SELECT id FROM invoice)`,
        `WITH i AS (SELECT * FROM invoice) SELECT * FROM ${table}, i`,
      ]) {
        await expect(acme(() => dataSource.query(sql))).rejects.toThrow(StatementRefusedError);
        await expect(dataSource.query(sql)).rejects.toThrow(TenantScopeMissingError);
      }
      expect(await idsOf(entity)).toEqual([1, 2]);
    });
  });
});

describe.each(databasesToTest())('an entity of which nothing is declared on %s', (kind) => {
  it('is told as undeclared, in a scope and outside, in raw SQL too', async () => {
    const database = await createDatabase(kind);
    const dataSource = await new DataSource({
      ...database.options,
      entities: [UndeclaredRow],
      synchronize: true,
    }).initialize();
    try {
      const tenancy = new Tenancy();
      const memos = dataSource.getRepository(UndeclaredRow);
      const tries: (() => Promise<unknown>)[] = [
        () => memos.find(),
        () => memos.insert({ id: 1, title: 'x' }),
        () => memos.update({ id: 1 }, { title: 'x' }),
        () => memos.delete({ id: 1 }),
        () => memos.save({ id: 1, title: 'x' }),
        () => memos.clear(),
        ...STATEMENTS.filter(({ on }) => on?.includes(kind) ?? true).map(
          ({ sql }) =>
            () =>
              dataSource.query(sql.replaceAll(/\bt\b/g, 'memo')),
        ),
      ];
      for (const attempt of tries) {
        await expect(attempt()).rejects.toThrow(EntityUndeclaredError);
        await expect(tenancy.run({ organizationId: 1 }, attempt)).rejects.toThrow(EntityUndeclaredError);
      }
      await tenancy.unscoped('reads all', () => memos.find());
    } finally {
      await dataSource.destroy();
      await database.drop();
    }
  });
});
