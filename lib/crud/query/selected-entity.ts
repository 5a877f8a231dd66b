import type { EntityMetadata, ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { RelationMetadata } from 'typeorm/metadata/RelationMetadata.js';

/** A column that a select reads, and how its rows call it. */
export interface SelectedColumn {
  readonly column: ColumnMetadata;
  readonly name: string;
}

/** What a select reads of an entity. */
export interface SelectedEntity {
  readonly metadata: EntityMetadata;
  /** Hidden ones (`select: false`) are not among them, except for keys. */
  readonly columns: readonly SelectedColumn[];
  /** Relations to one row each, which the select joins. */
  readonly joined: readonly JoinedEntity[];
}

/** A relation to one row, and what is read of that. */
export interface JoinedEntity {
  readonly relation: RelationMetadata;
  readonly alias: string;
  readonly entity: SelectedEntity;
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

/** Chooses what selects read. One for each select: it gives out the names of its columns and joins. */
export class EntitySelector {
  private columns = 0;
  private joins = 0;

  /**
   * @param includes relations to read along
   * @param wants whether a column is to be read; keys are, anyway
   * @throws TypeError for an include that is no relation to one row
   */
  select(
    metadata: EntityMetadata,
    includes: IncludeTree,
    wants: (column: ColumnMetadata) => boolean = () => true,
  ): SelectedEntity {
    const columns = metadata.columns.filter((column) => isNeeded(column) || (isShowable(column) && wants(column)));
    return {
      metadata,
      // Entities that share a table may share its columns.
      columns: [...new Map(columns.map((column) => [column.databaseName, column])).values()].map((column) => ({
        column,
        name: `c${this.columns++}`,
      })),
      joined: [...includes].map(([path, below]) => this.join(metadata, path, below)),
    };
  }

  private join(metadata: EntityMetadata, path: string, below: IncludeTree): JoinedEntity {
    const relation = metadata.findRelationWithPropertyPath(path);
    if (relation === undefined || relation.isOneToMany || relation.isManyToMany) {
      throw new TypeError(`${metadata.name}.${path} is no relation to one row.`);
    }
    const alias = `include_${++this.joins}`;
    return { relation, alias, entity: this.select(relation.inverseEntityMetadata, below) };
  }
}

/** Puts what is read of an entity into a select, which has read nothing so far. */
export function applySelection<T extends ObjectLiteral>(
  select: SelectQueryBuilder<T>,
  alias: string,
  { columns, joined }: SelectedEntity,
): void {
  for (const { column, name } of columns) {
    // The property of a key that only a relation stands for is the relation's, which several columns may share.
    const isPlain = !column.isVirtual || column.isDiscriminator;
    const path = isPlain
      ? `${alias}.${column.propertyPath}`
      : `${select.escape(alias)}.${select.escape(column.databaseName)}`;
    select.addSelect(path, name);
  }
  for (const { relation, alias: joinedAlias, entity } of joined) {
    select.leftJoin(`${alias}.${relation.propertyPath}`, joinedAlias);
    applySelection(select, joinedAlias, entity);
  }
}

/** Keys tell rows apart, and discriminators which entity they are. */
function isNeeded(column: ColumnMetadata): boolean {
  return column.isPrimary || column.isDiscriminator;
}

function isShowable(column: ColumnMetadata): boolean {
  return column.isSelect && !column.isVirtual;
}
