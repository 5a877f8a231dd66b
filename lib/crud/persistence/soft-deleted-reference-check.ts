import type { EntityManager, EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import { ReferenceUnknownError } from '../../errors/reference-unknown.error.js';
import type { LiveReference } from '../../orm/writes/reference-conditions.js';
import type { ColumnValues } from '../model/column-values.js';
import type { Resource } from '../resource/resource.js';

/**
 * Checks that new values do not reference soft-deleted rows, because the reference could not be read. One statement per
 * column that references a table with soft deletion, regardless of the number of rows.
 *
 * @param offers the new values of each row
 * @throws ReferenceUnknownError as for a row that does not exist
 */
export async function assertNotSoftDeleted<T extends object>(
  { columns, metadata }: Resource<T>,
  manager: EntityManager,
  offers: readonly ColumnValues[],
): Promise<void> {
  for (const column of columns) {
    const referenced = softDeletable(column.metadata, metadata);
    if (referenced === undefined) continue;
    const given = offers.map((offer) => offer.get(column));
    const keys = [...new Set(given.filter((key) => key !== undefined && key !== null && typeof key !== 'function'))];
    if (!(await allExist(manager, referenced, keys))) throw new ReferenceUnknownError(metadata.name, column.property);
  }
}

/** Returns the columns that {@link assertNotSoftDeleted} checks, for a statement that checks them itself. */
export function liveReferences<T extends object>({ columns, metadata }: Resource<T>): readonly LiveReference[] {
  return columns.flatMap(({ metadata: own }) => {
    const referenced = softDeletable(own, metadata);
    return referenced === undefined ? [] : [{ own, referenced }];
  });
}

/** Returns the column that a column references, if its table has soft deletion. */
function softDeletable(column: ColumnMetadata, metadata: EntityMetadata): ColumnMetadata | undefined {
  const referenced = referencedColumn(column, metadata);
  return referenced?.entityMetadata.deleteDateColumn === undefined ? undefined : referenced;
}

function referencedColumn(column: ColumnMetadata, metadata: EntityMetadata): ColumnMetadata | undefined {
  if (column.referencedColumn !== undefined) return column.referencedColumn;
  const key = metadata.foreignKeys.find(({ columns }) => columns.length === 1 && columns[0] === column);
  return key?.referencedColumns[0];
}

async function allExist(
  manager: EntityManager,
  { entityMetadata, propertyPath }: ColumnMetadata,
  keys: readonly unknown[],
): Promise<boolean> {
  if (keys.length === 0) return true;
  const count = (among: readonly unknown[]): Promise<number> =>
    manager
      .createQueryBuilder(entityMetadata.target, 'target')
      .where(`target.${propertyPath} IN (:...keys)`, { keys: among })
      .getCount();
  if ((await count(keys)) === keys.length) return true;
  // Depending on the collation, two different strings may match the same key.
  for (const key of keys) if ((await count([key])) === 0) return false;
  return true;
}
