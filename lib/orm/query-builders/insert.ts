import { InsertQueryBuilder } from 'typeorm';
import type { EntityMetadata, InsertResult, ObjectLiteral } from 'typeorm';
import type { ColumnMetadata, QueryExpressionMap } from '../../common/peer-internals.js';
import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import { TenantScopeViolationError } from '../../errors/tenant-scope-violation.error.js';
import { exclusiveScope } from '../policy/access.js';
import { requireEnforcement } from '../enforcement/enforcement.js';
import { foreignKeysOf, partialKeyError, keyColumnsOf, collectLookups } from '../writes/foreign-keys.js';
import type { PolicyRegistry } from '../policy/policy-registry.js';
import { currentBuildContext, outsideBuildContext, tableNameOf } from '../writes/statement-context.js';
import { scopeParameter } from '../policy/scope-parameters.js';
import { setTenantsInGraph, setTenantsOfKeys } from '../writes/tenant-in-primary-key.js';
import type { Undo } from '../writes/tenant-in-primary-key.js';
import { matchReturnedRows, setGeneratedUuids } from '../writes/returned-rows.js';
import { WriteSnapshot } from '../writes/value-snapshot.js';
import { ResolvedKeyValues } from '../writes/resolved-key-values.js';
import { builderRegistry } from '../enforcement/builder-registry.js';
import { ScopedBuilder } from './scoped-builder.mixin.js';
import { assertExactTenants, uniqueKeysOf } from '../writes/upsert-conflict-keys.js';
import {
  assertNoGeneratedKey,
  assertTenantGiven,
  assertOwnCascades,
  assertOwnReferences,
  assertScopeTenant,
  assertParentGiven,
  targetMetadata,
} from '../writes/write-rules.js';

/**
 * An insert whose rows belong to the tenant scope. The tenant columns are set from the scope, and a caller's value for
 * another tenant throws.
 */
export class ScopedInsertQueryBuilder<Entity extends ObjectLiteral> extends ScopedBuilder(InsertQueryBuilder)<Entity> {
  /**
   * The written foreign keys. Set by `applyRules()` and read by `createColumnValueExpression()`, during one call of
   * `createInsertExpression()` only.
   */
  private keys: ResolvedKeyValues | undefined;

  override async execute(): Promise<InsertResult> {
    // Without RETURNING, the result of an upsert does not identify the affected row. TypeORM would use the connection's
    // last auto-increment key, which may be another tenant's.
    if (this.isUpsert && !this.dataSource.driver.isReturningSqlSupported('insert')) this.updateEntity(false);
    const undo = this.setTenants();
    try {
      const result = await super.execute();
      this.assignTenantToResult(result);
      return result;
    } catch (error) {
      // The caller may write the rows in another scope later.
      undo();
      throw error;
    }
  }

  override getQuery(): string {
    const text = super.getQuery();
    const metadata = targetMetadata(this.expressionMap);
    if (metadata !== undefined) currentBuildContext()?.inserts.push({ table: tableNameOf(metadata), text });
    return text;
  }

  /** Applies the rules while the text is built, after listeners and subscribers have changed the values. */
  protected override createInsertExpression(): string {
    const metadata = targetMetadata(this.expressionMap);
    if (metadata === undefined) return super.createInsertExpression();
    const given = this.expressionMap.valuesSet;
    const copies = new WriteSnapshot(metadata, requireEnforcement(this.dataSource).dialect);
    this.expressionMap.valuesSet = this.getValueSets().map((valueSet) =>
      outsideBuildContext(() => copies.forInsert(valueSet)),
    );
    try {
      // After the snapshot is in place, so that the rules check the values that are written.
      this.applyRules(metadata, given);
      this.identifyReturnedRows(metadata);
      return super.createInsertExpression();
    } finally {
      this.expressionMap.valuesSet = given;
      this.keys = undefined;
    }
  }

  protected override getInsertedColumns(): ColumnMetadata[] {
    const columns = super.getInsertedColumns();
    const metadata = targetMetadata(this.expressionMap);
    if (metadata === undefined) return columns;
    const { policies } = requireEnforcement(this.dataSource);
    const limited = policies.isLimited(metadata);
    // TypeORM always omits an auto-increment key. If it is the tenant column, an unscoped insert may set it.
    const named = (column: ColumnMetadata): boolean =>
      this.getValueSets().some((valueSet) => column.getEntityValue(valueSet) !== undefined);
    const missing = policies
      .tenantColumns(metadata)
      .map(({ column }) => column)
      .filter((column) => !columns.includes(column) && (limited || named(column)));
    return [...columns, ...missing];
  }

