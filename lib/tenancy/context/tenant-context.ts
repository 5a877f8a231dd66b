import { isPromiseLike } from '../../common/is-promise-like.js';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { ValidScope, TenantScope } from './tenant-scope.js';

/** An entity class, or the name of an entity that has no class. */
export type EntityKey = Function | string;

/**
 * A stretch of code that runs over tenants on purpose. It is closed when its callback settles, so that a promise that
 * outlives it meets no open door.
 */
export class UnscopedSection {
  #open = true;

  /**
   * @param why shown in errors and logs
   * @param entities the only entities that are exempt; all when left out
   */
  constructor(
    readonly why: string,
    readonly entities?: ReadonlySet<EntityKey>,
  ) {}

  get open(): boolean {
    return this.#open;
  }

  close(): void {
    this.#open = false;
  }
}

/** A request or a job. */
export class UnitOfWork {
  /** Whether it has written, or is going to: from then on it reads what a replica may not have yet. */
  writes = false;
}

/** What is in force for the code that runs now. Immutable; nesting makes a new one. */
export interface TenantContext {
  /** The tenant scope, if there is one. Stays in place beneath an unscoped section for the entities that are not exempt. */
  readonly scope: ValidScope | undefined;
  readonly unscopedSection: UnscopedSection | undefined;
  /** The unit of work (a request, a job) that this frame belongs to; nested frames share it. */
  readonly unitOfWork: UnitOfWork;
  /** The call of a handler that the code belongs to, for the layer that answers it; nested frames share it. */
  readonly request: object | undefined;
}

/*
 * One store per process, never `enterWith`: that would leak a tenant into whatever runs next on the same resource, such as the
 * next request of a keep-alive connection. The module may be loaded twice (by two versions of the package); then each
 * copy has its own store and the other copy's scope is "none", which refuses.
 */
const storage = new AsyncLocalStorage<TenantContext | undefined>();

/** A frame within the one in force. It has each property itself: what something puts on every object must not open a section. */
function childContext(
  scope: ValidScope | undefined,
  section: UnscopedSection | undefined,
  unit?: UnitOfWork,
): TenantContext {
  const outer = storage.getStore();
  return {
    scope,
    unscopedSection: section,
    unitOfWork: unit ?? outer?.unitOfWork ?? new UnitOfWork(),
    request: outer?.request,
  };
}

/** The frame that the running code belongs to, or undefined outside any. */
export function currentContext(): TenantContext | undefined {
  return storage.getStore();
}

/** The values of the scope in force; undefined outside any and in a section that is unscoped for every entity. */
export function currentScope(): TenantScope | undefined {
  const frame = storage.getStore();
  return frame?.unscopedSection !== undefined && frame.unscopedSection.entities === undefined
    ? undefined
    : frame?.scope?.values;
}

/**
 * Whether the running code works for another tenant than `own`, as part of another request or job. Nested runs, and sections that are
 * unscoped for all entities, are meant so.
 */
export function isOtherTenant(own: TenantContext): boolean {
  const now = storage.getStore();
  if (now?.scope === undefined || now.unitOfWork === own.unitOfWork) return false;
  if (now.unscopedSection !== undefined && now.unscopedSection.entities === undefined) return false;
  return now.scope.fingerprint !== own.scope?.fingerprint;
}

/** Whether the same is in force in two frames. */
export function isSameContext(frame: TenantContext | undefined, other: TenantContext | undefined): boolean {
  return (
    frame?.scope === other?.scope &&
    frame?.unscopedSection === other?.unscopedSection &&
    frame?.unitOfWork === other?.unitOfWork
  );
}

/** Notes that the running unit of work writes. */
export function noteWrite(): void {
  const frame = storage.getStore();
  if (frame !== undefined) frame.unitOfWork.writes = true;
}

/** Whether the running unit of work has written, or is going to. */
export function isWriting(): boolean {
  return storage.getStore()?.unitOfWork.writes === true;
}

/** Runs `fn`, which writes, as part of a unit of work that does: of one of its own outside any. */
export function runAsWrite<R>(fn: () => R): R {
  const run = (): R => {
    noteWrite();
    return fn();
  };
  return storage.getStore() === undefined ? storage.run(childContext(undefined, undefined), run) : run();
}

/** Runs `fn` with `scope` in force, for as long as the asynchronous chain that it starts. */
export function runWithScope<R>(scope: ValidScope, fn: () => R): R {
  return storage.run(childContext(scope, undefined), fn);
}

/** Runs `fn` as a unit of work of its own with `scope` in force. */
export function runAsUnitOfWork<R>(scope: ValidScope, fn: () => R): R {
  return storage.run(childContext(scope, undefined, new UnitOfWork()), fn);
}

/** Runs `fn` with nothing in force: for code that must not inherit whatever happens to be in force, such as opening a connection. */
export function runWithoutContext<R>(fn: () => R): R {
  // Not `exit`, which switches the hooks of the whole process off and on again.
  return storage.getStore() === undefined ? fn() : storage.run(undefined, fn);
}

/** Runs `fn` in `section` and closes it when `fn` returns or its promise settles. */
export function runUnscoped<R>(section: UnscopedSection, fn: () => R): R {
  let pending = false;
  try {
    const result = runInOpenSection(section, fn);
    if (isPromiseLike(result)) {
      pending = true;
      const close = (): void => section.close();
      return result.then(
        (value: unknown) => (close(), value),
        (error: unknown) => {
          close();
          throw error;
        },
      ) as R;
    }
    return result;
  } finally {
    if (!pending) section.close();
  }
}

/** Runs `fn` in `section` and leaves it open; the caller closes it. For subscriptions, which end by an event. */
export function runInOpenSection<R>(section: UnscopedSection, fn: () => R): R {
  return storage.run(childContext(storage.getStore()?.scope, section), fn);
}

/** Runs `fn` as part of a handler's call, with what is in force; undefined for none. */
export function runInRequest<R>(call: object | undefined, fn: () => R): R {
  const outer = storage.getStore();
  return storage.run({ ...childContext(outer?.scope, outer?.unscopedSection), request: call }, fn);
}

/** Carries what is in force now into a later call of `fn`, wherever that comes from. */
export function bindContext<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => R {
  const frame = storage.getStore();
  return (...args) => storage.run(frame, () => fn(...args));
}
