import { EntityManager, EntitySchema } from 'typeorm';
import type { DataSource, EntityMetadata, EntityTarget, ObjectLiteral, QueryRunner } from 'typeorm';
import { SqljsEntityManager } from '../../common/peer-internals.js';
import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import { isUnscoped } from '../policy/access.js';
import { requireEnforcement } from '../enforcement/enforcement.js';
import { runInSave } from '../writes/save-context.js';
import { setTenantsInGraph } from '../writes/tenant-in-primary-key.js';
import type { Undo } from '../writes/tenant-in-primary-key.js';
import { unsetHiddenRelations } from '../writes/hidden-relations.js';
import type { ConnectionMutex } from '../execution/connection-mutex.js';
import { assertOwn, toDatabaseValues } from '../lookups/foreign-key-check.js';

type Operation = 'save' | 'remove' | 'softRemove' | 'recover' | 'preload';
type Method = (this: EntityManager, ...args: unknown[]) => Promise<never>;
/** Returns a guarded method that calls the given one. */
type Guard = (method: () => Method) => Method;

/**
 * Guards an EntityManager: it throws when a row is removed or recovered that the scope cannot see or that all tenants
 * share. TypeORM would change no row and report no error. It preloads on its own query runner.
 *
 * The statements themselves are limited with or without this guard.
 *
 * @param connection given for drivers whose requests share one connection
 */
export function guardManager(manager: EntityManager, connection?: ConnectionMutex): EntityManager {
  const guarded = manager as GuardedManager;
  if (guarded[GUARDED] === true) return manager;
  guarded[GUARDED] = true;
  // One by one, without objects in between, because each statement has a query runner, and each of these a manager.
  const methods = manager as unknown as Record<Operation, Method>;
  methods.save = guardedMethod(manager, 'save', save);
  methods.remove = guardedMethod(manager, 'remove', refuseOthers);
  methods.softRemove = guardedMethod(manager, 'softRemove', refuseOthers);
  methods.recover = guardedMethod(manager, 'recover', refuseOthers);
  if (manager.queryRunner !== undefined) methods.preload = guardedMethod(manager, 'preload', preloadOnRunner);
  if (manager instanceof SqljsEntityManager) refuseWholeDatabase(manager);
  if (connection !== undefined) manager.transaction = connection.transaction(manager);
  return manager;
}

const GUARDED = Symbol('guarded');
type GuardedManager = EntityManager & { [GUARDED]?: true };

/** Returns true if a manager is guarded. */
export function isGuardedManager(manager: EntityManager): boolean {
  return (manager as GuardedManager)[GUARDED] === true;
}

/** Returns a guarded operation. If a library has replaced the manager's method, the guard calls the replacement. */
function guardedMethod(manager: EntityManager, operation: Operation, guard: Guard): Method {
  if (!Object.hasOwn(manager, operation)) return SHARED[operation];
  const own = Reflect.get(manager, operation) as Method;
  return guard(() => own);
}

/** Guards the methods for the database file of an in-memory database, which holds the rows of all tenants. */
function refuseWholeDatabase(manager: SqljsEntityManager): void {
  for (const [method, guarded] of WHOLE_DATABASE) Object.assign(manager, { [method]: guarded });
}

/** One function per method, shared by all managers, because each query runner has a manager. */
const WHOLE_DATABASE = (['exportDatabase', 'loadDatabase', 'saveDatabase'] as const).map((method) => {
  const stock = Reflect.get(SqljsEntityManager.prototype, method) as (...args: unknown[]) => unknown;
  const guarded = function (this: SqljsEntityManager, ...args: unknown[]): unknown {
    if (isUnscoped()) return stock.apply(this, args);
    throw new StatementRefusedError(
      'the file of a database holds the rows of all tenants',
      "Run it in tenancy.unscoped('why', fn).",
    );
  };
  return [method, guarded] as const;
});

const save: Guard = (method) =>
  function (...args) {
    keepHiddenRelations(this, readArguments(args));
    return withWholeKeys(this, args, () => runInSave(() => method().apply(this, args)));
  };

const refuseOthers: Guard = (method) =>
  function (...args) {
    return withWholeKeys(this, args, async () => {
      await assertOwnRows(this, args);
      return runInSave(() => method().apply(this, args));
    });
  };

/**
 * Reads the rows on the manager's own query runner. TypeORM reads them by the manager of the DataSource: on another
 * connection, where the rows of an open transaction are missing.
 */
