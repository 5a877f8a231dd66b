import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';

/** Whether no two rows can have the same values of these columns. */
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
