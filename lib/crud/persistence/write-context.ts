import { badRequest } from '../errors/invalid-request.exception.js';
import type { Condition } from '../model/column-conditions.js';
import type { ColumnValues } from '../model/column-values.js';
import type { WriteOperation } from '../options/crud-hooks.interface.js';
import type { HookRunner } from '../hooks/hook-runner.js';
import type { LinkInput } from '../links/link-field.js';
import type { RowConstraints } from './row-constraints.js';
import type { IfMatch } from '../preconditions/if-match.js';
import { bodyError } from '../errors/request-error.js';
import type { RequestError } from '../errors/request-error.js';
import type { Resource } from '../resource/resource.js';
import type { RowStatements } from './row-statements.js';
import { isSameValue } from '../model/value-equality.js';

/** The dependencies of a write operation. */
export interface WriteContext<T extends object> {
  readonly resource: Resource<T>;
  readonly narrowing: RowConstraints;
  readonly rows: RowStatements<T>;
  readonly hooks: HookRunner<T>;
  /** Returns the server-owned columns in the request's body, once. */
  readonly consumeServerOwnedFields: () => Readonly<Record<string, unknown>>;
  /** Returns the properties of the request's bodies that are not columns, once. */
  readonly takeUndecided: () => readonly Readonly<Record<string, unknown>>[];
  /** Returns the `If-Match` precondition of the request, once. */
  readonly takePrecondition: () => IfMatch;
}

/** For writes without links. */
export const NO_LINKS: LinkInput = new Map();

/** Runs a write in a transaction, again if it lost a race and its hooks allow that. */
export function runInTransaction<T extends object, R>(
  { hooks, rows }: WriteContext<T>,
  write: WriteOperation,
  work: (rows: RowStatements<T>) => Promise<R>,
): Promise<R> {
  return rows.inTransaction(hooks.mayRepeat(write), work);
}

/** Runs a write, in a transaction if it has hooks or links, which must be rolled back with it. */
export function runInTransactionIfNeeded<T extends object, R>(
  terms: WriteContext<T>,
  write: WriteOperation,
  links: LinkInput,
  work: (rows: RowStatements<T>) => Promise<R>,
): Promise<R> {
  const isTransaction = terms.hooks.needsTransaction(write) || links.size > 0;
  return isTransaction ? runInTransaction(terms, write, work) : work(terms.rows);
}

/** Loads the row to change. If hooks or links are involved, it is locked until the end of the transaction. */
export async function loadForWrite<T extends object>(
  { hooks }: WriteContext<T>,
  write: WriteOperation,
  which: readonly Condition[],
  rows: RowStatements<T>,
  links: LinkInput = NO_LINKS,
): Promise<T> {
  await rows.assertOwn(which);
  return hooks.needsTransaction(write) || links.size > 0 ? rows.findForUpdate(which) : rows.find(which);
}

/** Returns the errors of values that contradict the row constraints. */
export function outsideNarrowing(narrowing: RowConstraints, offered: ColumnValues): RequestError[] {
  return [...narrowing.values]
    .filter(([column, value]) => offered.has(column) && !isSameValue(column.type, offered.get(column), value))
    .map(([{ property }]) => bodyError(property, `${property} is server-owned and must not be set`, 'serverOwned'));
}

/** @throws BadRequestException if there are errors */
export function throwIfInvalid(problems: readonly RequestError[]): void {
  if (problems.length > 0) throw badRequest(problems);
}
