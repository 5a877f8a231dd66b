import type { DataSource, EntityMetadata } from 'typeorm';
import { enforcementOf } from './enforcement/enforcement.js';

/**
 * Returns the property paths of an entity's tenant columns.
 *
 * @returns empty for a shared entity, for one that is scoped through a parent, and on a DataSource that is not
 * instrumented
 */
export function tenantPropertiesOf(dataSource: DataSource, metadata: EntityMetadata): readonly string[] {
  const policy = enforcementOf(dataSource)?.policies.of(metadata);
  return policy?.kind === 'columns' ? policy.columns.map(({ column }) => column.propertyPath) : [];
}

/**
 * Checks whether statements on an entity are limited to a tenant now.
 *
 * @returns false for a shared entity, in an unscoped section for it, and on a DataSource that is not
 * instrumented
 * @throws TenantScopeMissingError if there is no current scope
 */
export function isLimitedNow(dataSource: DataSource, metadata: EntityMetadata): boolean {
  const policies = enforcementOf(dataSource)?.policies;
  return policies !== undefined && policies.isLimited(metadata);
}

/**
 * Renders the condition for the rows that the running code may write.
 *
 * @param alias the alias of the entity's table in the select
 * @returns undefined if it may write every row that it sees
 * @throws TenantScopeMissingError if there is no current scope
 */
export function ownRowsCondition(dataSource: DataSource, metadata: EntityMetadata, alias: string): string | undefined {
  const policies = enforcementOf(dataSource)?.policies;
  if (policies === undefined || !policies.mayBeShared(metadata) || !policies.isLimited(metadata)) return undefined;
  return policies.predicateSql(metadata, dataSource.driver.escape(alias), 'own');
}

/** Checks whether rows of the entity can be shared by all tenants, because their tenant columns are NULL. */
export function mayBeShared(dataSource: DataSource, metadata: EntityMetadata): boolean {
  return enforcementOf(dataSource)?.policies.mayBeShared(metadata) ?? false;
}
