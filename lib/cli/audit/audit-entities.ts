import type { DataSource, EntityMetadata } from 'typeorm';
import { keysOfTable } from '../../orm/policy/declared-foreign-keys.js';
import { tenancyOfEntity } from '../../orm/policy/policy-compiler.js';
import { tenantKeysOf } from '../../orm/policy/tenant-keys.js';
import { getScopeDeclaration } from '../../tenancy/context/tenant-scope.js';
import type { PolicyRegistry } from '../../orm/policy/policy-registry.js';
import { isScoped } from '../../orm/policy/tenant-policy.js';
import { proposeDeclaration } from '../../orm/startup/suggest-declaration.js';
import { checkUniqueKeys } from '../../orm/startup/unique-key.validator.js';
import type { AuditedEntity, AuditedKey, AuditReport } from './audit-report.js';

/** Reads the metadata of a DataSource's entities without connecting to the database. */
export async function loadMetadata(dataSource: DataSource): Promise<readonly EntityMetadata[]> {
  if (!dataSource.isInitialized) {
    const build = Reflect.get(dataSource, 'buildMetadatas') as () => Promise<void>;
    await build.call(dataSource);
  }
  return dataSource.entityMetadatas.filter(
    ({ isJunction, tableType }) => !isJunction && tableType !== 'closure-junction',
  );
}

/** Returns how each entity is scoped. */
export function auditEntities(metadatas: readonly EntityMetadata[], policies: PolicyRegistry): AuditedEntity[] {
  return metadatas
    .map((metadata): AuditedEntity => {
      const named = { name: metadata.name, table: metadata.tablePath };
      const declaration = tenancyOfEntity(metadata);
      if (declaration?.kind === 'shared') return { ...named, tenancy: 'shared', how: declaration.why };
      const policy = policies.of(metadata);
      if (policy.kind === 'undeclared' || policy.kind === 'shared') {
        const proposal = proposeDeclaration(metadata, (other) => isScoped(policies.of(other)));
        return { ...named, tenancy: 'undeclared', how: `declare it, for example ${proposal}` };
      }
      const keys = tenantKeysOf(metadata, (other) => policies.of(other));
      const shares = [
        ...(policies.mayBeShared(metadata) ? ['rows whose tenant columns are NULL'] : []),
        ...Object.keys(getScopeDeclaration())
          .filter((key) => keys !== undefined && !keys.has(key))
          .map((key) => `rows of every ${key}`),
      ];
      const how =
        policy.kind === 'columns'
          ? `by ${policy.columns.map(({ column }) => column.propertyPath).join(', ')}`
          : `via ${policy.owners.map(({ parent }) => parent.name).join(', ')}`;
      return { ...named, tenancy: 'scoped', how, ...(shares.length > 0 && { shares }) };
    })
    .sort((one, other) => one.name.localeCompare(other.name));
}

/** Returns the unique keys by which a tenant could find out values of others. */
export function auditUniqueKeys(metadatas: readonly EntityMetadata[], policies: PolicyRegistry): AuditedKey[] {
  return metadatas
    .filter((metadata) => isScoped(policies.of(metadata)))
    .flatMap((metadata) => {
      const declaration = tenancyOfEntity(metadata);
      const acknowledged = declaration?.kind === 'scoped' ? (declaration.options.globallyUnique ?? {}) : {};
      return [
        ...checkUniqueKeys(metadata, policies).map((why) => ({ entity: metadata.name, why, isAcknowledged: false })),
        ...Object.entries(acknowledged).map(([key, why]) => ({
          entity: metadata.name,
          why: `(${key}) ${why}`,
          isAcknowledged: true,
        })),
      ];
    });
}

/** Returns the tenant-scoped entities whose predicate no index serves. */
export function auditIndexes(
  metadatas: readonly EntityMetadata[],
  policies: PolicyRegistry,
): AuditReport['missingIndexes'] {
  return metadatas.flatMap((metadata) => {
    const policy = policies.of(metadata);
    if (!isScoped(policy) || metadata.tableType === 'view' || metadata.parentEntityMetadata !== undefined) return [];
    const wanted =
      policy.kind === 'columns'
        ? policy.columns.map(({ column }) => column.databaseName)
        : policy.owners[0].columns.map(({ own }) => own.databaseName);
    const keys = [
      metadata.primaryColumns,
      ...metadata.uniques.map(({ columns }) => columns),
      ...metadata.indices.filter(({ where }) => where === undefined).map(({ columns }) => columns),
    ];
    // MySQL and MariaDB make an index for each foreign key.
    if (['mysql', 'mariadb'].includes(metadata.dataSource.driver.options.type))
      keys.push(...keysOfTable(metadata).map(({ columns }) => columns.map(({ own }) => own)));
    const isServed = keys.some(
      (columns) =>
        columns.length > 0 &&
        wanted.every((name) => columns.slice(0, wanted.length).some(({ databaseName }) => databaseName === name)),
    );
    return isServed ? [] : [{ entity: metadata.name, columns: wanted }];
  });
}
