import { InsertQueryBuilder } from 'typeorm';
import type { EntityMetadata, InsertResult, ObjectLiteral } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { QueryExpressionMap } from 'typeorm/query-builder/QueryExpressionMap.js';
import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import { TenantScopeViolationError } from '../../errors/tenant-scope-violation.error.js';
import { exclusiveScope } from '../policy/access.js';
import { requireEnforcement } from '../enforcement/enforcement.js';
import { foreignKeysOf, partialKeyError, keyColumnsOf, collectLookups } from '../writes/foreign-keys.js';
import type { PolicyRegistry } from '../policy/policy-registry.js';
import { currentBuildContext, outsideBuildContext } from '../writes/statement-context.js';
import { scopeParameter } from '../policy/scope-parameters.js';
import { setTenantsInGraph, setTenantsOfKeys } from '../writes/tenant-in-primary-key.js';
import type { Undo } from '../writes/tenant-in-primary-key.js';
import { WriteSnapshot } from '../writes/value-snapshot.js';
import { ResolvedKeyValues } from '../writes/resolved-key-values.js';
import { builderRegistry } from '../enforcement/builder-registry.js';
import { ScopedBuilder } from './scoped-builder.mixin.js';
import { requireExactTenants, uniqueKeysOf } from '../writes/upsert-conflict-keys.js';
import {
  assertNoGeneratedKey,
  assertTenantGiven,
  requireOwnCascades,
  requireOwnReferences,
  assertScopeTenant,
  assertParentGiven,
  targetMetadata,
} from '../writes/write-rules.js';

/** An insert whose rows belong to the tenant scope, whatever the caller gave for the tenant columns. */
export class ScopedInsertQueryBuilder<Entity extends ObjectLiteral> extends ScopedBuilder(InsertQueryBuilder)<Entity> {
  /** The keys that are written, while the text of the statement is made. */
  private keys: ResolvedKeyValues | undefined;

  override async execute(): Promise<InsertResult> {
    // Such an upsert does not say which row it met: TypeORM would take the key that the connection counted last, anybody's, for its own.
    if (this.isUpsert && !this.dataSource.driver.isReturningSqlSupported('insert')) this.updateEntity(false);
    const undo = this.setTenants();
    try {
      const result = await super.execute();
      this.assignTenantToResult(result);
      return result;
    } catch (error) {
      // The rows may be written in another scope yet.
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

  /** The rules are applied while the text is made: after listeners and subscribers have had their say about the values. */
  protected override createInsertExpression(): string {
    const metadata = targetMetadata(this.expressionMap);
    if (metadata === undefined) return super.createInsertExpression();
    const given = this.expressionMap.valuesSet;
    const copies = new WriteSnapshot(metadata, requireEnforcement(this.dataSource).dialect);
    this.expressionMap.valuesSet = this.getValueSets().map((valueSet) =>
      outsideBuildContext(() => copies.forInsert(valueSet)),
    );
    try {
      this.applyRules(metadata, given);
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
    // TypeORM leaves a counted key out, given or not: an unscoped insert that names its tenant means it.
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
    // TypeORM asks for the columns of entities only.
    const metadata = targetMetadata(this.expressionMap)!;
    const tenant = policies.tenantColumns(metadata).find((candidate) => candidate.column === column);
    if (tenant !== undefined && policies.isLimited(metadata)) return `:${scopeParameter(tenant.key, tenant.column)}`;
    // TypeORM would ask the transformer again, which may answer something else than what is looked up.
    const isKept =
      column.transformer !== undefined &&
      keyColumnsOf(metadata, policies).some(({ databaseName }) => databaseName === column.databaseName);
    if (isKept) return this.createParameter(this.keys!.storedValue(column, index) ?? null);
    return super.createColumnValueExpression(valueSets, index, column);
  }

  private get isUpsert(): boolean {
    return this.expressionMap.onUpdate !== undefined || this.expressionMap.onIgnore;
  }

  private applyRules(metadata: EntityMetadata, given: unknown): void {
    const { policies, dialect } = requireEnforcement(this.dataSource);
    const rendering = currentBuildContext();
    // None for rows that a select gives.
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
    requireOwnCascades(metadata, this.overwrittenColumns(metadata), policies);
    if (dialect === 'mysql' && isIgnoring(this.expressionMap)) assertRequiredKeys(keys, policies);
    rendering?.lookups.push(...outsideBuildContext(() => collectLookups(keys, policies)));
  }

  /** A row that is met keeps what is not written over: the rest of a key, and in an unscoped section its tenant. */
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

  /** Some databases compare names of columns without their case. */
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
        requireOwnReferences(metadata, tenant, given[row] as ObjectLiteral);
      }
      assertNoGeneratedKey(metadata, valueSet);
      assertParentGiven(metadata, valueSet, policies, () => true);
    }
    if (this.isUpsert) this.assertConflictTargetScoped(metadata, policies);
  }

