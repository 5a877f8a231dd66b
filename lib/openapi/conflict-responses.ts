import type { ColumnMetadata } from '../common/peer-internals.js';
import { READING_ROUTES } from '../crud/options/crud-routes.js';
import type { Resource } from '../crud/resource/resource.js';
import type { CrudOperation } from './crud-route-explorer.js';

const NON_CONFLICTING: readonly CrudOperation[] = [...READING_ROUTES, 'link', 'unlink'];
const CREATING: readonly CrudOperation[] = ['create', 'createMany'];

/** Checks whether the route can violate a unique or foreign key constraint (409). */
export function canConflict(resource: Resource, route: CrudOperation): boolean {
  const { metadata } = resource;
  if (NON_CONFLICTING.includes(route)) return false;
  if (route === 'remove') return metadata.deleteDateColumn === undefined && isReferredTo(resource);
  if (route === 'restore') return metadata.indices.some(({ isUnique, where }) => isUnique && where !== undefined);
  const keys = uniqueKeys(resource).filter((columns) => !columns.some(({ isGenerated }) => isGenerated));
  return CREATING.includes(route) ? keys.length > 0 : keys.some((columns) => isMutable(resource, columns));
}

/** Checks whether an update can change a unique key, i.e. whether not all its columns are fixed. */
function isMutable({ columns: all, parents }: Resource, columns: readonly ColumnMetadata[]): boolean {
  const kept = [
    ...all.filter(({ tenant, metadata }) => tenant || metadata.isPrimary),
    ...(parents?.columns ?? []).map(({ own }) => own),
  ].map(({ metadata }) => metadata);
  return columns.some((column) => !kept.includes(column));
}

/** Returns the properties of keys that two rows cannot share. */
export function uniqueProperties(resource: Resource): ReadonlySet<string> {
  return new Set(uniqueKeys(resource).flatMap((columns) => columns.map(({ propertyPath }) => propertyPath)));
}

function uniqueKeys({ metadata }: Resource): (readonly ColumnMetadata[])[] {
  return [
    metadata.primaryColumns,
    ...metadata.uniques.map(({ columns }) => columns),
    ...metadata.indices.filter(({ isUnique }) => isUnique).map(({ columns }) => columns),
  ];
}

function isReferredTo({ metadata, dataSource }: Resource): boolean {
  return dataSource.entityMetadatas.some(({ foreignKeys }) =>
    foreignKeys.some((key) => key.referencedEntityMetadata === metadata && isRestricting(key.onDelete)),
  );
}

function isRestricting(onDelete: string | undefined): boolean {
  return onDelete === undefined || onDelete === 'RESTRICT' || onDelete === 'NO ACTION';
}
