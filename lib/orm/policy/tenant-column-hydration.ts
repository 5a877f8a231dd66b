import type { ObjectLiteral } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';

const read = new WeakSet<ColumnMetadata>();

/**
 * Makes TypeORM read a tenant column that composite foreign keys share from the row itself. TypeORM reads such a column
 * from the related row of one of the relations. It then uses the whole key of that row as the tenant in lookups, and
 * finds no tenant if the relation is not loaded.
 */
export function readTenantFromRow(column: ColumnMetadata): void {
  const { relationMetadata, isVirtual } = column;
  if (relationMetadata === undefined || relationMetadata.joinColumns.length < 2 || isVirtual || read.has(column))
    return;
  read.add(column);
  const readRelated = column.getEntityValue.bind(column);
  column.getEntityValue = (entity, transform): unknown => {
    const own = valueAt(entity, column.propertyPath);
    const isTold = own !== undefined && typeof own !== 'object';
    return isTold ? own : readRelated(entity, transform);
  };
  column.getEntityValueMap = (entity): ObjectLiteral | undefined => {
    const value: unknown = column.getEntityValue(entity);
    return value === undefined ? undefined : column.createValueMap(value);
  };
}

/** Returns the value at a property path; undefined if one of the objects on the path is missing. */
export function valueAt(entity: unknown, path: string): unknown {
  let value = entity;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as ObjectLiteral)[name];
  }
  return value;
}
