import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { StatementRefusedError } from '../exceptions/statement-refused.error.js';
import { currentFrame } from '../tenancy/scope-frame.js';
import { junctionSides } from './compile-policy.js';
import { isScoped } from './policy.js';
import type { Policies } from './policies.js';
import type { BoundStatement } from './sql/placeholders.js';

/** A foreign key of an entity that names rows of a scoped one. */
export interface ForeignKey {
  /** Property path of the relation or column, for errors. */
  readonly property: string;
  readonly target: EntityMetadata;
  readonly columns: readonly { readonly own: ColumnMetadata; readonly referenced: ColumnMetadata }[];
}

/** Rows that a statement names by a foreign key, to be looked up inside the scope before the statement is sent. */
export interface ForeignKeyLookup {
  readonly entity: EntityMetadata;
  readonly key: ForeignKey;
  /** Values of the referenced columns, one list per row. */
  readonly values: readonly (readonly unknown[])[];
}

/** A write in an unscoped section: there is no scope to look its references up in, but a row and what it refers to have one tenant. */
export interface UnscopedWrite {
  readonly metadata: EntityMetadata;
  readonly valueSets: readonly ObjectLiteral[];
  readonly isUpdate: boolean;
  /** For an update: a statement that gives the columns that say to whom the rows belong that it changes; undefined where they belong to nobody. */
  readonly changes?: BoundStatement;
}

const known = new WeakMap<EntityMetadata, readonly ForeignKey[]>();

/** The foreign keys of an entity that name scoped rows: relations, junction and closure columns, and `@ForeignKey()`. */
export function foreignKeysOf(metadata: EntityMetadata, policies: Policies): readonly ForeignKey[] {
  let keys = known.get(metadata);
  if (keys === undefined) known.set(metadata, (keys = collect(metadata, policies)));
  return keys;
}

/**
 * The rows that a set of values names by foreign keys: all of them for an entity that is limited now, those in tables that are limited for any other.
 *
 * @param valueSets what is written, as TypeORM reads it
 * @param isUpdate whether columns that are not given keep their values
 * @throws StatementRefusedError when a foreign key is given as an SQL expression, or an update gives a part of one: which row it names cannot be told
 */
export function lookupsFor(
  metadata: EntityMetadata,
  valueSets: readonly ObjectLiteral[],
  policies: Policies,
  isUpdate: boolean,
): ForeignKeyLookup[] {
  const lookups: ForeignKeyLookup[] = [];
  // What a limited row refers to lies in the scope, exempt or not.
  const isLimited = policies.inForce(metadata) !== undefined;
  for (const key of foreignKeysOf(metadata, policies)) {
    if (!isLimited && policies.inForce(key.target) === undefined) continue;
    const rows = valueSets.map((valueSet) => namedRow(key, valueSet, metadata, policies, isUpdate));
    const values = new Map(rows.filter((row) => row !== undefined).map((row) => [rowText(row), row]));
    if (values.size > 0) lookups.push({ entity: metadata, key, values: [...values.values()] });
  }
  return lookups;
}

/** The values of a foreign key's columns; undefined when it names no row. Tenant columns are the scope's, whatever is given. */
function namedRow(
  key: ForeignKey,
  valueSet: ObjectLiteral,
  metadata: EntityMetadata,
  policies: Policies,
  isUpdate: boolean,
): readonly unknown[] | undefined {
  const policy = policies.of(metadata);
  const tenantColumns = policy.kind === 'columns' ? policy.columns : [];
  const given = key.columns.map(({ own }) => {
    const tenant = tenantColumns.find(({ column }) => column === own);
    // Something is limited here, so there is a scope.
    if (tenant !== undefined) return currentFrame()!.scope!.values[tenant.key];
    return storedKey(own, valueSet, metadata, policies, isUpdate);
  });
  const isOwn = key.columns.map(({ own }) => !tenantColumns.some(({ column }) => column === own));
  const parts = given.filter((_, i) => isOwn[i]);
  if (parts.every((value) => value === undefined) || parts.some((value) => value === null)) return undefined;
  if (!parts.includes(undefined)) return given;
  if (!isUpdate) return undefined;
  throw new StatementRefusedError(
    `an update of ${metadata.name} gives a part of the key ${key.property}, and which row that names cannot be told`,
    'Give all its columns.',
  );
}

