import { badRequest } from '../errors/invalid-request.exception.js';
import { readColumnValues } from '../model/column-values.js';
import type { ColumnValues } from '../model/column-values.js';
import type { RowConstraints } from './row-constraints.js';
import { missingProblem } from '../errors/request-error.js';
import type { RequestError } from '../errors/request-error.js';
import type { Resource } from '../resource/resource.js';
import { isHidden } from '../model/hidden-columns.js';
import { isChangeable, isCreatable, isRequired, topLevelProperty, setColumnValue } from '../model/resource-column.js';
import type { ResourceColumn } from '../model/resource-column.js';
import { copyOfValue } from '../model/value-copy.js';

/**
 * Reads column values from an object, without server-owned columns.
 *
 * @throws BadRequestException for a value that does not fit its column
 * @throws TypeError for a relation without a foreign key column here: rows of other tables are not cascaded, and
 *   ignoring the relation would hide the mistake
 */
export function readWritableValues<T extends object>(resource: Resource<T>, offer: object): ColumnValues {
  const { fields, linkFields, metadata, name } = resource;
  for (const [key, value] of Object.entries(offer) as [string, unknown][]) {
    if (value === undefined || fields.has(key) || linkFields.has(key)) continue;
    if (!metadata.hasRelationWithPropertyPath(key)) continue;
    throw new TypeError(`${name}.${key} is a relation: write its foreign key column, or the rows of the other table.`);
  }
  const { values, problems } = readColumnValues(fields, offer, ({ writableBy }) => writableBy !== 'server');
  if (problems.length > 0) throw badRequest(problems);
  return values;
}

/** Builds a new row as an instance of the entity, so that initial values and `@BeforeInsert` listeners apply. */
export function buildRow<T extends object>(resource: Resource<T>, offered: ColumnValues, narrowing: RowConstraints): T {
  const row = new resource.entity();
  // A class may initialize its tenant to null, which must not make the row shared.
  for (const column of resource.columns) {
    if (column.tenant && column.metadata.getEntityValue(row) === null) setColumnValue(row, column, undefined);
  }
  for (const [column, value] of offered) {
    // Keep a tenant given by application code: the ORM layer rejects a foreign one, whereas dropping it would hide the
    // mistake.
    if (isCreatable(column) || column.writableBy === 'tenant') setColumnValue(row, column, copyOfValue(value));
  }
  applyConstraints(row, narrowing);
  return row;
}

/** Sets the row constraints on a new row. */
export function applyConstraints(row: object, narrowing: RowConstraints): void {
  for (const [column, value] of narrowing.values) setColumnValue(row, column, value);
}

/**
 * Checks that all required columns have a value.
 *
 * @param row to be inserted
 * @throws BadRequestException with the missing properties
 */
export function assertRequiredValues<T extends object>(resource: Resource<T>, row: T): void {
  const missing = missingColumns(resource, row);
  if (missing.length > 0) throw badRequest(missing.map(({ property }) => missingProblem(property)));
}

/**
 * Returns an empty list if a listener or subscriber may still set the values; then only the database can check them.
 */
function missingColumns<T extends object>({ metadata, columns, dataSource }: Resource<T>, row: T): ResourceColumn[] {
  const mayBeGivenLater = metadata.beforeInsertListeners.length > 0 || dataSource.subscribers.length > 0;
  if (mayBeGivenLater) return [];
  return columns.filter(
    (column) =>
      isCreatable(column) && isRequired(column) && (column.metadata.getEntityValue(row) ?? undefined) === undefined,
  );
}

/**
 * Returns the values of a full replacement: the given values, and the default or null for each omitted column. Columns
 * that responses do not expose keep their values. A client that sends a response back must not reset columns that it
 * never saw.
 *
 * @returns values, or functions that return SQL for defaults that the database computes
 * @throws BadRequestException with the missing properties
 */
export function replacementValues<T extends object>(
  resource: Resource<T>,
  offered: ColumnValues,
  narrowing: RowConstraints,
): ColumnValues {
  const values = new Map(offered);
  const missing: RequestError[] = [];
  for (const column of resource.columns) {
    const isLeftOut = !values.has(column) && !narrowing.values.has(column) && isChangeable(column);
    if (
      !isLeftOut ||
      isHidden(column) ||
      !resource.shown.has(topLevelProperty(column)) ||
      !resource.bodies.replace.covers(column)
    )
      continue;
    if (isRequired(column)) missing.push(missingProblem(column.property));
    else values.set(column, defaultOf(resource, column));
  }
  if (missing.length > 0) throw badRequest(missing);
  return values;
}

/** Returns a column's default as a value only if entity and database use the same representation; otherwise as SQL. */
function defaultOf<T extends object>({ dataSource }: Resource<T>, { metadata, type }: ResourceColumn): unknown {
  const given = metadata.default ?? null;
  const isPlain = ['number', 'boolean', 'string'].includes(typeof given) && metadata.transformer === undefined;
  if (given === null || (isPlain && type.fromText !== undefined)) return given;
  return () => dataSource.driver.normalizeDefault(metadata) ?? 'NULL';
}