  /** An upsert must not meet another tenant's row: not to change it, and not to tell that it is there. */
  private assertConflictTargetScoped(metadata: EntityMetadata, policies: PolicyRegistry): void {
    const tenantColumns = policies.tenantColumns(metadata).map(({ column }) => column.databaseName);
    const holdsTenant = (columns: readonly string[]): boolean =>
      tenantColumns.length > 0 && tenantColumns.every((column) => columns.includes(column));
    const conflict: unknown = this.expressionMap.onUpdate?.conflict;
    const namesTarget = this.connection.driver.supportedUpsertTypes.includes('on-conflict-do-update');
    const keys = uniqueKeysOf(metadata, this.getValueSets(), policies);
    // ON CONFLICT (columns) meets rows of that key only. Without a target, and in the MySQL family, any key of the table may collide.
    const isOwn = namesTarget && Array.isArray(conflict) ? holdsTenant(conflict as string[]) : keys.every(holdsTenant);
    if (isOwn) return requireExactTenants(metadata, policies);
    throw new TenantScopeViolationError(
      `an upsert of ${metadata.name} may collide with another tenant's row: ` +
        (namesTarget
          ? `put the tenant column into the conflict target (${tenantColumns.join(', ') || 'the entity has none: read, then insert or update'})`
          : `this database upserts on every unique key, and one of ${metadata.name} leaves the tenant column out. Read, then insert or update`),
    );
  }

  /** TypeORM reads the identifiers of the rows from the values that are inserted. */
  private setTenants(): Undo {
    const metadata = targetMetadata(this.expressionMap);
    if (metadata === undefined) return () => undefined;
    const { policies } = requireEnforcement(this.dataSource);
    const valueSets = this.getValueSets();
    const undos = [setTenantsOfKeys(metadata, valueSets, policies), setTenantsInGraph(metadata, valueSets, policies)];
    return () => undos.forEach((undo) => undo());
  }

  /** TypeORM merges these into the entities that were saved: they would keep the tenant that the caller gave, or none. */
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

/** INSERT IGNORE makes a number of nothing, and that may be a key. */
function assertRequiredKeys(keys: ResolvedKeyValues, policies: PolicyRegistry): void {
  const { metadata, valueSets } = keys;
  for (const { property, columns } of foreignKeysOf(metadata, policies)) {
    const required = columns.map(({ own }) => own).filter(({ isNullable }) => !isNullable);
    if (!valueSets.some((_, row) => required.some((own) => (keys.storedValue(own, row) ?? null) === null))) continue;
    throw new StatementRefusedError(
      `an insert of ${metadata.name} that ignores errors does not give ${property}, and the database would make a key of nothing`,
      'Give a value.',
    );
  }
}

/** The last part of the table's path, in lower case, as the reader of statements finds it. */
function tableNameOf({ tablePath }: EntityMetadata): string {
  return tablePath.split('.').at(-1)!.toLowerCase();
}

builderRegistry.insert = ScopedInsertQueryBuilder;
