import { DataSource } from 'typeorm';
import type { EntityMetadata, ObjectLiteral, QueryBuilder, EntityManager } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { MuckConfigurationError } from '../exceptions/muck-configuration.error.js';
import { StatementRefusedError } from '../exceptions/statement-refused.error.js';
import { runInScope } from '../tenancy/scope-frame.js';
import { scopeDeclaration } from '../tenancy/tenant-scope.js';
import type { ScopeValue } from '../tenancy/tenant-scope.js';
import { requireEnforcement } from './enforcement.js';
import { isScoped } from './policy.js';
import type { ScopedPolicy } from './policy.js';
import { render } from './rendering.js';
import { scopeParameter } from './scope-parameters.js';

/**
 * Makes the text of one statement of each kind for each scoped entity, by each way there is to a builder, and looks for the predicate in
 * it; then once more after TypeORM has reset its registry of builders. A TypeORM in which a seam has moved stops the application from
 * starting here. Nothing is sent to the database.
 *
 * @throws MuckConfigurationError naming the kind of statement and the entity
 */
export function selfCheck(dataSource: DataSource): void {
  const { policies } = requireEnforcement(dataSource);
  const scoped = dataSource.entityMetadatas.filter((metadata) => isScoped(policies.of(metadata)));
  const check = (): void => scoped.forEach((metadata) => checkStatements(dataSource, metadata));
  // Never sent: the sample need not fit the columns.
  runInScope({ values: sampleScope(), fingerprint: '[self-check]' }, () => {
    check();
    // Each `new DataSource()` puts TypeORM's own builders back into a registry that the whole process shares.
    // Without a cache: its provider is a function of the application.
    new DataSource({ ...dataSource.options, cache: false });
    check();
  });
}

function sampleScope(): Record<string, ScopeValue> {
  const samples = new Map<unknown, ScopeValue>([
    [Number, 1],
    [String, 'self-check'],
    [BigInt, 1n],
  ]);
  return Object.fromEntries(Object.entries(scopeDeclaration()).map(([key, type]) => [key, samples.get(type)!]));
}

function checkStatements(dataSource: DataSource, metadata: EntityMetadata): void {
  const { policies } = requireEnforcement(dataSource);
  const { driver } = dataSource;
  const target = targetOf(metadata);
  if (target === undefined) return;
  const aliased = policies.text(metadata, driver.escape('checked'));
  const plain = policies.text(metadata, policies.table(metadata), 'own');
  const managers: [string, EntityManager][] = [
    ['the EntityManager', dataSource.manager],
    ["a transaction's EntityManager", dataSource.createEntityManager()],
  ];

  expect(metadata, 'a select of the DataSource', () => dataSource.createQueryBuilder(target, 'checked'), aliased);
  expect(
    metadata,
    'a select of a repository',
    () => dataSource.getRepository(target).createQueryBuilder('checked'),
    aliased,
  );
  for (const [name, manager] of managers) {
    expect(metadata, `a select of ${name}`, () => manager.createQueryBuilder(target, 'checked'), aliased);
    expect(
      metadata,
      `a sub-query of ${name}`,
      () => manager.createQueryBuilder().subQuery().from(target, 'checked'),
      aliased,
    );
    if (metadata.tableType === 'view') continue;
    // Deletes that the cascade check refuses are never sent.
    if (policies.cascades.ofDelete(metadata) === undefined)
      expect(metadata, `a delete of ${name}`, () => manager.createQueryBuilder().delete().from(target), plain);
    const set = ordinaryColumn(dataSource, metadata)?.createValueMap(null);
    if (set !== undefined)
      expect(metadata, `an update of ${name}`, () => manager.createQueryBuilder().update(target).set(set), plain);
    if (metadata.deleteDateColumn !== undefined) {
      expect(metadata, `a soft delete of ${name}`, () => manager.createQueryBuilder().softDelete().from(target), plain);
      expect(metadata, `a restore of ${name}`, () => manager.createQueryBuilder().restore().from(target), plain);
    }
  }
  checkInsert(dataSource, metadata);
}

/**
 * What a builder has to be given for an entity. Junction tables have no class, and two may have one name: in two schemas, or because both
 * sides of a relation carry `@JoinTable`.
 *
 * @returns undefined for a table that no builder can be told apart
 */
function targetOf(metadata: EntityMetadata): string | undefined {
  const { dataSource, target, tablePath } = metadata;
  return [target as string, tablePath].find(
    (name) => name !== '' && dataSource.hasMetadata(name) && dataSource.getMetadata(name) === metadata,
  );
}

/** An insert of the entity is stamped: the parameter of each scope key stands among the values. */
function checkInsert(dataSource: DataSource, metadata: EntityMetadata): void {
  const policy = requireEnforcement(dataSource).policies.of(metadata);
  if (policy.kind !== 'columns' || metadata.tableType === 'view') return;
  // No other column: its transformer or its default may be a function of the application.
  const columns = policy.columns.map(({ column }) => column.propertyPath);
  for (const { key } of policy.columns) {
    const builder = (): QueryBuilder<ObjectLiteral> =>
      dataSource.createQueryBuilder().insert().into(metadata.target, columns).values({});
    expect(metadata, 'an insert', builder, `:${scopeParameter(key)}`);
  }
}

function expect(
  metadata: EntityMetadata,
  kind: string,
  build: () => QueryBuilder<ObjectLiteral>,
  predicate: string,
): void {
  let text: string;
  try {
    text = render(() => build().getQuery());
  } catch (error) {
    // What is refused is never sent.
    if (error instanceof StatementRefusedError) return;
    throw error;
  }
  if (text.includes(predicate)) return;
  throw new MuckConfigurationError([
    `${kind} on ${metadata.name} does not carry the tenant predicate. This release of TypeORM is not one that nestjs-muck knows; ` +
      `install one in the range of its peer dependency.`,
  ]);
}

/** A column that an update may set: no key, and nothing that says whose the row is. */
function ordinaryColumn(dataSource: DataSource, metadata: EntityMetadata): ColumnMetadata | undefined {
  const policy = requireEnforcement(dataSource).policies.of(metadata) as ScopedPolicy;
  const fixed =
    policy.kind === 'columns'
      ? policy.columns.map(({ column }) => column)
      : policy.parents.flatMap(({ columns }) => columns.map(({ own }) => own));
  return metadata.columns.find(
    (column) =>
      column.isUpdate &&
      !column.isPrimary &&
      !column.isVirtualProperty &&
      column.transformer === undefined &&
      !fixed.includes(column),
  );
}
