import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import { badRequest } from '../errors/invalid-request.exception.js';
import { bodyError } from '../errors/request-error.js';
import type { RequestError } from '../errors/request-error.js';
import { compileColumns, setColumnValue } from '../model/resource-column.js';
import type { ResourceColumn } from '../model/resource-column.js';
import { compileKey } from '../model/compile-id.js';
import type { IdSource } from '../model/compile-id.js';

/** Maximum number of rows that a body may link per relation. */
export const MAX_LINKS = 100;

/** A many-to-many relation, which a body sets as a list of keys. */
export interface LinkField {
  /** The property path of the relation. */
  readonly property: string;
  /** The related entity. */
  readonly target: EntityMetadata;
  /** The key columns of related rows that a body contains, without tenant columns: the current scope sets those. */
  readonly columns: readonly ResourceColumn[];
  /** The tenant columns of that key. A body may repeat them. */
  readonly tenants: readonly ResourceColumn[];
  /** The columns of the related entity that the junction table references. */
  readonly referenced: readonly ColumnMetadata[];
}

/** The key of a related row: values by column. If it has no tenant, the current scope sets it. */
export type LinkedKey = ReadonlyMap<ResourceColumn, unknown>;

/** The links of a write: for each relation in the body, all its keys. */
export type LinkInput = ReadonlyMap<LinkField, readonly LinkedKey[]>;

/** Returns the many-to-many relations of an entity, by property path. */
export function compileLinks({ dataSource, metadata, spansTenants }: IdSource): Map<string, LinkField> {
  const links = new Map<string, LinkField>();
  for (const relation of metadata.manyToManyRelations) {
    const { propertyPath: property, inverseEntityMetadata: target, junctionEntityMetadata } = relation;
    const columns = compileColumns(dataSource, target);
    const key = compileKey({ dataSource, metadata: target, columns, spansTenants }, []);
    const { ownerColumns, inverseColumns } = junctionEntityMetadata!;
    const referenced = (relation.isOwning ? inverseColumns : ownerColumns).map(
      ({ referencedColumn }) => referencedColumn!,
    );
    const tenants = columns.filter((column) => column.metadata.isPrimary && !key.columns.includes(column));
    links.set(property, { property, target, columns: key.columns, tenants, referenced });
  }
  return links;
}

/**
 * Parses the links of a body: `{ tags: [1, 2] }`, or `{ tags: [{ "id": 1 }] }`. A composite key must be an object.
 *
 * @throws BadRequestException if a value is not a list of keys, or too long
 */
export function parseLinks(fields: ReadonlyMap<string, LinkField>, offer: object): LinkInput {
  const links = new Map<LinkField, readonly LinkedKey[]>();
  const problems: RequestError[] = [];
  for (const [name, value] of Object.entries(offer) as [string, unknown][]) {
    const field = fields.get(name);
    if (field === undefined || value === undefined) continue;
    const keys = readKeys(field, value);
    if (keys === undefined) problems.push(invalidLinks(field));
    else links.set(field, keys);
  }
  if (problems.length > 0) throw badRequest(problems);
  return links;
}

/** Serializes a key, to compare it with others. */
export function linkedKeyText(key: LinkedKey, columns: readonly ResourceColumn[]): string {
  return JSON.stringify(columns.map((column) => String(key.get(column))));
}

/** Returns the key as an object of property values. */
export function plainKey(key: LinkedKey): ObjectLiteral {
  const plain: ObjectLiteral = {};
  for (const [column, value] of key) setColumnValue(plain, column, value);
  return plain;
}

function readKeys({ columns, tenants }: LinkField, value: unknown): LinkedKey[] | undefined {
  if (!Array.isArray(value) || value.length > MAX_LINKS) return undefined;
  const keys = (value as unknown[]).map((item) => readKey(item, columns, tenants));
  if (keys.includes(undefined)) return undefined;
  const read = keys as LinkedKey[];
  return [...new Map(read.map((key) => [linkedKeyText(key, [...columns, ...tenants]), key])).values()];
}

function readKey(
  item: unknown,
  columns: readonly ResourceColumn[],
  tenants: readonly ResourceColumn[],
): LinkedKey | undefined {
  const key = new Map<ResourceColumn, unknown>();
  const isRow = columns.some((column) => givenIn(item, column) !== undefined);
  if (!isRow && columns.length > 1) return undefined;
  for (const column of columns) {
    const given = isRow ? givenIn(item, column) : item;
    const read = given === null || given === undefined ? undefined : column.type.fromJson(given);
    if (read === undefined) return undefined;
    key.set(column, read);
  }
  for (const column of isRow ? tenants : []) {
    const given = givenIn(item, column);
    if (given === undefined) continue;
    const read = given === null ? undefined : column.type.fromJson(given);
    if (read === undefined) return undefined;
    key.set(column, read);
  }
  return key;
}

/** Returns the value of a property path, own properties only. */
function givenIn(item: unknown, { property }: ResourceColumn): unknown {
  let value: unknown = item;
  for (const name of property.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

function invalidLinks({ property, columns }: LinkField): RequestError {
  const [first] = columns;
  const each =
    columns.length === 1
      ? `each ${first.type.description}, or an object with such a ${first.property}`
      : `each an object with ${columns.map((column) => `${column.property} (${column.type.description})`).join(' and ')}`;
  return bodyError(property, `${property} must be a list of at most ${MAX_LINKS} keys, ${each}`, 'type');
}
