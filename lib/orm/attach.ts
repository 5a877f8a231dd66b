import { DataSource } from 'typeorm';
import type { EntityTarget, ObjectLiteral, QueryRunner, ReplicationMode, SelectQueryBuilder } from 'typeorm';
import { DriverUtils } from 'typeorm/driver/DriverUtils.js';
import { StatementRefusedError } from '../exceptions/statement-refused.error.js';
import { currentFrame, runUnscoped, UnscopedSection } from '../tenancy/scope-frame.js';
import { provideScopeLimits } from '../tenancy/scope-limits.js';
import { provideSqlRunner } from '../tenancy/scoped-sql.js';
import './builders/delete.js';
import './builders/insert.js';
import './builders/relation.js';
import { ScopedSelectQueryBuilder } from './builders/select.js';
import './builders/update.js';
import { completeChildRelations } from './child-relations.js';
import { enforce, enforcementOf, supportedDialect } from './enforcement.js';
import type { Enforcement } from './enforcement.js';
import { guardManager } from './guard-manager.js';
import { guardRunner } from './statement-gate.js';
import { runFragment } from './run-fragment.js';
import { scopeLazyRelations } from './lazy-relations.js';
import { scopeCache } from './scoped-cache.js';
import { SingleConnection } from './single-connection.js';

/** Methods that change the schema: they name every table, and belong to no tenant. */
const SCHEMA_METHODS = ['runMigrations', 'undoLastMigration', 'showMigrations', 'synchronize', 'dropDatabase'] as const;

/** Marks the wrapped method, so that two copies of this package do not wrap it twice. */
const WRAPPED = Symbol.for('nestjs-muck:initialize');

/**
 * Sees to it that every DataSource of the process is attached when it has initialised, whoever creates it: an application, a worker, a
 * script, a test. Migrations and `synchronize` inside `initialize` run before, as ever.
 */
export function attachWhenInitialised(): void {
  provideSqlRunner(runFragment);
  const initialize: (this: DataSource) => Promise<DataSource> = Reflect.get(DataSource.prototype, 'initialize');
  if (WRAPPED in initialize) return;
  const wrapped = async function (this: DataSource): Promise<DataSource> {
    await initialize.call(this);
    attach(this);
    return this;
  };
  DataSource.prototype.initialize = Object.assign(wrapped, { [WRAPPED]: true });
}

/**
 * Keeps everything that goes through a DataSource inside the tenant scope. TypeORM's process-wide registry of builders is left alone: each
 * `new DataSource()` resets it. Attaching twice changes nothing.
 *
 * @returns undefined for a DataSource without entities, or of a database without SQL
 */
export function attach(dataSource: DataSource): Enforcement | undefined {
  const attached = enforcementOf(dataSource);
  if (attached !== undefined) return attached;
  if (dataSource.entityMetadatas.length === 0 || supportedDialect(dataSource) === undefined) return undefined;

  completeChildRelations(dataSource);
  const enforcement = enforce(dataSource);
  provideScopeLimits(enforcement.limits);
  attachBuilders(dataSource);
  attachDriver(dataSource, enforcement);
  attachCache(dataSource);
  for (const method of ['createQueryBuilder', 'createEntityManager']) enforcement.noteSeam(dataSource, method);
  for (const method of ['escapeQueryWithParameters', 'createQueryRunner'])
    enforcement.noteSeam(dataSource.driver, method);
  scopeLazyRelations(dataSource);
  for (const method of SCHEMA_METHODS) attachSchemaMethod(dataSource, method);
  return enforcement;
}

function attachBuilders(dataSource: DataSource): void {
  dataSource.createQueryBuilder = <Entity extends ObjectLiteral>(
    entityOrRunner?: EntityTarget<Entity> | QueryRunner,
    alias?: string,
    queryRunner?: QueryRunner,
  ): SelectQueryBuilder<Entity> => {
    if (!alias) return new ScopedSelectQueryBuilder<Entity>(dataSource, entityOrRunner as QueryRunner | undefined);
    const name = DriverUtils.buildAlias(dataSource.driver, undefined, alias);
    const { target } = dataSource.getMetadata(entityOrRunner as EntityTarget<Entity>);
    return new ScopedSelectQueryBuilder<Entity>(dataSource, queryRunner)
      .select(name)
      .from(target as EntityTarget<Entity>, name);
  };
}

function attachDriver(dataSource: DataSource, enforcement: Enforcement): void {
  const { driver } = dataSource;
  driver.escapeQueryWithParameters = (sql, parameters) => enforcement.issue(sql, parameters);

  const connection = sharesOneConnection(dataSource) ? new SingleConnection() : undefined;
  const createQueryRunner = driver.createQueryRunner.bind(driver);
  driver.createQueryRunner = (mode: ReplicationMode) => {
    // Such a driver keeps one query runner for all; without it, it makes a new one.
    if (connection !== undefined) Object.assign(driver, { queryRunner: undefined });
    const runner = createQueryRunner(mode);
    connection?.guard(runner);
    guardRunner(runner, enforcement, connection);
    return runner;
  };

  const createEntityManager = dataSource.createEntityManager.bind(dataSource);
  dataSource.createEntityManager = (queryRunner) => guardManager(createEntityManager(queryRunner), connection);
  guardManager(dataSource.manager, connection);
}

/** The cache may be given, or changed, while the DataSource is open. */
function attachCache(dataSource: DataSource): void {
  let cache = dataSource.queryResultCache;
  if (cache !== undefined) scopeCache(cache);
  Object.defineProperty(dataSource, 'queryResultCache', {
    configurable: true,
    enumerable: true,
    get: () => cache,
    set: (next: typeof cache) => {
      cache = next;
      if (cache !== undefined) scopeCache(cache);
    },
  });
}

function attachSchemaMethod(dataSource: DataSource, method: (typeof SCHEMA_METHODS)[number]): void {
  const original = Reflect.get(dataSource, method) as (...args: unknown[]) => Promise<unknown>;
  const guarded = (...args: unknown[]): Promise<unknown> => {
    const frame = currentFrame();
    if (frame?.scope !== undefined && frame.section === undefined) {
      return Promise.reject(
        new StatementRefusedError(
          `${method}() changes the schema for all tenants`,
          'Call it where no tenant scope is in force.',
        ),
      );
    }
    return runUnscoped(new UnscopedSection(method), () => original.apply(dataSource, args));
  };
  Object.assign(dataSource, { [method]: guarded });
}

/** The drivers whose `createQueryRunner` gives everybody the same one. */
function sharesOneConnection(dataSource: DataSource): boolean {
  return supportedDialect(dataSource) === 'sqlite';
}
