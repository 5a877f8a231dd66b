import type { Driver, EntityMetadata, ObjectLiteral } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';

/** A column and the value that it must equal; null for IS NULL. */
export interface RowCondition {
  readonly column: ColumnMetadata;
  readonly parameter: unknown;
}

/** Returns the parameters of {@link conditionsSql}, by name. */
export function conditionValues(which: readonly RowCondition[]): ObjectLiteral {
  return Object.fromEntries(which.map(({ parameter }, i) => [`condition_${i}`, parameter]));
}

/** Returns a key that is the same for all conditions with the same text. */
export function conditionsKey(which: readonly RowCondition[]): string {
  return which
    .map(({ column, parameter }) => `where ${column.databaseName}${parameter === null ? ' is null' : ''}`)
    .join();
}

/** Renders conditions that identify a row. */
export function conditionsSql(which: readonly RowCondition[], driver: Driver): string {
  return which
    .map(({ column, parameter }, i) => {
      const name = driver.escape(column.databaseName);
      return parameter === null ? `${name} IS NULL` : `${name} = :condition_${i}`;
    })
    .join(' AND ');
}

/**
 * Renders what TypeORM sets in each update: the next version, and the update date.
 *
 * @param isSet whether the update sets such a column itself
 */
export function trackedColumnsSql(
  { versionColumn, updateDateColumn }: EntityMetadata,
  driver: Driver,
  isSet: (column: ColumnMetadata) => boolean,
): string[] {
  const set: string[] = [];
  if (versionColumn !== undefined && !isSet(versionColumn)) {
    const version = driver.escape(versionColumn.databaseName);
    set.push(`${version} = ${version} + 1`);
  }
  if (updateDateColumn !== undefined && !isSet(updateDateColumn))
    set.push(`${driver.escape(updateDateColumn.databaseName)} = CURRENT_TIMESTAMP`);
  return set;
}
