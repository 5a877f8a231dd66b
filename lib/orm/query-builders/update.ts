import { EntityNotFoundError, UpdateQueryBuilder } from 'typeorm';
import type { EntityMetadata, ObjectLiteral, UpdateResult } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { RelationMetadata } from 'typeorm/metadata/RelationMetadata.js';
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
import { requireNoneLeft } from './shared-row-check.js';
import {
  requireOwnCascades,
  requireOwnReferences,
  assertScopeTenant,
  assertParentGiven,
  requireWholeTenant,
  targetMetadata,
} from '../writes/write-rules.js';

/** An update that changes rows of the tenant scope only, and cannot move them out of it. */
export class ScopedUpdateQueryBuilder<Entity extends ObjectLiteral> extends ScopedBuilder(UpdateQueryBuilder)<Entity> {
  override async execute(): Promise<UpdateResult> {
    const result = await super.execute();
    const metadata = targetMetadata(this.expressionMap);
    // Each update that `save` makes is for one row, and it does not look whether there was one.
    if (result.affected === 0 && !this.expressionMap.callListeners && isInSave() && metadata !== undefined) {
      const { policies } = requireEnforcement(this.dataSource);
      await requireNoneLeft(this, metadata);
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
      requireWholeTenant(metadata, values, policies);
      const readsKeys = movesShareable(metadata, values, policies);
      currentBuildContext()?.unscoped.push({
        keys,
        affectedOwnersQuery: this.affectedOwnersQuery(metadata, policies, readsKeys),
        readsKeys,
      });
    }
    requireOwnCascades(metadata, written, policies);
    this.pinResolvedKeys(values, keys, policies);
    this.expressionMap.valuesSet = values;
    try {
      return leavingOut(leftOut, () => super.createUpdateExpression());
    } finally {
      this.expressionMap.valuesSet = given;
    }
  }

  /** The columns that TypeORM gives a value, for what the value set names. The copy of it has nothing that is undefined. */
  private writtenColumns(metadata: EntityMetadata, values: ObjectLiteral): ReadonlySet<ColumnMetadata> {
    const paths = this.createPropertyPath(metadata, values);
    const columns = paths.flatMap((path) => metadata.findColumnsWithPropertyPath(path));
    return new Set(columns.filter(({ isUpdate }) => isUpdate));
  }

  /** TypeORM asks a transformer again, which may answer something else. */
  private pinResolvedKeys(values: ObjectLiteral, keys: ResolvedKeyValues, policies: PolicyRegistry): void {
    for (const column of keyColumnsOf(keys.metadata, policies)) {
      const stored = column.transformer === undefined ? undefined : keys.storedValue(column, 0);
      if (stored === undefined) continue;
      const related = column.relationMetadata && valueAt(values, column.relationMetadata.propertyPath);
      const expression = (): string => this.createParameter(stored);
      // A row in the relation's place comes before the key, unless the relation is lazy.
      if (typeof related === 'object' && related !== null) column.referencedColumn!.setEntityValue(related, expression);
      column.setEntityValue(values, expression);
    }
  }

  /** A statement that tells to whom the rows belong that this one changes; undefined where they belong to nobody. */
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

/** Whether an update may give a row to all tenants, or take it from them. */
function movesShareable(metadata: EntityMetadata, values: ObjectLiteral, policies: PolicyRegistry): boolean {
  const policy = policies.of(metadata);
  if (!isScoped(policy) || !policies.mayBeShared(metadata)) return false;
  return ownerColumns(policy).some((column) => column.getEntityValue(values) !== undefined);
}

/**
 * Returns the tenant columns that TypeORM would write with a reference of several columns which shares them, although the reference alone is
 * set to null, or another one has written the column.
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
    // Null is said of the tenant itself, unless it is a property of nothing but the reference.
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

/** TypeORM leaves out columns that are not to be updated. The text is made at once, so that nobody else sees them so. */
function leavingOut(columns: readonly ColumnMetadata[], makeText: () => string): string {
  for (const column of columns) column.isUpdate = false;
  try {
    return makeText();
  } finally {
    for (const column of columns) column.isUpdate = true;
  }
}

/** In a scope a reference needs no tenant. The values are a copy. */
function completeReferences(metadata: EntityMetadata, values: ObjectLiteral, policies: PolicyRegistry): void {
  for (const relation of metadata.relationsWithJoinColumns) {
    const related = valueAt(values, relation.propertyPath);
    if (relation.joinColumns.length > 1)
      setTenantsOfKeys(relation.inverseEntityMetadata, [related as ObjectLiteral], policies);
    setColumnsOf(relation, related, values);
  }
}

/**
 * TypeORM reads neither a lazy relation nor a key in the place of a row where the relation's columns are properties: it would write NULL, for
 * the tenant too.
 */
function setColumnsOf({ joinColumns }: RelationMetadata, related: unknown, values: ObjectLiteral): void {
  for (const column of joinColumns) {
    const key: unknown = typeof related === 'object' ? column.referencedColumn!.getEntityValue(related!) : related;
    if (key === undefined || key === null || column.getEntityValue(values) !== undefined) continue;
    column.setEntityValue(values, key);
  }
}

/** What an update writes. */
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
    requireOwnReferences(metadata, tenant, given);
  }
  assertParentGiven(metadata, values, policies, (column) => written.has(column));
  for (const column of metadata.primaryColumns) {
    // Whether a number is taken by another tenant must not show, and one that is not yet counted is not to be taken.
    if (!column.isGenerated || column.generationStrategy === 'uuid' || column.getEntityValue(values) === undefined)
      continue;
    throw new StatementRefusedError(
      `an update of ${metadata.name} sets ${column.propertyPath}, which the database counts`,
      'Leave it out.',
    );
  }
}

builderRegistry.update = ScopedUpdateQueryBuilder;
