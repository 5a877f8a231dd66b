import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import { RandomGenerator } from '../../common/peer-internals.js';
import type { ColumnMetadata } from '../../common/peer-internals.js';

type ReturnedRow = Readonly<Record<string, unknown>>;

/** Returns the rows of RETURNING in the order of the inserted ones. */
export type RowOrder = (rows: readonly ReturnedRow[]) => readonly ReturnedRow[];

/** How the rows that an insert returns are matched with the inserted ones. */
export interface ReturnedRows {
  /** The columns that have to be returned. */
  readonly columns: readonly ColumnMetadata[];
  readonly order: RowOrder;
}

/**
 * Tells how the rows that an insert of several rows returns are matched: by their key, because neither SQL nor a
 * distributed database promises an order. TypeORM matches them by position.
 *
 * @param valueSets the values of the rows
 * @param conflict the columns of the conflict target of an upsert; undefined for an insert
 * @returns undefined if nothing but the position identifies a row
 */
export function matchReturnedRows(
  metadata: EntityMetadata,
  valueSets: readonly ObjectLiteral[],
  conflict: readonly string[] | undefined,
): ReturnedRows | undefined {
  const key =
    conflict === undefined
      ? metadata.primaryColumns
      : metadata.columns.filter(({ databaseName }) => conflict.includes(databaseName));
  const columns = key.filter((column) => valueSets.some((valueSet) => isGiven(valueOf(column, valueSet))));
  const keys = valueSets.map((valueSet) => keyOf(columns, (column) => valueOf(column, valueSet)));
  if (columns.length > 0 && new Set(keys).size === valueSets.length && !keys.includes(undefined))
    return { columns, order: (rows) => inOrderOfKeys(rows, keys, columns) };
  const [counted] = key.filter(
    ({ isGenerated, generationStrategy }) => isGenerated && generationStrategy === 'increment',
  );
  if (conflict !== undefined || counted === undefined || columns.includes(counted)) return undefined;
  // Numbers are generated in the order of the values.
  return { columns: [counted], order: (rows) => inOrderOfNumbers(rows, counted.databaseName) };
}

/**
 * Sets a UUID that the database would generate, so that the row can be told apart. TypeORM does the same for databases
 * that generate none.
 */
export function setGeneratedUuids(metadata: EntityMetadata, valueSets: readonly ObjectLiteral[]): void {
  for (const column of metadata.primaryColumns) {
    if (!column.isGenerated || column.generationStrategy !== 'uuid') continue;
    for (const valueSet of valueSets) {
      if (valueOf(column, valueSet) === undefined) column.setEntityValue(valueSet, RandomGenerator.uuidv4());
    }
  }
}

function inOrderOfKeys(
  rows: readonly ReturnedRow[],
  keys: readonly (string | undefined)[],
  columns: readonly ColumnMetadata[],
): readonly ReturnedRow[] {
  const byKey = new Map(rows.map((row) => [keyOf(columns, ({ databaseName }) => row[databaseName]), row]));
  const found = keys.map((key) => byKey.get(key));
  // A database may return a value in another form: then the position is all there is.
  const isComplete = rows.length === keys.length && found.every((row) => row !== undefined);
  return isComplete ? found : rows;
}

function inOrderOfNumbers(rows: readonly ReturnedRow[], name: string): readonly ReturnedRow[] {
  const numbers = new Map(rows.map((row) => [row, Number(row[name])]));
  if ([...numbers.values()].some((number) => !Number.isSafeInteger(number))) return rows;
  return [...rows].sort((one, other) => numbers.get(one)! - numbers.get(other)!);
}

function valueOf(column: ColumnMetadata, valueSet: ObjectLiteral): unknown {
  return column.getEntityValue(valueSet, true);
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** Returns the text of a key; undefined if a part of it is missing, or is SQL. */
function keyOf(columns: readonly ColumnMetadata[], read: (column: ColumnMetadata) => unknown): string | undefined {
  const parts = columns.map((column) => textOf(read(column), column));
  return parts.includes(undefined) ? undefined : JSON.stringify(parts);
}

function textOf(value: unknown, { type, generationStrategy }: ColumnMetadata): string | undefined {
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') return undefined;
  // PostgreSQL returns a UUID in lower case.
  return type === 'uuid' || generationStrategy === 'uuid' ? String(value).toLowerCase() : String(value);
}
