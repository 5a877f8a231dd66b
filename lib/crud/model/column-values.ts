import type { FieldTree } from './field-tree.js';
import { isColumn } from './field-tree.js';
import { bodyError } from '../errors/request-error.js';
import type { RequestError } from '../errors/request-error.js';
import type { ResourceColumn } from './resource-column.js';

/** Values of a row's columns. */
export type ColumnValues = Map<ResourceColumn, unknown>;

/** What was read of an object, and what did not fit. */
export interface ReadValues {
  readonly values: ColumnValues;
  readonly problems: readonly RequestError[];
}

/**
 * Reads the values of columns from an object: by its own keys, checked against the columns' types before they come near
 * SQL. Keys that are no field are left out, and so is `undefined`.
 *
 * @param wants whether a column is to be read; the others are left out, whatever they hold
 */
export function readColumnValues(
  fields: FieldTree,
  source: object,
  wants: (column: ResourceColumn) => boolean,
): ReadValues {
  const values: ColumnValues = new Map();
  const problems: RequestError[] = [];
  const collect = (among: FieldTree, holder: object, prefix: string): void => {
    for (const [key, value] of Object.entries(holder) as [string, unknown][]) {
      const field = among.get(key);
      if (field === undefined || value === undefined) continue;
      if (!isColumn(field)) {
        if (isObject(value)) collect(field, value, `${prefix}${key}.`);
        else problems.push(bodyError(`${prefix}${key}`, `${prefix}${key} must be an object`, 'type'));
      } else if (wants(field)) {
        const problem = valueProblem(field, value);
        if (problem !== undefined) problems.push(problem);
        else values.set(field, value === null ? null : field.type.fromJson(value));
      }
    }
  };
  collect(fields, source, '');
  return { values, problems };
}

/** What is wrong with a value for a column; undefined when nothing is. */
export function valueProblem({ property, metadata, type }: ResourceColumn, value: unknown): RequestError | undefined {
  if (value === null) {
    return metadata.isNullable ? undefined : bodyError(property, `${property} must not be null`, 'notNull');
  }
  if (type.fromJson(value) !== undefined) return undefined;
  return bodyError(property, `${property} must be ${type.description}`, 'type');
}

/** A plain object or an instance, as opposed to a list or a date. */
function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
