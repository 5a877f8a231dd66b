import type { DataSource, EntityMetadata } from 'typeorm';
import type { RelationMetadata } from '../../common/peer-internals.js';
import { compileColumns } from '../model/resource-column.js';
import type { ResourceColumn } from '../model/resource-column.js';

/** Maximum number of relations in a path. */
const MAX_RELATIONS = 3;

/** A column in a query: of the resource, or of a related entity. */
export interface QueryField {
  /** The path as written: `assignee.email`. */
  readonly path: string;
  /** The relations from the resource's entity to the column's; empty for its own columns. */
  readonly relations: readonly RelationMetadata[];
  readonly column: ResourceColumn;
}

/** Finds the column of a path over up to three relations; undefined if there is none. */
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
