import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import type { PolicyRegistry } from '../policy/policy-registry.js';
import { isRowOf } from '../policy/table-entities.js';

/**
 * The foreign key values that one statement writes, as they are stored, after transformers and defaults. Each is
 * computed once: a transformer may return another value the next time, and the checked value must be the written one.
 */
export class ResolvedKeyValues {
  private readonly cache: Map<ColumnMetadata, unknown>[];
  /**
   * Keyed by database column name, because two relations that share a join column have two ColumnMetadata for it, and
   * so have two properties of one column. Databases that allow it store one of the values.
   */
  private readonly written = new Map<string, ColumnMetadata[]>();

  /**
   * @param valueSets the written values, as TypeORM reads them
   * @param columns columns that the statement sets: an insert uses the default for any other, an update leaves it
   * unchanged
   * @param kind an upsert may update or skip existing rows
   */
  constructor(
    readonly metadata: EntityMetadata,
    readonly valueSets: readonly ObjectLiteral[],
    private readonly policies: PolicyRegistry,
    columns: Iterable<ColumnMetadata>,
    private readonly kind: 'insert' | 'upsert' | 'update',
  ) {
    this.cache = valueSets.map(() => new Map<ColumnMetadata, unknown>());
    for (const column of columns) {
      const alike = this.written.get(column.databaseName);
      if (alike === undefined) this.written.set(column.databaseName, [column]);
      else alike.push(column);
    }
  }

  get isUpdate(): boolean {
    return this.kind === 'update';
  }

  /**
   * Checks whether the statement creates the referenced row itself. Only a plain insert does for certain: it stores all
   * of its rows or none, but an upsert may skip some.
   *
   * @param target the referenced entity
   * @param columns its referenced columns
   */
  insertsRow(target: EntityMetadata, columns: readonly ColumnMetadata[], key: readonly unknown[]): boolean {
    if (this.kind !== 'insert' || !isRowOf(this.metadata, target)) return false;
    return this.valueSets.some((_, row) =>
      columns.every((column, i) => this.written.has(column.databaseName) && this.storedValue(column, row) === key[i]),
    );
  }

  /**
   * Returns the value that a row will have in a column. Undefined if the statement leaves it unchanged, or if it has no
   * default.
   *
   * @throws StatementRefusedError if the value is an SQL expression or a default computed by the database, or if two
   *   properties give the column different ones
   */
  storedValue(column: ColumnMetadata, row: number): unknown {
    const written = this.written.get(column.databaseName);
    if (written === undefined && this.isUpdate) return undefined;
    const assignedValue = written === undefined ? undefined : this.assigned(written, row);
    if (assignedValue !== undefined) return assignedValue;
    // TypeORM binds undefined as NULL.
    return this.isUpdate ? null : defaultOf(written?.[0] ?? column, this.metadata);
  }

  /** Returns the value that is assigned to a column by any of its properties. */
  private assigned([first, ...others]: readonly ColumnMetadata[], row: number): unknown {
    let value = this.given(first, row);
    for (const other of others) {
      const given = this.given(other, row);
      if ((value ?? undefined) === undefined) value = given ?? value;
      else if ((given ?? undefined) !== undefined && String(given) !== String(value))
        throw unresolvable(other, this.metadata, `and ${first.propertyPath} are different values of one column`);
    }
    return value;
  }

  /**
   * Returns the value that the statement assigns to a column that it writes; undefined if it assigns no value.
   *
   * @throws StatementRefusedError if the value is an SQL expression
   */
  given(column: ColumnMetadata, row: number): unknown {
    const made = this.cache[row];
    if (!made.has(column)) made.set(column, this.make(column, this.valueSets[row]));
    return made.get(column);
  }

  private make(column: ColumnMetadata, valueSet: ObjectLiteral): unknown {
    if (column.isDiscriminator && !this.isUpdate) return this.metadata.discriminatorValue;
    const value = assignedColumnValue(column, valueSet, this.metadata);
    // A transformer may turn null into a key, or return a function (raw SQL).
    const stored: unknown = this.policies.driver.preparePersistentValue(value, column);
    if (typeof stored === 'function') throw unresolvable(column, this.metadata, 'is set by an SQL expression');
    return stored;
  }
}

/** Returns the value that TypeORM writes into a column, with a related object resolved to its key. */
export function assignedColumnValue(
  column: ColumnMetadata,
  valueSet: ObjectLiteral,
  metadata: EntityMetadata,
): unknown {
  const value: unknown = column.getEntityValue(valueSet);
  if (typeof value === 'function') throw unresolvable(column, metadata, 'is set by an SQL expression');
  if (typeof value === 'object' && !(value instanceof Date) && !ArrayBuffer.isView(value) && column.referencedColumn) {
    return column.referencedColumn.getEntityValue(value as ObjectLiteral) as unknown;
  }
  return value;
}

/**
 * Returns the column's default. TypeORM puts a text default between quotes unescaped, so `''` means one quote, and the
 * meaning of a backslash depends on the database's settings.
 */
function defaultOf(column: ColumnMetadata, metadata: EntityMetadata): unknown {
  const given: unknown = column.default;
  const isTold = typeof given !== 'function' && !(typeof given === 'string' && given.includes('\\'));
  if (!isTold) throw unresolvable(column, metadata, 'would get its database default');
  return typeof given === 'string' ? given.replaceAll("''", "'") : given;
}

function unresolvable(column: ColumnMetadata, metadata: EntityMetadata, how: string): StatementRefusedError {
  return new StatementRefusedError(
    `${metadata.name}.${column.propertyPath} ${how}, so its foreign key cannot be checked`,
    'Set a value.',
  );
}
