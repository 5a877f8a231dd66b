import type { Fields } from './fields.js';
import { isColumn } from './fields.js';
import type { ResourceColumn } from './resource-column.js';
import { isPlainObject } from './body/plain-object.js';

/** Values of a row's columns. */
export type ColumnValues = Map<ResourceColumn, unknown>;

/** What was read of an object, and what did not fit. */
export interface ReadValues {
  readonly values: ColumnValues;
  readonly problems: readonly string[];
}

/**
 * Reads the values of columns from an object: by its own keys, checked against the columns' types before they come near SQL. Keys that are no
 * field are left out, and so is `undefined`.
 */
export function readColumnValues(fields: Fields, source: object): ReadValues {
  const values: ColumnValues = new Map();
  const problems: string[] = [];
  collect(fields, source, values, problems, '');
  return { values, problems };
}

function collect(fields: Fields, source: object, values: ColumnValues, problems: string[], prefix: string): void {
  for (const [key, value] of Object.entries(source)) {
    const field = fields.get(key);
    if (field === undefined || value === undefined) continue;
    if (isColumn(field)) {
      const problem = valueProblem(field, value);
      if (problem === undefined) values.set(field, value === null ? null : field.type.read(value));
      else problems.push(problem);
    } else if (isPlainObject(value) || isInstance(value)) {
      collect(field, value, values, problems, `${prefix}${key}.`);
    } else {
      problems.push(`${prefix}${key} must be an object`);
    }
  }
}

/** What is wrong with a value for a column; undefined when nothing is. */
export function valueProblem({ property, metadata, type }: ResourceColumn, value: unknown): string | undefined {
  if (value === null) return metadata.isNullable ? undefined : `${property} must not be null`;
  return type.read(value) === undefined ? `${property} must be ${type.expects}` : undefined;
}

/** A DTO or an embedded object, as opposed to a list or a date. */
function isInstance(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
