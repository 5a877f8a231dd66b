import { badRequest } from '../errors/invalid-request.exception.js';
import type { ColumnValues } from '../model/column-values.js';
import type { HookedWrite } from '../options/crud-hooks.interface.js';
import type { HookRunner } from '../hooks/hook-runner.js';
import type { LinkInput } from '../links/link-field.js';
import type { RowConstraints } from './row-constraints.js';
import type { IfMatch } from '../preconditions/if-match.js';
import { bodyError } from '../errors/request-error.js';
import type { RequestError } from '../errors/request-error.js';
import type { Resource } from '../resource/resource.js';
import type { RowRepository } from './row-repository.js';
import { isSameValue } from '../model/value-equality.js';

/** What a write works on, and what it is bound by. */
export interface WriteContext<T extends object> {
  readonly resource: Resource<T>;
  readonly narrowing: RowConstraints;
  readonly rows: RowRepository<T>;
  readonly hooks: HookRunner<T>;
  /** What the request's body says of columns that the server owns; taken once. */
  readonly takeClaims: () => Readonly<Record<string, unknown>>;
  /** Properties of the request's bodies that are no columns; taken once. */
  readonly takeUndecided: () => readonly Readonly<Record<string, unknown>>[];
  /** What the request says of the row that it is going to change; taken once. */
  readonly takePrecondition: () => IfMatch;
}

/** For a write that has none. */
export const NO_LINKS: LinkInput = new Map();

/**
 * Runs a write, in a transaction where something has to be undone with it: what hooks do, or links.
 */
export function runInTransactionIfNeeded<T extends object, R>(
  { hooks, rows }: WriteContext<T>,
  write: HookedWrite,
  links: LinkInput,
  work: (rows: RowRepository<T>) => Promise<R>,
): Promise<R> {
  return hooks.needsTransaction(write) || links.size > 0 ? rows.inTransaction(work) : work(rows);
}

/** Fields that say something else than the narrowing that is stamped on them. */
export function outsideNarrowing(narrowing: RowConstraints, offered: ColumnValues): RequestError[] {
  return [...narrowing.values]
    .filter(([column, value]) => offered.has(column) && !isSameValue(column.type, offered.get(column), value))
    .map(([{ property }]) => bodyError(property, `${property} is not the client's to say`, 'serverOwned'));
}

/** @throws BadRequestException where there is a problem */
export function throwIfInvalid(problems: readonly RequestError[]): void {
  if (problems.length > 0) throw badRequest(problems);
}
