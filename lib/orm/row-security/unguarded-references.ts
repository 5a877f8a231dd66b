import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata, ForeignKeyMetadata } from '../../common/peer-internals.js';
import type { PolicyRegistry } from '../policy/policy-registry.js';
import { isScoped } from '../policy/tenant-policy.js';

/** A tenant column and the one of the referenced table that holds the same scope key. */
export interface TenantColumnPair {
  readonly own: ColumnMetadata;
  readonly referenced: ColumnMetadata;
}

/**
 * Returns the foreign keys between tenant-scoped tables that row-level security does not guard: PostgreSQL checks them
 * as the owner of the table, past every policy. A policy guards the reference to a parent, and a foreign key that
 * includes the tenant columns guards every other.
 */
export function unguardedReferences(metadata: EntityMetadata, policies: PolicyRegistry): readonly ForeignKeyMetadata[] {
  if (!isScoped(policies.of(metadata))) return [];
  return metadata.foreignKeys
    .filter((key) => isScoped(policies.of(key.referencedEntityMetadata)))
    .filter((key) => !isGuarded(metadata, key, policies));
}

/** Checks whether a policy's EXISTS requires the referenced row to be visible, or another foreign key the tenant. */
function isGuarded(metadata: EntityMetadata, key: ForeignKeyMetadata, policies: PolicyRegistry): boolean {
  const policy = policies.of(metadata);
  if (policy.kind === 'parents')
    return policy.parents.some(({ parent, columns }) => {
      const isTarget = parent.tablePath === key.referencedEntityMetadata.tablePath;
      return (
        isTarget &&
        hasAll(
          columns.map(({ own }) => own),
          key.columns,
        )
      );
    });
  const pairs = tenantPairs(metadata, key.referencedEntityMetadata, policies);
  if (pairs === undefined) return false;
  return metadata.foreignKeys.some(
    (other) =>
      other.referencedEntityMetadata.tablePath === key.referencedEntityMetadata.tablePath &&
      hasAll(other.columns, key.columns) &&
      pairs.every(({ own, referenced }) =>
        other.columns.some(
          (column, i) =>
            column.databaseName === own.databaseName &&
            other.referencedColumns[i].databaseName === referenced.databaseName,
        ),
      ),
  );
}

/** Returns the tenant columns of both tables; undefined if one has none for a key, or holds rows of no tenant. */
export function tenantPairs(
  metadata: EntityMetadata,
  target: EntityMetadata,
  policies: PolicyRegistry,
): readonly TenantColumnPair[] | undefined {
  if (policies.mayBeShared(target)) return undefined;
  const own = policies.tenantColumns(metadata);
  const pairs = policies.tenantColumns(target).map(({ key, column: referenced }) => {
    const tenant = own.find((candidate) => candidate.key === key);
    return tenant && { own: tenant.column, referenced };
  });
  return pairs.length === 0 || pairs.includes(undefined) ? undefined : (pairs as TenantColumnPair[]);
}

/** Compared by database name: relations that share a column have a description of it each. */
export function hasAll(columns: readonly ColumnMetadata[], wanted: readonly ColumnMetadata[]): boolean {
  return wanted.every(({ databaseName }) => columns.some((column) => column.databaseName === databaseName));
}
