import { AsyncLocalStorage } from 'node:async_hooks';

const persisting = new AsyncLocalStorage<true>();

/** Whether the running code is inside `save`. */
export function isInSave(): boolean {
  return persisting.getStore() === true;
}

/** Runs `fn` as the inside of `save`. */
export function runInSave<R>(fn: () => R): R {
  return persisting.run(true, fn);
}
