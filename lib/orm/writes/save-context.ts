import { AsyncLocalStorage } from 'node:async_hooks';

const persisting = new AsyncLocalStorage<true>();

/** Checks whether the running code is inside of `save`. */
export function isInSave(): boolean {
  return persisting.getStore() === true;
}

/** Runs `fn`, so that {@link isInSave} is true in it. */
export function runInSave<R>(fn: () => R): R {
  return persisting.run(true, fn);
}
