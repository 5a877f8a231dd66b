import type { EntityMetadata, ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { RelationMetadata } from 'typeorm/metadata/RelationMetadata.js';

/** A column that a select reads, and how its rows call it. */
export interface SelectedColumn {
  readonly column: ColumnMetadata;
  readonly name: string;
}

/** What a select reads of an entity. */
export interface SelectionNode {
  readonly metadata: EntityMetadata;
  /** Hidden ones (`select: false`) are not among them, except for keys. */
  readonly columns: readonly SelectedColumn[];
  /** Relations to one row each, which the select joins. */
  readonly joined: readonly JoinedEntity[];
  /** Relations to many rows, which selects of their own read: a join would multiply the rows, and a page would lose some. */
  readonly branches: readonly SelectedBranch[];
}

/** A relation to one row, and what is read of that. */
export interface JoinedEntity {
  readonly relation: RelationMetadata;
  readonly alias: string;
  readonly entity: SelectionNode;
}

/** A relation to many rows, and what is read of those. */
export interface SelectedBranch {
  readonly relation: RelationMetadata;
  /** The key of the row that it leads from, as the select of that row calls it. */
  readonly keys: readonly SelectedColumn[];
  readonly entity: SelectionNode;
}

/** Relations by name, each with those that are read below it. */
export type IncludeTree = ReadonlyMap<string, IncludeTree>;

/** Arranges paths like `comments.author` by their parts. */
export function includeTree(paths: readonly string[]): IncludeTree {
  type Growing = Map<string, Growing>;
  const root: Growing = new Map();
  for (const path of paths) {
    let tree = root;
    for (const name of path.split('.')) {
      const below: Growing = tree.get(name) ?? new Map<string, Growing>();
      tree.set(name, below);
      tree = below;
    }
  }
  return root;
}

/** Chooses what a select reads. It gives out the names of its columns and joins. */
export class SelectionBuilder {
  private columns = 0;
  private joins = 0;

  /** @param names of columns that shall have their own one */
  constructor(private readonly names: ReadonlyMap<ColumnMetadata, string> = new Map()) {}

  /**
   * @param includes relations to read along
   * @param wants whether a column is to be read; keys are, anyway
   * @throws TypeError for an include that is no relation
   */
  select(
    metadata: EntityMetadata,
    includes: IncludeTree,
    wants: (column: ColumnMetadata) => boolean = () => true,
  ): SelectionNode {
    const chosen = metadata.columns.filter((column) => isNeeded(column) || (isShowable(column) && wants(column)));
    // Entities that share a table may share its columns.
    const columns = [...new Map(chosen.map((column) => [column.databaseName, column])).values()].map((column) => ({
      column,
      name: this.names.get(column) ?? `c${this.columns++}`,
    }));
    const keys = columns.filter(({ column }) => column.isPrimary);
    const joined: JoinedEntity[] = [];
    const branches: SelectedBranch[] = [];
    for (const [path, below] of includes) {
      const relation = metadata.findRelationWithPropertyPath(path);
      if (relation === undefined) throw new TypeError(`${metadata.name} has no relation '${path}'.`);
      if (relation.isLazy) throw new TypeError(`${metadata.name}.${path} is lazy: it is loaded when it is asked for.`);
      const target = relation.inverseEntityMetadata;
      if (isToMany(relation)) branches.push({ relation, keys, entity: new SelectionBuilder().select(target, below) });
      else joined.push({ relation, alias: `include_${++this.joins}`, entity: this.select(target, below) });
    }
    return { metadata, columns, joined, branches };
  }
}

/** Whether a relation leads to any number of rows. */
export function isToMany({ isOneToMany, isManyToMany }: RelationMetadata): boolean {
  return isOneToMany || isManyToMany;
}

/** What is read of an entity and of those that are joined to it, and so on. */
export function* walkJoined(entity: SelectionNode): Generator<SelectionNode> {
  yield entity;
  for (const { entity: other } of entity.joined) yield* walkJoined(other);
}

/** Puts what is read of an entity into a select, which has read nothing so far. */
export function applySelection<T extends ObjectLiteral>(
  select: SelectQueryBuilder<T>,
  alias: string,
  { columns, joined }: SelectionNode,
): void {
  for (const { column, name } of columns) select.addSelect(columnPath(select, alias, column), name);
  for (const { relation, alias: joinedAlias, entity } of joined) {
    select.leftJoin(`${alias}.${relation.propertyPath}`, joinedAlias);
    applySelection(select, joinedAlias, entity);
  }
}

/** How conditions and selections of a select name a column. */
export function columnPath<T extends ObjectLiteral>(
  select: SelectQueryBuilder<T>,
  alias: string,
  column: ColumnMetadata,
): string {
  // The property of a key that only a relation stands for is the relation's, which several columns may share.
  const isPlain = !column.isVirtual || column.isDiscriminator;
  return isPlain ? `${alias}.${column.propertyPath}` : `${select.escape(alias)}.${select.escape(column.databaseName)}`;
}

/** Keys tell rows apart, and discriminators which entity they are. */
function isNeeded(column: ColumnMetadata): boolean {
  return column.isPrimary || column.isDiscriminator;
}

function isShowable(column: ColumnMetadata): boolean {
  return column.isSelect && !column.isVirtual;
}
