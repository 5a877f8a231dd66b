import { createRequire } from 'node:module';
import { TransformationType } from 'class-transformer';
import type { MetadataStorage } from 'class-transformer/types/MetadataStorage.js';

/*
 * class-transformer offers no way to ask what a class exposes, so its store is read. It is loaded as the package's own
 * code loads it: an import of another of its builds would see an empty store.
 */
const { defaultMetadataStorage: storage } = createRequire(import.meta.url)('class-transformer/cjs/storage.js') as {
  readonly defaultMetadataStorage: MetadataStorage;
};

/** How an answer shows a property. */
export interface ShownProperty {
  /** Its name in JSON. */
  readonly key: string;
  /** Whether the answer gives what the property holds, and not something that a `@Transform()` makes of it. */
  readonly asIs: boolean;
}

/** Properties that an answer shows, by their names. */
export type ShownProperties = ReadonlyMap<string, ShownProperty>;

/**
 * What class-transformer makes visible of a class.
 *
 * @param type a DTO or an entity
 * @param own properties that are visible unless something hides them; empty for a DTO, where only `@Expose()` counts
 */
export function shownProperties(type: Function, own: Iterable<string>): ShownProperties {
  const exposed = storage.getExposedProperties(type, TransformationType.CLASS_TO_PLAIN);
  const excluded = new Set(storage.getExcludedProperties(type, TransformationType.CLASS_TO_PLAIN));
  const candidates = storage.getStrategy(type) === 'excludeAll' ? exposed : [...own, ...exposed];
  return new Map(
    candidates
      .filter((property) => !excluded.has(property) && !inGroups(type, property))
      .map((property) => [
        property,
        {
          key: storage.findExposeMetadata(type, property)?.options.name ?? property,
          asIs: storage.findTransformMetadatas(type, property, TransformationType.CLASS_TO_PLAIN).length === 0,
        },
      ]),
  );
}

/** The property that a key in JSON is read into. */
export function propertyOfKey(type: Function, key: string): string {
  return storage.findExposeMetadataByCustomName(type, key)?.propertyName ?? key;
}

/** What is exposed to groups only is not shown: no groups are ever asked for. */
function inGroups(type: Function, property: string): boolean {
  return (storage.findExposeMetadata(type, property)?.options.groups ?? []).length > 0;
}

/** Whether all that class-transformer does to a property of a class is to show it, under this name or another. */
export function isShownPlainly(type: Function, property: string): boolean {
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
export function showsExposedOnly(type: Function): boolean {
  return storage.getStrategy(type) === 'excludeAll';
}
