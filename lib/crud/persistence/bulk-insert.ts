import { ConflictException } from '@nestjs/common';
import { retryableKindOf } from '../../orm/execution/driver-error.parser.js';
import { ReferenceUnknownError } from '../../errors/reference-unknown.error.js';
import { InvalidRequestException } from '../errors/invalid-request.exception.js';
import { conflictProblems, elementProblem, referenceProblem } from '../errors/request-error.js';
import type { RequestError } from '../errors/request-error.js';
import type { Resource } from '../resource/resource.js';
import type { RowStatements } from './row-statements.js';

/** A 409 with the conflicting elements of a list. */
export class BulkConflictException extends ConflictException {
  constructor(readonly problems: readonly RequestError[]) {
    super(problems.map(({ detail }) => detail));
  }
}

/**
 * Inserts rows, with one statement if the database returns their keys.
 *
 * @param rows a repository in a transaction
 * @returns the rows with their keys
 * @throws InvalidRequestException or BulkConflictException with the errors of each row
 */
export async function bulkInsert<T extends object>(
  resource: Resource<T>,
  rows: RowStatements<T>,
  drafts: readonly T[],
): Promise<T[]> {
  // Copies, because TypeORM sets generated values on the inserted objects, and the drafts may be inserted again.
  const inserted = drafts.map((draft) => Object.assign(Object.create(resource.entity.prototype as object) as T, draft));
  if (inserted.length === 0) return inserted;
  // Without RETURNING, TypeORM reads the keys of several rows back in undefined order.
  const isOneStatement = resource.dataSource.driver.isReturningSqlSupported('insert');
  try {
    await rows.inTransaction(false, async (attempt) => {
      if (isOneStatement) await attempt.insert(...inserted);
      else for (const row of inserted) await attempt.insert(row);
    });
    return inserted;
  } catch (error) {
    // Such an error is of no row, and MySQL has ended the transaction of a deadlock.
    if (retryableKindOf(error) !== undefined) throw error;
    throw await diagnoseByElement(rows, drafts, error);
  }
}

/**
 * Inserts the rows one by one to find the failing ones, because the error of a multi-row insert does not identify them.
 */
async function diagnoseByElement<T extends object>(
  rows: RowStatements<T>,
  drafts: readonly T[],
  error: unknown,
): Promise<unknown> {
  const invalid: RequestError[] = [];
  const conflicting: RequestError[] = [];
  for (const [index, draft] of drafts.entries()) {
    try {
      await rows.inTransaction(false, (attempt) => attempt.insert(draft));
    } catch (reason) {
      const conflicts = conflictProblems(reason);
      const problems = conflicts.length > 0 ? conflicts : invalidProblems(reason);
      if (problems === undefined) return reason;
      const found = problems.map((problem) => elementProblem(index, problem));
      (conflicts.length > 0 ? conflicting : invalid).push(...found);
    }
  }
  if (invalid.length > 0) return new InvalidRequestException([...invalid, ...conflicting]);
  return conflicting.length > 0 ? new BulkConflictException(conflicting) : error;
}

/** @returns undefined for an error that is not about the row's values */
function invalidProblems(error: unknown): readonly RequestError[] | undefined {
  if (error instanceof InvalidRequestException) return error.problems;
  return error instanceof ReferenceUnknownError ? [referenceProblem(error)] : undefined;
}
