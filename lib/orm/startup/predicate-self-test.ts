import { DataSource, QueryBuilder } from 'typeorm';
import type { EntityManager, EntityMetadata, ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import { MuckConfigurationError } from '../../errors/muck-configuration.error.js';
import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import { runWithScope } from '../../tenancy/context/tenant-context.js';
import { getScopeDeclaration } from '../../tenancy/context/tenant-scope.js';
import type { ScopeValue } from '../../tenancy/context/tenant-scope.js';
import { requireEnforcement } from '../enforcement/enforcement.js';
import { ownerPaths } from '../policy/ownership-paths.js';
import { isScoped } from '../policy/tenant-policy.js';
import type { ScopedPolicy } from '../policy/tenant-policy.js';
import { buildStatement } from '../writes/statement-context.js';
import { scopeParameter } from '../policy/scope-parameters.js';

/**
 * Builds statements for each tenant-scoped entity and checks that their SQL contains the tenant predicate. If a release
 * of TypeORM has moved a patched method, the application stops here. No statement is sent to the database.
 *
 * Checks:
 *
 * - for every entity, a select and an insert;
 * - for one entity of each shape, every kind of statement by each way to create a builder;
 * - the latter again after TypeORM has reset its registry of builders.
 *
 * @throws MuckConfigurationError with the kind of statement, the entity, and the path to its tenant column
 */
export function testPredicates(dataSource: DataSource): void {
  const { policies } = requireEnforcement(dataSource);
  const scoped = dataSource.entityMetadatas.filter((metadata) => isScoped(policies.of(metadata)));
  const transactional = dataSource.createEntityManager();
  // No statement is sent, so the sample values need not fit the columns.
  runWithScope({ values: sampleScope(), fingerprint: '[self-check]' }, () => {
    const checks = scoped.flatMap((metadata) => {
      const target = targetOf(metadata);
      return target === undefined ? [] : [new StatementCheck(dataSource, metadata, target)];
    });
    // The builder, and where it puts the predicate, depends on the shape of an entity, not on its names.
    const examples = new Map<string, StatementCheck>();
    for (const check of checks) if (examples.get(check.shape)?.isDeletable !== true) examples.set(check.shape, check);
    const runExamples = (): void => {
      for (const check of examples.values()) check.runAll(transactional);
    };
    runExamples();
    for (const check of checks) check.run();
    // Each `new DataSource()` puts TypeORM's own builders back into its process-wide registry. Created without a cache,
    // because the cache provider is a function of the application.
    new DataSource({ ...dataSource.options, cache: false });
    runExamples();
  });
}

/** Alias of the entity in the selects. */
const ALIAS = 'checked';

function sampleScope(): Record<string, ScopeValue> {
  const samples = new Map<unknown, ScopeValue>([
    [Number, 1],
    [String, 'self-check'],
    [BigInt, 1n],
  ]);
  return Object.fromEntries(Object.entries(getScopeDeclaration()).map(([key, type]) => [key, samples.get(type)!]));
}

/** Self-test of the statements of one entity. */
class StatementCheck {
  /** Entities of the same shape have statements of the same kinds. */
  readonly shape: string;
  /** State of the builders whose SQL was checked. */
  private readonly seen: BuilderState[] = [];
  private readonly aliased: string;
  private readonly plain: string;
  /** Values that an update sets; undefined if an update may set no column of the entity. */
  private readonly changes: ObjectLiteral | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly metadata: EntityMetadata,
    private readonly target: string,
  ) {
    const { policies } = requireEnforcement(dataSource);
    const policy = policies.of(metadata) as ScopedPolicy;
    this.aliased = policies.predicateSql(metadata, dataSource.driver.escape(ALIAS));
    this.plain = policies.predicateSql(metadata, policies.table(metadata), 'own');
    this.changes = ordinaryColumn(metadata, policy)?.createValueMap(null);
    const owners = policy.kind === 'columns' ? policy.columns : policy.parents;
    this.shape = JSON.stringify([
      policy.kind,
      owners.length,
      policies.mayBeShared(metadata),
      metadata.tableType,
      typeof target,
      this.changes !== undefined,
      metadata.deleteDateColumn !== undefined,
    ]);
  }

  /** True if the cascade check does not refuse a delete. */
  get isDeletable(): boolean {
    const { cascades } = requireEnforcement(this.dataSource).policies;
    return cascades.ofDelete(this.metadata) === undefined;
  }

  /** Checks a select, which compares the entity's own columns with the scope, and an insert, which sets them. */
  run(): void {
    const { dataSource, target } = this;
    this.select('a select of the DataSource', () => dataSource.createQueryBuilder(target, ALIAS));
    this.checkInsert();
  }

  /** @param transactional an EntityManager as a transaction creates it */
  runAll(transactional: EntityManager): void {
    const { dataSource, target } = this;
    this.run();
    this.select('a select of a repository', () => dataSource.getRepository(target).createQueryBuilder(ALIAS));
    this.runByManager('the EntityManager', dataSource.manager);
    this.runByManager("a transaction's EntityManager", transactional);
  }

  private runByManager(name: string, manager: EntityManager): void {
    const { target, metadata, changes } = this;
    this.select(`a select of ${name}`, () => manager.createQueryBuilder(target, ALIAS));
    this.select(`a sub-query of ${name}`, () => manager.createQueryBuilder().subQuery().from(target, ALIAS));
    if (metadata.tableType === 'view') return;
    this.assertPredicate(`a delete of ${name}`, () => manager.createQueryBuilder().delete().from(target));
    if (changes !== undefined)
      this.assertPredicate(`an update of ${name}`, () => manager.createQueryBuilder().update(target).set(changes));
    if (metadata.deleteDateColumn === undefined) return;
    this.assertPredicate(`a soft delete of ${name}`, () => manager.createQueryBuilder().softDelete().from(target));
    this.assertPredicate(`a restore of ${name}`, () => manager.createQueryBuilder().restore().from(target));
  }

  /** Selects one column, because the predicate does not depend on the selected columns. */
  private select(kind: string, build: () => SelectQueryBuilder<ObjectLiteral>): void {
    const [{ propertyPath }] = this.metadata.columns;
    this.assertPredicate(kind, () => build().select(`${ALIAS}.${propertyPath}`), this.aliased);
  }

  /** Checks that the values of an insert contain the parameter of each scope key. */
  private checkInsert(): void {
    const { dataSource, metadata } = this;
    const policy = requireEnforcement(dataSource).policies.of(metadata);
    if (policy.kind !== 'columns' || metadata.tableType === 'view') return;
    // Inserts no other column, because its transformer or default may be a function of the application.
    const columns = policy.columns.map(({ column }) => column.propertyPath);
    for (const { key, column } of policy.columns) {
      const builder = (): QueryBuilder<ObjectLiteral> =>
        dataSource.createQueryBuilder().insert().into(metadata.target, columns).values({});
      this.assertPredicate('an insert', builder, `:${scopeParameter(key, column)}`);
    }
  }

  /**
   * Checks that the SQL of a statement contains the predicate. Builders in the same state produce the same SQL, so only
   * the first is checked.
   */
  private assertPredicate(kind: string, build: () => QueryBuilder<ObjectLiteral>, predicate = this.plain): void {
    let text: string;
    let state: BuilderState;
    try {
      const builder = build();
      state = stateOf(builder, this.metadata, predicate);
      if (this.seen.some(({ type, settings }) => type === state.type && settings === state.settings)) return;
      text = buildStatement(() => builder.getQuery());
    } catch (error) {
      // A refused statement is never sent.
      if (error instanceof StatementRefusedError) return;
      throw new MuckConfigurationError([`${this.where(kind)} cannot be built: ${String(error)}`]);
    }
    if (text.includes(predicate)) {
      this.seen.push(state);
      return;
    }
    throw new MuckConfigurationError([
      `${this.where(kind)} does not carry the tenant predicate. This release of TypeORM is not supported; ` +
        `install one in the range of its peer dependency.`,
    ]);
  }

  private where(kind: string): string {
    const { metadata } = this;
    const paths = ownerPaths(metadata, requireEnforcement(metadata.dataSource).policies);
    return `${kind} on ${metadata.name}, whose rows belong to tenants by ${paths.join(' and ')},`;
  }
}