/**
 * What a write stores in a column of a foreign key, transformers and defaults included; undefined where it leaves the column alone.
 *
 * @throws StatementRefusedError when it is left to an SQL expression
 */
export function storedKey(
  column: ColumnMetadata,
  valueSet: ObjectLiteral,
  metadata: EntityMetadata,
  { driver }: Policies,
  isUpdate: boolean,
): unknown {
  const value = writtenValue(column, valueSet, metadata);
  if (isUpdate && value === undefined) return undefined;
  // A transformer may make a key of nothing.
  const stored: unknown = driver.preparePersistentValue(value, column);
  if (typeof stored === 'function') throw untold(column, metadata, 'is given as an SQL expression');
  if (stored !== undefined) return stored;
  if (typeof column.default === 'function') throw untold(column, metadata, 'is left to a default of the database');
  return column.default;
}

function untold(column: ColumnMetadata, metadata: EntityMetadata, how: string): StatementRefusedError {
  return new StatementRefusedError(
    `${metadata.name}.${column.propertyPath} ${how}, and which row that names cannot be told`,
    'Give a value.',
  );
}

function rowText(row: readonly unknown[]): string {
  return JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}

/** The value that TypeORM writes into a column, with a related object resolved to its key. */
export function writtenValue(column: ColumnMetadata, valueSet: ObjectLiteral, metadata: EntityMetadata): unknown {
  const value: unknown = column.getEntityValue(valueSet);
  if (typeof value === 'function') throw untold(column, metadata, 'is given as an SQL expression');
  if (typeof value === 'object' && !(value instanceof Date) && !ArrayBuffer.isView(value) && column.referencedColumn) {
    return column.referencedColumn.getEntityValue(value as ObjectLiteral) as unknown;
  }
  return value;
}

function collect(metadata: EntityMetadata, policies: Policies): ForeignKey[] {
  const policy = policies.of(metadata);
  const tenantColumns = policy.kind === 'columns' ? policy.columns.map(({ column }) => column) : [];
  const keys = new Map<string, ForeignKey>();
  const add = (property: string, target: EntityMetadata, columns: ForeignKey['columns']): void => {
    if (!isScoped(policies.of(target))) return;
    // The tenant columns are stamped: they name no other tenant's row.
    if (columns.every(({ own }) => tenantColumns.includes(own))) return;
    const name = columns.map(({ own, referenced }) => `${own.databaseName}>${referenced.databaseName}`).join();
    if (!keys.has(name)) keys.set(name, { property, target, columns });
  };
  for (const relation of metadata.relations) {
    if (!(relation.isManyToOne || relation.isOneToOneOwner)) continue;
    const columns = relation.joinColumns.map((own) => ({ own, referenced: own.referencedColumn! }));
    // Clients and callers know the column by its property where there is one.
    const property =
      columns.length === 1 && !columns[0].own.isVirtual ? columns[0].own.propertyPath : relation.propertyPath;
    add(property, relation.inverseEntityMetadata, columns);
  }
  for (const key of metadata.foreignKeys) {
    const columns = key.columns.map((own, i) => ({ own, referenced: key.referencedColumns[i] }));
    add(columns[0].own.propertyPath, key.referencedEntityMetadata, columns);
  }
  for (const side of junctionSides(metadata)) {
    const columns = side.map((own) => ({ own, referenced: own.referencedColumn! }));
    add(columns[0].own.propertyPath, columns[0].referenced.entityMetadata, columns);
  }
  return [...keys.values()];
}
