import type { DataSource, EntityMetadata } from 'typeorm';
import { isLimited } from './builders/write-rules.js';
import { enforcementOf } from './enforcement.js';

/**
 * The property paths of an entity's tenant columns.
 *
 * @returns empty for a shared entity, for one that is scoped through a parent, and on a DataSource that is not attached
 */
export function tenantPropertiesOf(dataSource: DataSource, metadata: EntityMetadata): readonly string[] {
  const policy = enforcementOf(dataSource)?.policies.of(metadata);
  return policy?.kind === 'columns' ? policy.columns.map(({ column }) => column.propertyPath) : [];
}

/**
 * Whether statements on an entity are limited to a tenant now.
 *
 * @returns false for a shared entity, in a section that is unscoped for this one, and on a DataSource that is not attached
 * @throws TenantScopeMissingError when no scope is in force
 */
export function isLimitedNow(dataSource: DataSource, metadata: EntityMetadata): boolean {
  const policies = enforcementOf(dataSource)?.policies;
  return policies !== undefined && isLimited(metadata, policies);
}
