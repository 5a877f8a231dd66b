import type { DataSource, EntityMetadata } from 'typeorm';
import type { ColumnMetadata, ForeignKeyMetadata } from '../common/peer-internals.js';
import { requireEnforcement } from '../orm/enforcement/enforcement.js';
import type { PolicyRegistry } from '../orm/policy/policy-registry.js';
import { hasAll, tenantPairs, unguardedReferences } from '../orm/row-security/unguarded-references.js';
import { isUnique } from '../orm/policy/unique-keys.js';

/**
 * A reference that row-level security does not guard: PostgreSQL checks foreign keys as the owner of the table, past
 * every policy. A foreign key that includes the tenant columns guards it.
 */
export interface ReferenceProposal {
  readonly entity: string;
  /** Property of the reference. */
  readonly property: string;
  readonly target: string;
  /**
   * Decorators that guard it, each with the entity it belongs to; empty if no foreign key can, because one of the
   * tables has no tenant column, or the referenced row may be shared.
   */
  readonly decorators: readonly { readonly entity: string; readonly line: string }[];
}

/** Returns the references between tenant-scoped tables that neither a policy nor a foreign key guards. */
export function proposeReferences(dataSource: DataSource): ReferenceProposal[] {
  const { policies } = requireEnforcement(dataSource);
  const seen = new Set<string>();
  return dataSource.entityMetadatas
    .flatMap((metadata) => unguardedReferences(metadata, policies).map((key) => propose(metadata, key, policies)))
    .filter(({ entity, property, target }) => {
      const name = JSON.stringify([entity, property, target]);
      return !seen.has(name) && seen.add(name);
    });
}

function propose(metadata: EntityMetadata, key: ForeignKeyMetadata, policies: PolicyRegistry): ReferenceProposal {
  const target = key.referencedEntityMetadata;
  const pairs = tenantPairs(metadata, target, policies);
  const isVirtual = key.columns.some(({ isVirtual }) => isVirtual);
  const relation = metadata.relations.find(
    ({ joinColumns }) => joinColumns.length > 0 && hasAll(joinColumns, key.columns),
  );
  const property = isVirtual && relation !== undefined ? relation.propertyPath : key.columns[0].propertyPath;
  const proposal = { entity: metadata.name, property, target: target.name };
  if (pairs === undefined) return { ...proposal, decorators: [] };
  const own = unique([...pairs.map((pair) => pair.own), ...key.columns]);
  const referenced = unique([...pairs.map((pair) => pair.referenced), ...key.referencedColumns]);
  const list = (columns: readonly ColumnMetadata[]): string =>
    `[${columns.map(({ propertyPath }) => `'${propertyPath}'`).join(', ')}]`;
  const line = isVirtual
    ? `add a column for ${property}, then @ForeignKey(() => ${target.name}, …)`
    : `@ForeignKey(() => ${target.name}, ${list(own)}, ${list(referenced)})`;
  const needsKey = !isUniqueExactly(target, referenced);
  return {
    ...proposal,
    decorators: [
      ...(needsKey ? [{ entity: target.name, line: `@Unique(${list(referenced)})` }] : []),
      { entity: metadata.name, line },
    ],
  };
}

/** A foreign key references exactly the columns of a unique key. */
function isUniqueExactly(metadata: EntityMetadata, columns: readonly ColumnMetadata[]): boolean {
  const keys = [metadata.primaryColumns, ...metadata.uniques.map((unique) => unique.columns)];
  return isUnique(metadata, columns) && keys.some((key) => key.length === columns.length && hasAll(key, columns));
}

function unique(columns: readonly ColumnMetadata[]): ColumnMetadata[] {
  return columns.filter((column, i) => columns.findIndex((other) => other.databaseName === column.databaseName) === i);
}
