import type { EntityMetadata, ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import type { ColumnMetadata, RelationMetadata } from '../../../common/peer-internals.js';

/** A column of a select and its name in the rows. */
export interface SelectedColumn {
  readonly column: ColumnMetadata;
  readonly name: string;
}

/** The columns and relations of an entity that a select reads. */
export interface SelectionNode {
  readonly metadata: EntityMetadata;
  /** Without hidden columns (`select: false`), except for keys. */
  readonly columns: readonly SelectedColumn[];
  /** To-one relations, which the select joins. */
  readonly joined: readonly JoinedEntity[];
  /**
   * To-many relations, which separate selects load: a join would multiply the rows, so a page would contain too few.
   */
  readonly branches: readonly SelectedBranch[];
}

/** A joined to-one relation and the selection of its target. */
export interface JoinedEntity {
  readonly relation: RelationMetadata;
  readonly alias: string;
  readonly entity: SelectionNode;
}

/** A to-many relation and the selection of its target. */
export interface SelectedBranch {
  readonly relation: RelationMetadata;
  /** The key columns of the parent row, as the parent's select names them. */
  readonly keys: readonly SelectedColumn[];
  readonly entity: SelectionNode;
}

/** The included relations by name, each with its nested ones. */
export type IncludeTree = ReadonlyMap<string, IncludeTree>;

/** Builds a tree of paths like `comments.author`. */
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

/** Builds the selection of an entity and assigns column names and join aliases. */
export class SelectionBuilder {
  private columns = 0;
  private joins = 0;

  /** @param names fixed names of some columns */
  constructor(private readonly names: ReadonlyMap<ColumnMetadata, string> = new Map()) {}

  /**
   * @param includes the included relations
   * @param wants whether to select a column; keys are always selected
   * @throws TypeError for an unknown or lazy relation
   */
  select(
    metadata: EntityMetadata,
    includes: IncludeTree,
    wants: (column: ColumnMetadata) => boolean = () => true,
  ): SelectionNode {
    const chosen = metadata.columns.filter((column) => isNeeded(column) || (isShowable(column) && wants(column)));
    // With single table inheritance, child entities may share a database column.
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
      if (relation.isLazy)
        throw new TypeError(`${metadata.name}.${path} is a lazy relation, which cannot be included.`);
      const target = relation.inverseEntityMetadata;
      if (isToMany(relation)) branches.push({ relation, keys, entity: new SelectionBuilder().select(target, below) });
      else joined.push({ relation, alias: `include_${++this.joins}`, entity: this.select(target, below) });
    }
    return { metadata, columns, joined, branches };
  }
}

/** Checks whether a relation is one-to-many or many-to-many. */
export function isToMany({ isOneToMany, isManyToMany }: RelationMetadata): boolean {
  return isOneToMany || isManyToMany;
}

/** Iterates over an entity and its joined ones, recursively. */
export function* walkJoined(entity: SelectionNode): Generator<SelectionNode> {
  yield entity;
  for (const { entity: other } of entity.joined) yield* walkJoined(other);
}

/** Adds the columns and joins of an entity to an empty select. */
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

/** Returns the name of a column in conditions and selections. */
export function columnPath<T extends ObjectLiteral>(
  select: SelectQueryBuilder<T>,
  alias: string,
  column: ColumnMetadata,
): string {
  // The property of a join column without its own property is the relation's, which several columns may share.
  const isPlain = !column.isVirtual || column.isDiscriminator;
  return isPlain ? `${alias}.${column.propertyPath}` : `${select.escape(alias)}.${select.escape(column.databaseName)}`;
}

/** Keys identify rows, and discriminators identify the child entity. */
function isNeeded(column: ColumnMetadata): boolean {
  return column.isPrimary || column.isDiscriminator;
}

function isShowable(column: ColumnMetadata): boolean {
  return column.isSelect && !column.isVirtual;
}
