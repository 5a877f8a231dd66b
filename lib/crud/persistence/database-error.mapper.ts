import { ConflictException } from '@nestjs/common';
import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import { ReferenceUnknownError } from '../../errors/reference-unknown.error.js';
import { UniqueConflictError } from '../../errors/unique-conflict.error.js';
import { columnsNamedBy, parseDriverError, violatedColumns } from '../../orm/execution/driver-error.parser.js';
import type { DatabaseError } from '../../orm/execution/driver-error.parser.js';
import { badRequest } from '../errors/invalid-request.exception.js';
import { bodyError, missingProblem } from '../errors/request-error.js';
import type { RequestError } from '../errors/request-error.js';
import type { Resource } from '../resource/resource.js';

/**
 * Maps a database error to one that names the entity's properties. The database's message is not passed on, because it
 * may contain values.
 *
 * @param error thrown by a statement on the entity's own table
 * @param written properties that the statement set; empty for a delete
 * @param isInsert true if the statement inserted rows
 * @returns the error to throw; the same one if it has another cause
 */
export function mapDatabaseError(
  error: unknown,
  resource: Resource,
  written: readonly ColumnMetadata[],
  isInsert = false,
): unknown {
  const { metadata, constraints } = resource;
  const cause = parseDriverError(error);
  switch (cause?.kind) {
    case 'unique':
      return new UniqueConflictError(metadata.name, propertiesOf(violatedColumns(cause, metadata)));
    case 'foreign-key':
      return explainForeignKey(cause, metadata, written, isInsert);
    case 'not-null': {
      const [missing] = propertiesOf(columnsNamedBy(cause, metadata));
      return missing === undefined ? error : badRequest([missingProblem(missing)]);
    }
    case 'check':
      return badRequest([{ detail: checkText(cause, constraints), code: 'check' }]);
    case 'data':
      return badRequest([misfitOf(cause, resource, written)]);
    // The interceptor tells of it, whichever statement of the request it was.
    case 'unavailable':
    case 'other':
    case undefined:
      return error;
  }
}

/** Names the column whose value the database refused, as far as the error or the types of the written columns tell. */
function misfitOf(cause: DatabaseError, resource: Resource, written: readonly ColumnMetadata[]): RequestError {
  const [named] = columnsNamedBy(cause, resource.metadata);
  const unchecked = resource.columns.filter(
    ({ metadata, type }) => type.isCheckedByDatabase && written.includes(metadata),
  );
  const column = resource.columns.find(({ metadata }) => metadata === named) ?? unchecked[0];
  if (column === undefined) return { detail: 'a value does not fit its column', code: 'type' };
  const { property, metadata } = column;
  if (named === undefined && unchecked.length > 1) {
    const names = unchecked.map(({ property }) => property).join(', ');
    return { detail: `one of ${names} does not fit its column`, code: 'type' };
  }
  const type = typeof metadata.type === 'string' ? ` ${metadata.type}` : '';
  return bodyError(property, `${property} must be a valid${type} value`, 'type');
}

/** Returns the resource's own text for a constraint; one without the constraint's name by default. */
function checkText({ constraint = '' }: DatabaseError, texts: Readonly<Record<string, string>>): string {
  return Object.hasOwn(texts, constraint) ? texts[constraint] : 'the values do not meet a constraint of the database';
}

function explainForeignKey(
  cause: DatabaseError,
  metadata: EntityMetadata,
  written: readonly ColumnMetadata[],
  isInsert: boolean,
): Error {
  const { constraint, table, isMissingReference } = cause;
  const isOwn = table === metadata.tableName || isMissingReference === true;
  if (isMissingReference === false) return referenced();
  const key = metadata.foreignKeys.find(({ name }) => name === constraint);
  const told = isOwn ? columnsNamedBy(cause, metadata) : [];
  // SQLite does not name the constraint, so any written foreign key may be the cause.
  const isUnknown = key === undefined && constraint !== undefined && isOwn;
  const any = isUnknown ? [] : metadata.foreignKeys.flatMap(({ columns }) => columns);
  const columns = key?.columns ?? (told.length > 0 ? told : any);
  const candidates = written.filter((column) => columns.includes(column));
  // Nothing refers to a new row yet.
  if (candidates.length === 0 && (isInsert || (written.length > 0 && isOwn)))
    return badRequest([{ detail: 'a reference is to a row that does not exist', code: 'reference' }]);
  if (candidates.length === 0) return referenced();
  return new ReferenceUnknownError(metadata.name, propertiesOf(candidates).join(', '));
}

function referenced(): ConflictException {
  return new ConflictException(['other rows still reference this one']);
}

function propertiesOf(columns: readonly ColumnMetadata[]): string[] {
  return columns.map(({ propertyPath }) => propertyPath);
}
