import { EntityManager, EntitySchema } from 'typeorm';
import type { EntityMetadata, EntityTarget, ObjectLiteral, QueryRunner } from 'typeorm';
import { SqljsEntityManager } from 'typeorm/entity-manager/SqljsEntityManager.js';
import { StatementRefusedError } from '../exceptions/statement-refused.error.js';
import { isUnscoped } from './authority.js';
import { requireEnforcement } from './enforcement.js';
import { persist } from './persistence.js';
import { forgetUnseen } from './unseen-relations.js';
import type { SingleConnection } from './single-connection.js';
import { requireOwn, storedValues } from './visible-rows.js';

type Operation = 'remove' | 'softRemove' | 'recover';

/**
 * Makes an entity manager say so where TypeORM would silently do nothing: removing or recovering a row that the scope cannot see, or that
 * all tenants share. The statements themselves are limited with or without this.
 *
 * @param connection given for drivers whose requests share one connection
 */
export function guardManager(manager: EntityManager, connection?: SingleConnection): EntityManager {
  manager.save = save;
  manager.remove = remove;
  manager.softRemove = softRemove;
  manager.recover = recover;
  if (manager instanceof SqljsEntityManager) refuseWholeDatabase(manager);
  if (connection !== undefined) manager.transaction = connection.transaction(manager);
  return manager;
}

/** The file of a database in memory holds the rows of all tenants. */
function refuseWholeDatabase(manager: SqljsEntityManager): void {
  for (const [method, guarded] of WHOLE_DATABASE) Object.assign(manager, { [method]: guarded });
}

/** One function per method, shared by all managers: one is made for every query runner. */
const WHOLE_DATABASE = (['exportDatabase', 'loadDatabase', 'saveDatabase'] as const).map((method) => {
  const stock = Reflect.get(SqljsEntityManager.prototype, method) as (...args: unknown[]) => unknown;
  const guarded = function (this: SqljsEntityManager, ...args: unknown[]): unknown {
    if (isUnscoped()) return stock.apply(this, args);
    throw new StatementRefusedError(
      'the file of a database holds the rows of all tenants',
      "Say tenancy.unscoped('why', fn).",
    );
  };
  return [method, guarded] as const;
});

/** TypeORM's own method. */
function stock(operation: Operation | 'save'): (this: EntityManager, ...args: unknown[]) => Promise<never> {
  return Reflect.get(EntityManager.prototype, operation) as () => Promise<never>;
}

function save(this: EntityManager, ...args: unknown[]): Promise<never> {
  leaveUnseen(this, readArguments(args));
  return persist(() => stock('save').apply(this, args));
}

function refuseOthers(operation: Operation): (this: EntityManager, ...args: unknown[]) => Promise<never> {
  return async function (this: EntityManager, ...args: unknown[]): Promise<never> {
    await requireOwnRows(this, args);
    return persist(() => stock(operation).apply(this, args));
  };
}

// One function per operation, shared by all managers: one is made for every query runner.
const remove = refuseOthers('remove');
const softRemove = refuseOthers('softRemove');
const recover = refuseOthers('recover');

/** Relations that were loaded as null because the scope cannot see their rows keep their keys. */
function leaveUnseen({ dataSource }: EntityManager, { target, entities }: GivenEntities): void {
  for (const entity of entities) {
    const type = target ?? entity.constructor;
    if (dataSource.hasMetadata(type)) forgetUnseen(dataSource.getMetadata(type), [entity]);
  }
}

async function requireOwnRows(manager: EntityManager, args: readonly unknown[]): Promise<void> {
  const byMetadata = new Map<EntityMetadata, ObjectLiteral[]>();
  const { policies } = requireEnforcement(manager.dataSource);
  const { target, entities } = readArguments(args);
  for (const entity of entities) {
    const type = target ?? entity.constructor;
    if (!manager.dataSource.hasMetadata(type)) continue;
    const metadata = manager.dataSource.getMetadata(type).findInheritanceMetadata(entity);
    if (policies.inForce(metadata) === undefined) continue;
    const rows = byMetadata.get(metadata);
    if (rows === undefined) byMetadata.set(metadata, [entity]);
    else rows.push(entity);
  }
  if (byMetadata.size === 0) return;
  const queryRunner = manager.queryRunner ?? manager.dataSource.createQueryRunner();
  try {
    for (const [metadata, rows] of byMetadata) await requireOwnKeys(queryRunner, metadata, rows);
  } finally {
    if (manager.queryRunner === undefined) await queryRunner.release();
  }
}

async function requireOwnKeys(
  queryRunner: QueryRunner,
  metadata: EntityMetadata,
  entities: readonly ObjectLiteral[],
): Promise<void> {
  const columns = metadata.primaryColumns;
  const keys = entities.map((entity) => storedValues(entity, columns, queryRunner.dataSource));
  // An entity without its key is for TypeORM to refuse.
  const complete = keys.filter((key) => key.every((value) => value !== undefined && value !== null));
  const [key] = complete.length === 1 ? complete : [];
  const named = Object.fromEntries(columns.map(({ propertyPath }, i) => [propertyPath, key?.[i]]));
  await requireOwn(queryRunner, metadata, columns, complete, named);
}

interface GivenEntities {
  readonly target?: EntityTarget<ObjectLiteral>;
  readonly entities: readonly ObjectLiteral[];
}

/** `(entity, options?)` or `(target, entity, options?)`, as TypeORM tells them apart. */
function readArguments(args: readonly unknown[]): GivenEntities {
  const [first, second] = args;
  const hasTarget = typeof first === 'function' || typeof first === 'string' || first instanceof EntitySchema;
  const given = hasTarget ? second : first;
  const entities = (Array.isArray(given) ? (given as unknown[]) : [given]).filter(
    (entity): entity is ObjectLiteral => typeof entity === 'object' && entity !== null,
  );
  return hasTarget ? { target: first as EntityTarget<ObjectLiteral>, entities } : { entities };
}
