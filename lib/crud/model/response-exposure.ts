import { TransformationType } from 'class-transformer';
import { defaultMetadataStorage as storage } from '../../common/peer-internals.js';
// class-transformer has no public API for the exposed properties of a class, so its metadata storage is read, from the
// build that Node loads.

/** How a response contains a property. */
export interface ExposedProperty {
  /** The key in JSON. */
  readonly key: string;
  /** True if the response contains the property's value without a `@Transform()`. */
  readonly isUntransformed: boolean;
}

/** The exposed properties by name. */
export type ExposedProperties = ReadonlyMap<string, ExposedProperty>;

/**
 * Returns the properties of a class that class-transformer exposes.
 *
 * @param type a DTO or an entity
 * @param own properties that are exposed unless excluded; empty for a DTO, where only `@Expose()` counts
 */
export function exposedProperties(type: Function, own: Iterable<string>): ExposedProperties {
  const exposed = storage.getExposedProperties(type, TransformationType.CLASS_TO_PLAIN);
  const excluded = new Set(storage.getExcludedProperties(type, TransformationType.CLASS_TO_PLAIN));
  const ownProperties = [...own];
  const candidates = storage.getStrategy(type) === 'excludeAll' ? exposed : [...ownProperties, ...exposed];
  // A DTO instance is created from the row before it is serialized, so its plain-to-class transformations count too.
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

/** Returns the property that a JSON key is read into. */
export function propertyForKey(type: Function, key: string): string {
  return storage.findExposeMetadataByCustomName(type, key)?.propertyName ?? key;
}

/** Returns the JSON key that a property is read from; the inverse of {@link propertyForKey}. */
export function keyForProperty(type: Function, property: string): string {
  return storage.findExposeMetadata(type, property)?.options.name ?? property;
}

/** Checks whether a `@Transform()` applies to a property in a direction: `in` to the class, or `out` of it. */
export function isTransformed(type: Function, property: string, direction: 'in' | 'out'): boolean {
  const transformation = direction === 'in' ? TransformationType.PLAIN_TO_CLASS : TransformationType.CLASS_TO_PLAIN;
  return storage.findTransformMetadatas(type, property, transformation).length > 0;
}

/** Returns the class that `@Type()` names for a property; undefined without it. */
export function namedType(type: Function, property: string): Function | undefined {
  return storage.findTypeMetadata(type, property)?.typeFunction?.();
}

/** Checks for properties exposed to groups only. They are never visible, because serialization uses no groups. */
function inGroups(type: Function, property: string): boolean {
  return (storage.findExposeMetadata(type, property)?.options.groups ?? []).length > 0;
}

/** Checks whether class-transformer exposes a property in both directions. */
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

/** Checks whether class-transformer only exposes a property, possibly under another key, without changing its value. */
export function isExposedUntransformed(type: Function, property: string): boolean {
  const expose = storage.findExposeMetadata(type, property);
  const both = [TransformationType.CLASS_TO_PLAIN, TransformationType.PLAIN_TO_CLASS];
  return (
    !(property in (type.prototype as object)) &&
    Object.keys(expose?.options ?? {}).every((option) => option === 'name') &&
    storage.findExcludeMetadata(type, property) === undefined &&
    // The declared return type lacks undefined, but the metadata may be missing.
    (storage.findTypeMetadata(type, property) as unknown) === undefined &&
    both.every((direction) => storage.findTransformMetadatas(type, property, direction).length === 0)
  );
}

/** Checks whether a class exposes only properties with `@Expose()`. */
export function isExcludeAll(type: Function): boolean {
  return storage.getStrategy(type) === 'excludeAll';
}
