import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import type { PolicyRegistry } from './policy-registry.js';
import type { ScopedPolicy } from './tenant-policy.js';

/** Returns the paths from a tenant-scoped entity to the tenant columns that own its rows, as text. */
export function ownerPaths(metadata: EntityMetadata, policies: PolicyRegistry): readonly string[] {
  const policy = policies.of(metadata) as ScopedPolicy;
  if (policy.kind === 'columns') return policy.columns.map(({ column }) => `${metadata.name}.${column.propertyPath}`);
  return policy.parents.flatMap(({ parent, columns }) => {
    const keys = columns.map(({ own }) => `${metadata.name}.${propertyOf(own)}`).join(', ');
    return ownerPaths(parent, policies).map((path) => `${keys} → ${path}`);
  });
}

/** Returns the property of a foreign key: the relation's if the column has no property of its own. */
function propertyOf({ isVirtual, relationMetadata, propertyPath, entityMetadata }: ColumnMetadata): string {
  const relation = isVirtual && !entityMetadata.isJunction ? relationMetadata : undefined;
  return relation?.propertyPath ?? propertyPath;
}
