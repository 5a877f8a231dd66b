import type { DataSource, EntityMetadata } from 'typeorm';
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
