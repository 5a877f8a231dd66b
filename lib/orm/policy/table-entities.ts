import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';

const tables = new WeakMap<readonly EntityMetadata[], ReadonlyMap<string, readonly EntityMetadata[]>>();

/** Returns all entities of an entity's table, itself included: child entities, and other classes that are mapped to the same table. */
export function entitiesOfTable(metadata: EntityMetadata): readonly EntityMetadata[] {
  const { entityMetadatas } = metadata.dataSource;
  let byTable = tables.get(entityMetadatas);
  if (byTable === undefined) tables.set(entityMetadatas, (byTable = groupByTable(entityMetadatas)));
  return byTable.get(tableOf(metadata)) ?? [metadata];
}

/** Returns the column that an entity has for a column of another entity of the same table; undefined if the entity does not map it. */
export function columnAlike({ columns }: EntityMetadata, { databaseName }: ColumnMetadata): ColumnMetadata | undefined {
  return columns.find((column) => column.databaseName === databaseName);
}

/**
 * Checks whether rows written as one entity are rows of another one. In single-table inheritance a row of a sibling class is not, although
 * it is in the same table.
 */
export function isRowOf(metadata: EntityMetadata, other: EntityMetadata): boolean {
  if (tableOf(metadata) !== tableOf(other)) return false;
  return other.parentEntityMetadata === undefined || isSubclass(metadata.target, other.target);
}

/** @param other the class of a child entity; only an entity without a class has a name instead */
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

/** One entity may name the schema that another one leaves to the connection. */
function tableOf({ database, schema, tableName, dataSource: { driver } }: EntityMetadata): string {
  const { type } = driver.options;
  if (type === 'postgres') return JSON.stringify([schema ?? driver.schema ?? 'public', tableName]);
  // SQLite compares names without their case, and so does MySQL on some systems.
  const name = tableName.toLowerCase();
  // A connection to SQLite has one database, which sql.js keeps as bytes.
  return ['mysql', 'mariadb'].includes(type) ? JSON.stringify([database ?? driver.database, name]) : name;
}