  protected override createColumnValueExpression(
    valueSets: ObjectLiteral[],
    index: number,
    column: ColumnMetadata,
  ): string {
    const { policies } = requireEnforcement(this.dataSource);
    // TypeORM calls this for entities only.
    const metadata = targetMetadata(this.expressionMap)!;
    const tenant = policies.tenantColumns(metadata).find((candidate) => candidate.column === column);
    if (tenant !== undefined && policies.isLimited(metadata)) return `:${scopeParameter(tenant.key, tenant.column)}`;
    // TypeORM would call the transformer again, which may return another value than the checked one.
    const isKept =
      column.transformer !== undefined &&
      keyColumnsOf(metadata, policies).some(({ databaseName }) => databaseName === column.databaseName);
    if (isKept) return this.createParameter(this.keys!.storedValue(column, index) ?? null);
    return super.createColumnValueExpression(valueSets, index, column);
  }

  /** Makes the rows of RETURNING identifiable if there are several. */
  private identifyReturnedRows(metadata: EntityMetadata): void {
    const { expressionMap } = this;
    const valueSets = this.getValueSets();
    const returns = this.dataSource.driver.isReturningSqlSupported('insert');
    if (valueSets.length < 2 || !returns || expressionMap.extraReturningColumns.length === 0) return;
    const conflict: unknown = expressionMap.onUpdate?.conflict;
    const target = Array.isArray(conflict) ? (conflict as string[]) : undefined;
    // ON CONFLICT DO NOTHING returns fewer rows.
    if (this.isUpsert && target === undefined) return;
    if (!this.isUpsert) setGeneratedUuids(metadata, valueSets);
    const matched = matchReturnedRows(metadata, valueSets, target);
    const rendering = currentBuildContext();
    if (matched === undefined || rendering === undefined) return;
    const { extraReturningColumns: known } = expressionMap;
    expressionMap.extraReturningColumns = [...known, ...matched.columns.filter((column) => !known.includes(column))];
    rendering.returned = matched.order;
  }

  private get isUpsert(): boolean {
    return this.expressionMap.onUpdate !== undefined || this.expressionMap.onIgnore;
  }

  private applyRules(metadata: EntityMetadata, given: unknown): void {
    const { policies, dialect } = requireEnforcement(this.dataSource);
    const rendering = currentBuildContext();
    // Empty for INSERT … SELECT.
    const valueSets = this.getValueSets();
    rendering?.writes.push(metadata);
    const keys = new ResolvedKeyValues(
      metadata,
      valueSets,
      policies,
      this.getInsertedColumns(),
      this.isUpsert ? 'upsert' : 'insert',
    );
    this.keys = keys;
    if (policies.isLimited(metadata)) {
      this.assertInsertAllowed(metadata, Array.isArray(given) ? given : [given], policies);
    } else {
      for (const valueSet of valueSets) assertTenantGiven(metadata, valueSet, policies);
      rendering?.unscoped.push({ keys });
    }
    this.assertCompleteKeys(keys, policies);
    assertOwnCascades(metadata, this.overwrittenColumns(metadata), policies);
    if (dialect === 'mysql' && isIgnoring(this.expressionMap)) assertRequiredKeys(keys, policies);
    rendering?.lookups.push(...outsideBuildContext(() => collectLookups(keys, policies)));
  }

  /**
   * Checks the columns that an upsert overwrites. On conflict, an existing row keeps the others, so a composite key
   * must be overwritten as a whole. In an unscoped section the row also keeps its tenant.
   */
  private assertCompleteKeys({ metadata }: ResolvedKeyValues, policies: PolicyRegistry): void {
    const overwritten = new Set(this.overwrittenColumns(metadata).map(({ databaseName }) => databaseName));
    const tenantColumns = policies.tenantColumns(metadata).map(({ column }) => column);
    const isTold = tenantColumns.every(({ databaseName }) => overwritten.has(databaseName));
    for (const key of foreignKeysOf(metadata, policies)) {
      const own = key.columns.map((pair) => pair.own).filter((column) => !tenantColumns.includes(column));
      const over = own.filter(({ databaseName }) => overwritten.has(databaseName));
      if (over.length === 0) continue;
      if (over.length < own.length) throw partialKeyError(metadata, key);
      if (!isTold) this.assertConflictTargetScoped(metadata, policies);
    }
  }

  /** Returns the columns that an upsert overwrites. Some databases compare column names case-insensitively. */
  private overwrittenColumns({ columns }: EntityMetadata): readonly ColumnMetadata[] {
    const overwrite = new Set(this.expressionMap.onUpdate?.overwrite?.map((name) => name.toLowerCase()));
    return columns.filter(({ databaseName }) => overwrite.has(databaseName.toLowerCase()));
  }

