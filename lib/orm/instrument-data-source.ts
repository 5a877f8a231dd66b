import { DataSource } from 'typeorm';
import type { EntityTarget, ObjectLiteral, QueryRunner, ReplicationMode, SelectQueryBuilder } from 'typeorm';
import { StatementRefusedError } from '../errors/statement-refused.error.js';
import { currentContext, isWriting, runUnscoped } from '../tenancy/context/tenant-context.js';
import { UnscopedSection } from '../tenancy/context/unscoped-section.js';
import { provideScopeLimits } from '../tenancy/context/scope-limits.js';
import { registerSqlRunner } from '../tenancy/context/sql-template.js';
import { registerRetryableClassifier } from '../tenancy/http/retryable-error.js';
// The imports without names register the scoped builders in `builderRegistry`.
import './query-builders/delete.js';
import './query-builders/insert.js';
import './query-builders/relation.js';
import { ScopedSelectQueryBuilder } from './query-builders/select.js';
import './query-builders/update.js';
import { completeChildRelations } from './startup/child-entity-relations.js';
import { observeTransactions } from './execution/commit-callbacks.js';
import { retryableKindOf } from './execution/driver-error.parser.js';
import { enforce, enforcementOf } from './enforcement/enforcement.js';
import { supportedDialect } from './policy/dialect.js';
import type { Enforcement } from './enforcement/enforcement.js';
import { guardManager, isGuardedManager } from './guards/entity-manager.guard.js';
import { guardRunner, isGuardedRunner } from './guards/query-runner.guard.js';
import { executeSqlTemplate } from './guards/sql-template-runner.js';
import { scopeLazyRelations } from './guards/lazy-relations.js';
import { scopeCache } from './guards/query-result-cache.js';

/** Methods that change the schema, and so access the tables of all tenants. */
const SCHEMA_METHODS = ['runMigrations', 'undoLastMigration', 'showMigrations', 'synchronize', 'dropDatabase'] as const;

/** Marks the wrapped method, so that two copies of this package do not wrap it twice. */
const WRAPPED = Symbol.for('nestjs-muck:initialize');

/**
 * Patches `DataSource.prototype.initialize`, so that every DataSource of the process is instrumented after
 * initialisation, also in a worker, script or test. Migrations and `synchronize` inside of `initialize` run before
 * that.
 */
export function hookDataSourceInitialize(): void {
  registerSqlRunner(executeSqlTemplate);
  registerRetryableClassifier(retryableKindOf);
  const initialize: (this: DataSource) => Promise<DataSource> = Reflect.get(DataSource.prototype, 'initialize');
  if (WRAPPED in initialize) return;
  const wrapped = async function (this: DataSource): Promise<DataSource> {
    await initialize.call(this);
    instrumentDataSource(this);
    return this;
  };
  DataSource.prototype.initialize = Object.assign(wrapped, { [WRAPPED]: true });
  makeScopedBuilders();
}

/**
 * The property that refers to the instrumented DataSource, also from a proxy of it or an object that inherits from it.
 */
const ATTACHED = Symbol('attached DataSource');

/**
 * Makes the prototype's method return scoped builders for instrumented DataSources: libraries that replace the method
 * of a DataSource call the prototype's. It keeps its three parameters, because such libraries read its length.
 */
function makeScopedBuilders(): void {
  const createQueryBuilder = Reflect.get(DataSource.prototype, 'createQueryBuilder') as CreateQueryBuilder;
  const wrapped: CreateQueryBuilder = function (this: DataSource, entityOrRunner, alias, queryRunner) {
    const attached = Reflect.get(this, ATTACHED) as DataSource | undefined;
    const builder = createQueryBuilder.call(attached ?? this, entityOrRunner, alias, queryRunner);
    return attached === undefined ? builder : scopedBuilder(builder);
  };
  prototypeMethod = wrapped;
  Object.assign(DataSource.prototype, { createQueryBuilder: wrapped });
}

/** The prototype's method; undefined unless this copy of the package has patched it. */
let prototypeMethod: CreateQueryBuilder | undefined;

type CreateQueryBuilder = (
  this: DataSource,
  entityOrRunner?: EntityTarget<ObjectLiteral> | QueryRunner,
  alias?: string,
  queryRunner?: QueryRunner,
) => SelectQueryBuilder<ObjectLiteral>;

/**
 * Enforces the tenant scope on everything that goes through a DataSource. TypeORM's process-wide registry of builders
 * stays unchanged, because each `new DataSource()` resets it. A second call changes nothing.
 *
 * @returns undefined for a DataSource without entities, or with an unsupported database
 */
export function instrumentDataSource(dataSource: DataSource): Enforcement | undefined {
  const attached = enforcementOf(dataSource);
  if (attached !== undefined) return attached;
  if (dataSource.entityMetadatas.length === 0 || supportedDialect(dataSource) === undefined) return undefined;

  completeChildRelations(dataSource);
  const enforcement = enforce(dataSource);
  provideScopeLimits(enforcement.limits);
  Object.defineProperty(dataSource, ATTACHED, { value: dataSource, configurable: true });
  patchBuilders(dataSource);
  patchDriver(dataSource, enforcement);
  patchCache(dataSource);
  attachReplication(dataSource);
  watchSeams(dataSource, enforcement);
  scopeLazyRelations(dataSource);
  for (const method of SCHEMA_METHODS) patchSchemaMethod(dataSource, method);
  attachSchemaBuilder(dataSource);
  return enforcement;
}

