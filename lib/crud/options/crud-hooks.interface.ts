import type { EntityManager } from 'typeorm';
import type { TenantScope } from '../../tenancy/context/tenant-scope.js';

/** What every hook may know. */
export interface CommittedContext<R = unknown> {
  /** The tenant scope in force; undefined where the route works over all tenants. */
  readonly scope: TenantScope | undefined;
  /** The HTTP request, as Express or Fastify made it; undefined where none is being handled. */
  readonly request: R;
}

/** What a hook knows that runs with the write. */
export interface HookContext<R = unknown> extends CommittedContext<R> {
  /** The manager of the write's transaction. What is written with another one stays when the write is undone. */
  readonly manager: EntityManager;
}

/** What the change of a row was, for the hooks of `replace` and `update`. */
export interface RowChanges<T> {
  /** The row as it was stored. */
  readonly previous: Readonly<T>;
  /**
   * The properties that change, and their new values; before the write without what only the database can compute.
   */
  readonly changes: Readonly<Partial<T>>;
}

type Result = void | Promise<void>;

/**
 * Code that takes part in the writes of a resource: an injectable class with any of these methods, named in
 * `@Crud(Entity, { hooks: [TicketHistory] })` and provided by a module.
 *
 * `before…` and `after…` run in one transaction with the write, and an error of theirs undoes all of it. `…Committed`
 * runs when it is stored for good, after the commit of the outermost transaction that the write is part of, and never
 * after a rollback; an error is logged and changes nothing. Several hooks run in their order.
 *
 * A `before…` hook changes what is written by changing `row`. What the server owns stays as it is, and naming another
 * tenant is an error.
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
  /** @param row as it is going to be inserted, without what the database makes */
  beforeCreate?(row: T, context: HookContext): Result;
  /** @param row as it is stored, and answered */
  afterCreate?(row: T, context: HookContext): Result;
  createCommitted?(row: T, context: CommittedContext): Result;

  /** @param row as it is going to be */
  beforeReplace?(row: T, context: HookContext & RowChanges<T>): Result;
  /** @param row as it is stored, and answered. Not called where nothing changes */
  afterReplace?(row: T, context: HookContext & RowChanges<T>): Result;
  replaceCommitted?(row: T, context: CommittedContext & RowChanges<T>): Result;

  /** @param row as it is going to be */
  beforeUpdate?(row: T, context: HookContext & RowChanges<T>): Result;
  /** @param row as it is stored, and answered. Not called where nothing changes */
  afterUpdate?(row: T, context: HookContext & RowChanges<T>): Result;
  updateCommitted?(row: T, context: CommittedContext & RowChanges<T>): Result;

  /** @param row as it is stored */
  beforeRemove?(row: T, context: HookContext): Result;
  /** @param row as it was stored */
  afterRemove?(row: T, context: HookContext): Result;
  removeCommitted?(row: T, context: CommittedContext): Result;

  /** @param row as it is stored, and answered */
  afterRestore?(row: T, context: HookContext): Result;
  restoreCommitted?(row: T, context: CommittedContext): Result;
}

/** A write that hooks take part in. */
export type HookedWrite = 'create' | 'replace' | 'update' | 'remove' | 'restore';

/** The methods of a hook for each write. */
export const HOOK_METHODS = {
  create: { before: 'beforeCreate', after: 'afterCreate', committed: 'createCommitted' },
  replace: { before: 'beforeReplace', after: 'afterReplace', committed: 'replaceCommitted' },
  update: { before: 'beforeUpdate', after: 'afterUpdate', committed: 'updateCommitted' },
  remove: { before: 'beforeRemove', after: 'afterRemove', committed: 'removeCommitted' },
  restore: { before: undefined, after: 'afterRestore', committed: 'restoreCommitted' },
} as const satisfies Record<HookedWrite, Record<HookPhase, keyof CrudHooks<object> | undefined>>;

/** When a hook runs. */
export type HookPhase = 'before' | 'after' | 'committed';
