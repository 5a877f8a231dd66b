import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import type { PolicyRegistry } from '../policy/policy-registry.js';
import { isRowOf } from '../policy/table-entities.js';

/**
 * The keys that one statement writes, as they are stored: transformers and defaults are part of them. Each is made once, since a transformer
 * may make another one the next time, and what is looked up must be what is written.
 */
export class ResolvedKeyValues {
  private readonly cache: Map<ColumnMetadata, unknown>[];
  /** By their names in the database: relations that share a column have a description of it each, and TypeORM reads one of them. */
  private readonly written: ReadonlyMap<string, ColumnMetadata>;

  /**
   * @param valueSets what is written, as TypeORM reads it
   * @param kind an upsert may meet rows that are there, or leave them be
   * @param columns those that the statement gives a value: an insert leaves any other to its default, an update leaves it alone
   */
  constructor(
    readonly metadata: EntityMetadata,
    readonly valueSets: readonly ObjectLiteral[],
    private readonly policies: PolicyRegistry,
    columns: Iterable<ColumnMetadata>,
    private readonly kind: 'insert' | 'upsert' | 'update',
  ) {
    this.cache = valueSets.map(() => new Map<ColumnMetadata, unknown>());
    this.written = new Map([...columns].map((column) => [column.databaseName, column]));
  }

  get isUpdate(): boolean {
    return this.kind === 'update';
  }

  /**
   * Whether a row that is named is one of those that this statement makes: all of them, or none.
   *
   * @param target the entity that is named
   * @param columns its columns that name the row
   */
  insertsRow(target: EntityMetadata, columns: readonly ColumnMetadata[], key: readonly unknown[]): boolean {
    if (this.kind !== 'insert' || !isRowOf(this.metadata, target)) return false;
    return this.valueSets.some((_, row) =>
      columns.every((column, i) => this.written.has(column.databaseName) && this.storedValue(column, row) === key[i]),
    );
  }

  /**
   * What a row will hold in a column; undefined where the statement leaves it alone, or the database has no default for it.
   *
   * @throws StatementRefusedError when it is left to an SQL expression
   */
  storedValue(column: ColumnMetadata, row: number): unknown {
    const written = this.written.get(column.databaseName);
    if (written === undefined && this.isUpdate) return undefined;
    const assignedValue = written === undefined ? undefined : this.given(written, row);
    if (assignedValue !== undefined) return assignedValue;
    // A parameter without a value is null.
    return this.isUpdate ? null : defaultOf(written ?? column, this.metadata);
  }

  /**
   * What the statement gives a column that it writes; undefined where it gives nothing.
   *
   * @throws StatementRefusedError when it gives an SQL expression
   */
  given(column: ColumnMetadata, row: number): unknown {
    const made = this.cache[row];
    if (!made.has(column)) made.set(column, this.make(column, this.valueSets[row]));
    return made.get(column);
  }

  private make(column: ColumnMetadata, valueSet: ObjectLiteral): unknown {
    if (column.isDiscriminator && !this.isUpdate) return this.metadata.discriminatorValue;
    const value = assignedColumnValue(column, valueSet, this.metadata);
    // A transformer may make a key of nothing, and SQL of anything.
    const stored: unknown = this.policies.driver.preparePersistentValue(value, column);
    if (typeof stored === 'function') throw unresolvable(column, this.metadata, 'is given as an SQL expression');
    return stored;
  }
}

/** The value that TypeORM writes into a column, with a related object resolved to its key. */
export function assignedColumnValue(
  column: ColumnMetadata,
  valueSet: ObjectLiteral,
  metadata: EntityMetadata,
): unknown {
  const value: unknown = column.getEntityValue(valueSet);
  if (typeof value === 'function') throw unresolvable(column, metadata, 'is given as an SQL expression');
  if (typeof value === 'object' && !(value instanceof Date) && !ArrayBuffer.isView(value) && column.referencedColumn) {
    return column.referencedColumn.getEntityValue(value as ObjectLiteral) as unknown;
  }
  return value;
}

/** TypeORM puts a text between quotes as it is. */
function defaultOf(column: ColumnMetadata, metadata: EntityMetadata): unknown {
  const given: unknown = column.default;
  const isTold = typeof given !== 'function' && !(typeof given === 'string' && given.includes('\\'));
  if (!isTold) throw unresolvable(column, metadata, 'is left to a default of the database');
  return typeof given === 'string' ? given.replaceAll("''", "'") : given;
}

function unresolvable(column: ColumnMetadata, metadata: EntityMetadata, how: string): StatementRefusedError {
  return new StatementRefusedError(
    `${metadata.name}.${column.propertyPath} ${how}, and which row that names cannot be told`,
    'Give a value.',
  );
}
