import { AsyncLocalStorage } from 'node:async_hooks';

const persisting = new AsyncLocalStorage<true>();

/** Whether the running code is inside `save`. */
export function isPersisting(): boolean {
  return persisting.getStore() === true;
}

/** Runs `fn` as the inside of `save`. */
export function persist<R>(fn: () => R): R {
  return persisting.run(true, fn);
}
