import { QueryFailedError } from 'typeorm';
import type { EntityMetadata } from 'typeorm';
import { currentContext } from '../../tenancy/context/tenant-context.js';
import { UniqueConflictError } from '../../errors/unique-conflict.error.js';
import type { PolicyRegistry } from '../policy/policy-registry.js';
import type { SqlDialect } from '../sql/tokenizer.js';
import { parseDriverError, refusedParameter, violatedColumns } from './driver-error.parser.js';

/**
 * Converts a driver's unique violation into an error that contains property names only: it must not reveal which tenant
 * owns the other row.
 *
 * @param written the entities that the statement wrote
 * @returns undefined for any other error, or if there is no current scope
 */
export function toUniqueConflict(
  error: unknown,
  written: readonly EntityMetadata[],
  policies: PolicyRegistry,
): UniqueConflictError | undefined {
  if (currentContext()?.scope === undefined) return undefined;
  const cause = parseDriverError(error);
  if (cause?.kind !== 'unique') return undefined;
  const [entity] = written;
  if (entity === undefined) return new UniqueConflictError('row', []);
  const tenantColumns = policies.tenantColumns(entity).map(({ column }) => column.propertyPath);
  const properties = violatedColumns(cause, entity)
    .map(({ propertyPath }) => propertyPath)
    .filter((property) => !tenantColumns.includes(property));
  return new UniqueConflictError(entity.name, properties);
}

/** Errors about the statement, or about rows that it writes: their text contains no values that it reads. */
const SAFE_ERROR_CODES = {
  // Integrity, syntax and names, transactions, resources, cancelled statements. Class 42 without 42704, whose text
  // contains the value that was taken for a name.
  postgres: /^(?:23|42(?!704)|25|40|53|55|57|08|0A)/,
  mysql: new Set([1048, 1054, 1062, 1064, 1091, 1136, 1146, 1205, 1213, 1216, 1217, 1364, 1451, 1452, 3819, 4025]),
  sqlite: /^(?:near |no such |ambiguous |UNIQUE|NOT NULL|FOREIGN KEY|CHECK|SQLITE_|table |[\w ]*syntax)/,
};

/**
 * Removes values from the text of an error in a scope: a database quotes the value that it could not compute with, even
 * from another tenant's row. The error keeps its code.
 *
 * @returns the same error if its text contains no values of rows
 */
export function redactValues(error: unknown, dialect: SqlDialect): unknown {
  if (!(error instanceof QueryFailedError) || currentContext()?.scope === undefined) return error;
  const driverError = error.driverError as Error & {
    readonly code?: string | number;
    readonly errno?: number;
    readonly constraint?: string;
    readonly column?: string;
    readonly where?: string;
  };
  const { code, errno, constraint, column, message } = driverError;
  const isHarmless =
    dialect === 'postgres'
      ? SAFE_ERROR_CODES.postgres.test(String(code))
      : dialect === 'mysql'
        ? SAFE_ERROR_CODES.mysql.has(errno ?? 0)
        : SAFE_ERROR_CODES.sqlite.test(message);
  if (isHarmless) return error;
  const masked = new Error('The database could not process a value.');
  // What identifies the column is no value.
  const parameter = refusedParameter(driverError);
  const [named = column] = parameter === undefined ? (parseDriverError(error)?.columns ?? []) : [];
  return new QueryFailedError(
    error.query,
    error.parameters,
    Object.assign(masked, { code, errno, constraint, column: named, parameter }),
  );
}
