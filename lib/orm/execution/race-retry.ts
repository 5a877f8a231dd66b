import { setTimeout } from 'node:timers/promises';
import type { EntityManager, QueryRunner } from 'typeorm';
import { parseDriverError } from './driver-error.parser.js';

/** How often work is repeated that lost a race with a concurrent transaction. */
const MAX_RETRIES = 3;
/** The longest pause before the first retry, in milliseconds; it doubles with each further one. */
const FIRST_PAUSE_MS = 20;

/**
 * Decides whether work is repeated: if it lost a race with a concurrent transaction (deadlock, serialization failure),
 * so that the database has undone all of it.
 *
 * @param retries how often it was repeated before
 */
export function isRetried(error: unknown, retries: number): boolean {
  return retries < MAX_RETRIES && parseDriverError(error)?.kind === 'race';
}

/** Waits before a retry. */
export async function pauseBeforeRetry(retries: number): Promise<void> {
  await setTimeout(retryPauseMs(retries));
}

/** Returns how many milliseconds to wait before a retry: a random time, so that two transactions do not meet again. */
export function retryPauseMs(retries: number): number {
  return Math.random() * FIRST_PAUSE_MS * 2 ** retries;
}

/**
 * Runs `work` in a transaction, as `EntityManager.transaction` does. A transaction that lost a race is run again.
 *
 * @param mayRepeat whether `work` may run again; a transaction inside of another one never does, because its rollback
 *   does not undo the other one
 */
export async function runInTransaction<R>(
  manager: EntityManager,
  mayRepeat: boolean,
  work: (manager: EntityManager) => Promise<R>,
): Promise<R> {
  for (let retries = 0; ; retries += 1) {
    let isOutermost = false;
    try {
      return await manager.transaction((own) => {
        isOutermost = depthOf(own.queryRunner!) === 1;
        return work(own);
      });
    } catch (error) {
      if (!mayRepeat || !isOutermost || !isRetried(error, retries)) throw error;
      await pauseBeforeRetry(retries);
    }
  }
}

function depthOf(runner: QueryRunner): number {
  return (runner as unknown as { readonly transactionDepth: number }).transactionDepth;
}
