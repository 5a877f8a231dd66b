import { EntityNotFoundError, UpdateQueryBuilder } from 'typeorm';
import type { EntityMetadata, ObjectLiteral, UpdateResult } from 'typeorm';
import type { ColumnMetadata, RelationMetadata } from '../../common/peer-internals.js';
import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import { requireEnforcement } from '../enforcement/enforcement.js';
import { losslessColumnSql } from '../lookups/exact-select.js';
import { keyColumnsOf, collectLookups } from '../writes/foreign-keys.js';
import { isInSave } from '../writes/save-context.js';
import type { PolicyRegistry } from '../policy/policy-registry.js';
import { isScoped, ownerColumns } from '../policy/tenant-policy.js';
import { valueAt } from '../policy/tenant-column-hydration.js';
import { currentBuildContext, outsideBuildContext } from '../writes/statement-context.js';
import type { BoundStatement } from '../sql/parameter-binding.js';
import { setTenantsOfKeys } from '../writes/tenant-in-primary-key.js';
import { WriteSnapshot } from '../writes/value-snapshot.js';
import { ResolvedKeyValues } from '../writes/resolved-key-values.js';
import { builderRegistry } from '../enforcement/builder-registry.js';
import { ScopedBuilder } from './scoped-builder.mixin.js';
import { assertNoneLeft } from './shared-row-check.js';
import {
  assertOwnCascades,
  assertOwnReferences,
  assertScopeTenant,
  assertParentGiven,
  assertWholeTenant,
  targetMetadata,
} from '../writes/write-rules.js';

/** An update that changes rows of the tenant scope only, and cannot move them out of it. */
export class ScopedUpdateQueryBuilder<Entity extends ObjectLiteral> extends ScopedBuilder(UpdateQueryBuilder)<Entity> {
  override async execute(): Promise<UpdateResult> {
    const result = await super.execute();
    const metadata = targetMetadata(this.expressionMap);
    // `save` sends one update per row, and does not check that it affected the row.
    if (result.affected === 0 && !this.expressionMap.callListeners && isInSave() && metadata !== undefined) {
      const { policies } = requireEnforcement(this.dataSource);
      await assertNoneLeft(this, metadata);
      if (policies.isLimited(metadata)) throw new EntityNotFoundError(metadata.target, {});
    }
    return result;
  }

  protected override createUpdateExpression(): string {
    const metadata = targetMetadata(this.expressionMap);
    if (metadata === undefined) return super.createUpdateExpression();
    const { policies, dialect } = requireEnforcement(this.dataSource);
    const given = this.getValueSet();
    const values = outsideBuildContext(() => new WriteSnapshot(metadata, dialect).forUpdate(given));
    completeReferences(metadata, values, policies);
    currentBuildContext()?.writes.push(metadata);
    const named = this.writtenColumns(metadata, values);
    const leftOut = leftOutTenants(metadata, values, named, policies);
    const written = new Set([...named].filter((column) => !leftOut.includes(column)));
    const keys = new ResolvedKeyValues(metadata, [values], policies, written, 'update');
    currentBuildContext()?.lookups.push(...outsideBuildContext(() => collectLookups(keys, policies)));
    if (policies.isLimited(metadata)) assertUpdateAllowed(metadata, { values, given, written }, policies);
    else {
      assertWholeTenant(metadata, values, policies);
      const readsKeys = movesShareable(metadata, values, policies);
      currentBuildContext()?.unscoped.push({
        keys,
        affectedOwnersQuery: this.affectedOwnersQuery(metadata, policies, readsKeys),
        readsKeys,
      });
    }
    assertOwnCascades(metadata, written, policies);
    this.pinResolvedKeys(values, keys, policies);
    this.expressionMap.valuesSet = values;
    try {
      return leavingOut(leftOut, () => super.createUpdateExpression());
    } finally {
      this.expressionMap.valuesSet = given;
    }
  }

  /** Returns the columns that TypeORM writes for the value set, which is a copy without undefined values. */
  private writtenColumns(metadata: EntityMetadata, values: ObjectLiteral): ReadonlySet<ColumnMetadata> {
    const paths = this.createPropertyPath(metadata, values);
    const columns = paths.flatMap((path) => metadata.findColumnsWithPropertyPath(path));
    return new Set(columns.filter(({ isUpdate }) => isUpdate));
  }

  /**
   * Replaces transformed keys by the checked values: TypeORM would call the transformer again, which may return another
   * value.
   */
  private pinResolvedKeys(values: ObjectLiteral, keys: ResolvedKeyValues, policies: PolicyRegistry): void {
    for (const column of keyColumnsOf(keys.metadata, policies)) {
      const stored = column.transformer === undefined ? undefined : keys.storedValue(column, 0);
      if (stored === undefined) continue;
      const related = column.relationMetadata && valueAt(values, column.relationMetadata.propertyPath);
      const expression = (): string => this.createParameter(stored);
      // TypeORM reads the related object before the key column, unless the relation is lazy.
      if (typeof related === 'object' && related !== null) column.referencedColumn!.setEntityValue(related, expression);
      column.setEntityValue(values, expression);
    }
  }

