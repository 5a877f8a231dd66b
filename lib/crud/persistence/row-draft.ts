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

/**
 * The values of columns that an object offers, the server's own left out.
 *
 * @throws BadRequestException for what does not fit its column
 * @throws TypeError for a relation that is no column here: rows of other tables are not written along, and not silently
 *   left out either
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

/** A new row. It is an instance of the entity, so that its initial values and its `@BeforeInsert` listeners count. */
export function buildRow<T extends object>(resource: Resource<T>, offered: ColumnValues, narrowing: RowConstraints): T {
  const row = new resource.entity();
  // A class may begin with no tenant, which is not to say that the row is shared.
  for (const column of resource.columns) {
    if (column.tenant && column.metadata.getEntityValue(row) === null) setColumnValue(row, column, undefined);
  }
  for (const [column, value] of offered) {
    // A tenant that application code names is passed on: naming another one than that in force is an error there, not a
    // silence.
    if (isCreatable(column) || column.writableBy === 'tenant') setColumnValue(row, column, value);
  }
  applyConstraints(row, narrowing);
  return row;
}

/** Sets what the narrowing says of a new row. */
export function applyConstraints(row: object, narrowing: RowConstraints): void {
  for (const [column, value] of narrowing.values) setColumnValue(row, column, value);
}

/**
 * @param row a new one, as it is going to be inserted
 * @throws BadRequestException naming what must be given
 */
export function assertRequiredValues<T extends object>(resource: Resource<T>, row: T): void {
  const missing = missingColumns(resource, row);
  if (missing.length > 0) throw badRequest(missing.map(({ property }) => missingProblem(property)));
}

/** Unless a listener may still give it, which only the database can tell. */
function missingColumns<T extends object>({ metadata, columns, dataSource }: Resource<T>, row: T): ResourceColumn[] {
  const mayBeGivenLater = metadata.beforeInsertListeners.length > 0 || dataSource.subscribers.length > 0;
  if (mayBeGivenLater) return [];
  return columns.filter(
    (column) =>
      isCreatable(column) && isRequired(column) && (column.metadata.getEntityValue(row) ?? undefined) === undefined,
  );
}

/**
 * What a full replacement says: the offered values, and the default or null for each column that it leaves out. Columns
 * that answers do not show stay as they are: a client that sends back what it got must not wipe what it never saw.
 *
 * @returns values, or functions that give SQL for defaults that the database computes
 * @throws BadRequestException naming what must be given
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

/**
 * Only what an entity holds just as the database does can be given as a value; anything else is the database's to
 * compute.
 */
function defaultOf<T extends object>({ dataSource }: Resource<T>, { metadata, type }: ResourceColumn): unknown {
  const given = metadata.default ?? null;
  const isPlain = ['number', 'boolean', 'string'].includes(typeof given) && metadata.transformer === undefined;
  if (given === null || (isPlain && type.fromText !== undefined)) return given;
  return () => dataSource.driver.normalizeDefault(metadata) ?? 'NULL';
}
