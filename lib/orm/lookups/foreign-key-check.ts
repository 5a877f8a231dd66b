import { EntityNotFoundError } from 'typeorm';
import type { DataSource, EntityMetadata, ObjectLiteral, QueryRunner } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import { ReferenceUnknownError } from '../../errors/reference-unknown.error.js';
import { SharedRowError } from '../../errors/shared-row.error.js';
import { builderRegistry } from '../enforcement/builder-registry.js';
import type { ForeignKey } from '../policy/declared-foreign-keys.js';
import { requireEnforcement } from '../enforcement/enforcement.js';
import { losslessColumnSql } from './exact-select.js';
import type { ForeignKeyLookup } from '../writes/foreign-keys.js';
import type { RowSet } from '../policy/tenant-policy.js';

/** Databases limit the number of parameters of a statement, so rows are checked in chunks well below the limit. */
const CHUNK = 1000;

/**
 * Checks the rows that a statement references by foreign keys, with one SELECT per entity, on the same query runner.
 *
 * @throws ReferenceUnknownError for the first foreign key that references a row which the scope cannot see
 * @throws SharedRowError if a shared row is referenced but the tenant's own is required
 */
export async function assertReferencesVisible(
  lookups: readonly ForeignKeyLookup[],
  queryRunner: QueryRunner,
): Promise<void> {
  const groups: ForeignKeyLookup[][] = [];
  for (const lookup of lookups.filter(({ orOwned }) => orOwned === undefined)) {
    // Grouped by entity, not by table: a row of one child entity is not a row of its siblings.
    const group = groups.find(([{ key, owned }]) => owned === lookup.owned && isSameTarget(key, lookup.key));
    if (group === undefined) groups.push([lookup]);
    else group.push(lookup);
  }
  for (const group of groups) {
    const missing = await missingRows(queryRunner, group, group[0].owned ? 'own' : 'visible');
    if (missing.size === 0) continue;
    // A row that is visible but not the tenant's own gets the more specific SharedRowError.
    const unseen = group[0].owned ? await missingRows(queryRunner, group, 'visible') : missing;
    const unknown = group.find((lookup) => namesOneOf(lookup, unseen));
    if (unknown === undefined) throw new SharedRowError(group[0].key.target.name);
    throw new ReferenceUnknownError(unknown.entity.name, unknown.key.property);
  }
  for (const lookup of lookups) await assertOwnLinks(lookup, queryRunner);
}

async function assertOwnLinks(lookup: ForeignKeyLookup, queryRunner: QueryRunner): Promise<void> {
  const { orOwned, key, values } = lookup;
  if (orOwned === undefined) return;
  const shared = await missingRows(queryRunner, [lookup], 'own');
  if (shared.size === 0) return;
  const sharedThere = await missingRows(queryRunner, [orOwned], 'own');
  const isShared = values.some(
    (row, i) =>
      shared.has(serializeRowKey(row, referencedOf(key))) &&
      sharedThere.has(serializeRowKey(orOwned.values[i], referencedOf(orOwned.key))),
  );
  if (isShared) throw new SharedRowError(key.target.name);
}

/** Returns the keys of rows that lookups of one entity reference and that are not in the set. */
async function missingRows(
  queryRunner: QueryRunner,
  group: readonly ForeignKeyLookup[],
  rows: RowSet,
): Promise<ReadonlySet<string>> {
  const { key } = group[0];
  const referenced = referencedOf(key);
  const wanted = group.flatMap(({ values }) => values);
  const missing = await findInvisible(queryRunner, key.target, referenced, wanted, rows);
  return new Set(missing.map((row) => serializeRowKey(row, referenced)));
}

function namesOneOf({ key, values }: ForeignKeyLookup, rows: ReadonlySet<string>): boolean {
  return values.some((row) => rows.has(serializeRowKey(row, referencedOf(key))));
}

function referencedOf({ columns }: ForeignKey): readonly ColumnMetadata[] {
  return columns.map(({ referenced }) => referenced);
}

function isSameTarget(key: ForeignKey, other: ForeignKey): boolean {
  const namesOf = ({ columns }: ForeignKey): string => columns.map(({ referenced }) => referenced.databaseName).join();
  return key.target === other.target && namesOf(key) === namesOf(other);
}

/**
 * Checks whether the scope can see all given rows, soft-deleted ones included. The database compares the keys, because
 * it may return one in another form.
 *
 * @param columns the columns that identify a row
 * @param rows their values as they are stored, one list per row
 */
export async function areAllVisible(
  queryRunner: QueryRunner,
  metadata: EntityMetadata,
  columns: readonly ColumnMetadata[],
  rows: readonly (readonly unknown[])[],
): Promise<boolean> {
  return (await findInvisible(queryRunner, metadata, columns, rows, 'visible')).length === 0;
}

/**
 * Throws unless all given rows are visible and the tenant's own.
 *
 * @param columns the columns that identify a row
 * @param rows their values as they are stored, one list per row
 * @param named the criteria for the error message
 * @throws EntityNotFoundError if the scope cannot see one of them
 * @throws SharedRowError if all are visible and one is shared
 */
export async function assertOwn(
  queryRunner: QueryRunner,
  metadata: EntityMetadata,
  columns: readonly ColumnMetadata[],
  rows: readonly (readonly unknown[])[],
  named: ObjectLiteral = {},
): Promise<void> {
  const foreign = await findInvisible(queryRunner, metadata, columns, rows, 'own');
  if (foreign.length === 0) return;
  const { policies } = requireEnforcement(queryRunner.dataSource);
  if (policies.mayBeShared(metadata) && (await areAllVisible(queryRunner, metadata, columns, foreign)))
    throw new SharedRowError(metadata.name);
  throw new EntityNotFoundError(metadata.target, named);
}

