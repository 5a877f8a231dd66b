import { DataSource, QueryBuilder } from 'typeorm';
import type { EntityManager, EntityMetadata, ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
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
 * Makes statements for each scoped entity, and looks for the predicate in their text: a select and an insert for every entity; every kind of
 * statement, by each way there is to a builder, for one entity of each shape; these once more after TypeORM has reset its registry of
 * builders. A TypeORM in which a seam has moved stops the application from starting here. Nothing is sent to the database.
 *
 * @throws MuckConfigurationError naming the kind of statement, the entity, and the way to its tenant column
 */
export function testPredicates(dataSource: DataSource): void {
  const { policies } = requireEnforcement(dataSource);
  const scoped = dataSource.entityMetadatas.filter((metadata) => isScoped(policies.of(metadata)));
  const transactional = dataSource.createEntityManager();
  // Never sent: the sample need not fit the columns.
  runWithScope({ values: sampleScope(), fingerprint: '[self-check]' }, () => {
    const checks = scoped.flatMap((metadata) => {
      const target = targetOf(metadata);
      return target === undefined ? [] : [new StatementCheck(dataSource, metadata, target)];
    });
    // Which builder a way leads to, and where that puts the predicate, depends on the shape of an entity and not on its names.
    const examples = new Map<string, StatementCheck>();
    for (const check of checks) if (examples.get(check.shape)?.isDeletable !== true) examples.set(check.shape, check);
    const runExamples = (): void => {
      for (const check of examples.values()) check.runAll(transactional);
    };
    runExamples();
    for (const check of checks) check.run();
    // Each `new DataSource()` puts TypeORM's own builders back into a registry that the whole process shares.
    // Without a cache: its provider is a function of the application.
    new DataSource({ ...dataSource.options, cache: false });
    runExamples();
  });
}

/** The name of the entity in the selects. */
const ALIAS = 'checked';

function sampleScope(): Record<string, ScopeValue> {
  const samples = new Map<unknown, ScopeValue>([
    [Number, 1],
    [String, 'self-check'],
    [BigInt, 1n],
  ]);
  return Object.fromEntries(Object.entries(getScopeDeclaration()).map(([key, type]) => [key, samples.get(type)!]));
}

/** The statements of one entity. */
class StatementCheck {
  /** Entities of one shape have statements of the same kinds. */
  readonly shape: string;
  /** The builders whose text was looked at. */
  private readonly seen: BuilderState[] = [];
  private readonly aliased: string;
  private readonly plain: string;
  /** What an update sets; undefined for an entity without a column that it may set. */
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

  /** Whether a delete is sent: one that the cascade check refuses is not. */
  get isDeletable(): boolean {
    const { cascades } = requireEnforcement(this.dataSource).policies;
    return this.metadata.tableType !== 'view' && cascades.ofDelete(this.metadata) === undefined;
  }

  /** The select compares the entity's own columns with the scope, the insert fills them. */
  run(): void {
    const { dataSource, target } = this;
    this.select('a select of the DataSource', () => dataSource.createQueryBuilder(target, ALIAS));
    this.checkInsert();
  }

  /** @param transactional an EntityManager as transactions have one */
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
    if (this.isDeletable)
      this.assertPredicate(`a delete of ${name}`, () => manager.createQueryBuilder().delete().from(target));
    if (changes !== undefined)
      this.assertPredicate(`an update of ${name}`, () => manager.createQueryBuilder().update(target).set(changes));
    if (metadata.deleteDateColumn === undefined) return;
    this.assertPredicate(`a soft delete of ${name}`, () => manager.createQueryBuilder().softDelete().from(target));
    this.assertPredicate(`a restore of ${name}`, () => manager.createQueryBuilder().restore().from(target));
  }

  /** One column is enough: the predicate does not depend on the columns that are read. */
  private select(kind: string, build: () => SelectQueryBuilder<ObjectLiteral>): void {
    const [{ propertyPath }] = this.metadata.columns;
    this.assertPredicate(kind, () => build().select(`${ALIAS}.${propertyPath}`), this.aliased);
  }

  /** An insert of the entity is stamped: the parameter of each scope key stands among the values. */
  private checkInsert(): void {
    const { dataSource, metadata } = this;
    const policy = requireEnforcement(dataSource).policies.of(metadata);
    if (policy.kind !== 'columns' || metadata.tableType === 'view') return;
    // No other column: its transformer or its default may be a function of the application.
    const columns = policy.columns.map(({ column }) => column.propertyPath);
    for (const { key, column } of policy.columns) {
      const builder = (): QueryBuilder<ObjectLiteral> =>
        dataSource.createQueryBuilder().insert().into(metadata.target, columns).values({});
      this.assertPredicate('an insert', builder, `:${scopeParameter(key, column)}`);
    }
  }

  /** Looks for the predicate in a statement's text. Ways that lead to the same builder make the same text. */
  private assertPredicate(kind: string, build: () => QueryBuilder<ObjectLiteral>, predicate = this.plain): void {
    let text: string;
    let state: BuilderState | undefined;
    try {
      const builder = build();
      state = stateOf(builder, this.metadata, predicate);
      if (this.seen.some(({ type, settings }) => type === state?.type && settings === state?.settings)) return;
      text = buildStatement(() => builder.getQuery());
    } catch (error) {
      // What is refused is never sent.
      if (error instanceof StatementRefusedError) return;
      throw new MuckConfigurationError([`${this.where(kind)} cannot be made: ${String(error)}`]);
    }
    if (text.includes(predicate)) {
      if (state !== undefined) this.seen.push(state);
      return;
    }
    throw new MuckConfigurationError([
      `${this.where(kind)} does not carry the tenant predicate. This release of TypeORM is not one that nestjs-muck knows; ` +
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

/** Describes what the text of a builder of one entity depends on: its class, and what the way to it has set. */
interface BuilderState {
  readonly type: unknown;
  readonly settings: string;
}

/** @returns undefined if the builder is none of TypeORM's */
function stateOf(
  builder: QueryBuilder<ObjectLiteral>,
  metadata: EntityMetadata,
  predicate: string,
): BuilderState | undefined {
  if (!(builder instanceof QueryBuilder)) return undefined;
  const { queryType, subQuery, mainAlias, aliases, wheres, joinAttributes, commonTableExpressions } =
    builder.expressionMap;
  const settings = JSON.stringify([
    predicate,
    queryType,
    subQuery,
    aliases.indexOf(mainAlias!),
    aliases.map((alias) => [alias.type, alias.name, alias.hasMetadata && alias.metadata === metadata]),
    [wheres, joinAttributes, commonTableExpressions].map(({ length }) => length),
    // A method that was put on the builder itself stands among them.
    Object.keys(builder),
  ]);
  return { type: builder.constructor, settings };
}

/** A column that an update may set: no key, and nothing that says whose the row is. */
function ordinaryColumn(metadata: EntityMetadata, policy: ScopedPolicy): ColumnMetadata | undefined {
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
