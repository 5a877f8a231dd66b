import { InsertQueryBuilder } from 'typeorm';
import type { EntityMetadata, InsertResult, ObjectLiteral } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { StatementRefusedError } from '../../exceptions/statement-refused.error.js';
import { TenantScopeViolationError } from '../../exceptions/tenant-scope-violation.error.js';
import { plainScope } from '../authority.js';
import { requireEnforcement } from '../enforcement.js';
import { lookupsFor } from '../foreign-keys.js';
import type { Policies } from '../policies.js';
import { currentRendering, outsideRendering } from '../rendering.js';
import { scopeParameter } from '../scope-parameters.js';
import { ValueSets } from '../value-sets.js';
import { family } from './family.js';
import { scoped } from './scoped.js';
import {
  isLimited,
  requireGeneratedKey,
  requireNamedTenant,
  requireOwnTenant,
  requireParent,
  tenantColumnsOf,
  writtenMetadata,
} from './write-rules.js';

/** An insert whose rows belong to the tenant scope, whatever the caller gave for the tenant columns. */
export class ScopedInsertQueryBuilder<Entity extends ObjectLiteral> extends scoped(InsertQueryBuilder)<Entity> {
  override async execute(): Promise<InsertResult> {
    // Such an upsert does not say which row it met: TypeORM would take the key that the connection counted last, anybody's, for its own.
    const isUpsert = this.expressionMap.onUpdate !== undefined || this.expressionMap.onIgnore;
    if (isUpsert && !this.dataSource.driver.isReturningSqlSupported('insert')) this.updateEntity(false);
    const result = await super.execute();
    this.tellTenant(result);
    return result;
  }

  override getQuery(): string {
    const text = super.getQuery();
    const metadata = writtenMetadata(this.expressionMap);
    if (metadata !== undefined) currentRendering()?.inserts.push({ table: tableNameOf(metadata), text });
    return text;
  }

  /** The rules are applied while the text is made: after listeners and subscribers have had their say about the values. */
  protected override createInsertExpression(): string {
    const metadata = writtenMetadata(this.expressionMap);
    if (metadata === undefined) return super.createInsertExpression();
    const given = this.expressionMap.valuesSet;
    const copies = new ValueSets(metadata, requireEnforcement(this.dataSource).dialect);
    this.expressionMap.valuesSet = this.getValueSets().map((valueSet) =>
      outsideRendering(() => copies.ofInsert(valueSet)),
    );
    try {
      this.applyRules(metadata);
      return super.createInsertExpression();
    } finally {
      this.expressionMap.valuesSet = given;
    }
  }

  protected override getInsertedColumns(): ColumnMetadata[] {
    const columns = super.getInsertedColumns();
    const metadata = writtenMetadata(this.expressionMap);
    if (metadata === undefined) return columns;
    const { policies } = requireEnforcement(this.dataSource);
    const limited = isLimited(metadata, policies);
    // TypeORM leaves a counted key out, given or not: an unscoped insert that names its tenant means it.
    const named = (column: ColumnMetadata): boolean =>
      this.getValueSets().some((valueSet) => column.getEntityValue(valueSet) !== undefined);
    const missing = tenantColumnsOf(metadata, policies)
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
    const metadata = writtenMetadata(this.expressionMap)!;
    const tenant = tenantColumnsOf(metadata, policies).find((candidate) => candidate.column === column);
    if (tenant !== undefined && isLimited(metadata, policies)) return `:${scopeParameter(tenant.key)}`;
    return super.createColumnValueExpression(valueSets, index, column);
  }

  private applyRules(metadata: EntityMetadata): void {
    const { policies } = requireEnforcement(this.dataSource);
    const rendering = currentRendering();
    // None for rows that a select gives.
    const valueSets = this.getValueSets();
    rendering?.writes.push(metadata);
    if (isLimited(metadata, policies)) {
      this.requireOwnRows(metadata, policies);
    } else {
      for (const valueSet of valueSets) requireNamedTenant(metadata, valueSet, policies);
      rendering?.unscoped.push({ metadata, valueSets, isUpdate: false });
    }
    rendering?.lookups.push(...lookupsFor(metadata, valueSets, policies, false));
  }

