import { ConflictException } from '@nestjs/common';
import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import { ReferenceUnknownError } from '../../errors/reference-unknown.error.js';
import { UniqueConflictError } from '../../errors/unique-conflict.error.js';
import { columnsNamedBy, parseDriverError, violatedColumns } from '../../orm/execution/driver-error.parser.js';
import type { DatabaseError } from '../../orm/execution/driver-error.parser.js';
import { badRequest } from '../errors/invalid-request.exception.js';
import { missingProblem } from '../errors/request-error.js';
import type { Resource } from '../resource/resource.js';

/**
 * Maps a database error to one that names the entity's properties. The database's message is not passed on, because it
 * may contain values.
 *
 * @param error thrown by a statement on the entity's own table
 * @param written properties that the statement set; empty for a delete
 * @returns the error to throw; the same one if it has another cause
 */
export function mapDatabaseError(error: unknown, resource: Resource, written: readonly ColumnMetadata[]): unknown {
  const { metadata, constraints } = resource;
  const cause = parseDriverError(error);
  switch (cause?.kind) {
    case 'unique':
      return new UniqueConflictError(metadata.name, propertiesOf(violatedColumns(cause, metadata)));
    case 'foreign-key':
      return explainForeignKey(cause, metadata, written);
    case 'not-null': {
      const [missing] = propertiesOf(columnsNamedBy(cause, metadata));
      return missing === undefined ? error : badRequest([missingProblem(missing)]);
    }
    case 'check':
      return badRequest([{ detail: checkText(cause, constraints), code: 'check' }]);
    case 'data':
      return badRequest(['a value does not fit its column']);
    // The interceptor tells of it, whichever statement of the request it was.
    case 'unavailable':
    case 'other':
    case undefined:
      return error;
  }
}

/** Returns the resource's own text for a constraint; one without the constraint's name by default. */
function checkText({ constraint = '' }: DatabaseError, texts: Readonly<Record<string, string>>): string {
  return Object.hasOwn(texts, constraint) ? texts[constraint] : 'the values do not meet a constraint of the database';
}

function explainForeignKey(cause: DatabaseError, metadata: EntityMetadata, written: readonly ColumnMetadata[]): Error {
  const { constraint, table } = cause;
  const key = metadata.foreignKeys.find(({ name }) => name === constraint);
  const told = table === metadata.tableName ? columnsNamedBy(cause, metadata) : [];
  // SQLite does not name the constraint, so any written foreign key may be the cause.
  const columns = key?.columns ?? (told.length > 0 ? told : metadata.foreignKeys.flatMap(({ columns }) => columns));
  const candidates = written.filter((column) => columns.includes(column));
  if (candidates.length === 0 && written.length > 0 && table === metadata.tableName)
    return badRequest([{ detail: 'a reference is to a row that does not exist', code: 'reference' }]);
  if (candidates.length === 0) return new ConflictException(['other rows still reference this one']);
  return new ReferenceUnknownError(metadata.name, propertiesOf(candidates).join(', '));
}

function propertiesOf(columns: readonly ColumnMetadata[]): string[] {
  return columns.map(({ propertyPath }) => propertyPath);
}
