import type { ObjectLiteral } from 'typeorm';
import type { EntityListenerMetadata } from 'typeorm/metadata/EntityListenerMetadata.js';
import { isPlainObject } from '../../common/is-plain-object.js';
import type { ColumnValues } from '../model/column-values.js';
import type { RowConstraints } from './row-constraints.js';
import type { Resource } from '../resource/resource.js';
import { isChangeable, setChangedValue, isRelationKeyOnly } from '../model/resource-column.js';
import type { ResourceColumn } from '../model/resource-column.js';
import { isSameValue } from '../model/value-equality.js';

/**
 * The change of a row that is stored: what it is going to be, and which columns an update has to write for that. Hooks
 * and the entity's `@BeforeUpdate` listeners have their say by changing {@link next}.
 */
export class RowChange<T extends object> {
  /** A copy of the row with the new values. */
  readonly next: T;
  /** What a comparison cannot find: values that only the database can compute, and relations without a column. */
  private readonly forcedChanges: ColumnValues = new Map();

  /**
   * @param row as it is stored
   * @param values new values, or functions that give SQL
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
      else setChangedValue(this.next, column, value);
    }
  }

  /** Runs the entity's listeners: TypeORM does for entities that are saved, and an update by criteria is what is sent. */
  async runListeners(): Promise<void> {
    const listeners: readonly EntityListenerMetadata[] = this.resource.metadata.beforeUpdateListeners;
    for (const listener of listeners) if (listener.isAllowed(this.next)) await listener.execute(this.next);
  }

  /**
   * What an update has to write, the columns that {@link next} differs in.
   *
   * @returns values by property; undefined when nothing changes
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

  /** What the change comes to, for whoever asks before it is written. */
  toPlain(): Partial<T> {
    return withoutExpressions(this.changedValues() ?? {}) as Partial<T>;
  }

  /** The new value of a column; undefined where it keeps its value. */
  private valueInNext(column: ResourceColumn): unknown {
    if (isRelationKeyOnly(column.metadata)) {
      // The copy has such a property only if somebody has set it.
      const reference = valueAt(this.next, column.property);
      return reference === undefined || reference === null ? reference : column.type.fromJson(reference);
    }
    const stored: unknown = column.metadata.getEntityValue(this.row);
    const value: unknown = column.metadata.getEntityValue(this.next);
    const isNew = value !== undefined && (stored === undefined || !isSameValue(column.type, stored, value));
    return isNew ? value : undefined;
  }

  private copyOfRow(): T {
    const copy = Object.create(this.resource.entity.prototype as object) as T;
    for (const column of this.resource.columns) {
      // Asking a lazy relation for its key would load it.
      if (isRelationKeyOnly(column.metadata)) continue;
      const stored: unknown = column.metadata.getEntityValue(this.row);
      if (stored !== undefined) setChangedValue(copy, column, copyOf(stored));
    }
    return copy;
  }
}

/** The values that a row has of the properties that have changed. */
export function changedValues<T extends object>(row: T, changes: ObjectLiteral): Partial<T> {
  const values: ObjectLiteral = {};
  for (const property of Object.keys(changes)) {
    const stored = (row as ObjectLiteral)[property] as unknown;
    values[property] = stored === undefined ? (changes[property] as unknown) : stored;
  }
  return withoutExpressions(values) as Partial<T>;
}

/** A copy of what can be changed in place: a hook that pushes into a list changes the row that is going to be, not the stored one. */
function copyOf(value: unknown): unknown {
  if (value instanceof Date) return new Date(value);
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (Array.isArray(value)) return value.map(copyOf);
  // By its entries, as own properties: stored JSON may hold any name.
  return isPlainObject(value)
    ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copyOf(item)]))
    : value;
}

function withoutExpressions(values: ObjectLiteral): ObjectLiteral {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => typeof value !== 'function'));
}

function valueAt(row: object, path: string): unknown {
  let value: unknown = row;
  for (const part of path.split('.')) value = (value as ObjectLiteral | null | undefined)?.[part];
  return value;
}