  private assertInsertAllowed(metadata: EntityMetadata, given: readonly unknown[], policies: PolicyRegistry): void {
    if (this.expressionMap.insertFromSelect !== undefined) {
      throw new StatementRefusedError(
        `INSERT … SELECT into ${metadata.name} takes the tenant from the selected rows`,
        'Read the rows and insert them.',
      );
    }
    for (const [row, valueSet] of this.getValueSets().entries()) {
      for (const tenant of policies.tenantColumns(metadata)) {
        assertScopeTenant(metadata, tenant, valueSet);
        assertOwnReferences(metadata, tenant, given[row] as ObjectLiteral);
      }
      assertNoGeneratedKey(metadata, valueSet);
      assertParentGiven(metadata, valueSet, policies, () => true);
    }
    if (this.isUpsert) this.assertConflictTargetScoped(metadata, policies);
  }

  /** Throws if an upsert may conflict with another tenant's row: it would change the row, or reveal that it exists. */
  private assertConflictTargetScoped(metadata: EntityMetadata, policies: PolicyRegistry): void {
    const tenantColumns = policies.tenantColumns(metadata).map(({ column }) => column.databaseName);
    const holdsTenant = (columns: readonly string[]): boolean =>
      tenantColumns.length > 0 && tenantColumns.every((column) => columns.includes(column));
    const conflict: unknown = this.expressionMap.onUpdate?.conflict;
    const namesTarget = this.connection.driver.supportedUpsertTypes.includes('on-conflict-do-update');
    const keys = uniqueKeysOf(metadata, this.getValueSets(), policies);
    // ON CONFLICT (columns) detects conflicts on that key only. Without a target, and on MySQL and MariaDB, any unique
    // key of the table may conflict.
    const isOwn = namesTarget && Array.isArray(conflict) ? holdsTenant(conflict as string[]) : keys.every(holdsTenant);
    if (isOwn) return assertExactTenants(metadata, policies);
    throw new TenantScopeViolationError(
      `an upsert of ${metadata.name} may conflict with another tenant's row: ` +
        (namesTarget
          ? `put the tenant column into the conflict target (${tenantColumns.join(', ') || 'the entity has none: read, then insert or update'})`
          : `this database upserts on every unique key, and one of ${metadata.name} does not contain the tenant column. Read, then insert or update`),
    );
  }

  /** Sets the tenants of primary keys in the rows, because TypeORM reads the identifiers from the inserted values. */
  private setTenants(): Undo {
    const metadata = targetMetadata(this.expressionMap);
    if (metadata === undefined) return () => undefined;
    const { policies } = requireEnforcement(this.dataSource);
    const valueSets = this.getValueSets();
    const undos = [setTenantsOfKeys(metadata, valueSets, policies), setTenantsInGraph(metadata, valueSets, policies)];
    return () => undos.forEach((undo) => undo());
  }

  /**
   * Sets the tenant columns in the result. TypeORM merges it into the saved entities, which would otherwise keep the
   * caller's value, or undefined.
   */
  private assignTenantToResult(result: InsertResult): void {
    const metadata = targetMetadata(this.expressionMap);
    const scope = exclusiveScope();
    if (metadata === undefined || scope === undefined) return;
    for (const { key, column } of requireEnforcement(this.dataSource).policies.tenantColumns(metadata)) {
      for (const map of result.generatedMaps) column.setEntityValue(map, scope.values[key]);
    }
  }
}

function isIgnoring({ onIgnore, onUpdate }: QueryExpressionMap): boolean {
  return onIgnore || onUpdate?.overwrite?.length === 0;
}

/**
 * Throws if a required foreign key is missing: MySQL's INSERT IGNORE replaces a missing NOT NULL value by 0, and a row
 * with id 0 may exist.
 */
function assertRequiredKeys(keys: ResolvedKeyValues, policies: PolicyRegistry): void {
  const { metadata, valueSets } = keys;
  for (const { property, columns } of foreignKeysOf(metadata, policies)) {
    const required = columns.map(({ own }) => own).filter(({ isNullable }) => !isNullable);
    if (!valueSets.some((_, row) => required.some((own) => (keys.storedValue(own, row) ?? null) === null))) continue;
    throw new StatementRefusedError(
      `an insert of ${metadata.name} with orIgnore() does not set ${property}, and the database would store 0 or '' for the missing key`,
      'Set a value.',
    );
  }
}

builderRegistry.insert = ScopedInsertQueryBuilder;
