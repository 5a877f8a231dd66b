import { ConflictException } from '@nestjs/common';
import type { EntityMetadata, QueryRunner } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import { ReferenceUnknownError } from '../../errors/reference-unknown.error.js';
import { UniqueConflictError } from '../../errors/unique-conflict.error.js';
import { requireEnforcement } from '../../orm/enforcement/enforcement.js';
import { parseDriverError } from '../../orm/execution/driver-error.parser.js';
import type { DatabaseError } from '../../orm/execution/driver-error.parser.js';
import { columnsNamedBy, violatedColumns } from '../../orm/execution/violated-key.js';
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
 * @param runner the query runner of a transaction
 * @returns the error to throw; the same one if it has another cause
 */
export async function mapDatabaseError(
  error: unknown,
  resource: Resource,
  written: readonly ColumnMetadata[],
  isInsert: boolean,
  runner: QueryRunner | undefined,
): Promise<unknown> {
  if (error instanceof UniqueConflictError) return explainConflict(error, resource);
  const { metadata, constraints, dataSource } = resource;
  const cause = parseDriverError(error);
  if (cause !== undefined && !isInsert && isOfReferringRows(cause, resource, written)) return referenced();
  switch (cause?.kind) {
    case 'unique':
    case 'exclusion': {
      const columns = await violatedColumns(cause, metadata, requireEnforcement(dataSource), runner);
      const { constraint, kind } = cause;
      const details = { constraint, isExclusion: kind === 'exclusion' };
      return explainConflict(new UniqueConflictError(metadata.name, propertiesOf(columns), details), resource);
    }
    case 'foreign-key':
      return explainForeignKey(cause, metadata, written, isInsert);
    case 'not-null': {
      const [missing] = propertiesOf(columnsNamedBy(cause, metadata));
      return missing === undefined ? error : badRequest([missingProblem(missing)]);
    }
    case 'check': {
      const detail = textOf(cause.constraint, constraints) ?? 'the values do not meet a constraint of the database';
      return badRequest([{ detail, code: 'check' }]);
    }
    case 'data':
      return badRequest([misfitOf(cause, resource, written)]);
    // The interceptor tells of it, whichever statement of the request it was.
    case 'race':
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

/** Returns the resource's own text for a constraint; undefined if there is none. */
function textOf(constraint = '', texts: Readonly<Record<string, string>>): string | undefined {
  return Object.hasOwn(texts, constraint) ? texts[constraint] : undefined;
}

/** Adds the resource's own text for the constraint to a conflict of its rows. */
function explainConflict(error: UniqueConflictError, { metadata, constraints }: Resource): UniqueConflictError {
  const { entity, properties, constraint, isExclusion } = error;
  const explanation = entity === metadata.name ? textOf(constraint, constraints) : undefined;
  return explanation === undefined
    ? error
    : new UniqueConflictError(entity, properties, { constraint, isExclusion, explanation });
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

/**
 * Checks for a constraint that rows of another table violate, because a referential action such as ON DELETE SET NULL
 * has changed them.
 */
function isOfReferringRows(
  { kind, table }: DatabaseError,
  { metadata, dataSource }: Resource,
  written: readonly ColumnMetadata[],
): boolean {
  if ((kind !== 'not-null' && kind !== 'check') || table === metadata.tableName) return false;
  // An unknown table may be a partition of the own one. A delete changes no column of its own rows.
  return written.length === 0 || dataSource.entityMetadatas.some(({ tableName }) => tableName === table);
}

function referenced(): ConflictException {
  return new ConflictException(['other rows still reference this one']);
}

function propertiesOf(columns: readonly ColumnMetadata[]): string[] {
  return columns.map(({ propertyPath }) => propertyPath);
}
