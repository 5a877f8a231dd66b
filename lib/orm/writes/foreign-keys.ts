import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import { currentContext } from '../../tenancy/context/tenant-context.js';
import { isUnscoped } from '../policy/access.js';
import { keysOfTable } from '../policy/declared-foreign-keys.js';
import type { ForeignKey } from '../policy/declared-foreign-keys.js';
import { isScoped } from '../policy/tenant-policy.js';
import type { ParentJoin, TenantColumn, TenantPolicy } from '../policy/tenant-policy.js';
import type { PolicyRegistry } from '../policy/policy-registry.js';
import type { BoundStatement } from '../sql/parameter-binding.js';
import type { ResolvedKeyValues } from './resolved-key-values.js';

/** Rows that a statement names by a foreign key, to be looked up inside the scope before the statement is sent. */
export interface ForeignKeyLookup {
  readonly entity: EntityMetadata;
  readonly key: ForeignKey;
  /** Values of the referenced columns, one list per row. */
  readonly values: readonly (readonly unknown[])[];
  /** Whether the rows must be the tenant's own: a row below a shared one would be shared. */
  readonly owned: boolean;
  /** The other end of links: of each pair of rows, in the order of the values, one must be the tenant's own. */
  readonly orOwned?: ForeignKeyLookup;
}

/** A write in an unscoped section: there is no scope to look its references up in, but a row and what it refers to have one tenant. */
export interface UnscopedWriteCheck {
  readonly keys: ResolvedKeyValues;
  /** For an update: a statement that gives the columns that say to whom the rows belong that it changes; undefined where they belong to nobody. */
  readonly affectedOwnersQuery?: BoundStatement;
  /** Whether that statement gives the foreign keys too, as `k0`, `k1` …: a row that gets another tenant keeps them. */
  readonly readsKeys?: boolean;
}

const known = new WeakMap<EntityMetadata, readonly ForeignKey[]>();

/** The foreign keys of an entity's table that name scoped rows, whichever entity of the table declares them. */
export function foreignKeysOf(metadata: EntityMetadata, policies: PolicyRegistry): readonly ForeignKey[] {
  let keys = known.get(metadata);
  if (keys === undefined) {
    keys = collect(metadata, policies);
    // What nobody has declared yet may still be declared.
    if (keysOfTable(metadata).every(({ target }) => policies.of(target).kind !== 'undeclared'))
      known.set(metadata, keys);
  }
  return keys;
}

/** The columns of an entity that are parts of such keys. */
export function keyColumnsOf(metadata: EntityMetadata, policies: PolicyRegistry): readonly ColumnMetadata[] {
  return foreignKeysOf(metadata, policies).flatMap(({ columns }) => columns.map(({ own }) => own));
}

/**
 * The rows that a set of values names by foreign keys: all of them for an entity that is limited now, those in tables that are limited for any other.
 *
 * @throws StatementRefusedError when a foreign key is given as an SQL expression, or an update gives a part of one: which row it names cannot be told
 */
export function collectLookups(written: ResolvedKeyValues, policies: PolicyRegistry): ForeignKeyLookup[] {
  const { metadata, valueSets } = written;
  const lookups: ForeignKeyLookup[] = [];
  // As in plain TypeORM: without a scope no tenant could be told apart.
  if (currentContext()?.scope === undefined && policies.isAllowedUndeclared(metadata)) return [];
  // What a limited row refers to lies in the scope, exempt or not.
  const isLimited = policies.effective(metadata) !== undefined;
  for (const key of foreignKeysOf(metadata, policies)) {
    if (!isLimited && policies.effective(key.target) === undefined) continue;
    const tenantColumns = isLimited ? policies.tenantColumns(metadata) : [];
    const rows = valueSets.map((_, row) => referencedKey(key, row, written, tenantColumns));
    const referenced = key.columns.map((pair) => pair.referenced);
    const named = rows.filter((row) => row !== undefined && !written.insertsRow(key.target, referenced, row));
    const values = new Map(named.map((row) => [serializeKey(row!), row!]));
    const owned = isLimited && isOnlyOwner(key, policies.of(metadata));
    if (values.size > 0) lookups.push({ entity: metadata, key, values: [...values.values()], owned });
  }
  lookups.push(...typeLookups(written, policies));
  return isLimited ? [...lookups, ...linkLookups(written, policies)] : lookups;
}

/** For references to shared child entities in single-table inheritance: the row must be of the named class. */
function typeLookups(written: ResolvedKeyValues, policies: PolicyRegistry): ForeignKeyLookup[] {
  if (isUnscoped()) return [];
  const { metadata, valueSets } = written;
  return keysOfTable(metadata)
    .filter(({ target }) => target.parentEntityMetadata !== undefined && policies.of(target).kind === 'shared')
    .filter(({ target }) => !policies.isAllowedUndeclared(target))
    .map((key) => ({ entity: metadata, key, values: toldRows(key, valueSets.length, written), owned: false }))
    .filter(({ values }) => values.length > 0);
}

