import { Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { HOOK_METHODS } from '../options/crud-hooks.interface.js';
import type {
  CommittedContext,
  CrudHooks,
  WriteOperation,
  HookPhase,
  RowChanges,
} from '../options/crud-hooks.interface.js';

type HookMethod<T extends object> = (row: T, context: object) => void | Promise<void>;

/** Runs the hooks of a resource in their order, for one operation. */
export class HookRunner<T extends object> {
  private static readonly logger = new Logger('CrudHooks');

  /**
   * @param hooks the instances
   * @param context the part of the context that all hooks get
   */
  constructor(
    private readonly hooks: readonly CrudHooks<T>[],
    private readonly context: CommittedContext,
  ) {}

  /** Returns whether a hook runs before or after the write, and so must share its transaction. */
  needsTransaction(write: WriteOperation): boolean {
    return this.hooks.some((hook) => isInTransaction(hook, write));
  }

  /** Returns whether a hook runs before or after the write, or after its commit. */
  concerns(write: WriteOperation): boolean {
    return this.hooks.some((hook) => PHASES.some((phase) => methodOf(hook, write, phase) !== undefined));
  }

  /** Returns whether all hooks that share the transaction of the write allow it to be run again. */
  mayRepeat(write: WriteOperation): boolean {
    return this.hooks.every((hook) => hook.retry === true || !isInTransaction(hook, write));
  }

  /**
   * Runs the hooks before or after a write.
   *
   * @param manager the EntityManager of the transaction
   */
  async run(
    phase: 'before' | 'after',
    write: WriteOperation,
    row: T,
    manager: EntityManager,
    details?: RowChanges<T>,
  ): Promise<void> {
    for (const hook of this.hooks) {
      await methodOf(hook, write, phase)?.(row, { ...this.context, manager, ...details });
    }
  }

  /**
   * Runs the hooks after the commit. Errors are only logged: the row is stored, so the client must get a success
   * response.
   */
  async committed(write: WriteOperation, row: T, details?: RowChanges<T>): Promise<void> {
    for (const hook of this.hooks) {
      try {
        await methodOf(hook, write, 'committed')?.(row, { ...this.context, ...details });
      } catch (error) {
        const place = `${hook.constructor.name}.${HOOK_METHODS[write].committed}`;
        HookRunner.logger.error(
          `${place} failed after the row was stored`,
          error instanceof Error ? error.stack : String(error),
        );
      }
    }
  }
}

const PHASES: readonly HookPhase[] = ['before', 'after', 'committed'];

/** Checks whether a hook runs in the transaction of the write. */
function isInTransaction<T extends object>(hook: CrudHooks<T>, write: WriteOperation): boolean {
  return ['before', 'after'].some((phase) => methodOf(hook, write, phase as HookPhase) !== undefined);
}

/** Returns a bound hook method; undefined if the hook has no method for this phase. */
function methodOf<T extends object>(
  hook: CrudHooks<T>,
  write: WriteOperation,
  phase: HookPhase,
): HookMethod<T> | undefined {
  const name = HOOK_METHODS[write][phase];
  if (name === undefined) return undefined;
  return typeof hook[name] === 'function' ? (row, context) => (hook[name] as HookMethod<T>)(row, context) : undefined;
}
