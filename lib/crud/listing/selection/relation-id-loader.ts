import type { EntityManager, EntityMetadata, ObjectLiteral } from 'typeorm';
import { serializeKey } from './to-many-loader.js';
import type { SelectionNode } from './selection-tree.js';

/** The alias of the entity's table. */
const ALIAS = 'item';

/**
 * Sets the `@RelationId()` properties of loaded entities. TypeORM loads the values, within the current scope, with one
 * more select per entity class that has such properties.
 *
 * @param selected the selection that loaded the entities
 * @param entities the loaded entities; included ones are found through their relations
 * @param manager of the transaction that loaded them
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

/** Checks whether an entity or an included one has `@RelationId()` properties. */
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
