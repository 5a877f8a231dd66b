import type { ExecutionContext } from '@nestjs/common';
import { MuckConfigurationError } from '../exceptions/muck-configuration.error.js';
import { TenantScopeInvalidError } from '../exceptions/tenant-scope-invalid.error.js';
import { conditionOn } from './conditions.js';
import type { Condition } from './conditions.js';
import { currentCall, runOutsideCall } from './crud-call.js';
import type { ResourceColumn } from './resource-column.js';
import type { Resource } from './resource.js';

/**
 * What a controller's `scope()` adds to the tenant scope: ANDed to every read, stamped on every write. It can only
 * narrow: the tenant scope holds beneath it.
 */
export class Narrowing {
  static readonly none = new Narrowing(new Map());

  /** As conditions of a statement. */
  readonly conditions: readonly Condition[];

  /** @param values what each column must equal, and is set to */
  constructor(readonly values: ReadonlyMap<ResourceColumn, unknown>) {
    this.conditions = [...values].map(([column, value]) => conditionOn(column, value));
  }
}

/**
 * Reads what a controller's `scope()` returned.
 *
 * @param where how errors call it
 * @throws TenantScopeInvalidError for a value that is not a plain one of its column's type; undefined and null too,
 *   which would widen
 * @throws MuckConfigurationError for a property that is no column
 */
export function readNarrowing<T extends object>(resource: Resource<T>, candidate: unknown, where: string): Narrowing {
  if (typeof candidate !== 'object' || candidate === null || Array.isArray(candidate)) {
    throw new TenantScopeInvalidError(`${where} returned no object`);
  }
  const values = Object.entries(candidate).map(([property, value]): [ResourceColumn, unknown] => {
    if (!resource.hasColumn(property)) {
      throw new MuckConfigurationError([`${where} names '${property}', which is no column of ${resource.name}.`]);
    }
    const column = resource.column(property);
    const read = isComparable(value) ? column.type.read(value) : undefined;
    if (read === undefined || column.type.parse === undefined) {
      throw new TenantScopeInvalidError(`${where} gives ${property} a value that is not ${column.type.expects}`);
    }
    return [column, read];
  });
  return values.length === 0 ? Narrowing.none : new Narrowing(new Map(values));
}

function isComparable(value: unknown): boolean {
  return ['string', 'number', 'bigint', 'boolean'].includes(typeof value) || value instanceof Date;
}

/** The narrowing of one controller: its `scope()`. */
export type NarrowByContext = (context: ExecutionContext) => unknown;

/** Asks a controller's `scope()` once for each call of its handlers. */
export function narrowOncePerCall<T extends object>(
  resource: () => Resource<T>,
  narrow: NarrowByContext,
  where: string,
): () => Promise<Narrowing> {
  const known = new WeakMap<ExecutionContext, Promise<Narrowing>>();
  return async () => {
    const context = currentCall()?.context;
    if (context === undefined) {
      throw new Error(
        `${where} narrows by the request, and none is being handled: use @InjectCrud(${resource().name}) outside of requests.`,
      );
    }
    let narrowing = known.get(context);
    if (narrowing === undefined) {
      // Outside the call: a scope() that asked its own service would wait for itself.
      narrowing = runOutsideCall(async () => readNarrowing(resource(), await narrow(context), where));
      known.set(context, narrowing);
    }
    return narrowing;
  };
}

/** For a controller without a `scope()` of its own. */
export function noNarrowing(): Promise<Narrowing> {
  return Promise.resolve(Narrowing.none);
}
