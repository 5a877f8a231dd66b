import { unstorableText } from '../column-types/unstorable-text.js';
import type { FieldTree } from './field-tree.js';
import { isColumn } from './field-tree.js';
import { bodyError } from '../errors/request-error.js';
import type { RequestError } from '../errors/request-error.js';
import type { ResourceColumn } from './resource-column.js';

/** Column values of a row. */
export type ColumnValues = Map<ResourceColumn, unknown>;

/** The column values of an object, and the errors of invalid ones. */
export interface ReadValues {
  readonly values: ColumnValues;
  readonly problems: readonly RequestError[];
}

/**
 * Reads column values from the own keys of an object and checks them against the column types before they reach SQL.
 * Unknown keys and undefined values are ignored.
 *
 * @param wants whether to read a column; others are ignored, whatever their value
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

/** Returns the error of a value that does not fit the column; undefined if it fits. */
export function valueProblem({ property, metadata, type }: ResourceColumn, value: unknown): RequestError | undefined {
  if (value === null) {
    return metadata.isNullable ? undefined : bodyError(property, `${property} must not be null`, 'notNull');
  }
  if (type.fromJson(value) !== undefined) return undefined;
  return bodyError(property, `${property} ${unstorableText(value) ?? `must be ${type.description}`}`, 'type');
}

/** Checks for a plain object or an instance, but not an array or a Date. */
function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
