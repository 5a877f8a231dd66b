import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import { junctionSides } from './policy-compiler.js';
import { columnAlike, entitiesOfTable } from './table-entities.js';

/** A foreign key, with the columns as the writing entity maps them. */
export interface ForeignKey {
  /** Property path of the relation or column, for errors. */
  readonly property: string;
  readonly target: EntityMetadata;
  readonly columns: readonly { readonly own: ColumnMetadata; readonly referenced: ColumnMetadata }[];
}

/** A foreign key that an entity declares. */
interface DeclaredKey extends ForeignKey {
  /** Whether the database enforces it. */
  readonly isConstraint: boolean;
}

const known = new WeakMap<EntityMetadata, readonly ForeignKey[]>();

/**
 * Returns the foreign keys of all entities of a table, with the columns as `metadata` maps them. TypeORM gives a child
 * entity the columns of its siblings without their relations. Two classes of one table do not share their relations
 * either.
 */
export function keysOfTable(metadata: EntityMetadata): readonly ForeignKey[] {
  let keys = known.get(metadata);
  if (keys === undefined) known.set(metadata, (keys = collectKeys(metadata)));
  return keys;
}

function collectKeys(metadata: EntityMetadata): readonly ForeignKey[] {
  const own = keysOf(metadata).map((key) => ({ ...key, columns: asWrittenBy(metadata, key) }));
  const others = entitiesOfTable(metadata)
    .filter((entity) => entity !== metadata)
    .flatMap(keysOf)
    .filter((key) => appliesTo(metadata, key, own));
  return [...own, ...others.map((key) => ({ ...key, columns: asWrittenBy(metadata, key) }))];
}

/** Checks whether a column is part of a foreign key that an entity of the table declares. */
export function isReference(metadata: EntityMetadata, { databaseName }: ColumnMetadata): boolean {
  return keysOfTable(metadata).some(({ columns }) => columns.some(({ own }) => own.databaseName === databaseName));
}

/**
 * Two child entities may reference different entities by one column, and the discriminator says which. If the database
 * enforces both foreign keys, the column references a row of each.
 */
function appliesTo({ parentEntityMetadata }: EntityMetadata, key: DeclaredKey, own: readonly DeclaredKey[]): boolean {
  if (parentEntityMetadata === undefined || key.isConstraint) return true;
  return !own.some((other) => columnNames(other) === columnNames(key));
}

function columnNames({ columns }: ForeignKey): string {
  return columns
    .map(({ own }) => own.databaseName)
    .sort()
    .join();
}

/**
 * Replaces columns by the entity's own. TypeORM gives the second relation of a column a copy of it, which is none of
 * the entity's. A column that the entity does not map keeps its default.
 */
function asWrittenBy(metadata: EntityMetadata, { columns }: ForeignKey): ForeignKey['columns'] {
  return columns.map(({ own, referenced }) => ({ own: columnAlike(metadata, own) ?? own, referenced }));
}

/** Collects the foreign keys of relations, of junction and closure columns, and of `@ForeignKey()`. */
function keysOf(metadata: EntityMetadata): DeclaredKey[] {
  const keys: DeclaredKey[] = [];
  for (const relation of metadata.relations) {
    if (!(relation.isManyToOne || relation.isOneToOneOwner)) continue;
    const columns = relation.joinColumns.map((own) => ({ own, referenced: own.referencedColumn! }));
    // Clients and callers know a single column by its own property, if it has one.
    const property =
      columns.length === 1 && !columns[0].own.isVirtual ? columns[0].own.propertyPath : relation.propertyPath;
    keys.push({ property, target: relation.inverseEntityMetadata, columns, isConstraint: false });
  }
  for (const { columns, referencedColumns, referencedEntityMetadata } of metadata.foreignKeys) {
    keys.push({
      property: columns[0].propertyPath,
      target: referencedEntityMetadata,
      columns: columns.map((own, i) => ({ own, referenced: referencedColumns[i] })),
      isConstraint: true,
    });
  }
  for (const side of junctionSides(metadata)) {
    const columns = side.map((own) => ({ own, referenced: own.referencedColumn! }));
    keys.push({
      property: columns[0].own.propertyPath,
      target: columns[0].referenced.entityMetadata,
      columns,
      isConstraint: false,
    });
  }
  return keys;
}
