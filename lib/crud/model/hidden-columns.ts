import { isOpen } from './dto-exposure.js';
import type { ResourceColumn } from './resource-column.js';

/**
 * Whether the entity hides a column from clients, at any level of the embedded objects that it is in: by `select: false`
 * or by the decorators of class-transformer. Such a column is written by a body only if a DTO names it.
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