/** Wraps a method that the DataSource has instead of the prototype's, so that its builders are scoped. */
function patchBuilders(dataSource: DataSource): void {
  const createQueryBuilder = Reflect.get(dataSource, 'createQueryBuilder') as CreateQueryBuilder;
  if (createQueryBuilder === prototypeMethod) return;
  const wrapped: CreateQueryBuilder = (...args) => scopedBuilder(createQueryBuilder.apply(dataSource, args));
  Object.assign(dataSource, { createQueryBuilder: wrapped });
}

/** Converts a builder that was just created to a scoped one with the same properties. */
function scopedBuilder(builder: SelectQueryBuilder<ObjectLiteral>): SelectQueryBuilder<ObjectLiteral> {
  if (builder instanceof ScopedSelectQueryBuilder) return builder;
  return Object.assign(new ScopedSelectQueryBuilder<ObjectLiteral>(builder.dataSource), builder);
}

/**
 * Records the patched methods, each with a check that the patch is still in effect, whatever wraps it. The checks send
 * no statement.
 */
function watchSeams(dataSource: DataSource, enforcement: Enforcement): void {
  const { driver, entityMetadatas } = dataSource;
  const [{ target }] = entityMetadatas;
  enforcement.recordPatch('createQueryBuilder', () =>
    [dataSource.createQueryBuilder(), dataSource.createQueryBuilder(target, 'checked')].every(
      (builder) => builder instanceof ScopedSelectQueryBuilder,
    ),
  );
  enforcement.recordPatch('createEntityManager', () => isGuardedManager(dataSource.createEntityManager()));
  enforcement.recordPatch('escapeQueryWithParameters', () => {
    const [sql, parameters] = driver.escapeQueryWithParameters('SELECT 1', {});
    return enforcement.findVerified(sql, parameters) !== undefined;
  });
  enforcement.recordPatch('createQueryRunner', () => isGuardedRunner(driver.createQueryRunner('master')));
}

function patchDriver(dataSource: DataSource, enforcement: Enforcement): void {
  const { driver } = dataSource;
  driver.escapeQueryWithParameters = (sql, parameters) => enforcement.bindVerified(sql, parameters);

  const { connection, dialect } = enforcement;
  const createQueryRunner = driver.createQueryRunner.bind(driver);
  driver.createQueryRunner = (mode: ReplicationMode) => {
    // Such a driver caches one query runner for all callers; if the cache is empty, it creates a new one.
    if (connection !== undefined) Object.assign(driver, { queryRunner: undefined });
    const runner = createQueryRunner(mode);
    connection?.guard(runner);
    guardRunner(runner, enforcement);
    observeTransactions(runner, dialect, connection);
    return runner;
  };

  const createEntityManager = dataSource.createEntityManager.bind(dataSource);
  dataSource.createEntityManager = (queryRunner) => guardManager(createEntityManager(queryRunner), connection);
  guardManager(dataSource.manager, connection);
}

/**
 * Sends reads to the primary in a unit of work that writes: a replica may not have its rows yet. Other reads are not
 * affected.
 */
function attachReplication(dataSource: DataSource): void {
  if (!dataSource.driver.isReplicated) return;
  const modeForReads = dataSource.defaultReplicationModeForReads.bind(dataSource);
  dataSource.defaultReplicationModeForReads = () => (isWriting() ? 'master' : modeForReads());
}

/** Scopes the query cache, also one that is set while the DataSource is open. */
function patchCache(dataSource: DataSource): void {
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

function patchSchemaMethod(dataSource: DataSource, method: (typeof SCHEMA_METHODS)[number]): void {
  Object.assign(dataSource, { [method]: forAllTenants(dataSource, method) });
}

/** Patches the schema builder, which the typeorm CLI uses directly. */
function attachSchemaBuilder({ driver }: DataSource): void {
  const createSchemaBuilder = driver.createSchemaBuilder.bind(driver);
  driver.createSchemaBuilder = () => {
    const builder = createSchemaBuilder();
    return Object.assign(builder, { build: forAllTenants(builder, 'build'), log: forAllTenants(builder, 'log') });
  };
}

/** Wraps a schema method: it throws in a scope, and otherwise runs unscoped. */
function forAllTenants(owner: object, method: string): (...args: unknown[]) => Promise<unknown> {
  const original = Reflect.get(owner, method) as (...args: unknown[]) => Promise<unknown>;
  return (...args) => {
    const frame = currentContext();
    if (frame?.scope !== undefined && frame.unscopedSection === undefined) {
      return Promise.reject(
        new StatementRefusedError(
          `${method}() changes the schema for all tenants`,
          'Call it outside of a tenant scope.',
        ),
      );
    }
    return runUnscoped(new UnscopedSection(method, undefined, true), () => original.apply(owner, args));
  };
}
