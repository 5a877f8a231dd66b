import { getMetadataArgsStorage } from 'typeorm';
import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import { badRequest } from '../errors/invalid-request.exception.js';
import { bodyError } from '../errors/request-error.js';
import type { Resource } from './resource.js';
import { compileColumns } from '../model/resource-column.js';
import type { ResourceColumn } from '../model/resource-column.js';

/**
 * Returns the columns of a resource that a row does not have. With single table inheritance, a parent entity has the
 * columns of all its child entities, but each row only those of one class.
 *
 * @param row an instance of the row's class
 */
export function columnsOfOthers<T extends object>(
  { dataSource, metadata, columns }: Resource<T>,
  row: object,
): readonly ResourceColumn[] {
  const { childEntityMetadatas: children, discriminatorColumn } = metadata;
  if (discriminatorColumn === undefined || children.length === 0) return [];
  const entity = children.find(({ target }) => target === row.constructor) ?? metadata;
  const own = compileColumns(dataSource, entity).filter((column) => !isOfChild(entity, column.metadata));
  const names = new Set(own.map(({ property }) => property));
  return columns.filter(({ property }) => !names.has(property));
}

/**
 * Checks that a write sets no column of another child entity.
 *
 * @param isGiven whether the write sets the column
 * @throws BadRequestException as for a property that does not exist
 */
export function assertRowColumns<T extends object>(
  resource: Resource<T>,
  row: object,
  isGiven: (column: ResourceColumn) => boolean,
): void {
  const given = columnsOfOthers(resource, row).filter(isGiven);
  if (given.length === 0) return;
  throw badRequest(
    given.map(({ property }) => bodyError(property, `property ${property} should not exist`, 'unknown')),
  );
}

function isOfChild(
  entity: EntityMetadata,
  { embeddedMetadata, isVirtual, relationMetadata, target }: ColumnMetadata,
): boolean {
  // The class of an embedded object does not tell which entity contains it.
  if (embeddedMetadata !== undefined) return !holdsEmbedded(entity, embeddedMetadata.parentPropertyNames[0]);
  const declaredBy = isVirtual && relationMetadata !== undefined ? relationMetadata.target : target;
  return entity.childEntityMetadatas.some((child) => child.target === declaredBy);
}

/**
 * Checks whether the entity's class or a base class declares an embedded object. TypeORM adds the child classes to the
 * inheritance tree of a parent.
 */
function holdsEmbedded({ inheritanceTree, childEntityMetadatas }: EntityMetadata, property: string): boolean {
  const children: readonly unknown[] = childEntityMetadatas.map((child) => child.target);
  const declaring = getMetadataArgsStorage().embeddeds.filter(({ propertyName }) => propertyName === property);
  const isOwn = declaring.some(
    ({ target }) => typeof target === 'function' && inheritanceTree.includes(target) && !children.includes(target),
  );
  // Embedded objects of an EntitySchema are not in this storage.
  return isOwn || !declaring.some(({ target }) => children.includes(target));
}