/**
 * Returns the target by which a builder finds an entity. Junction tables have no class, and two of them may have the
 * same name: in two schemas, or because both sides of a relation carry `@JoinTable`.
 *
 * @returns undefined if no target identifies the table
 */
function targetOf(metadata: EntityMetadata): string | undefined {
  const { dataSource, target, tablePath } = metadata;
  return [target as string, tablePath].find(
    (name) => dataSource.hasMetadata(name) && dataSource.getMetadata(name) === metadata,
  );
}

/** State that the SQL of a builder for one entity depends on: its class, and settings from its creation. */
interface BuilderState {
  readonly type: unknown;
  readonly settings: string;
}

/** The state of a builder that is not a QueryBuilder of TypeORM is unlike any other. */
function stateOf(builder: QueryBuilder<ObjectLiteral>, metadata: EntityMetadata, predicate: string): BuilderState {
  if (!(builder instanceof QueryBuilder)) return { type: builder, settings: predicate };
  const { queryType, subQuery, mainAlias, aliases, wheres, joinAttributes, commonTableExpressions } =
    builder.expressionMap;
  const settings = JSON.stringify([
    predicate,
    queryType,
    subQuery,
    aliases.indexOf(mainAlias!),
    aliases.map((alias) => [alias.type, alias.name, alias.hasMetadata && alias.metadata === metadata]),
    [wheres, joinAttributes, commonTableExpressions].map(({ length }) => length),
    // Includes the names of methods that were put on the builder itself.
    Object.keys(builder),
  ]);
  return { type: builder.constructor, settings };
}

/** Returns a column that an update may set: neither a primary key nor an ownership column. */
function ordinaryColumn(metadata: EntityMetadata, policy: ScopedPolicy): ColumnMetadata | undefined {
  const fixed =
    policy.kind === 'columns'
      ? policy.columns.map(({ column }) => column)
      : policy.parents.flatMap(({ columns }) => columns.map(({ own }) => own));
  const names = fixed.map(({ databaseName }) => databaseName);
  return metadata.columns.find(
    (column) =>
      column.isUpdate &&
      !column.isPrimary &&
      !column.isVirtualProperty &&
      column.transformer === undefined &&
      !names.includes(column.databaseName),
  );
}
