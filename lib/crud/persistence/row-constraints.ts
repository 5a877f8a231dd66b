import { NotFoundException } from '@nestjs/common';
import { MuckConfigurationError } from '../../errors/muck-configuration.error.js';
import { TenantScopeInvalidError } from '../../errors/tenant-scope-invalid.error.js';
import { toCondition } from '../model/column-conditions.js';
import type { Condition } from '../model/column-conditions.js';
import type { ResourceColumn } from '../model/resource-column.js';
import type { Resource } from '../resource/resource.js';
import { isSameValue } from '../model/value-equality.js';

/**
 * What a controller's path and its `scope()` add to the tenant scope: ANDed to every read, stamped on every write. It can only
 * narrow: the tenant scope holds beneath it.
 */
export class RowConstraints {
  static readonly empty = new RowConstraints(new Map());

  /** As conditions of a statement. */
  readonly conditions: readonly Condition[];

  /** @param values what each column must equal, and is set to */
  constructor(readonly values: ReadonlyMap<ResourceColumn, unknown>) {
    this.conditions = [...values].map(([column, value]) => toCondition(column, value));
  }

  /**
   * Both narrowings at once.
   *
   * @throws NotFoundException when they contradict each other: no row meets both
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
 * Reads what a controller's `scope()` returned.
 *
 * @param where how errors call it
 * @throws TenantScopeInvalidError for a value that is not a plain one of its column's type; undefined and null too,
 *   which would widen
 * @throws MuckConfigurationError for a property that is no column
 */
export function parseConstraints<T extends object>(
  resource: Resource<T>,
  candidate: unknown,
  where: string,
): RowConstraints {
  if (typeof candidate !== 'object' || candidate === null || Array.isArray(candidate)) {
    throw new TenantScopeInvalidError(`${where} returned no object`);
  }
  const values = Object.entries(candidate).map(([property, value]): [ResourceColumn, unknown] => {
    if (!resource.hasColumn(property)) {
      throw new MuckConfigurationError([`${where} names '${property}', which is no column of ${resource.name}.`]);
    }
    const column = resource.column(property);
    const read = isComparable(value) ? column.type.fromJson(value) : undefined;
    if (read === undefined || column.type.fromText === undefined) {
      throw new TenantScopeInvalidError(`${where} gives ${property} a value that is not ${column.type.description}`);
    }
    return [column, read];
  });
  return values.length === 0 ? RowConstraints.empty : new RowConstraints(new Map(values));
}

function isComparable(value: unknown): boolean {
  return ['string', 'number', 'bigint', 'boolean'].includes(typeof value) || value instanceof Date;
}
