import type { EntityManager, EntityMetadata, ObjectLiteral } from 'typeorm';
import { serializeKey } from './to-many-loader.js';
import type { SelectionNode } from './selection-tree.js';

/** How the select calls the entity's table. */
const ALIAS = 'item';

/**
 * Fills in the properties with `@RelationId()` of entities that have been read. Few entities have any, and TypeORM knows best what belongs
 * there: it is asked, by one select more for each such entity, within the scope.
 *
 * @param selected what has been read
 * @param entities of which; those that are read along are found in them
 * @param manager of the transaction that they were read in
 */
export async function addRelationIds(
  selected: SelectionNode,
  entities: readonly ObjectLiteral[],
  manager: EntityManager,
): Promise<void> {
  if (entities.length === 0) return;
  await fill(selected.metadata, entities, manager);
  for (const { relation, entity } of [...selected.joined, ...selected.branches]) {
    const related = entities.flatMap((owner) => (relation.getEntityValue(owner) ?? []) as ObjectLiteral);
    await addRelationIds(entity, related as ObjectLiteral[], manager);
  }
}

/** Whether an entity, or what is read along with it, has such properties. */
export function hasRelationIds({ metadata, joined, branches }: SelectionNode): boolean {
  return metadata.relationIds.length > 0 || [...joined, ...branches].some(({ entity }) => hasRelationIds(entity));
}

async function fill(
  metadata: EntityMetadata,
  entities: readonly ObjectLiteral[],
  manager: EntityManager,
): Promise<void> {
  if (metadata.relationIds.length === 0) return;
  const keyOf = (entity: ObjectLiteral): string =>
    serializeKey(metadata.primaryColumns.map((column) => column.getEntityValue(entity) as unknown));
  const known = await manager
    .createQueryBuilder<ObjectLiteral>(metadata.target, ALIAS)
    .whereInIds(entities.map((entity) => metadata.getEntityIdMap(entity)))
    .callListeners(false)
    .getMany();
  const byKey = new Map(known.map((entity) => [keyOf(entity), entity]));
  for (const entity of entities) {
    const source = byKey.get(keyOf(entity));
    for (const { propertyName } of metadata.relationIds) {
      if (source?.[propertyName] !== undefined) entity[propertyName] = source[propertyName] as unknown;
    }
  }
}
