import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { StatementRefusedError } from 'nestjs-muck';
import { DataSource, EntityManager, SelectQueryBuilder } from 'typeorm';
import type { QueryResultCache } from 'typeorm/cache/QueryResultCache.js';
import { instrumentDataSource, hookDataSourceInitialize } from '../../../lib/orm/instrument-data-source.js';
import { ScopedSelectQueryBuilder } from '../../../lib/orm/query-builders/select.js';
import { enforcementOf } from '../../../lib/orm/enforcement/enforcement.js';
import { guardManager } from '../../../lib/orm/guards/entity-manager.guard.js';
import { noteWrite } from '../../../lib/tenancy/context/tenant-context.js';
import { databasesToTest } from '../../support/databases.js';
import { DESK_ENTITIES, News, openDeskDataSource, Ticket } from '../../support/desk.js';
import { unconnected } from '../../support/unconnected.js';
import { ACME, tenancy } from '../../support/world.js';

/*
 * What is put on a DataSource so that all that goes through it stays in the scope.
 */

const inAcme = <R>(fn: () => R): R => tenancy.run(ACME, fn);

describe('a DataSource', () => {
  it('is attached once, when it has initialised, however often the package is loaded', async () => {
    const wrapped: unknown = Reflect.get(DataSource.prototype, 'initialize');
    expect(Reflect.get(wrapped as object, Symbol.for('nestjs-muck:initialize'))).toBe(true);
    hookDataSourceInitialize();
    expect(Reflect.get(DataSource.prototype, 'initialize')).toBe(wrapped);
    const dataSource = await unconnected('sqljs', DESK_ENTITIES);
    const methods = (): unknown[] => [
      Reflect.get(dataSource, 'createQueryBuilder'),
      dataSource.driver.createQueryRunner,
      Reflect.get(dataSource, 'synchronize'),
    ];
    const before = methods();
    expect(instrumentDataSource(dataSource)).toBe(enforcementOf(dataSource));
    expect(methods()).toEqual(before);
  });

  it('without entities, or of a database without SQL, is left alone', async () => {
    const bare = new DataSource({ type: 'sqljs', entities: [] });
    expect(instrumentDataSource(bare)).toBeUndefined();
    expect(enforcementOf(bare)).toBeUndefined();
    const other = new DataSource({ type: 'sqljs', entities: DESK_ENTITIES });
    await (other as unknown as { buildMetadatas(): Promise<void> }).buildMetadatas();
    Object.assign(other, { driver: { options: { type: 'mongodb' } } });
    expect(instrumentDataSource(other)).toBeUndefined();
    expect(enforcementOf(other)).toBeUndefined();
  });

  it('tells which of the methods that keep it in the scope have been replaced', async () => {
    const dataSource = await unconnected('sqljs', DESK_ENTITIES);
    const enforcement = enforcementOf(dataSource)!;
    expect(enforcement.findOverwrittenPatches()).toEqual([]);
    Object.assign(dataSource, { createQueryBuilder: () => undefined, createEntityManager: () => undefined });
    Object.assign(dataSource.driver, {
      escapeQueryWithParameters: (sql: string) => [sql, []],
      createQueryRunner: () => ({}),
    });
    expect(enforcement.findOverwrittenPatches()).toEqual([
      'createQueryBuilder',
      'createEntityManager',
      'escapeQueryWithParameters',
      'createQueryRunner',
    ]);
  });

  it('tells that createQueryBuilder has been replaced where only those of an entity, or only those of none, are not scoped', async () => {
    for (const isPlain of [(alias: unknown) => Boolean(alias), (alias: unknown) => !alias]) {
      const dataSource = await unconnected('sqljs', DESK_ENTITIES);
      const plain = new DataSource({ type: 'sqljs' });
      const scoped = dataSource.createQueryBuilder.bind(dataSource) as (...given: unknown[]) => unknown;
      Object.assign(dataSource, {
        createQueryBuilder: (...given: unknown[]) =>
          isPlain(given[1]) ? plain.createQueryBuilder() : scoped(...given),
      });
      expect(enforcementOf(dataSource)!.findOverwrittenPatches()).toEqual(['createQueryBuilder']);
    }
  });

  it('hands out the very builders that a library’s method makes, if they are scoped', async () => {
    const dataSource = new DataSource({ type: 'sqljs', entities: DESK_ENTITIES });
    const made: unknown[] = [];
    const stock = dataSource.createQueryBuilder.bind(dataSource);
    dataSource.createQueryBuilder = () => {
      const builder = stock();
      made.push(builder);
      return builder;
    };
    await (dataSource as unknown as { buildMetadatas(): Promise<void> }).buildMetadatas();
    instrumentDataSource(dataSource);
    const builder = dataSource.createQueryBuilder();
    expect(builder).toBeInstanceOf(ScopedSelectQueryBuilder);
    expect(made).toEqual([expect.anything()]);
    expect(made[0]).toBe(builder);
  });

  it('makes scoped builders of those that a library’s method makes by itself', async () => {
    const dataSource = new DataSource({ type: 'sqljs', entities: DESK_ENTITIES });
    dataSource.createQueryBuilder = () => new SelectQueryBuilder<never>(dataSource).comment('by a library');
    await (dataSource as unknown as { buildMetadatas(): Promise<void> }).buildMetadatas();
    instrumentDataSource(dataSource);
    const builder = dataSource.createQueryBuilder();
    expect(builder).toBeInstanceOf(ScopedSelectQueryBuilder);
    expect(inAcme(() => builder.select('t.id').from(Ticket, 't').getQuery())).toMatch(
      /^\/\* by a library \*\/ SELECT .* FROM "ticket" "t" WHERE \( "t"\."organizationId"/,
    );
  });

  it('may be used through a proxy that hides its symbols: what it builds is read then', async () => {
    const dataSource = await unconnected('sqljs', DESK_ENTITIES);
    const proxy = new Proxy(dataSource, {
      get: (target, key): unknown => (typeof key === 'symbol' ? undefined : Reflect.get(target, key)),
    });
    const build = (entity: typeof News | typeof Ticket): unknown =>
      inAcme(() => proxy.createQueryBuilder(entity, 'e').getQueryAndParameters());
    expect(build(News)).toEqual([expect.stringContaining('FROM "news" "e"'), []]);
    expect(() => build(Ticket)).toThrow(StatementRefusedError);
  });

  it('of SQLite has one query runner for each who asks', async () => {
    const dataSource = await unconnected('sqljs', DESK_ENTITIES);
    expect(dataSource.createQueryRunner()).not.toBe(dataSource.createQueryRunner());
  });

  it('reads from the primary what belongs to a unit of work that writes', async () => {
    const replication = { master: {}, slaves: [{}] };
    const dataSource = await unconnected('postgres', DESK_ENTITIES, { replication });
    const mode = (): string => dataSource.defaultReplicationModeForReads();
    expect(mode()).toBe('slave');
    inAcme(() => {
      expect(mode()).toBe('slave');
      noteWrite();
      expect(mode()).toBe('master');
    });
    const single = await unconnected('postgres', DESK_ENTITIES);
    expect(Object.hasOwn(single, 'defaultReplicationModeForReads')).toBe(false);
  });

  it('makes builders in each of the ways of TypeORM, on the query runner that it is given', async () => {
    const dataSource = await unconnected('postgres', DESK_ENTITIES);
    const runner = dataSource.createQueryRunner();
    expect(dataSource.driver).not.toHaveProperty('queryRunner');
    const runnerOf = (builder: unknown): unknown => (builder as { queryRunner?: unknown }).queryRunner;
    const empty = dataSource.createQueryBuilder();
    expect(empty).toBeInstanceOf(ScopedSelectQueryBuilder);
    expect(runnerOf(empty)).toBeUndefined();
    expect(runnerOf(dataSource.createQueryBuilder(runner))).toBe(runner);
    const tickets = dataSource.createQueryBuilder(Ticket, 't', runner);
    expect(runnerOf(tickets)).toBe(runner);
    expect(inAcme(() => tickets.getQuery())).toMatch(/^SELECT "t"\."id" AS "t_id", .* FROM "ticket" "t" WHERE /);
    // PostgreSQL would cut it, and two that begin alike would become one.
    const long = dataSource.createQueryBuilder(Ticket, 'a'.repeat(70));
    expect(inAcme(() => long.getQuery())).toContain(
      `FROM "ticket" "${long.alias}" WHERE ( "${long.alias}"."organizationId"`,
    );
    expect(long.alias.length).toBeLessThan(64);
  });

  it('scopes the cache that it has, and one that it is given', async () => {
    const asked: unknown[] = [];
    const cacheOf = (): QueryResultCache =>
      ({
        getFromCache: (options: unknown) => Promise.resolve(void asked.push(options)),
        storeInCache: () => Promise.resolve(),
        remove: (ids: unknown) => Promise.resolve(void asked.push(ids)),
        clear: () => Promise.resolve(),
        synchronize: () => Promise.resolve(),
      }) as never;
    const dataSource = new DataSource({ type: 'sqljs', entities: DESK_ENTITIES });
    await (dataSource as unknown as { buildMetadatas(): Promise<void> }).buildMetadatas();
    Object.assign(dataSource, { queryResultCache: cacheOf() });
    const had = dataSource.queryResultCache;
    instrumentDataSource(dataSource);
    expect(Object.getOwnPropertyDescriptor(dataSource, 'queryResultCache')).toMatchObject({
      configurable: true,
      enumerable: true,
    });
    expect(dataSource.queryResultCache).toBe(had);
    await inAcme(() => dataSource.queryResultCache!.remove(['tickets']));
    const given = cacheOf();
    dataSource.queryResultCache = given;
    expect(dataSource.queryResultCache).toBe(given);
    await inAcme(() => given.remove(['tickets']));
    expect(asked).toEqual([[expect.stringMatching(/^[\da-f]{64}$/)], [expect.stringMatching(/^[\da-f]{64}$/)]]);
    dataSource.queryResultCache = undefined;
    expect(dataSource.queryResultCache).toBeUndefined();
  });
});

describe('the schema of a database', () => {
  let dataSource: DataSource;
  beforeAll(async () => {
    expect(databasesToTest()).not.toEqual([]);
    dataSource = await openDeskDataSource({ type: 'sqljs' });
  });
  afterAll(() => dataSource.destroy());

  const METHODS = ['showMigrations', 'runMigrations', 'undoLastMigration', 'synchronize', 'dropDatabase'] as const;

  it.each(METHODS)('is not changed in a scope by %s()', async (method) => {
    const change = (): Promise<unknown> => dataSource[method]();
    await expect(inAcme(change)).rejects.toThrow(StatementRefusedError);
    await expect(inAcme(change)).rejects.toThrow(`${method}() changes the schema for all tenants`);
  });

  it('is changed outside of a scope, and in a section that says why', async () => {
    await dataSource.synchronize();
    await inAcme(() => tenancy.unscoped('a new tenant', () => dataSource.synchronize()));
    for (const method of METHODS) await dataSource[method]();
    expect(await dataSource.query("SELECT name FROM sqlite_master WHERE name = 'ticket'")).toEqual([]);
    await dataSource.synchronize();
    expect(await inAcme(() => dataSource.getRepository(Ticket).count())).toBe(0);
  });
});

describe('entity managers', () => {
  it('are guarded, the one of the DataSource and those that it makes', async () => {
    const dataSource = await unconnected('sqljs', DESK_ENTITIES);
    for (const manager of [dataSource.manager, dataSource.createEntityManager()]) {
      for (const method of ['save', 'remove', 'softRemove', 'recover', 'transaction'] as const)
        expect(Reflect.get(manager, method)).not.toBe(Reflect.get(EntityManager.prototype, method));
    }
    for (const guarded of [dataSource.manager, dataSource.createEntityManager()]) {
      const methods = { ...guarded };
      expect(guardManager(guarded, enforcementOf(dataSource)!.connection)).toBe(guarded);
      expect({ ...guarded }).toEqual(methods);
    }
    const pooled = await unconnected('postgres', DESK_ENTITIES);
    expect(pooled.manager).not.toHaveProperty('exportDatabase');
    expect(Reflect.get(pooled.manager, 'transaction')).toBe(Reflect.get(EntityManager.prototype, 'transaction'));
  });
});
