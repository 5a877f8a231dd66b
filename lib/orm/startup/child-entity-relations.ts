import type { DataSource } from 'typeorm';
import type { RelationMetadata } from '../../common/peer-internals.js';

/**
 * Sets the join columns of relations in embedded objects of child entities. TypeORM sets them for the parent entity
 * only. Without them, the child entity can neither join nor update such a relation.
 */
export function completeChildRelations({ entityMetadatas }: DataSource): void {
  for (const metadata of entityMetadatas) {
    const { parentEntityMetadata: parent } = metadata;
    if (parent === undefined) continue;
    for (const relation of metadata.relations) {
      const alike = parent.relations.find((other) => isAlike(other, relation));
      if (alike !== undefined) relation.registerJoinColumns(alike.joinColumns, alike.inverseJoinColumns);
    }
    metadata.relationsWithJoinColumns = metadata.relations.filter(({ isWithJoinColumn }) => isWithJoinColumn);
  }
}

/**
 * Compares the prefix too: embedded objects of several child entities may have the same name, but different column
 * prefixes.
 */
function isAlike(one: RelationMetadata, other: RelationMetadata): boolean {
  return one.propertyPath === other.propertyPath && one.embeddedMetadata?.prefix === other.embeddedMetadata?.prefix;
}
