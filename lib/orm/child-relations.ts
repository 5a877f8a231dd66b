import type { DataSource } from 'typeorm';

/**
 * Gives the relations in embedded objects of child entities their join columns. TypeORM makes them for the parent entity only: without
 * them the child entity can neither join nor update such a relation.
 */
export function completeChildRelations({ entityMetadatas }: DataSource): void {
  for (const metadata of entityMetadatas) {
    const { parentEntityMetadata: parent } = metadata;
    if (parent === undefined) continue;
    for (const relation of metadata.relations) {
      const alike = parent.findRelationWithPropertyPath(relation.propertyPath);
      if (relation.embeddedMetadata === undefined || relation.joinColumns.length > 0 || alike === undefined) continue;
      relation.registerJoinColumns(alike.joinColumns, alike.inverseJoinColumns);
    }
    metadata.relationsWithJoinColumns = metadata.relations.filter(({ isWithJoinColumn }) => isWithJoinColumn);
  }
}
