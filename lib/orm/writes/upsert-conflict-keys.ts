import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import { TenantScopeViolationError } from '../../errors/tenant-scope-violation.error.js';
import { getScopeDeclaration } from '../../tenancy/context/tenant-scope.js';
import { isExactOnMysql } from '../policy/collation.js';
import type { PolicyRegistry } from '../policy/policy-registry.js';
import { holdsSharedOnly } from '../policy/unique-keys.js';

/**
 * Rejects tenant columns with an inexact collation. MySQL treats texts that differ in case as equal, so a unique key
 * would treat two tenants as one.
 */
export function assertExactTenants(metadata: EntityMetadata, policies: PolicyRegistry): void {
  if (!['mysql', 'mariadb'].includes(policies.driver.options.type)) return;
  for (const { key, column } of policies.tenantColumns(metadata)) {
    if (getScopeDeclaration()[key] !== String || isExactOnMysql(column)) continue;
    throw new TenantScopeViolationError(
      `an upsert of ${metadata.name} may conflict with another tenant's row whose ${column.propertyPath} differs only in case. ` +
        `Use a case-sensitive collation: @Column({ collation: 'utf8mb4_bin' })`,
    );
  }
}

/**
 * Returns the unique keys that an inserted row can collide on. A generated primary key is omitted if no row sets it.
 */
export function uniqueKeysOf(
  metadata: EntityMetadata,
  valueSets: readonly ObjectLiteral[],
  policies: PolicyRegistry,
): string[][] {
  const columnsOf = (columns: readonly ColumnMetadata[]): string[] => columns.map(({ databaseName }) => databaseName);
  const isMade = metadata.primaryColumns.some(
    (column) => column.isGenerated && valueSets.every((valueSet) => column.getEntityValue(valueSet) === undefined),
  );
  return [
    ...(isMade ? [] : [columnsOf(metadata.primaryColumns)]),
    ...metadata.uniques.map(({ columns }) => columnsOf(columns)),
    ...metadata.indices
      .filter((index) => index.isUnique && !holdsSharedOnly(index, policies.of(metadata)))
      .map(({ columns }) => columnsOf(columns)),
  ];
}
