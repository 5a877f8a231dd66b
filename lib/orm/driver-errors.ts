import { QueryFailedError } from 'typeorm';
import type { EntityMetadata } from 'typeorm';
import { currentFrame } from '../tenancy/scope-frame.js';
import { tenantColumnsOf } from './builders/write-rules.js';
import type { SqlDialect } from './sql/tokens.js';
import type { Policies } from './policies.js';
import { UniqueConflictError } from '../exceptions/unique-conflict.error.js';

/** What a driver says of a failed statement, as far as the drivers have it in common. */
interface DriverError {
  readonly code?: string | number;
  readonly errno?: number;
  readonly constraint?: string;
  readonly message?: string;
}

/**
 * Turns a driver's error about a unique key into one that names properties and nothing else: whose the other row is must not show.
 *
 * @param written the entities that the statement wrote
 * @returns undefined when the error is about something else, or no tenant scope is in force
 */
export function asUniqueConflict(
  error: unknown,
  written: readonly EntityMetadata[],
  policies: Policies,
): UniqueConflictError | undefined {
  if (!(error instanceof QueryFailedError) || currentFrame()?.scope === undefined) return undefined;
  const driverError = error.driverError as DriverError;
  if (!isUniqueViolation(driverError)) return undefined;
  const [entity] = written;
  if (entity === undefined) return new UniqueConflictError('row', []);
  const tenantColumns = tenantColumnsOf(entity, policies).map(({ column }) => column.propertyPath);
  const properties = propertiesOf(driverError, entity).filter((property) => !tenantColumns.includes(property));
  return new UniqueConflictError(entity.name, properties);
}

/** PostgreSQL 23505, and 23P01 of an exclusion; MySQL 1062; SQLite's message. */
export function isUniqueViolation({ code, errno, message = '' }: DriverError): boolean {
  return code === '23505' || code === '23P01' || errno === 1062 || /UNIQUE constraint failed/.test(message);
}

/** PostgreSQL 23503, MySQL 1216, 1217, 1451 and 1452, SQLite's message. */
export function isForeignKeyViolation({ code, errno, message = '' }: DriverError): boolean {
  return (
    code === '23503' || [1216, 1217, 1451, 1452].includes(errno ?? 0) || /FOREIGN KEY constraint failed/.test(message)
  );
}

/** The properties of the key that a driver names, by its constraint's or its columns' names. */
function propertiesOf({ constraint, message = '' }: DriverError, metadata: EntityMetadata): string[] {
  const named = constraint ?? /for key '(?:[^'.]*\.)?([^'.]+)'/.exec(message)?.[1];
  if (named !== undefined) {
    const key =
      metadata.uniques.find(({ name }) => name === named)?.columns ??
      metadata.indices.find(({ name }) => name === named)?.columns;
    return (key ?? metadata.primaryColumns).map(({ propertyPath }) => propertyPath);
  }
  const columns = /UNIQUE constraint failed: (.+)/.exec(message)?.[1].split(', ') ?? [];
  return columns
    .map((column) => metadata.findColumnWithDatabaseName(column.slice(column.indexOf('.') + 1))?.propertyPath)
    .filter((property) => property !== undefined);
}

/** What speaks of the statement, or of rows that it writes, and not of values that it reads. */
const TELLS_NOTHING = {
  // Integrity, syntax and names, transactions, resources, cancelled. Of class 42 not 42704, which names what a value was taken for.
  postgres: /^(?:23|42(?!704)|25|40|53|55|57|08|0A)/,
  mysql: new Set([1048, 1054, 1062, 1064, 1091, 1136, 1146, 1205, 1213, 1216, 1217, 1364, 1451, 1452]),
  sqlite: /^(?:near |no such |ambiguous |UNIQUE|NOT NULL|FOREIGN KEY|CHECK|SQLITE_|table |[\w ]*syntax)/,
};

/**
 * A database says which value it could not compute with, whoever's row it stands in. In a scope such an error keeps its code and loses its text.
 *
 * @returns the same error where it tells of no row
 */
export function withoutValues(error: unknown, dialect: SqlDialect): unknown {
  if (!(error instanceof QueryFailedError) || currentFrame()?.scope === undefined) return error;
  const {
    code,
    errno,
    constraint,
    column,
    message = '',
  } = error.driverError as DriverError & { readonly column?: string };
  const isHarmless =
    dialect === 'postgres'
      ? TELLS_NOTHING.postgres.test(String(code))
      : dialect === 'mysql'
        ? TELLS_NOTHING.mysql.has(errno ?? 0)
        : TELLS_NOTHING.sqlite.test(message);
  if (isHarmless) return error;
  const masked = new Error('The database could not compute with a value.');
  return new QueryFailedError(
    error.query,
    error.parameters,
    Object.assign(masked, { code, errno, constraint, column }),
  );
}
