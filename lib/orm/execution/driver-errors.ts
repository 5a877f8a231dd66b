import { QueryFailedError } from 'typeorm';
import type { EntityMetadata, QueryRunner } from 'typeorm';
import { currentContext } from '../../tenancy/context/tenant-context.js';
import { UniqueConflictError } from '../../errors/unique-conflict.error.js';
import type { PolicyRegistry } from '../policy/policy-registry.js';
import type { SqlDialect } from '../sql/tokenizer.js';
import { parseDriverError, refusedParameter, retryableKindOf } from './driver-error.parser.js';
import { violatedColumns } from './violated-key.js';
import type { ErrorSource } from './violated-key.js';

/**
 * Converts a driver's unique violation, or that of an exclusion constraint, into an error that contains property names
 * only: it must not reveal which tenant owns the other row.
 *
 * @param written the entities that the statement wrote
 * @param runner the query runner of the statement
 * @returns undefined for any other error, or if there is no current scope
 */
export async function toUniqueConflict(
  error: unknown,
  written: readonly EntityMetadata[],
  source: ErrorSource & { readonly policies: PolicyRegistry },
  runner: QueryRunner | undefined,
): Promise<UniqueConflictError | undefined> {
  if (currentContext()?.scope === undefined) return undefined;
  const cause = parseDriverError(error);
  if (cause?.kind !== 'unique' && cause?.kind !== 'exclusion') return undefined;
  const details = { constraint: cause.constraint, isExclusion: cause.kind === 'exclusion' };
  const [entity] = written;
  if (entity === undefined) return new UniqueConflictError('row', [], details);
  const tenantColumns = source.policies.tenantColumns(entity).map(({ column }) => column.propertyPath);
  const properties = (await violatedColumns(cause, entity, source, runner))
    .map(({ propertyPath }) => propertyPath)
    .filter((property) => !tenantColumns.includes(property));
  return new UniqueConflictError(entity.name, properties, details);
}

/** Errors about the statement, or about rows that it writes: their text contains no values that it reads. */
const SAFE_ERROR_CODES = {
  // Integrity, syntax and names, transactions, resources, cancelled statements. Class 42 without 42704, whose text
  // contains the value that was taken for a name, as that of 3D000 and 58P01 does.
  postgres: /^(?:23|42(?!704)|25|40|53|55|57|08|0A)/,
  mysql: new Set([
    ...[1048, 1054, 1062, 1064, 1091, 1136, 1142, 1143, 1146, 1216, 1217, 1290, 1364, 1369, 1451, 1452, 1586, 1792],
    ...[1836, 3819, 4025],
  ]),
  sqlite: /^(?:near |no such |ambiguous |UNIQUE|NOT NULL|FOREIGN KEY|CHECK|SQLITE_|table |[\w ]*syntax)/,
};

/**
 * Removes values from the text of an error in a scope: a database quotes the value that it could not compute with, even
 * from another tenant's row. Errors of the connection or the server keep their text.
 *
 * @returns the same error if its text contains no values of rows; otherwise one with its codes and names
 */
export function redactValues(error: unknown, dialect: SqlDialect): unknown {
  if (!(error instanceof QueryFailedError)) return error;
  const failure = error as QueryFailedError<FailedStatement>;
  const { driverError, query, parameters } = failure;
  if (currentContext()?.scope === undefined || isHarmless(failure, dialect)) return failure;
  const masked = new Error('The database could not process a value.');
  for (const name of KEPT_PROPERTIES) {
    if (name in driverError) Object.assign(masked, { [name]: Reflect.get(driverError, name) as unknown });
  }
  // What identifies the column is no value.
  const parameter = refusedParameter(driverError);
  const [column] = parameter === undefined ? parseDriverError(failure)!.columns : [];
  Object.assign(masked, { ...(parameter !== undefined && { parameter }), ...(column !== undefined && { column }) });
  return new QueryFailedError(query, parameters, masked);
}

/** The error of a driver. */
type FailedStatement = Error & { readonly code?: string | number; readonly errno?: number; readonly where?: string };

/** The properties of a driver's error that say what failed, without values. */
const KEPT_PROPERTIES = ['code', 'errno', 'sqlState', 'constraint', 'schema', 'table', 'column', 'dataType'];

function isHarmless(failure: QueryFailedError<FailedStatement>, dialect: SqlDialect): boolean {
  const { code, errno, message } = failure.driverError;
  if (retryableKindOf(failure) !== undefined) return true;
  if (dialect === 'postgres') return SAFE_ERROR_CODES.postgres.test(String(code));
  return dialect === 'mysql' ? SAFE_ERROR_CODES.mysql.has(errno ?? 0) : SAFE_ERROR_CODES.sqlite.test(message);
}
