import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { PolicyRegistry } from './policy-registry.js';
import type { ScopedPolicy } from './tenant-policy.js';

/** The ways from a scoped entity to the tenant columns that say to whom its rows belong, in words. */
export function ownerPaths(metadata: EntityMetadata, policies: PolicyRegistry): readonly string[] {
  const policy = policies.of(metadata) as ScopedPolicy;
  if (policy.kind === 'columns') return policy.columns.map(({ column }) => `${metadata.name}.${column.propertyPath}`);
  return policy.parents.flatMap(({ parent, columns }) => {
    const keys = columns.map(({ own }) => `${metadata.name}.${propertyOf(own)}`).join(', ');
    return ownerPaths(parent, policies).map((path) => `${keys} → ${path}`);
  });
}

/** The property of a foreign key: the relation, where the key has none of its own. */
function propertyOf({ isVirtual, relationMetadata, propertyPath, entityMetadata }: ColumnMetadata): string {
  const relation = isVirtual && !entityMetadata.isJunction ? relationMetadata : undefined;
  return relation?.propertyPath ?? propertyPath;
}
