import type { DataSource, EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { tenantPropertiesOf } from '../../orm/tenant-columns.js';
import { valueTypeOf } from '../column-types/column-type.registry.js';
import type { ColumnType } from '../column-types/column-type.js';

/** A column as a resource sees it. */
export interface ResourceColumn {
  /**
   * Its name in JSON: the property, by path within embedded objects; the relation's name where only a relation stands
   * for it.
   */
  readonly property: string;
  readonly metadata: ColumnMetadata;
  readonly type: ColumnType;
  /** Whether it says to whom the row belongs. */
  readonly tenant: boolean;
  /**
   * Whose word its value is: the client's; the tenant scope's; the server's own (generated, timestamps, version,
   * computed).
   */
  readonly writableBy: 'client' | 'tenant' | 'server';
}

/** The columns of entities, by what is declared: resources ask for those of related entities too. */
const compiled = new WeakMap<EntityMetadata, { readonly by: string; readonly columns: readonly ResourceColumn[] }>();

/** The columns of an entity that have a place in its JSON. */
export function compileColumns(dataSource: DataSource, metadata: EntityMetadata): readonly ResourceColumn[] {
  const tenantProperties = new Set(tenantPropertiesOf(dataSource, metadata));
  const by = JSON.stringify([...tenantProperties]);
  const known = compiled.get(metadata);
  if (known?.by === by) return known.columns;
  const columns = metadata.columns
    .filter((column) => hasProperty(metadata, column))
    .map((column): ResourceColumn => {
      const tenant = tenantProperties.has(column.propertyPath);
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

/** A column that only a relation of several columns stands for: no JSON has it, and a parent's key is set in it. */
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

/** The property of the row that a column is in: for one of an embedded object that object's. */
export function topLevelProperty({ property }: ResourceColumn): string {
  return property.split('.', 1)[0];
}

/** Whether a client may give its value when a row is made. */
export function isCreatable({ writableBy, metadata }: ResourceColumn): boolean {
  return writableBy === 'client' && metadata.isInsert;
}

/** Whether a client may change its value. A row keeps its id: the path says which row is meant. */
export function isChangeable({ writableBy, metadata }: ResourceColumn): boolean {
  return writableBy === 'client' && metadata.isUpdate && !metadata.isPrimary;
}

/** Whether a row cannot be made without a value for it. */
export function isRequired({ metadata }: ResourceColumn): boolean {
  return !metadata.isNullable && metadata.default === undefined;
}

/** Whether reading a row loads it. */
export function isSelected({ metadata }: ResourceColumn): boolean {
  return metadata.isSelect && !isRelationKeyOnly(metadata);
}

/** Sets a column's value in a row, or in an object of new values. */
export function setColumnValue(target: object, { property, metadata }: ResourceColumn, value: unknown): void {
  if (!isRelationKeyOnly(metadata)) {
    metadata.setEntityValue(target, value);
    return;
  }
  // TypeORM takes the key in place of the other row.
  const path = property.split('.');
  const name = path.pop()!;
  let holder = target as Record<string, unknown>;
  for (const part of path) holder = (holder[part] ??= {}) as Record<string, unknown>;
  holder[name] = value;
}

/**
 * Sets a column's value in a change of a stored row. An embedded object is made without its constructor, whose initial
 * values (and declared properties, which are undefined) are those of a new row and would be written over the stored ones.
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

/** A column that the entity has no property for, except through its relation. */
export function isRelationKeyOnly(column: ColumnMetadata): boolean {
  return column.isVirtual && column.relationMetadata !== undefined;
}

/**
 * Discriminators and the bookkeeping of trees have no property; a relation with several columns has no single value. TypeORM gives a child
 * entity the join columns of its siblings too, whose relations it does not have.
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

/** A reference, written as the key of the other row or as an object that holds it: `5` or `{ "id": 5 }`. */
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
