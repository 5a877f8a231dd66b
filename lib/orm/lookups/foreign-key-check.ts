import { EntityNotFoundError } from 'typeorm';
import type { DataSource, EntityMetadata, ObjectLiteral, QueryRunner } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { ReferenceUnknownError } from '../../errors/reference-unknown.error.js';
import { SharedRowError } from '../../errors/shared-row.error.js';
import { builderRegistry } from '../enforcement/builder-registry.js';
import type { ForeignKey } from '../policy/declared-foreign-keys.js';
import { requireEnforcement } from '../enforcement/enforcement.js';
import { losslessColumnSql } from './exact-select.js';
import type { ForeignKeyLookup } from '../writes/foreign-keys.js';
import type { RowSet } from '../policy/tenant-policy.js';

/** Databases bound the number of parameters of a statement; rows are looked up in chunks well below. */
const CHUNK = 1000;

/**
 * Looks up the rows that a statement names by foreign keys, with one statement per entity, on the same query runner.
 *
 * @throws ReferenceUnknownError for the first foreign key that names a row which the scope cannot see
 * @throws SharedRowError for one that names a shared row where the tenant's own is needed
 */
export async function assertReferencesVisible(
  lookups: readonly ForeignKeyLookup[],
  queryRunner: QueryRunner,
): Promise<void> {
  const groups: ForeignKeyLookup[][] = [];
  for (const lookup of lookups.filter(({ orOwned }) => orOwned === undefined)) {
    // By entity, not by table: a row of one child entity is none of another one's.
    const group = groups.find(([{ key, owned }]) => owned === lookup.owned && isSameTarget(key, lookup.key));
    if (group === undefined) groups.push([lookup]);
    else group.push(lookup);
  }
  for (const group of groups) {
    const missing = await missingRows(queryRunner, group, group[0].owned ? 'own' : 'visible');
    if (missing.size === 0) continue;
    // Of a row that is there, but not the tenant's own, that is said.
    const unseen = group[0].owned ? await missingRows(queryRunner, group, 'visible') : missing;
    const unknown = group.find((lookup) => namesOneOf(lookup, unseen));
    if (unknown === undefined) throw new SharedRowError(group[0].key.target.name);
    throw new ReferenceUnknownError(unknown.entity.name, unknown.key.property);
  }
  for (const lookup of lookups) await requireOwnLinks(lookup, queryRunner);
}

async function requireOwnLinks(lookup: ForeignKeyLookup, queryRunner: QueryRunner): Promise<void> {
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

/** The keys of rows that lookups of one entity name and that are not in the set. */
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
 * Whether the scope can see all of the given rows, deleted ones included. The database compares the keys: it may give one back in another form.
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
 * Requires that rows are there, in the scope, and the tenant's own.
 *
 * @param columns the columns that identify a row
 * @param rows their values as they are stored, one list per row
 * @param named what the error says of the row
 * @throws EntityNotFoundError when the scope cannot see one of them
 * @throws SharedRowError when it sees all of them, and one is shared
 */
export async function requireOwn(
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

/** Those of the given rows that the scope cannot see, or that are not its own. A key that the database gives back in another form is asked for by itself. */
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

/** Not by their keys: of two spellings of one key each is looked up. */
function distinctRows(rows: readonly (readonly unknown[])[]): (readonly unknown[])[] {
  return [
    ...new Map(rows.map((row) => [JSON.stringify(row.map((value) => [typeof value, exactText(value)])), row])).values(),
  ];
}

/**
 * Reads some columns of rows that are given by others; a row that the scope cannot see is left out. Deleted rows are read too.
 *
 * @param columns the columns that identify a row
 * @param rows their values, one list per row
 * @param set which rows are read: all that the scope sees, or only its own
 * @returns the values of `wanted`, one list per row that was found
 */
export async function selectByKeys(
  queryRunner: QueryRunner,
  metadata: EntityMetadata,
  columns: readonly ColumnMetadata[],
  rows: readonly (readonly unknown[])[],
  wanted: readonly ColumnMetadata[],
  set: RowSet = 'visible',
): Promise<unknown[][]> {
  const distinct = distinctRows(rows);
  const found: unknown[][] = [];
  for (let at = 0; at < distinct.length; at += CHUNK) {
    const raws = await select(queryRunner, metadata, columns, distinct.slice(at, at + CHUNK), wanted, set);
    found.push(...raws.map((raw) => wanted.map((_, i) => raw[`c${i}`] as unknown)));
  }
  return found;
}

/** The values of an entity's columns as they are stored. */
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

/** Tells rows apart by their identifying values, which a database may answer in another form than they were given. */
export function serializeRowKey(row: readonly unknown[], columns: readonly ColumnMetadata[]): string {
  return JSON.stringify(row.map((value, i) => serializeKeyValue(value, columns[i])));
}

/** A value of a column as text, the same for all its forms. */
export function serializeKeyValue(value: unknown, column: ColumnMetadata): string {
  const text = exactText(value);
  // A uuid has two spellings where it is no text; of any text each spelling is a row of its own.
  const isUuid = column.type === 'uuid' && column.entityMetadata.dataSource.driver.options.type === 'postgres';
  return isUuid ? text.toLowerCase() : text;
}

function exactText(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  if (!ArrayBuffer.isView(value)) return String(value);
  return `0x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`;
}

/** To MySQL a number equals every text that begins with it: a text column is compared with a text. */
function coerceForMySql(value: unknown, column: ColumnMetadata): unknown {
  const isText = column.type === String || /char|text/i.test(String(column.type));
  return isText && (typeof value === 'number' || typeof value === 'bigint') ? String(value) : value;
}

async function select(
  queryRunner: QueryRunner,
  metadata: EntityMetadata,
  columns: readonly ColumnMetadata[],
  rows: readonly (readonly unknown[])[],
  wanted: readonly ColumnMetadata[],
  set: RowSet,
): Promise<ObjectLiteral[]> {
  const dataSource: DataSource = queryRunner.dataSource;
  const { driver } = dataSource;
  const parameters: ObjectLiteral = {};
  const placeholder = (row: number, column: number): string => {
    const name = `row_${row}_${column}`;
    parameters[name] = coerceForMySql(rows[row][column], columns[column]);
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
  if (set === 'own' && policies.effective(metadata) !== undefined && policies.mayBeShared(metadata))
    query.andWhere(policies.predicateSql(metadata, driver.escape('target'), 'own'));
  wanted.forEach((column, i) => query.addSelect(losslessColumnSql(column, nameOf(column), dataSource), `c${i}`));
  return query.getRawMany<ObjectLiteral>();
}
