import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import type { RelationMetadata } from '../../common/peer-internals.js';

/**
 * Relations of loaded entities that are null although their foreign key is set: the scope cannot see the related row.
 */
const unseen = new WeakMap<ObjectLiteral, RelationMetadata[]>();

/** Records the relations of loaded entities that are null only because the scope cannot see the related rows. */
export function markHiddenRelations(metadata: EntityMetadata, entities: readonly ObjectLiteral[]): void {
  // TypeORM loads a tree, but entity listeners may add cycles.
  walk(metadata, entities, new Set(), (entity, relation) => {
    // Without a property of its own, the foreign key is read from the relation, so it is null too.
    const keys = relation.joinColumns.map((column): unknown => column.getEntityValue(entity));
    const isSet = keys.some((key) => key !== undefined && key !== null);
    if (isSet) unseen.set(entity, [...(unseen.get(entity) ?? []), relation]);
  });
}

/** Unsets these relations before save(): TypeORM ignores undefined, but null would clear the foreign key. */
export function unsetHiddenRelations(metadata: EntityMetadata, entities: readonly ObjectLiteral[]): void {
  walk(metadata, entities, new Set(), (entity, relation) => {
    if (unseen.get(entity)?.includes(relation)) relation.setEntityValue(entity, undefined);
  });
}

type Visit = (entity: ObjectLiteral, relation: RelationMetadata) => void;

/** Calls `visit` for each to-one relation that is null, in the whole loaded graph. */
function walk(
  metadata: EntityMetadata,
  entities: readonly ObjectLiteral[],
  seen: Set<ObjectLiteral>,
  visit: Visit,
): void {
  if (metadata.relations.length === 0) return;
  for (const entity of entities) {
    if (seen.has(entity)) continue;
    seen.add(entity);
    for (const relation of metadata.relations) {
      if (!relation.isLazy) follow(relation, entity, seen, visit);
    }
  }
}

function follow(relation: RelationMetadata, entity: ObjectLiteral, seen: Set<ObjectLiteral>, visit: Visit): void {
  const related: unknown = relation.getEntityValue(entity);
  if (related === null) visit(entity, relation);
  else if (Array.isArray(related)) walk(relation.inverseEntityMetadata, related.filter(isObject), seen, visit);
  else if (isObject(related)) walk(relation.inverseEntityMetadata, [related], seen, visit);
}

function isObject(value: unknown): value is ObjectLiteral {
  return typeof value === 'object' && value !== null;
}
