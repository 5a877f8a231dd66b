import { QueryFailedError } from 'typeorm';
import type { EntityMetadata } from 'typeorm';
import { currentFrame } from '../tenancy/scope-frame.js';
import { tenantColumnsOf } from './builders/write-rules.js';
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

/** PostgreSQL 23505, MySQL 1062, SQLite's message. */
export function isUniqueViolation({ code, errno, message = '' }: DriverError): boolean {
  return code === '23505' || errno === 1062 || /UNIQUE constraint failed/.test(message);
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
  const columns = /UNIQUE constraint failed: (.+)$/.exec(message)?.[1]?.split(', ') ?? [];
  return columns
    .map((column) => metadata.findColumnWithDatabaseName(column.slice(column.indexOf('.') + 1))?.propertyPath)
    .filter((property) => property !== undefined);
}
