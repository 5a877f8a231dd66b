import { TransformationType } from 'class-transformer';
// class-transformer offers no way to ask what a class exposes, so its store is read, from the build that Node loads.
import { defaultMetadataStorage as storage } from 'class-transformer/cjs/storage.js';

/** How an answer shows a property. */
export interface ExposedProperty {
  /** Its name in JSON. */
  readonly key: string;
  /** Whether the answer gives what the property holds, and not something that a `@Transform()` makes of it. */
  readonly isUntransformed: boolean;
}

/** Properties that an answer shows, by their names. */
export type ExposedProperties = ReadonlyMap<string, ExposedProperty>;

/**
 * What class-transformer makes visible of a class.
 *
 * @param type a DTO or an entity
 * @param own properties that are visible unless something hides them; empty for a DTO, where only `@Expose()` counts
 */
export function exposedProperties(type: Function, own: Iterable<string>): ExposedProperties {
  const exposed = storage.getExposedProperties(type, TransformationType.CLASS_TO_PLAIN);
  const excluded = new Set(storage.getExcludedProperties(type, TransformationType.CLASS_TO_PLAIN));
  const ownProperties = [...own];
  const candidates = storage.getStrategy(type) === 'excludeAll' ? exposed : [...ownProperties, ...exposed];
  // A DTO is made of the row before it is shown, and then transformations of that direction count too.
  const directions = ownProperties.length > 0 ? (['out'] as const) : (['in', 'out'] as const);
  return new Map(
    candidates
      .filter((property) => !excluded.has(property) && !inGroups(type, property))
      .map((property) => [
        property,
        {
          key: storage.findExposeMetadata(type, property)?.options.name ?? property,
          isUntransformed: !directions.some((direction) => isTransformed(type, property, direction)),
        },
      ]),
  );
}

/** The property that a key in JSON is read into. */
export function propertyForKey(type: Function, key: string): string {
  return storage.findExposeMetadataByCustomName(type, key)?.propertyName ?? key;
}

/** The key in JSON that a property is read from: the opposite of {@link propertyForKey}. */
export function keyForProperty(type: Function, property: string): string {
  return storage.findExposeMetadata(type, property)?.options.name ?? property;
}

/** Whether a `@Transform()` makes something else of a property's value on its way into the class, or out of it. */
export function isTransformed(type: Function, property: string, direction: 'in' | 'out'): boolean {
  const transformation = direction === 'in' ? TransformationType.PLAIN_TO_CLASS : TransformationType.CLASS_TO_PLAIN;
  return storage.findTransformMetadatas(type, property, transformation).length > 0;
}

/** The class that `@Type()` names for a property; undefined without it. */
export function namedType(type: Function, property: string): Function | undefined {
  return storage.findTypeMetadata(type, property)?.typeFunction?.();
}

/** What is exposed to groups only is not shown: no groups are ever asked for. */
function inGroups(type: Function, property: string): boolean {
  return (storage.findExposeMetadata(type, property)?.options.groups ?? []).length > 0;
}

/** Whether class-transformer passes a property of a class in both directions: out of an object and into it. */
export function isOpen(type: Function, property: string): boolean {
  const both = [TransformationType.CLASS_TO_PLAIN, TransformationType.PLAIN_TO_CLASS];
  const exposesOnly = isExcludeAll(type);
  return (
    !inGroups(type, property) &&
    both.every(
      (direction) =>
        !storage.getExcludedProperties(type, direction).includes(property) &&
        (!exposesOnly || storage.getExposedProperties(type, direction).includes(property)),
    )
  );
}

/** Whether all that class-transformer does to a property of a class is to show it, under this name or another. */
export function isExposedUntransformed(type: Function, property: string): boolean {
  const expose = storage.findExposeMetadata(type, property);
  const both = [TransformationType.CLASS_TO_PLAIN, TransformationType.PLAIN_TO_CLASS];
  return (
    !(property in (type.prototype as object)) &&
    Object.keys(expose?.options ?? {}).every((option) => option === 'name') &&
    storage.findExcludeMetadata(type, property) === undefined &&
    // Its declaration says otherwise, but there may be none.
    (storage.findTypeMetadata(type, property) as unknown) === undefined &&
    both.every((direction) => storage.findTransformMetadatas(type, property, direction).length === 0)
  );
}

/** Whether only what has `@Expose()` is shown of a class. */
export function isExcludeAll(type: Function): boolean {
  return storage.getStrategy(type) === 'excludeAll';
}