/**
 * Returns the given rows that are not in the set. A key that the database may have returned in another form is queried
 * again by itself.
 */
async function findInvisible(
  queryRunner: QueryRunner,
  metadata: EntityMetadata,
  columns: readonly ColumnMetadata[],
  rows: readonly (readonly unknown[])[],
  set: RowSet,
): Promise<(readonly unknown[])[]> {
  const found = await selectByKeys(queryRunner, metadata, columns, rows, columns, set);
  const visible = new Set(found.map((row) => serializeRowKey(row, columns)));
  const unseen: (readonly unknown[])[] = [];
  for (const row of distinctRows(rows)) {
    if (visible.has(serializeRowKey(row, columns))) continue;
    if ((await selectByKeys(queryRunner, metadata, columns, [row], columns, set)).length === 0) unseen.push(row);
  }
  return unseen;
}

/** Removes duplicate rows by exact values: two spellings of one key are both checked. */
function distinctRows(rows: readonly (readonly unknown[])[]): (readonly unknown[])[] {
  return [
    ...new Map(rows.map((row) => [JSON.stringify(row.map((value) => [typeof value, exactText(value)])), row])).values(),
  ];
}

/**
 * Selects columns of rows by key; rows outside of the set are left out. Soft-deleted rows are included.
 *
 * @param columns the columns that identify a row
 * @param rows their values, one list per row
 * @param set 'own' for the scope's own rows only; by default all rows that it sees
 * @returns the values of `wanted`, one list per row that was found
 */
export async function selectByKeys(
  queryRunner: QueryRunner,
  metadata: EntityMetadata,
  columns: readonly ColumnMetadata[],
  rows: readonly (readonly unknown[])[],
  wanted: readonly ColumnMetadata[],
  set?: RowSet,
): Promise<unknown[][]> {
  const distinct = distinctRows(rows);
  const found: unknown[][] = [];
  for (let at = 0; at < distinct.length; at += CHUNK) {
    const raws = await select(queryRunner, metadata, columns, distinct.slice(at, at + CHUNK), wanted, set);
    found.push(...raws.map((raw) => wanted.map((_, i) => raw[`c${i}`] as unknown)));
  }
  return found;
}

/** Returns the values of an entity's columns as they are stored. */
export function toDatabaseValues(
  entity: ObjectLiteral,
  columns: readonly ColumnMetadata[],
  { driver }: DataSource,
): unknown[] {
  return columns.map((column) => {
    const value: unknown = column.getEntityValue(entity);
    return value === undefined || value === null ? value : (driver.preparePersistentValue(value, column) as unknown);
  });
}

/** Serializes the identifying values of a row, so that the forms in which a database may return them are equal. */
export function serializeRowKey(row: readonly unknown[], columns: readonly ColumnMetadata[]): string {
  return JSON.stringify(row.map((value, i) => serializeKeyValue(value, columns[i])));
}

/** Serializes a column's value to the same text for all its forms. */
export function serializeKeyValue(value: unknown, column: ColumnMetadata): string {
  const text = exactText(value);
  // Only PostgreSQL's uuid type ignores case; in a text column each spelling is a different row.
  const isUuid = column.type === 'uuid' && column.entityMetadata.dataSource.driver.options.type === 'postgres';
  return isUuid ? text.toLowerCase() : text;
}

function exactText(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  if (!ArrayBuffer.isView(value)) return String(value);
  return `0x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`;
}

/**
 * Returns a key as it is compared with the referenced column: as text with a text column, because MySQL treats a number
 * as equal to every text that begins with it.
 */
export function comparableKey(value: unknown, column: ColumnMetadata): unknown {
  const isText = column.type === String || /char|text/i.test(String(column.type));
  return isText && (typeof value === 'number' || typeof value === 'bigint') ? String(value) : value;
}

async function select(
  queryRunner: QueryRunner,
  metadata: EntityMetadata,
  columns: readonly ColumnMetadata[],
  rows: readonly (readonly unknown[])[],
  wanted: readonly ColumnMetadata[],
  set: RowSet | undefined,
): Promise<ObjectLiteral[]> {
  const dataSource: DataSource = queryRunner.dataSource;
  const { driver } = dataSource;
  const parameters: ObjectLiteral = {};
  const placeholder = (row: number, column: number): string => {
    const name = `row_${row}_${column}`;
    parameters[name] = comparableKey(rows[row][column], columns[column]);
    return `:${name}`;
  };
  const nameOf = ({ databaseName }: ColumnMetadata): string =>
    `${driver.escape('target')}.${driver.escape(databaseName)}`;
  const names = columns.map(nameOf);
  const condition =
    columns.length === 1
      ? `${names[0]} IN (${rows.map((_, row) => placeholder(row, 0)).join(', ')})`
      : rows
          .map((_, row) => `(${names.map((name, column) => `${name} = ${placeholder(row, column)}`).join(' AND ')})`)
          .join(' OR ');
  const query = new builderRegistry.select!(dataSource, queryRunner)
    .select([])
    .from(metadata.target, 'target')
    .withDeleted()
    .cache(false)
    .where(`(${condition})`, parameters);
  const { policies } = requireEnforcement(dataSource);
  if (set === 'own' && policies.mayBeShared(metadata))
    query.andWhere(policies.predicateSql(metadata, driver.escape('target'), 'own'));
  wanted.forEach((column, i) => query.addSelect(losslessColumnSql(column, nameOf(column), dataSource), `c${i}`));
  return query.getRawMany<ObjectLiteral>();
}