/** The rows that a key names, without those that only the database can tell: a shared row may be named by SQL. */
function toldRows(key: ForeignKey, count: number, written: ResolvedKeyValues): (readonly unknown[])[] {
  const referenced = key.columns.map((pair) => pair.referenced);
  const rows = new Map<string, readonly unknown[]>();
  for (let i = 0; i < count; i++) {
    try {
      const row = referencedKey(key, i, written, []);
      if (row !== undefined && !written.insertsRow(key.target, referenced, row)) rows.set(serializeKey(row), row);
    } catch (error) {
      if (!(error instanceof StatementRefusedError)) throw error;
    }
  }
  return [...rows.values()];
}

/** Whether the rows that a key names decide whether a row is the tenant's own. */
export function isOnlyOwner(key: ForeignKey, policy: TenantPolicy): boolean {
  return policy.kind === 'parents' && policy.owners.length === 1 && isKeyOf(policy.owners[0], key);
}

function isKeyOf({ columns }: ParentJoin, key: ForeignKey): boolean {
  const names = columns.map(({ own }) => own.databaseName);
  return key.columns.length === names.length && key.columns.every(({ own }) => names.includes(own.databaseName));
}

/** For links between rows that may be shared, both of them: one end of each link must be the tenant's own. */
function linkLookups(written: ResolvedKeyValues, policies: PolicyRegistry): ForeignKeyLookup[] {
  const { metadata, valueSets } = written;
  const policy = policies.of(metadata);
  if (policy.kind !== 'parents' || policy.owners.length < 2 || !policies.mayBeShared(metadata)) return [];
  const keys = foreignKeysOf(metadata, policies);
  const [first, second] = policy.owners.map((owner): ForeignKeyLookup => {
    const key = keys.find((candidate) => isKeyOf(owner, candidate))!;
    const values = valueSets.map((_, row) => key.columns.map(({ own }) => written.storedValue(own, row)));
    return { entity: metadata, key, values, owned: true };
  });
  return [{ ...first, orOwned: second }];
}

/**
 * The values of a foreign key's columns; undefined when it names no row.
 *
 * @param tenantColumns those that the scope gives, whatever is said
 */
function referencedKey(
  key: ForeignKey,
  row: number,
  written: ResolvedKeyValues,
  tenantColumns: readonly TenantColumn[],
): readonly unknown[] | undefined {
  const given = key.columns.map(({ own }) => {
    const tenant = tenantColumns.find(({ column }) => column.databaseName === own.databaseName);
    // Something is limited here, so there is a scope.
    if (tenant !== undefined) return currentContext()!.scope!.values[tenant.key];
    return written.storedValue(own, row);
  });
  const isOwn = key.columns.map(
    ({ own }) => !tenantColumns.some(({ column }) => column.databaseName === own.databaseName),
  );
  const parts = given.filter((_, i) => isOwn[i]);
  if (parts.every((value) => value === undefined) || parts.some((value) => value === null)) return undefined;
  if (!parts.includes(undefined)) return given;
  if (!written.isUpdate) return undefined;
  throw partialKeyError(written.metadata, key);
}

/** For a write that keeps a part of the key of a row that is there. */
export function partialKeyError({ name }: EntityMetadata, { property }: ForeignKey): StatementRefusedError {
  return new StatementRefusedError(
    `an update of ${name} gives a part of the key ${property}, and which row that names cannot be told`,
    'Give all its columns.',
  );
}

function serializeKey(row: readonly unknown[]): string {
  return JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}

function collect(metadata: EntityMetadata, policies: PolicyRegistry): ForeignKey[] {
  const policy = policies.of(metadata);
  const tenantColumns = policy.kind === 'columns' ? policy.columns.map(({ column }) => column.databaseName) : [];
  const keys: ForeignKey[] = [];
  for (const key of keysOfTable(metadata)) {
    const { target, columns } = key;
    if (!isScoped(policies.of(target))) continue;
    // The tenant columns are stamped: they name no other tenant's row.
    if (columns.every(({ own }) => tenantColumns.includes(own.databaseName))) continue;
    // A column may name rows of two entities: each is looked up.
    if (!keys.some((known) => known.target === target && nameOf(known) === nameOf(key))) keys.push(key);
  }
  return keys;
}

function nameOf({ columns }: ForeignKey): string {
  return columns.map(({ own, referenced }) => `${own.databaseName}>${referenced.databaseName}`).join();
}
