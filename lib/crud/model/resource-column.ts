import type { DataSource, EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import { tenantPropertiesOf } from '../../orm/tenant-columns.js';
import { valueTypeOf } from '../column-types/column-type.registry.js';
import type { ColumnType } from '../column-types/column-type.js';

/** A column of a resource. */
export interface ResourceColumn {
  /** Its name in JSON: the property path, or the relation's name if the entity has no property for the foreign key. */
  readonly property: string;
  readonly metadata: ColumnMetadata;
  readonly type: ColumnType;
  /** True for a tenant column. */
  readonly tenant: boolean;
  /** The owner of its value: the client; the tenant scope; or the server (generated, timestamps, version, computed). */
  readonly writableBy: 'client' | 'tenant' | 'server';
}

/** Cache of the columns by entity and tenant properties, because resources also use those of related entities. */
const compiled = new WeakMap<EntityMetadata, { readonly by: string; readonly columns: readonly ResourceColumn[] }>();

/** Returns the columns of an entity that its JSON contains. */
export function compileColumns(dataSource: DataSource, metadata: EntityMetadata): readonly ResourceColumn[] {
  const tenantProperties = tenantPropertiesOf(dataSource, metadata);
  const tenantNames = tenantProperties.map((path) => metadata.findColumnWithPropertyPath(path)!.databaseName);
  const by = JSON.stringify(tenantProperties);
  const known = compiled.get(metadata);
  if (known?.by === by) return known.columns;
  const columns = metadata.columns
    .filter((column) => hasProperty(metadata, column))
    .map((column): ResourceColumn => {
      const tenant = tenantNames.includes(column.databaseName);
      return {
        property: isRelationKeyOnly(column) ? column.relationMetadata!.propertyPath : column.propertyPath,
        metadata: column,
        type: typeOf(dataSource, column),
        tenant,
        writableBy: isServerOwned(column) ? 'server' : tenant ? 'tenant' : 'client',
      };
    });
  compiled.set(metadata, { by, columns });
  return columns;
}

/**
 * Returns the column of a composite foreign key without a property of its own. It is not in JSON, but is set to the key
 * of a parent.
 */
export function virtualKeyColumn(dataSource: DataSource, metadata: ColumnMetadata): ResourceColumn {
  const referenced = metadata.referencedColumn!;
  return {
    property: `${metadata.relationMetadata!.propertyPath}.${referenced.propertyPath}`,
    metadata,
    type: valueTypeOf(dataSource, referenced),
    tenant: false,
    writableBy: 'client',
  };
}

/** Returns the top-level property of a column: for a column of an embedded object, the object's property. */
export function topLevelProperty({ property }: ResourceColumn): string {
  return property.split('.', 1)[0];
}

/** Checks whether a client may set the column of a new row. */
export function isCreatable({ writableBy, metadata }: ResourceColumn): boolean {
  return writableBy === 'client' && metadata.isInsert;
}

/** Checks whether a client may change the column. Primary keys are fixed, because the path identifies the row. */
export function isChangeable({ writableBy, metadata }: ResourceColumn): boolean {
  return writableBy === 'client' && metadata.isUpdate && !metadata.isPrimary;
}

/** Checks whether the class of a column's property has a getter or setter for it, which decides what is stored. */
export function hasAccessor({ metadata: { embeddedMetadata, entityMetadata, propertyName } }: ResourceColumn): boolean {
  const type = embeddedMetadata?.type ?? entityMetadata.target;
  if (typeof type !== 'function') return false;
  for (let at = type.prototype as object | null; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const found = Object.getOwnPropertyDescriptor(at, propertyName);
    if (found !== undefined) return found.get !== undefined || found.set !== undefined;
  }
  return false;
}

/** Checks whether a new row needs a value for the column. */
export function isRequired({ metadata }: ResourceColumn): boolean {
  return !metadata.isNullable && metadata.default === undefined;
}

/** Checks whether selecting a row loads the column. */
export function isSelected({ metadata }: ResourceColumn): boolean {
  return metadata.isSelect && !isRelationKeyOnly(metadata);
}

/** Sets a column's value in a row, or in an object of new values. */
export function setColumnValue(target: object, { property, metadata }: ResourceColumn, value: unknown): void {
  if (!isRelationKeyOnly(metadata)) {
    metadata.setEntityValue(target, value);
    return;
  }
  // TypeORM accepts the key in place of the related entity.
  const path = property.split('.');
  const name = path.pop()!;
  let holder = target as Record<string, unknown>;
  for (const part of path) holder = (holder[part] ??= {}) as Record<string, unknown>;
  holder[name] = value;
}

/**
 * Sets a column's value in the changes of a stored row. Embedded objects are created without their constructor. Its
 * initial values, and declared properties with undefined, would overwrite the stored values.
 */
export function setChangedValue(target: object, { property, metadata }: ResourceColumn, value: unknown): void {
  const levels = metadata.embeddedMetadata?.embeddedMetadataTree ?? [];
  const path = property.split('.');
  const name = path.pop()!;
  let holder = target as Record<string, unknown>;
  for (const [depth, part] of path.entries()) {
    const type = levels[depth]?.type;
    const prototype = typeof type === 'function' ? (type.prototype as object) : Object.prototype;
    holder = (holder[part] ??= Object.create(prototype)) as Record<string, unknown>;
  }
  holder[name] = value;
}

/** Checks for a foreign key column without a property other than its relation. */
export function isRelationKeyOnly(column: ColumnMetadata): boolean {
  return column.isVirtual && column.relationMetadata !== undefined;
}

/**
 * Checks whether the entity has a single property for the column. Discriminators and tree columns have none; a relation
 * with several columns has no single value. TypeORM also adds the join columns of sibling child entities, whose
 * relations the entity lacks.
 */
function hasProperty(metadata: EntityMetadata, { isVirtual, relationMetadata }: ColumnMetadata): boolean {
  if (!isVirtual) return true;
  return (
    relationMetadata?.joinColumns.length === 1 && metadata.hasRelationWithPropertyPath(relationMetadata.propertyPath)
  );
}

function isServerOwned(column: ColumnMetadata): boolean {
  return (
    column.isGenerated ||
    column.isCreateDate ||
    column.isUpdateDate ||
    column.isDeleteDate ||
    column.isVersion ||
    column.isDiscriminator ||
    column.isTreeLevel ||
    column.isVirtualProperty ||
    column.asExpression !== undefined ||
    (!column.isInsert && !column.isUpdate)
  );
}

function typeOf(dataSource: DataSource, column: ColumnMetadata): ColumnType {
  if (!isRelationKeyOnly(column)) return valueTypeOf(dataSource, column);
  const referenced = column.referencedColumn!;
  return referenceTo(referenced.propertyName, valueTypeOf(dataSource, referenced));
}

/** Returns the type of a foreign key, written as the key or as an object that contains it: `5` or `{ "id": 5 }`. */
function referenceTo(key: string, type: ColumnType): ColumnType {
  const schema = type.inputSchema ?? type.schema;
  return {
    ...type,
    description: `${type.description}, or an object with such a ${key}`,
    inputSchema: { anyOf: [schema, { type: 'object', required: [key], properties: { [key]: schema } }] },
    fromJson: (value) => {
      const isObject = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
      return type.fromJson(isObject ? (value as Readonly<Record<string, unknown>>)[key] : value);
    },
  };
}
