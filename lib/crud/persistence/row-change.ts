import type { ObjectLiteral } from 'typeorm';
import type { EntityListenerMetadata } from '../../common/peer-internals.js';
import type { ColumnValues } from '../model/column-values.js';
import type { RowConstraints } from './row-constraints.js';
import type { Resource } from '../resource/resource.js';
import { hasAccessor, isChangeable, setChangedValue, isRelationKeyOnly } from '../model/resource-column.js';
import type { ResourceColumn } from '../model/resource-column.js';
import { copyOfValue } from '../model/value-copy.js';
import { isSameValue } from '../model/value-equality.js';

/**
 * The change of a stored row: its new values, and the columns that the UPDATE must set. Hooks and the entity's
 * `@BeforeUpdate` listeners may change {@link next}.
 */
export class RowChange<T extends object> {
  /** A copy of the row with the new values. */
  readonly next: T;
  /** Changes that a comparison cannot detect: SQL expressions, and relations without a property for their column. */
  private readonly forcedChanges: ColumnValues = new Map();

  /**
   * @param row as stored
   * @param values new values, or functions that return SQL
   */
  constructor(
    private readonly resource: Resource<T>,
    private readonly row: T,
    values: ColumnValues,
    private readonly narrowing: RowConstraints,
  ) {
    this.next = this.copyOfRow();
    for (const [column, value] of values) {
      if ((!isChangeable(column) && column.writableBy !== 'tenant') || narrowing.values.has(column)) continue;
      if (typeof value === 'function' || isRelationKeyOnly(column.metadata)) this.forcedChanges.set(column, value);
      else setChangedValue(this.next, column, copyOfValue(value));
    }
  }

  /**
   * Runs the entity's listeners. TypeORM runs them only for saved entities, not for an update by criteria, as used
   * here.
   */
  async runListeners(): Promise<void> {
    const listeners: readonly EntityListenerMetadata[] = this.resource.metadata.beforeUpdateListeners;
    for (const listener of listeners) if (listener.isAllowed(this.next)) await listener.execute(this.next);
  }

  /**
   * Returns the columns whose values differ in {@link next}.
   *
   * @returns values by property; undefined if no column changes
   */
  changedValues(): ObjectLiteral | undefined {
    const changes: ObjectLiteral = {};
    for (const [column, value] of this.forcedChanges) setChangedValue(changes, column, value);
    for (const column of this.resource.columns) {
      if (column.writableBy === 'server' || !column.metadata.isUpdate || this.narrowing.values.has(column)) continue;
      const value = this.valueInNext(column);
      if (value !== undefined) setChangedValue(changes, column, value);
    }
    return Object.keys(changes).length > 0 ? changes : undefined;
  }

  /** Returns the changed values without SQL expressions, for hooks that run before the write. */
  toPlain(): Partial<T> {
    return withoutExpressions(this.changedValues() ?? {}) as Partial<T>;
  }

  /** Returns the new value of a column; undefined if it does not change. */
  private valueInNext(column: ResourceColumn): unknown {
    if (isRelationKeyOnly(column.metadata)) {
      // The copy has such a property only if a hook or listener has set it.
      const reference = valueAt(this.next, column.property);
      return reference === undefined || reference === null ? reference : column.type.fromJson(reference);
    }
    const stored: unknown = column.metadata.getEntityValue(this.row);
    const value: unknown = column.metadata.getEntityValue(this.next);
    const isNew = value !== undefined && (stored === undefined || !isSameValue(column.type, stored, value));
    return isNew ? value : undefined;
  }

  private copyOfRow(): T {
    const copy = this.emptyRow();
    for (const column of this.resource.columns) {
      // Reading a lazy relation would load it.
      if (isRelationKeyOnly(column.metadata)) continue;
      const stored: unknown = column.metadata.getEntityValue(this.row);
      if (stored !== undefined) setChangedValue(copy, column, copyOfValue(stored));
    }
    return copy;
  }

  /** Returns a row without properties. Accessors may use private fields, which only a constructor makes. */
  private emptyRow(): T {
    const { columns, entity, metadata } = this.resource;
    if (!columns.some(hasAccessor)) return Object.create(entity.prototype as object) as T;
    const row = metadata.create() as T;
    for (const property of Object.keys(row)) Reflect.deleteProperty(row, property);
    return row;
  }
}

/** Returns the row's values of the changed properties. */
export function changedValues<T extends object>(row: T, changes: ObjectLiteral): Partial<T> {
  const values: ObjectLiteral = {};
  for (const property of Object.keys(changes)) {
    const stored = (row as ObjectLiteral)[property] as unknown;
    values[property] = stored === undefined ? (changes[property] as unknown) : stored;
  }
  return withoutExpressions(values) as Partial<T>;
}

function withoutExpressions(values: ObjectLiteral): ObjectLiteral {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => typeof value !== 'function'));
}

function valueAt(row: object, path: string): unknown {
  let value: unknown = row;
  for (const part of path.split('.')) value = (value as ObjectLiteral | null | undefined)?.[part];
  return value;
}
