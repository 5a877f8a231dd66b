import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import { getScopeDeclaration } from '../../tenancy/context/tenant-scope.js';

/** Checks whether an entity is declared as tenant-scoped. */
type IsScoped = (metadata: EntityMetadata) => boolean;

/** Returns the decorator that most likely fits an undeclared entity. */
export function proposeDeclaration(metadata: EntityMetadata, isScoped: IsScoped): string {
  const keys = Object.keys(getScopeDeclaration());
  if (keys.every((key) => metadata.findColumnWithPropertyPath(key) !== undefined)) return '@TenantScoped()';
  const tenants = proposeForTenants(metadata, keys);
  if (tenants !== undefined) return tenants;
  const parent = metadata.relations.find(
    (relation) =>
      (relation.isManyToOne || relation.isOneToOneOwner) &&
      !relation.isNullable &&
      isScoped(relation.inverseEntityMetadata),
  );
  return parent === undefined ? "@TenantShared('why')" : `@TenantScoped({ via: '${parent.propertyPath}' })`;
}

/** Returns the decorator for the table of tenants, which tenant columns of other entities reference. */
function proposeForTenants(metadata: EntityMetadata, keys: readonly string[]): string | undefined {
  const referenced = keys.map((key) => [key, referencedByTenantColumn(metadata, key)] as const);
  const named = referenced.filter(([, column]) => column !== undefined);
  if (named.length === 0) return undefined;
  const columns = named.map(([key, column]) => `${key}: '${column!.propertyPath}'`).join(', ');
  const missing = referenced.filter(
    ([key, column]) => column === undefined && metadata.findColumnWithPropertyPath(key) === undefined,
  );
  const omit = missing.length === 0 ? '' : `, omit: [${missing.map(([key]) => `'${key}'`).join(', ')}]`;
  return `@TenantScoped({ columns: { ${columns} }${omit} })`;
}

/**
 * Returns the column of `metadata` that the tenant column of another entity references, by a relation or a foreign key.
 */
function referencedByTenantColumn(metadata: EntityMetadata, key: string): ColumnMetadata | undefined {
  for (const other of metadata.dataSource.entityMetadatas) {
    if (other === metadata) continue;
    const own = other.findColumnWithPropertyPath(key);
    if (own === undefined) continue;
    const pairs = [
      ...other.relations.flatMap(({ joinColumns }) =>
        joinColumns.map((column) => [column, column.referencedColumn!] as const),
      ),
      ...other.foreignKeys.flatMap(({ columns, referencedColumns }) =>
        columns.map((column, i) => [column, referencedColumns[i]] as const),
      ),
    ];
    const pair = pairs.find(
      ([column, target]) => column.databaseName === own.databaseName && target.entityMetadata === metadata,
    );
    if (pair !== undefined) return pair[1];
  }
  return undefined;
}
