import { NotFoundException } from '@nestjs/common';
import { MuckConfigurationError } from '../../errors/muck-configuration.error.js';
import { TenantScopeInvalidError } from '../../errors/tenant-scope-invalid.error.js';
import { toCondition } from '../model/column-conditions.js';
import type { Condition } from '../model/column-conditions.js';
import type { ResourceColumn } from '../model/resource-column.js';
import type { Resource } from '../resource/resource.js';
import { isSameValue } from '../model/value-equality.js';

/**
 * The constraints of a controller's path and `scope()` in addition to the tenant scope: ANDed to every read, set on
 * every write. They only restrict, because the tenant scope always applies.
 */
export class RowConstraints {
  static readonly empty = new RowConstraints(new Map());

  /** The constraints as conditions of a statement. */
  readonly conditions: readonly Condition[];

  /** @param values the value that each column must equal, and is set to */
  constructor(readonly values: ReadonlyMap<ResourceColumn, unknown>) {
    this.conditions = [...values].map(([column, value]) => toCondition(column, value));
  }

  /**
   * Combines two sets of constraints.
   *
   * @throws NotFoundException if they contradict each other, because no row satisfies both
   */
  and(other: RowConstraints): RowConstraints {
    if (other.values.size === 0) return this;
    const contradicts = [...other.values].some(
      ([column, value]) => this.values.has(column) && !isSameValue(column.type, this.values.get(column), value),
    );
    if (contradicts) throw new NotFoundException();
    return new RowConstraints(new Map([...this.values, ...other.values]));
  }
}

/**
 * Parses the result of a controller's `scope()`.
 *
 * @param where the method's name, for errors
 * @throws TenantScopeInvalidError for a value that does not fit its column; also for undefined and null, which would
 *   remove the constraint
 * @throws MuckConfigurationError for a property that is not a column
 */
export function parseConstraints<T extends object>(
  resource: Resource<T>,
  candidate: unknown,
  where: string,
): RowConstraints {
  if (typeof candidate !== 'object' || candidate === null || Array.isArray(candidate)) {
    throw new TenantScopeInvalidError(`${where} must return an object`);
  }
  const values = Object.entries(candidate).map(([property, value]): [ResourceColumn, unknown] => {
    if (!resource.hasColumn(property)) {
      throw new MuckConfigurationError([`${where} names '${property}', which is not a column of ${resource.name}.`]);
    }
    const column = resource.column(property);
    const read = isComparable(value) ? column.type.fromJson(value) : undefined;
    if (read === undefined || column.type.fromText === undefined) {
      throw new TenantScopeInvalidError(`${where} sets ${property} to a value that is not ${column.type.description}`);
    }
    return [column, read];
  });
  return values.length === 0 ? RowConstraints.empty : new RowConstraints(new Map(values));
}

function isComparable(value: unknown): boolean {
  return ['string', 'number', 'bigint', 'boolean'].includes(typeof value) || value instanceof Date;
}
