import { AsyncLocalStorage } from 'node:async_hooks';
import { ClientDisconnectedError } from '../../errors/client-disconnected.error.js';
import type { ValidScope, TenantScope } from './tenant-scope.js';
import type { UnscopedSection } from './unscoped-section.js';

/** The client that waits for the response to a request. */
export interface WaitingClient {
  /** True if it has disconnected before it got a response. */
  readonly isGone: boolean;
}

/** Request or job. */
export class UnitOfWork {
  /**
   * The client of a request that may still be dropped: nothing was done for it, and its handler does nothing before its
   * first statement. Undefined for every other unit of work.
   */
  client: WaitingClient | undefined;
  /** The handler call of a request, for the log. */
  call: object | undefined;
  /** True if it has written or is going to. It then reads from the primary, because a replica may lack its writes. */
  writes = false;
}

/** Tenant context of the running code. Immutable; nesting creates a new one. */
export interface TenantContext {
  /** Tenant scope, or undefined. In an unscoped section it still applies to entities that are not exempt. */
  readonly scope: ValidScope | undefined;
  readonly unscopedSection: UnscopedSection | undefined;
  /** Unit of work (a request or job) of the context; nested contexts share it. */
  readonly unitOfWork: UnitOfWork;
  /** Handler call that the code belongs to, for the layer that responds to it; nested contexts share it. */
  readonly request: object | undefined;
}

/*
 * One storage per process, never `enterWith`. That would leak a tenant into the next code on the same resource, such as
 * the next request of a keep-alive connection.
 *
 * If the module is loaded twice (by two versions of the package), each copy has its own storage. The scope of the other
 * copy is then undefined, so queries are refused.
 */
const storage = new AsyncLocalStorage<TenantContext | undefined>();

/**
 * Returns a context nested in the current one. Defines every property, so that a polluted Object.prototype cannot
 * supply an unscoped section.
 */
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

/** Returns the context of the running code; undefined outside of any context. */
export function currentContext(): TenantContext | undefined {
  return storage.getStore();
}

/**
 * Returns the values of the current scope; undefined outside of any scope and in an unscoped section for every
 * entity.
 */
export function currentScope(): TenantScope | undefined {
  const frame = storage.getStore();
  return frame?.unscopedSection !== undefined && frame.unscopedSection.entities === undefined
    ? undefined
    : frame?.scope?.values;
}

/**
 * Checks whether the running code works for another tenant than `own`, as part of another request or job. Nested runs,
 * and unscoped sections for all entities, are intended and give false.
 */
export function isOtherTenant(own: TenantContext): boolean {
  const now = storage.getStore();
  if (now?.scope === undefined || now.unitOfWork === own.unitOfWork) return false;
  if (now.unscopedSection !== undefined && now.unscopedSection.entities === undefined) return false;
  return now.scope.fingerprint !== own.scope?.fingerprint;
}

/** Returns true if two contexts have the same scope, unscoped section and unit of work. */
export function isSameContext(frame: TenantContext | undefined, other: TenantContext | undefined): boolean {
  return (
    frame?.scope === other?.scope &&
    frame?.unscopedSection === other?.unscopedSection &&
    frame?.unitOfWork === other?.unitOfWork
  );
}

/**
 * Records that a unit of work has a connection for its first statement, so that it is carried through from now on.
 *
 * @returns the error for the statement if its client has disconnected meanwhile
 */
export function beginUnitOfWork(unit: UnitOfWork | undefined): ClientDisconnectedError | undefined {
  if (unit?.client === undefined) return undefined;
  // The client is kept, so that a further statement of this request is not sent either.
  if (unit.client.isGone) return new ClientDisconnectedError();
  unit.client = undefined;
  return undefined;
}

/** Marks the current unit of work as writing. */
export function noteWrite(): void {
  const frame = storage.getStore();
  if (frame !== undefined) frame.unitOfWork.writes = true;
}

/** Returns true if the current unit of work has written or is going to. */
export function isWriting(): boolean {
  return storage.getStore()?.unitOfWork.writes === true;
}

/** Runs `fn`, which writes, and marks its unit of work as writing. Outside of any context, creates a unit of work. */
export function runAsWrite<R>(fn: () => R): R {
  const run = (): R => {
    noteWrite();
    return fn();
  };
  return storage.getStore() === undefined ? storage.run(childContext(undefined, undefined), run) : run();
}

/** Runs `fn` in `scope`, for as long as the asynchronous chain that it starts. */
export function runWithScope<R>(scope: ValidScope, fn: () => R): R {
  return storage.run(childContext(scope, undefined), fn);
}

/** Runs `fn` in `scope` as a unit of work of its own. */
export function runAsUnitOfWork<R>(scope: ValidScope, fn: () => R): R {
  return storage.run(childContext(scope, undefined, new UnitOfWork()), fn);
}

/** Runs `fn` without a context, for code that must not inherit the current one, such as opening a connection. */
export function runWithoutContext<R>(fn: () => R): R {
  // Not `exit`, which disables and enables the hooks of the whole process.
  return storage.getStore() === undefined ? fn() : storage.run(undefined, fn);
}

/** Runs `fn` in an unscoped section, and closes it when `fn` returns or its promise settles. */
export function runUnscoped<R>(section: UnscopedSection, fn: () => R): R {
  return section.closeAfter(() => runInOpenSection(section, fn));
}

/**
 * Runs `fn` in an unscoped section and leaves it open; the caller closes it. For subscriptions, which an event ends.
 */
export function runInOpenSection<R>(section: UnscopedSection, fn: () => R): R {
  return storage.run(childContext(storage.getStore()?.scope, section), fn);
}

/**
 * Runs `fn` in the current context as part of a handler call.
 *
 * @param call undefined for code that belongs to no handler call
 */
export function runInRequest<R>(call: object | undefined, fn: () => R): R {
  const outer = storage.getStore();
  return storage.run({ ...childContext(outer?.scope, outer?.unscopedSection), request: call }, fn);
}

/** Returns a function that runs `fn` in the current context, wherever it is called. */
export function bindContext<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => R {
  const frame = storage.getStore();
  return (...args) => storage.run(frame, () => fn(...args));
}
