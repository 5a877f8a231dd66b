import type { EntityMetadata } from 'typeorm';
import type { IndexMetadata, ColumnMetadata } from '../../common/peer-internals.js';
import type { TenantPolicy } from './tenant-policy.js';

/** Checks whether a unique key covers these columns, so that two rows cannot have the same values in them. */
export function isUnique(metadata: EntityMetadata, columns: readonly ColumnMetadata[]): boolean {
  const keys = [
    metadata.primaryColumns,
    ...metadata.uniques.map((unique) => unique.columns),
    ...metadata.indices.filter(({ isUnique, where }) => isUnique && !where).map((index) => index.columns),
  ];
  return keys.some(
    (key) =>
      key.length > 0 && key.every((part) => columns.some(({ databaseName }) => databaseName === part.databaseName)),
  );
}

/**
 * Checks whether a partial index holds shared rows only: one of the conditions of its WHERE, joined by AND, is that a
 * tenant column is NULL. A tenant's rows are never in such an index. MySQL and MariaDB have no partial indexes.
 */
export function holdsSharedOnly({ where, entityMetadata }: IndexMetadata, policy: TenantPolicy): boolean {
  const { type } = entityMetadata.dataSource.driver.options;
  if (!where || policy.kind !== 'columns' || ['mysql', 'mariadb'].includes(type)) return false;
  const plain = where.replaceAll(/'[^']*'/g, '?');
  if (/\b(?:or|case)\b|\bnot\b(?! null)/i.test(plain)) return false;
  const conditions = plain.split(/\band\b/i).map((part) => part.replaceAll(/[()"`\s]+/g, ' ').trim());
  const wanted = policy.sharedIfNull.map(({ column }) => `${column.databaseName} is null`.toLowerCase());
  return conditions.some((condition) => wanted.includes(condition.toLowerCase()));
}