  /**
   * Returns a SELECT of the ownership columns of the affected rows; undefined for shared entities.
   * `cross-tenant-check.ts` reads the columns by their aliases `c0`, `c1` … and `k0`, `k1` …
   */
  private affectedOwnersQuery(
    metadata: EntityMetadata,
    policies: PolicyRegistry,
    readsKeys: boolean,
  ): BoundStatement | undefined {
    const policy = policies.of(metadata);
    if (!isScoped(policy)) return undefined;
    const { driver } = this.dataSource;
    const select = (prefix: string) => (column: ColumnMetadata, i: number) => {
      const name = driver.escape(column.databaseName);
      return `${losslessColumnSql(column, name, this.dataSource)} AS ${driver.escape(`${prefix}${i}`)}`;
    };
    const keys = readsKeys ? keyColumnsOf(metadata, policies) : [];
    const wanted = [...ownerColumns(policy).map(select('c')), ...keys.map(select('k'))];
    const text = `SELECT DISTINCT ${wanted.join(', ')} FROM ${policies.table(metadata)}${this.createWhereExpression()}`;
    return outsideBuildContext(() =>
      driver.escapeQueryWithParameters(this.replacePropertyNamesForTheWholeQuery(text), this.getParameters()),
    );
  }
}

/**
 * Checks whether an update sets ownership columns of an entity whose rows may be shared: it may make a row shared, or
 * assign a shared row to a tenant.
 */
function movesShareable(metadata: EntityMetadata, values: ObjectLiteral, policies: PolicyRegistry): boolean {
  const policy = policies.of(metadata);
  if (!isScoped(policy) || !policies.mayBeShared(metadata)) return false;
  return ownerColumns(policy).some((column) => column.getEntityValue(values) !== undefined);
}

/**
 * Returns the tenant columns that TypeORM must not write. They are shared with a composite reference that alone is set
 * to null, or another reference has already written the column.
 */
function leftOutTenants(
  metadata: EntityMetadata,
  values: ObjectLiteral,
  named: ReadonlySet<ColumnMetadata>,
  policies: PolicyRegistry,
): readonly ColumnMetadata[] {
  const tenants = policies.tenantColumns(metadata).map(({ column }) => column.databaseName);
  const cleared = metadata.relationsWithJoinColumns
    .filter(({ joinColumns }) => joinColumns.length > 1)
    .filter(({ propertyPath }) => valueAt(values, propertyPath) === null);
  const written = new Set<string>();
  return [...named].filter((column) => {
    const { databaseName } = column;
    if (!tenants.includes(databaseName)) return false;
    // Null was assigned to the tenant itself, unless the column's property belongs to the reference only.
    const isSaid = column.getEntityValue(values) !== undefined;
    const isCleared = cleared.some(
      ({ joinColumns, propertyName }) =>
        joinColumns.includes(column) && (!isSaid || propertyName === column.propertyName),
    );
    if (!isCleared && !written.has(databaseName)) {
      written.add(databaseName);
      return false;
    }
    return true;
  });
}

/**
 * Builds the text without some columns: TypeORM omits columns with `isUpdate: false`. `makeText` must be synchronous,
 * since the metadata is shared with other callers.
 */
function leavingOut(columns: readonly ColumnMetadata[], makeText: () => string): string {
  for (const column of columns) column.isUpdate = false;
  try {
    return makeText();
  } finally {
    for (const column of columns) column.isUpdate = true;
  }
}

/** Adds the tenants that references may omit in a scope. `values` must be a copy, because it is changed. */
function completeReferences(metadata: EntityMetadata, values: ObjectLiteral, policies: PolicyRegistry): void {
  for (const relation of metadata.relationsWithJoinColumns) {
    const related = valueAt(values, relation.propertyPath);
    if (relation.joinColumns.length > 1)
      setTenantsOfKeys(relation.inverseEntityMetadata, [related as ObjectLiteral], policies);
    setColumnsOf(relation, related, values);
  }
}

/**
 * Sets the join columns of a relation from its value. If they are properties, TypeORM ignores a lazy relation, and a
 * plain key instead of an object. It would write NULL, into the tenant column too.
 */
function setColumnsOf({ joinColumns }: RelationMetadata, related: unknown, values: ObjectLiteral): void {
  for (const column of joinColumns) {
    const key: unknown = typeof related === 'object' ? column.referencedColumn!.getEntityValue(related!) : related;
    if (key === undefined || key === null || column.getEntityValue(values) !== undefined) continue;
    column.setEntityValue(values, key);
  }
}

/** The values and columns of an update. */
interface Written {
  readonly values: ObjectLiteral;
  /** The values as the caller gave them. */
  readonly given: ObjectLiteral;
  readonly written: ReadonlySet<ColumnMetadata>;
}

function assertUpdateAllowed(
  metadata: EntityMetadata,
  { values, given, written }: Written,
  policies: PolicyRegistry,
): void {
  for (const tenant of policies.tenantColumns(metadata)) {
    assertScopeTenant(metadata, tenant, values);
    assertOwnReferences(metadata, tenant, given);
  }
  assertParentGiven(metadata, values, policies, (column) => written.has(column));
  for (const column of metadata.primaryColumns) {
    // A conflict would reveal that another tenant uses the number, and a number that is not yet generated must stay
    // free.
    if (!column.isGenerated || column.generationStrategy === 'uuid' || column.getEntityValue(values) === undefined)
      continue;
    throw new StatementRefusedError(
      `an update of ${metadata.name} sets the auto-increment column ${column.propertyPath}`,
      'Remove it.',
    );
  }
}

builderRegistry.update = ScopedUpdateQueryBuilder;
