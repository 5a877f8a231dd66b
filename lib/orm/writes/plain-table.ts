import type { EntityMetadata } from 'typeorm';
import type { PolicyRegistry } from '../policy/policy-registry.js';

/**
 * Checks whether TypeORM writes the rows of an entity as they are given: to one table, in one statement, without tree
 * columns, discriminators, functions around a value, or two properties of one column.
 *
 * @returns false also for undeclared entities, and for junction tables, whose rows have two owners
 */
export function isPlainTable(metadata: EntityMetadata, policies: PolicyRegistry): boolean {
  const { tableType, treeType, columns } = metadata;
  if (tableType !== 'regular' || treeType !== undefined || isInherited(metadata)) return false;
  const policy = policies.of(metadata);
  if (policy.kind === 'undeclared' || policies.isAllowedUndeclared(metadata)) return false;
  if (policy.kind === 'parents' && policy.owners.length > 1) return false;
  if (new Set(columns.map(({ databaseName }) => databaseName)).size < columns.length) return false;
  return !columns.some(({ type }) => policies.driver.spatialTypes.includes(type));
}

/** Checks whether an entity shares its table with others by single table inheritance. */
export function isInherited({
  discriminatorColumn,
  parentEntityMetadata,
  childEntityMetadatas,
}: EntityMetadata): boolean {
  // TypeORM leaves the first two undefined, contrary to their types.
  const related = [discriminatorColumn, parentEntityMetadata] as readonly unknown[];
  return childEntityMetadatas.length > 0 || related.some((one) => one !== undefined);
}
