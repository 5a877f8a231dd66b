import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
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

/**
 * Rows that a statement references by a foreign key. They are checked in the current scope before the statement is
 * sent.
 */
export interface ForeignKeyLookup {
  readonly entity: EntityMetadata;
  readonly key: ForeignKey;
  /** Values of the referenced columns, one list per row. */
  readonly values: readonly (readonly unknown[])[];
  /** True if the rows must be the tenant's own: the child of a shared row would be shared. */
  readonly owned: boolean;
  /** The other side of junction rows: of each pair, in the order of the values, one row must be the tenant's own. */
  readonly orOwned?: ForeignKeyLookup;
}

/**
 * A write in an unscoped section. There is no scope to check its references in, but a row and the rows that it
 * references must have the same tenant.
 */
export interface UnscopedWriteCheck {
  readonly keys: ResolvedKeyValues;
  /** Updates only: a SELECT of the ownership columns of the affected rows. Undefined for shared entities. */
  readonly affectedOwnersQuery?: BoundStatement;
  /** True if that SELECT includes the foreign keys, as `k0`, `k1` …: a row that gets another tenant keeps them. */
  readonly readsKeys?: boolean;
}

const known = new WeakMap<EntityMetadata, readonly ForeignKey[]>();

/** Returns the foreign keys to tenant-scoped entities that any entity of the table declares. */
export function foreignKeysOf(metadata: EntityMetadata, policies: PolicyRegistry): readonly ForeignKey[] {
  let keys = known.get(metadata);
  if (keys === undefined) {
    keys = collect(metadata, policies);
    // The result is not cached while a target is undeclared: it may still be declared.
    if (keysOfTable(metadata).every(({ target }) => policies.of(target).kind !== 'undeclared'))
      known.set(metadata, keys);
  }
  return keys;
}

/** Returns the columns of these foreign keys. */
export function keyColumnsOf(metadata: EntityMetadata, policies: PolicyRegistry): readonly ColumnMetadata[] {
  return foreignKeysOf(metadata, policies).flatMap(({ columns }) => columns.map(({ own }) => own));
}

/**
 * Collects the foreign keys to check. If the written entity is limited to a tenant, every reference to a tenant-scoped
 * entity is checked; otherwise only references to entities that are limited now.
 *
 * @throws StatementRefusedError if a foreign key is given as an SQL expression, or an update sets a part of one: the
 * referenced row is unknown
 */
export function collectLookups(written: ResolvedKeyValues, policies: PolicyRegistry): ForeignKeyLookup[] {
  const { metadata, valueSets } = written;
  const lookups: ForeignKeyLookup[] = [];
  // An undeclared entity that is allowed is written as in plain TypeORM: without a scope there is no tenant to compare
  // with.
  if (currentContext()?.scope === undefined && policies.isAllowedUndeclared(metadata)) return [];
  // A tenant-scoped row may reference only visible rows, even of entities of the unscoped section.
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

/**
 * Collects references to shared child entities of single-table inheritance: the row must be of the referenced class.
 */
function typeLookups(written: ResolvedKeyValues, policies: PolicyRegistry): ForeignKeyLookup[] {
  if (isUnscoped()) return [];
  const { metadata, valueSets } = written;
  return keysOfTable(metadata)
    .filter(({ target }) => target.parentEntityMetadata !== undefined && policies.of(target).kind === 'shared')
    .filter(({ target }) => !policies.isAllowedUndeclared(target))
    .map((key) => ({ entity: metadata, key, values: toldRows(key, valueSets.length, written), owned: false }))
    .filter(({ values }) => values.length > 0);
}

/**
 * Returns the rows that a foreign key references, except those given as SQL expressions: these are allowed for shared
 * rows.
 */
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

/** Checks whether the rows that a foreign key references are the only owners of the referencing rows. */
export function isOnlyOwner(key: ForeignKey, policy: TenantPolicy): boolean {
  return policy.kind === 'parents' && policy.owners.length === 1 && isKeyOf(policy.owners[0], key);
}

function isKeyOf({ columns }: ParentJoin, key: ForeignKey): boolean {
  const names = columns.map(({ own }) => own.databaseName);
  return key.columns.length === names.length && key.columns.every(({ own }) => names.includes(own.databaseName));
}

/** Collects both sides of junction rows if both may be shared: one side of each must be the tenant's own. */
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
 * Returns the values of a foreign key's columns; undefined if it references no row.
 *
 * @param tenantColumns columns whose value comes from the scope, whatever the caller gave
 */
function referencedKey(
  key: ForeignKey,
  row: number,
  written: ResolvedKeyValues,
  tenantColumns: readonly TenantColumn[],
): readonly unknown[] | undefined {
  const given = key.columns.map(({ own }) => {
    const tenant = tenantColumns.find(({ column }) => column.databaseName === own.databaseName);
    // There is a scope: `tenantColumns` is empty unless the entity is limited.
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

/** Creates the error for a write that changes only a part of an existing row's foreign key. */
export function partialKeyError({ name }: EntityMetadata, { property }: ForeignKey): StatementRefusedError {
  return new StatementRefusedError(
    `an update of ${name} sets only some columns of the foreign key ${property}, so the key cannot be checked`,
    'Set all its columns.',
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
    // The tenant columns are set from the scope, so they cannot reference another tenant's row.
    if (columns.every(({ own }) => tenantColumns.includes(own.databaseName))) continue;
    // A column may reference rows of two entities: each is checked.
    if (!keys.some((known) => known.target === target && nameOf(known) === nameOf(key))) keys.push(key);
  }
  return keys;
}

function nameOf({ columns }: ForeignKey): string {
  return columns.map(({ own, referenced }) => `${own.databaseName}>${referenced.databaseName}`).join();
}
