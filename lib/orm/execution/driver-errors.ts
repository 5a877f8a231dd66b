import { QueryFailedError } from 'typeorm';
import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import { currentContext } from '../../tenancy/context/tenant-context.js';
import type { SqlDialect } from '../sql/tokenizer.js';
import type { PolicyRegistry } from '../policy/policy-registry.js';
import { UniqueConflictError } from '../../errors/unique-conflict.error.js';

/** The properties of a driver's error that are used here. */
export interface DriverError {
  readonly code?: string | number;
  readonly errno?: number;
  readonly constraint?: string;
  /** PostgreSQL: `Key (organization_id, email)=(1, a@b.example) already exists.` */
  readonly detail?: string;
  /** PostgreSQL: the table of the constraint, without its schema. */
  readonly table?: string;
  /** PostgreSQL: the column of a NOT NULL violation. */
  readonly column?: string;
  readonly message?: string;
}

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
  if (!(error instanceof QueryFailedError) || currentContext()?.scope === undefined) return undefined;
  const driverError = error.driverError as DriverError;
  if (!isUniqueViolation(driverError)) return undefined;
  const [entity] = written;
  if (entity === undefined) return new UniqueConflictError('row', []);
  const tenantColumns = policies.tenantColumns(entity).map(({ column }) => column.propertyPath);
  const properties = violatedColumns(driverError, entity)
    .map(({ propertyPath }) => propertyPath)
    .filter((property) => !tenantColumns.includes(property));
  return new UniqueConflictError(entity.name, properties);
}

/**
 * Checks for a unique violation: PostgreSQL's 23505, and 23P01 of an exclusion constraint; MySQL's 1062; SQLite's
 * message.
 */
export function isUniqueViolation({ code, errno, message = '' }: DriverError): boolean {
  return code === '23505' || code === '23P01' || errno === 1062 || /UNIQUE constraint failed/.test(message);
}

/**
 * Checks for a foreign key violation: PostgreSQL's 23503, and 23001 of a RESTRICT since PostgreSQL 18; MySQL's 1216,
 * 1217, 1451 and 1452; SQLite's message.
 */
export function isForeignKeyViolation({ code, errno, message = '' }: DriverError): boolean {
  return (
    code === '23503' ||
    code === '23001' ||
    [1216, 1217, 1451, 1452].includes(errno ?? 0) ||
    /FOREIGN KEY constraint failed/.test(message)
  );
}

/**
 * Returns the columns of the violated unique key: by the name of a constraint that the entity declares, otherwise by
 * the columns in the error. Tables that TypeORM did not create have constraints of other names.
 *
 * @param metadata the entity that was written
 * @returns empty if the error does not identify the columns
 */
export function violatedColumns(
  { constraint, detail, table, message = '' }: DriverError,
  metadata: EntityMetadata,
): readonly ColumnMetadata[] {
  if (table !== undefined && table !== metadata.tableName) return [];
  const named = constraint ?? /for key '(?:[^'.]*\.)?([^'.]+)'/.exec(message)?.[1];
  if (named !== undefined) {
    const declared = [...metadata.uniques, ...metadata.indices].find(({ name }) => name === named);
    return declared?.columns ?? columnsOfDetail(detail, metadata) ?? columnsOfKeyName(named, metadata);
  }
  const columns = /UNIQUE constraint failed: (.+)/.exec(message)?.[1].split(', ') ?? [];
  return columns
    .map((column) => metadata.findColumnWithDatabaseName(column.slice(column.indexOf('.') + 1)))
    .filter((column) => column !== undefined);
}

/**
 * Returns the columns in the detail of a PostgreSQL error, also those inside an expression: `Key
 * (lower(email::text))=(…)`.
 *
 * @returns undefined if the entity has none of them
 */
export function columnsOfDetail(
  detail: string | undefined,
  metadata: EntityMetadata,
): readonly ColumnMetadata[] | undefined {
  // The message is translated, but the format of the key is not.
  const key = /\((.+?)\)=\(/.exec(detail ?? '')?.[1];
  const names = key
    ?.match(/"(?:[^"]|"")+"|[^\W\d]\w*/g)
    ?.map((name) => name.replace(/^"|"$/g, '').replaceAll('""', '"'));
  const columns = (names ?? [])
    .map((name) => metadata.findColumnWithDatabaseName(name))
    .filter((column) => column !== undefined);
  return columns.length > 0 ? columns : undefined;
}

/**
 * Returns the columns of a MySQL key by its name. MySQL names the primary key PRIMARY, and an unnamed unique key after
 * its first column: `email`, `email_2`.
 */
function columnsOfKeyName(name: string, metadata: EntityMetadata): readonly ColumnMetadata[] {
  if (name === 'PRIMARY') return metadata.primaryColumns;
  const first = name.replace(/_\d+$/, '');
  const keys = [...metadata.uniques, ...metadata.indices.filter(({ isUnique }) => isUnique)].filter(({ columns }) =>
    [name, first].includes(columns[0]?.databaseName),
  );
  return keys.length === 1 ? keys[0].columns : [];
}

/** Errors about the statement, or about rows that it writes: their text contains no values that it reads. */
const SAFE_ERROR_CODES = {
  // Integrity, syntax and names, transactions, resources, cancelled statements. Class 42 without 42704, whose text
  // contains the value that was taken for a name.
  postgres: /^(?:23|42(?!704)|25|40|53|55|57|08|0A)/,
  mysql: new Set([1048, 1054, 1062, 1064, 1091, 1136, 1146, 1205, 1213, 1216, 1217, 1364, 1451, 1452]),
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
  const { code, errno, constraint, column, message = '' } = error.driverError as DriverError;
  const isHarmless =
    dialect === 'postgres'
      ? SAFE_ERROR_CODES.postgres.test(String(code))
      : dialect === 'mysql'
        ? SAFE_ERROR_CODES.mysql.has(errno ?? 0)
        : SAFE_ERROR_CODES.sqlite.test(message);
  if (isHarmless) return error;
  const masked = new Error('The database could not compute with a value.');
  return new QueryFailedError(
    error.query,
    error.parameters,
    Object.assign(masked, { code, errno, constraint, column }),
  );
}
