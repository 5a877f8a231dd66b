import { namedType, exposedProperties } from './response-exposure.js';
import type { ExposedProperties } from './response-exposure.js';
import { topLevelProperty } from './resource-column.js';
import type { ResourceColumn } from './resource-column.js';

/**
 * Checks whether a response contains a column's value unchanged, at every level of its embedded objects.
 *
 * @param shown the exposed properties of the response
 * @param dto the response DTO; undefined for the entity itself
 */
export function isColumnExposedUntransformed(
  column: ResourceColumn,
  shown: ExposedProperties,
  dto: Function | undefined,
): boolean {
  const levels = column.metadata.embeddedMetadata?.embeddedMetadataTree ?? [];
  const names = [...levels.slice(1).map(({ propertyName }) => propertyName), column.metadata.propertyName];
  let holder = dto;
  return (
    shown.get(topLevelProperty(column))?.isUntransformed === true &&
    levels.every(({ type, propertyName }, index) => {
      // If the DTO names no class, class-transformer uses the class of the value.
      const named = holder && namedType(holder, propertyName);
      const shape = named ?? (typeof type === 'function' ? type : undefined);
      holder = dto && shape;
      if (shape === undefined) return true;
      return (
        exposedProperties(shape, dto === undefined ? [names[index]] : []).get(names[index])?.isUntransformed === true
      );
    })
  );
}
