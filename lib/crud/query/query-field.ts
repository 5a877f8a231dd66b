import type { DataSource, EntityMetadata } from 'typeorm';
import type { RelationMetadata } from '../../common/peer-internals.js';
import { compileColumns } from '../model/resource-column.js';
import type { ResourceColumn } from '../model/resource-column.js';
import type { Operator } from '../options/filter-operators.js';

/** Maximum number of relations in a path. */
const MAX_RELATIONS = 3;

/** A column in a query: of the resource, or of a related entity. */
export interface QueryField {
  /** The path as written: `assignee.email`. */
  readonly path: string;
  /** The relations from the resource's entity to the column's; empty for its own columns. */
  readonly relations: readonly RelationMetadata[];
  /** For a relation, a column that each of its rows has. */
  readonly column: ResourceColumn;
  /** The operators that clients may use; all of the column's type by default. */
  readonly operators?: readonly Operator[];
  /** True if the path names a relation, of which a comparison asks only whether there is a row. */
  readonly isRelation?: true;
}

/** Finds the column of a path over up to three relations; undefined if there is none. */
export function findField(dataSource: DataSource, metadata: EntityMetadata, path: string): QueryField | undefined {
  return follow(dataSource, metadata, path, path, []);
}

/**
 * Finds the relation of a path: `assignee`, or `assignee.team`; undefined if there is none.
 *
 * @returns the relation with a primary column of its entity
 */
export function findRelation(dataSource: DataSource, metadata: EntityMetadata, path: string): QueryField | undefined {
  const relations: RelationMetadata[] = [];
  let target = metadata;
  for (let rest = path; rest !== '';) {
    const relation = target.relations.find(({ propertyPath }) => `${rest}.`.startsWith(`${propertyPath}.`));
    if (relation === undefined || relations.length === MAX_RELATIONS) return undefined;
    relations.push(relation);
    target = relation.inverseEntityMetadata;
    rest = rest.slice(relation.propertyPath.length + 1);
  }
  const column = [...columnsOf(dataSource, target).values()].find((one) => one.metadata.isPrimary);
  return column && relations.length > 0 ? { path, relations, column, isRelation: true } : undefined;
}

/** Checks whether a NULL check of the field tells if there is a related row: a primary key is never NULL by itself. */
export function tellsRelatedRow({ relations, column }: QueryField): boolean {
  return relations.length > 0 && column.metadata.isPrimary;
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
