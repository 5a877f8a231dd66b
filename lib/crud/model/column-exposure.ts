import { namedType, exposedProperties } from './dto-exposure.js';
import type { ExposedProperties } from './dto-exposure.js';
import { topLevelProperty } from './resource-column.js';
import type { ResourceColumn } from './resource-column.js';

/**
 * Whether an answer gives a column's value as it is, at every level of the embedded objects that the column is in.
 *
 * @param shown what the answer shows of a row
 * @param dto the class that shows it; undefined for the entity itself
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
      // Where the DTO names no class, class-transformer takes the value's own.
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