const preloadOnRunner: Guard = (method) =>
  function (...args) {
    const dataSource = Object.create(this.dataSource, { manager: { value: this } }) as DataSource;
    return method().apply(Object.create(this, { dataSource: { value: dataSource } }) as EntityManager, args);
  };

/**
 * Sets the tenant columns of primary keys and runs an operation. If it fails, restores the entities, because another
 * scope may save them.
 */
async function withWholeKeys(
  manager: EntityManager,
  args: readonly unknown[],
  operate: () => Promise<never>,
): Promise<never> {
  const undo = setTenants(manager, readArguments(args));
  try {
    return await operate();
  } catch (error) {
    undo();
    throw error;
  }
}

function setTenants({ dataSource }: EntityManager, { target, entities }: GivenEntities): Undo {
  const { policies } = requireEnforcement(dataSource);
  const undos = entities.map((entity) => {
    const type = target ?? entity.constructor;
    return dataSource.hasMetadata(type)
      ? setTenantsInGraph(dataSource.getMetadata(type), [entity], policies)
      : (): void => undefined;
  });
  return () => undos.forEach((undo) => undo());
}

/** Returns TypeORM's own method. It is read at call time, because libraries patch the prototype. */
function stock(operation: Operation): () => Method {
  return () => Reflect.get(EntityManager.prototype, operation) as Method;
}

/** One function per operation, shared by all managers, because each query runner has a manager. */
const SHARED: Readonly<Record<Operation, Method>> = {
  save: save(stock('save')),
  remove: refuseOthers(stock('remove')),
  softRemove: refuseOthers(stock('softRemove')),
  recover: refuseOthers(stock('recover')),
  preload: preloadOnRunner(stock('preload')),
};

/** Keeps the foreign keys of relations that were loaded as null because the scope cannot see their rows. */
function keepHiddenRelations({ dataSource }: EntityManager, { target, entities }: GivenEntities): void {
  for (const entity of entities) {
    const type = target ?? entity.constructor;
    if (dataSource.hasMetadata(type)) unsetHiddenRelations(dataSource.getMetadata(type), [entity]);
  }
}

async function assertOwnRows(manager: EntityManager, args: readonly unknown[]): Promise<void> {
  const byMetadata = new Map<EntityMetadata, ObjectLiteral[]>();
  const { policies } = requireEnforcement(manager.dataSource);
  const { target, entities } = readArguments(args);
  for (const entity of entities) {
    const type = target ?? entity.constructor;
    if (!manager.dataSource.hasMetadata(type)) continue;
    const metadata = manager.dataSource.getMetadata(type).findInheritanceMetadata(entity);
    if (policies.effective(metadata) === undefined) continue;
    const rows = byMetadata.get(metadata);
    if (rows === undefined) byMetadata.set(metadata, [entity]);
    else rows.push(entity);
  }
  if (byMetadata.size === 0) return;
  const queryRunner = manager.queryRunner ?? manager.dataSource.createQueryRunner();
  try {
    for (const [metadata, rows] of byMetadata) await assertOwnKeys(queryRunner, metadata, rows);
  } finally {
    if (manager.queryRunner === undefined) await queryRunner.release();
  }
}

async function assertOwnKeys(
  queryRunner: QueryRunner,
  metadata: EntityMetadata,
  entities: readonly ObjectLiteral[],
): Promise<void> {
  const columns = metadata.primaryColumns;
  const keys = entities.map((entity) => toDatabaseValues(entity, columns, queryRunner.dataSource));
  // TypeORM rejects an entity without its key.
  const complete = keys.filter((key) => key.every((value) => value !== undefined && value !== null));
  const [key] = complete.length === 1 ? complete : [];
  const named = Object.fromEntries(columns.map(({ propertyPath }, i) => [propertyPath, key?.[i]]));
  await assertOwn(queryRunner, metadata, columns, complete, named);
}

interface GivenEntities {
  readonly target?: EntityTarget<ObjectLiteral>;
  readonly entities: readonly ObjectLiteral[];
}

/** Reads `(entity, options?)` or `(target, entity, options?)`; distinguishes them as TypeORM does. */
function readArguments(args: readonly unknown[]): GivenEntities {
  const [first, second] = args;
  const hasTarget = typeof first === 'function' || typeof first === 'string' || first instanceof EntitySchema;
  const given = hasTarget ? second : first;
  const entities = (Array.isArray(given) ? (given as unknown[]) : [given]).filter(
    (entity): entity is ObjectLiteral => typeof entity === 'object' && entity !== null,
  );
  return hasTarget ? { target: first as EntityTarget<ObjectLiteral>, entities } : { entities };
}
