import { isOpen } from './response-exposure.js';
import type { ResourceColumn } from './resource-column.js';

/**
 * Checks whether the entity hides a column from clients, at any level of its embedded objects: by `select: false` or by
 * class-transformer decorators. A body can set such a column only if a DTO lists it.
 */
export function isHidden({ metadata }: ResourceColumn): boolean {
  const { embeddedMetadata, entityMetadata, relationMetadata, isVirtual, propertyName } = metadata;
  if (!metadata.isSelect) return true;
  const levels = embeddedMetadata?.embeddedMetadataTree ?? [];
  const types: unknown[] = [entityMetadata.target, ...levels.map(({ type }) => type)];
  const own = isVirtual && relationMetadata !== undefined ? relationMetadata.propertyName : propertyName;
  const names = [...levels.map((level) => level.propertyName), own];
  return names.some((name, depth) => {
    const type = types[depth];
    return typeof type === 'function' && !isOpen(type, name);
  });
}
