import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import type { RelationMetadata } from 'typeorm/metadata/RelationMetadata.js';

/** Relations of loaded entities that are null although their key names a row: one that the scope cannot see. */
const unseen = new WeakMap<ObjectLiteral, RelationMetadata[]>();

/** Remembers which relations of loaded entities are null only because the scope cannot see their rows. */
export function noteUnseen(metadata: EntityMetadata, entities: readonly ObjectLiteral[]): void {
  walk(metadata, entities, new Set(), (entity, relation) => {
    const keys = relation.joinColumns.filter(({ isVirtual }) => !isVirtual);
    const isSet = keys.some(({ propertyName }) => entity[propertyName] !== undefined && entity[propertyName] !== null);
    if (isSet) unseen.set(entity, [...(unseen.get(entity) ?? []), relation]);
  });
}

/** Takes such relations off entities that are about to be saved: a null would clear the key, and what is not there is left alone. */
export function forgetUnseen(metadata: EntityMetadata, entities: readonly ObjectLiteral[]): void {
  walk(metadata, entities, new Set(), (entity, relation) => {
    if (unseen.get(entity)?.includes(relation)) relation.setEntityValue(entity, undefined);
  });
}

/** Calls `visit` for each to-one relation that is null, through all that is loaded. */
function walk(
  metadata: EntityMetadata,
  entities: readonly ObjectLiteral[],
  seen: Set<ObjectLiteral>,
  visit: (entity: ObjectLiteral, relation: RelationMetadata) => void,
): void {
  for (const entity of entities) {
    if (seen.has(entity)) continue;
    seen.add(entity);
    for (const relation of metadata.relations) {
      if (relation.isLazy) continue;
      const related: unknown = relation.getEntityValue(entity);
      if (related === null) visit(entity, relation);
      else if (typeof related === 'object') {
        const rows = (Array.isArray(related) ? related : [related]) as unknown[];
        const objects = rows.filter((row): row is ObjectLiteral => typeof row === 'object' && row !== null);
        walk(relation.inverseEntityMetadata, objects, seen, visit);
      }
    }
  }
}
