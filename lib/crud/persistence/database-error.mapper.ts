import { ConflictException } from '@nestjs/common';
import { QueryFailedError } from 'typeorm';
import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import { ReferenceUnknownError } from '../../errors/reference-unknown.error.js';
import { UniqueConflictError } from '../../errors/unique-conflict.error.js';
import {
  columnsOfDetail,
  isForeignKeyViolation,
  isUniqueViolation,
  violatedColumns,
} from '../../orm/execution/driver-errors.js';
import type { DriverError } from '../../orm/execution/driver-errors.js';
import { badRequest } from '../errors/invalid-request.exception.js';
import { missingProblem } from '../errors/request-error.js';
import type { Resource } from '../resource/resource.js';

/** MySQL errors for a value that is too long, out of range, or malformed. */
const MYSQL_DATA_ERRORS = [1264, 1265, 1292, 1366, 1406, 1525];

/**
 * Maps a database error to one that names the entity's properties. The database's message is not passed on, because it
 * may contain values.
 *
 * @param error thrown by a statement on the entity's own table
 * @param written properties that the statement set; empty for a delete
 * @returns the error to throw; the same one if it has another cause
 */
export function mapDatabaseError(error: unknown, { metadata }: Resource, written: readonly ColumnMetadata[]): unknown {
  if (!(error instanceof QueryFailedError)) return error;
  const cause = error.driverError as DriverError;
  if (isUniqueViolation(cause))
    return new UniqueConflictError(metadata.name, propertiesOf(violatedColumns(cause, metadata)));
  if (isForeignKeyViolation(cause)) return explainForeignKey(cause, metadata, written);
  const missing = missingColumn(cause, metadata);
  if (missing !== undefined) return badRequest([missingProblem(missing.propertyPath)]);
  if (isDataError(cause)) return badRequest(['a value does not fit its column']);
  return error;
}

function explainForeignKey(cause: DriverError, metadata: EntityMetadata, written: readonly ColumnMetadata[]): Error {
  const name = cause.constraint ?? /CONSTRAINT `([^`]+)`/.exec(cause.message ?? '')?.[1];
  const key = metadata.foreignKeys.find((foreignKey) => foreignKey.name === name);
  const named =
    key?.columns ?? (cause.table === metadata.tableName ? columnsOfDetail(cause.detail, metadata) : undefined);
  // SQLite does not name the constraint, so any written foreign key may be the cause.
  const columns = named ?? metadata.foreignKeys.flatMap((foreignKey) => foreignKey.columns);
  const candidates = written.filter((column) => columns.includes(column));
  if (candidates.length === 0) return new ConflictException(['other rows still refer to this one']);
  return new ReferenceUnknownError(metadata.name, propertiesOf(candidates).join(', '));
}

/** PostgreSQL 23502, MySQL 1048 and 1364, or SQLite's message. */
function missingColumn(
  { code, errno, column, message = '' }: DriverError,
  metadata: EntityMetadata,
): ColumnMetadata | undefined {
  if (code === '23502') return namedColumns(column, metadata)[0];
  if (errno === 1048 || errno === 1364)
    return namedColumns(/(?:Column|Field) '([^']+)'/.exec(message)?.[1], metadata)[0];
  return namedColumns(/NOT NULL constraint failed: (.+)$/.exec(message)?.[1], metadata)[0];
}

/** PostgreSQL class 22, 54000 (a value too long for its index), and MySQL's error numbers. SQLite accepts any value. */
function isDataError({ code, errno }: DriverError): boolean {
  return (typeof code === 'string' && /^(22...|54000)$/.test(code)) || MYSQL_DATA_ERRORS.includes(errno ?? 0);
}

/** Parses a list of column names: `ticket.subject, ticket.number`. */
function namedColumns(names: string | undefined, metadata: EntityMetadata): ColumnMetadata[] {
  return (names?.split(', ') ?? [])
    .map((name) => metadata.findColumnWithDatabaseName(name.slice(name.indexOf('.') + 1)))
    .filter((column) => column !== undefined);
}

function propertiesOf(columns: readonly ColumnMetadata[]): string[] {
  return columns.map(({ propertyPath }) => propertyPath);
}
