import type { DataSource, EntityMetadata } from 'typeorm';
import type { RelationMetadata } from 'typeorm/metadata/RelationMetadata.js';
import { compileColumns } from '../model/resource-column.js';
import type { ResourceColumn } from '../model/resource-column.js';

/** Most relations that a path may lead over. */
const MAX_RELATIONS = 3;

/** A column that a query names: one of the resource's own, or one that relations lead to. */
export interface QueryField {
  /** As it is written: `assignee.email`. */
  readonly path: string;
  /** From the resource's entity to the column's; none for its own columns. */
  readonly relations: readonly RelationMetadata[];
  readonly column: ResourceColumn;
}

/** Finds the column that a path leads to, over at most three relations; undefined when there is none. */
export function findField(dataSource: DataSource, metadata: EntityMetadata, path: string): QueryField | undefined {
  return follow(dataSource, metadata, path, path, []);
}

function follow(
  dataSource: DataSource,
  metadata: EntityMetadata,
  path: string,
  rest: string,
  relations: readonly RelationMetadata[],
): QueryField | undefined {
  const column = columnsOf(dataSource, metadata).get(rest);
  if (column !== undefined) return { path, relations, column };
  const relation = metadata.relations.find(({ propertyPath }) => rest.startsWith(`${propertyPath}.`));
  if (relation === undefined || relations.length === MAX_RELATIONS) return undefined;
  const { inverseEntityMetadata, propertyPath } = relation;
  return follow(dataSource, inverseEntityMetadata, path, rest.slice(propertyPath.length + 1), [...relations, relation]);
}

const columns = new WeakMap<EntityMetadata, ReadonlyMap<string, ResourceColumn>>();

function columnsOf(dataSource: DataSource, metadata: EntityMetadata): ReadonlyMap<string, ResourceColumn> {
  let known = columns.get(metadata);
  if (known === undefined) {
    known = new Map(compileColumns(dataSource, metadata).map((column) => [column.property, column]));
    columns.set(metadata, known);
  }
  return known;
}
