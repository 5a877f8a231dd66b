import type { EntityManager } from 'typeorm';
import type { TenantScope } from '../../tenancy/context/tenant-scope.js';

/** The context of hooks that run after the commit; `R` is the type of the request. */
export interface CommittedContext<R = unknown> {
  /** The current tenant scope; undefined on a cross-tenant route. */
  readonly scope: TenantScope | undefined;
  /** The HTTP request of Express or Fastify; undefined outside of a request. */
  readonly request: R;
}

/** The context of hooks that run in the transaction of the write. */
export interface HookContext<R = unknown> extends CommittedContext<R> {
  /** The EntityManager of the transaction. Writes through another manager remain if the transaction is rolled back. */
  readonly manager: EntityManager;
}

/** The changes of a row, for the hooks of `replace` and `update`. */
export interface RowChanges<T> {
  /** The row as previously stored. */
  readonly previous: Readonly<T>;
  /** The changed properties and their new values; in `before…` hooks without values that the database computes. */
  readonly changes: Readonly<Partial<T>>;
}

type Result = void | Promise<void>;

/**
 * Hooks into the writes of a resource: an injectable class with any of these methods, listed in `@Crud(Entity, { hooks:
 * [TicketHistory] })` and provided by a module.
 *
 * `before…` and `after…` run in the transaction of the write, and an error rolls it back. `…Committed` runs after the
 * commit of the outermost transaction, never after a rollback; its errors are only logged. Several hooks run in their
 * order.
 *
 * A `before…` hook changes the written values by changing `row`. Server-owned columns keep their values, and setting
 * another tenant is an error.
 *
 * @example
 * @Injectable()
 * export class TicketHistory implements CrudHooks<Ticket> {
 *   async afterUpdate(ticket: Ticket, { manager, changes }: HookContext & RowChanges<Ticket>) {
 *     await manager.insert(HistoryEntry, { ticketId: ticket.id, fields: Object.keys(changes).join() });
 *   }
 * }
 */
export interface CrudHooks<T extends object> {
  /**
   * Whether the transaction may run again if it lost a race with a concurrent one (deadlock, serialization failure): at
   * most three times, with a fresh `row`. Set it if the `before…` and `after…` hooks only change rows, and through
   * `context.manager`: a rollback does not undo a mail or a call of another server. By default such a race is a 409.
   */
  readonly retry?: boolean;

  /** @param row to be inserted, without database-generated values */
  beforeCreate?(row: T, context: HookContext): Result;
  /** @param row as stored and returned to the client */
  afterCreate?(row: T, context: HookContext): Result;
  /** @param row as stored */
  createCommitted?(row: T, context: CommittedContext): Result;

  /** @param row with the new values */
  beforeReplace?(row: T, context: HookContext & RowChanges<T>): Result;
  /**
   * Not called if no column changes.
   *
   * @param row as stored and returned to the client
   */
  afterReplace?(row: T, context: HookContext & RowChanges<T>): Result;
  /** @param row as stored */
  replaceCommitted?(row: T, context: CommittedContext & RowChanges<T>): Result;

  /** @param row with the new values */
  beforeUpdate?(row: T, context: HookContext & RowChanges<T>): Result;
  /**
   * Not called if no column changes.
   *
   * @param row as stored and returned to the client
   */
  afterUpdate?(row: T, context: HookContext & RowChanges<T>): Result;
  /** @param row as stored */
  updateCommitted?(row: T, context: CommittedContext & RowChanges<T>): Result;

  /** @param row as stored */
  beforeRemove?(row: T, context: HookContext): Result;
  /** @param row as previously stored */
  afterRemove?(row: T, context: HookContext): Result;
  /** @param row as previously stored */
  removeCommitted?(row: T, context: CommittedContext): Result;

  /** @param row as stored and returned to the client */
  afterRestore?(row: T, context: HookContext): Result;
  /** @param row as stored */
  restoreCommitted?(row: T, context: CommittedContext): Result;
}

/** The writes that have hooks. */
export type WriteOperation = 'create' | 'replace' | 'update' | 'remove' | 'restore';

/** The hook methods of each write. */
export const HOOK_METHODS = {
  create: { before: 'beforeCreate', after: 'afterCreate', committed: 'createCommitted' },
  replace: { before: 'beforeReplace', after: 'afterReplace', committed: 'replaceCommitted' },
  update: { before: 'beforeUpdate', after: 'afterUpdate', committed: 'updateCommitted' },
  remove: { before: 'beforeRemove', after: 'afterRemove', committed: 'removeCommitted' },
  restore: { before: undefined, after: 'afterRestore', committed: 'restoreCommitted' },
} as const satisfies Record<WriteOperation, Record<HookPhase, keyof CrudHooks<object> | undefined>>;

/** When a hook runs: before or after the statement, or after the commit. */
export type HookPhase = 'before' | 'after' | 'committed';