  private requireOwnRows(metadata: EntityMetadata, policies: Policies): void {
    if (this.expressionMap.insertFromSelect !== undefined) {
      throw new StatementRefusedError(
        `INSERT … SELECT into ${metadata.name} takes the tenant from the selected rows`,
        'Read the rows and insert them.',
      );
    }
    for (const valueSet of this.getValueSets()) {
      for (const tenant of tenantColumnsOf(metadata, policies)) requireOwnTenant(metadata, tenant, valueSet);
      requireGeneratedKey(metadata, valueSet);
      requireParent(metadata, valueSet, policies, true);
    }
    if (this.expressionMap.onUpdate !== undefined || this.expressionMap.onIgnore)
      this.requireOwnConflicts(metadata, policies);
  }

  /** An upsert must not meet another tenant's row: not to change it, and not to tell that it is there. */
  private requireOwnConflicts(metadata: EntityMetadata, policies: Policies): void {
    const tenantColumns = tenantColumnsOf(metadata, policies).map(({ column }) => column.databaseName);
    const holdsTenant = (columns: readonly string[]): boolean =>
      tenantColumns.length > 0 && tenantColumns.every((column) => columns.includes(column));
    const conflict: unknown = this.expressionMap.onUpdate?.conflict;
    const namesTarget = this.connection.driver.supportedUpsertTypes.includes('on-conflict-do-update');
    const keys = uniqueKeysOf(metadata, this.getValueSets());
    // ON CONFLICT (columns) meets rows of that key only. Without a target, and in the MySQL family, any key of the table may collide.
    const isOwn = namesTarget && Array.isArray(conflict) ? holdsTenant(conflict as string[]) : keys.every(holdsTenant);
    if (isOwn) return;
    throw new TenantScopeViolationError(
      `an upsert of ${metadata.name} may collide with another tenant's row: ` +
        (namesTarget
          ? `put the tenant column into the conflict target (${tenantColumns.join(', ') || 'the entity has none: read, then insert or update'})`
          : `this database upserts on every unique key, and one of ${metadata.name} leaves the tenant column out. Read, then insert or update`),
    );
  }

  /** TypeORM merges these into the entities that were saved: they would keep the tenant that the caller gave, or none. */
  private tellTenant(result: InsertResult): void {
    const metadata = writtenMetadata(this.expressionMap);
    const scope = plainScope();
    if (metadata === undefined || scope === undefined) return;
    for (const { key, column } of tenantColumnsOf(metadata, requireEnforcement(this.dataSource).policies)) {
      for (const map of result.generatedMaps) column.setEntityValue(map, scope.values[key]);
    }
  }
}

/** The unique keys that a row can collide on; a primary key that the database makes collides with none. */
function uniqueKeysOf(metadata: EntityMetadata, valueSets: readonly ObjectLiteral[]): string[][] {
  const columnsOf = (columns: readonly ColumnMetadata[]): string[] => columns.map(({ databaseName }) => databaseName);
  const isMade = metadata.primaryColumns.some(
    (column) => column.isGenerated && valueSets.every((valueSet) => column.getEntityValue(valueSet) === undefined),
  );
  return [
    ...(isMade ? [] : [columnsOf(metadata.primaryColumns)]),
    ...metadata.uniques.map(({ columns }) => columnsOf(columns)),
    ...metadata.indices.filter(({ isUnique }) => isUnique).map(({ columns }) => columnsOf(columns)),
  ];
}

/** The last part of the table's path, in lower case, as the reader of statements finds it. */
function tableNameOf({ tablePath }: EntityMetadata): string {
  return tablePath.split('.').at(-1)!.toLowerCase();
}

family.insert = ScopedInsertQueryBuilder;
