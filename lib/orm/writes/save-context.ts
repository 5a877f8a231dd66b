import { AsyncLocalStorage } from 'node:async_hooks';

const persisting = new AsyncLocalStorage<true>();

/**
 * Checks whether the running code is inside of `save`, `remove`, `softRemove` or `recover` of a guarded entity manager.
 */
export function isInSave(): boolean {
  return persisting.getStore() === true;
}

/** Runs `fn`, so that {@link isInSave} is true in it. */
export function runInSave<R>(fn: () => R): R {
  return persisting.run(true, fn);
}
