import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';

const tables = new WeakMap<readonly EntityMetadata[], ReadonlyMap<string, readonly EntityMetadata[]>>();

/**
 * Returns all entities of an entity's table, itself included: child entities, and other classes that are mapped to the
 * same table.
 */
export function entitiesOfTable(metadata: EntityMetadata): readonly EntityMetadata[] {
  const { entityMetadatas } = metadata.dataSource;
  let byTable = tables.get(entityMetadatas);
  if (byTable === undefined) tables.set(entityMetadatas, (byTable = groupByTable(entityMetadatas)));
  return byTable.get(tableOf(metadata)) ?? [metadata];
}

/**
 * Returns an entity's column with the database name of another entity's column; undefined if the entity does not map
 * it.
 */
export function columnAlike({ columns }: EntityMetadata, { databaseName }: ColumnMetadata): ColumnMetadata | undefined {
  return columns.find((column) => column.databaseName === databaseName);
}

/**
 * Checks whether rows written as one entity are rows of another one. With single-table inheritance a row of a sibling
 * class is not, although it is in the same table.
 */
export function isRowOf(metadata: EntityMetadata, other: EntityMetadata): boolean {
  // The first comparison is for speed: it is made for each written key.
  if (metadata.tableName.toLowerCase() !== other.tableName.toLowerCase()) return false;
  if (tableOf(metadata) !== tableOf(other)) return false;
  return other.parentEntityMetadata === undefined || isSubclass(metadata.target, other.target);
}

/** @param other the class of a child entity: only an entity without a class has a name instead */
function isSubclass(type: Function | string, other: Function | string): boolean {
  return type === other || (type as Function).prototype instanceof (other as Function);
}

function groupByTable(metadatas: readonly EntityMetadata[]): ReadonlyMap<string, readonly EntityMetadata[]> {
  const byTable = new Map<string, EntityMetadata[]>();
  for (const metadata of metadatas) {
    const table = tableOf(metadata);
    byTable.set(table, [...(byTable.get(table) ?? []), metadata]);
  }
  return byTable;
}

/**
 * Returns a key of the physical table. An entity may name its schema explicitly while another one uses the connection's
 * default.
 */
function tableOf({ database, schema, tableName, dataSource: { driver } }: EntityMetadata): string {
  const { type } = driver.options;
  if (type === 'postgres') return JSON.stringify([schema ?? driver.schema ?? 'public', tableName]);
  // SQLite compares table names case-insensitively, and so does MySQL on some systems.
  const name = tableName.toLowerCase();
  // A SQLite connection has one database. With sql.js, the `database` option holds its bytes.
  return ['mysql', 'mariadb'].includes(type) ? JSON.stringify([database ?? driver.database, name]) : name;
}
