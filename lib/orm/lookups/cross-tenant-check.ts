import type { EntityMetadata, QueryRunner } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import { TenantScopeViolationError } from '../../errors/tenant-scope-violation.error.js';
import type { ForeignKey } from '../policy/declared-foreign-keys.js';
import { foreignKeysOf, isOnlyOwner, keyColumnsOf } from '../writes/foreign-keys.js';
import type { UnscopedWriteCheck } from '../writes/foreign-keys.js';
import type { PolicyRegistry } from '../policy/policy-registry.js';
import { isScoped, ownerColumns } from '../policy/tenant-policy.js';
import type { ScopedPolicy } from '../policy/tenant-policy.js';
import { serializeKeyValue, serializeRowKey, selectByKeys } from './foreign-key-check.js';

/** The owner of a row: values of scope keys as text, null for all tenants. An entity may omit some of the keys. */
type Tenant = ReadonlyMap<string, string | null>;

/** Values of some columns, one list per row. */
type Rows = readonly (readonly unknown[])[];

/** A row that a write inserts or updates. */
interface WrittenRow {
  /** The values of its ownership columns. */
  readonly owner: readonly unknown[];
  /** The values of each of its foreign keys; undefined if a column is not written. */
  readonly keys: Rows;
}

/**
 * Compares the tenants of rows that an unscoped write connects, however many parents away the tenant column is. A
 * shared row may reference shared rows only, because it would show a tenant's row to all. A tenant's row may reference
 * shared ones.
 *
 * @throws TenantScopeViolationError if a row would reference another tenant's row, or a junction row connect two
 * tenants
 */
export async function assertSameTenant(
  write: UnscopedWriteCheck,
  policies: PolicyRegistry,
  queryRunner: QueryRunner,
): Promise<void> {
  const { metadata } = write.keys;
  const policy = policies.of(metadata);
  const keys = foreignKeysOf(metadata, policies);
  // An entity without tenant columns can only connect tenants if it has at least two references.
  if (keys.length < (policy.kind === 'columns' ? 1 : 2)) return;
  const rows = await rowsOf(write, keys, policies, queryRunner);
  const tenants = new OwnerLookup(policies, queryRunner);
  const references: (readonly (readonly Tenant[])[])[] = [];
  for (const [i, key] of keys.entries()) {
    const referenced = key.columns.map((pair) => pair.referenced);
    const values = rows.map((row) => row.keys[i]);
    references.push(await tenants.ownersOfReferenced(tableEntity(key), referenced, values));
  }
  // A junction row has two owners, so neither is compared as its only owner: `owners` is empty.
  const parent = keys.findIndex((key) => isOnlyOwner(key, policy));
  const owners = rows.map(({ owner }, row) =>
    policy.kind === 'columns' ? [tenantIn(policy, owner)] : (references[parent]?.[row] ?? []),
  );
  const named = rows.map((): Tenant[] => []);
  for (const [i, { property }] of keys.entries()) {
    for (const [row, candidates] of references[i].entries()) {
      if (candidates.length === 0) continue;
      // A code that is unique per tenant matches rows of several tenants: one that fits is enough.
      const tenant = candidates.find((candidate) => fits(candidate, owners[row], named[row]));
      if (tenant === undefined)
        throw new TenantScopeViolationError(`${metadata.name}.${property} would connect rows of two tenants`);
      named[row].push(tenant);
    }
  }
}

/** Returns the parent of a child entity: a row of a sibling class has a tenant too. */
function tableEntity({ target }: ForeignKey): EntityMetadata {
  return target.parentEntityMetadata ?? target;
}

/** Returns the rows that an insert creates, or that an update changes, with their new values. */
async function rowsOf(
  { keys, affectedOwnersQuery, readsKeys }: UnscopedWriteCheck,
  foreignKeys: readonly ForeignKey[],
  policies: PolicyRegistry,
  queryRunner: QueryRunner,
): Promise<WrittenRow[]> {
  const policy = policies.of(keys.metadata);
  const ownerNames = isScoped(policy) ? ownerColumns(policy) : [];
  const keyNames = keyColumnsOf(keys.metadata, policies);
  const written = (row: number, changed: Readonly<Record<string, unknown>>): WrittenRow => {
    const valueOf = (column: ColumnMetadata, name: string): unknown => {
      const given = keys.storedValue(column, row);
      return given === undefined ? changed[name] : given;
    };
    const owner = ownerNames.map((column, i) => valueOf(column, `c${i}`));
    return {
      owner,
      // The key to the parent is the owner itself, whether it is written or not.
      keys: foreignKeys.map((key) =>
        isOnlyOwner(key, policy) ? owner : key.columns.map(({ own }) => valueOf(own, `k${keyNames.indexOf(own)}`)),
      ),
    };
  };
  const given = keys.valueSets.map((_, row) => written(row, {}));
  const isOwnerGiven = given.every(({ owner }) => isComplete(owner));
  const needsRows = readsKeys === true || (!isOwnerGiven && given.some((row) => row.keys.some(isComplete)));
  if (affectedOwnersQuery === undefined || !needsRows) return given;
  const changed = (await queryRunner.query(...affectedOwnersQuery)) as Record<string, unknown>[];
  return changed.map((row) => written(0, row));
}

function fits(candidate: Tenant, owners: readonly Tenant[], named: readonly Tenant[]): boolean {
  return (
    !owners.some((owner) => differs(candidate, owner, true)) && !named.some((other) => differs(candidate, other, false))
  );
}

/**
 * Checks whether a row of `tenant` must not be connected with a row of `other`. A shared row fits any other, but a
 * shared owner must not reference a tenant's row.
 */
function differs(tenant: Tenant, other: Tenant, isOwner: boolean): boolean {
  return [...tenant].some(([key, value]) => {
    const there = other.get(key);
    if (there === undefined || value === null || there === value) return false;
    return there !== null || isOwner;
  });
}

function isComplete(row: readonly unknown[]): boolean {
  return row.every((value) => value !== undefined && value !== null);
}

/** Reads the owners of rows. */
class OwnerLookup {
  constructor(
    private readonly policies: PolicyRegistry,
    private readonly queryRunner: QueryRunner,
  ) {}

  /**
   * Returns for each key the tenants of the rows of `target` that it references: one if the key is unique, none if no
   * row is referenced.
   */
  async ownersOfReferenced(
    target: EntityMetadata,
    columns: readonly ColumnMetadata[],
    rows: Rows,
  ): Promise<readonly (readonly Tenant[])[]> {
    const tenants = await this.ownersByKey(target, columns, rows.filter(isComplete));
    for (const row of rows) {
      // The database may have returned the key in another form.
      if (!isComplete(row) || tenants.has(serializeRowKey(row, columns))) continue;
      const found = await this.ownersByKey(target, columns, [row]);
      tenants.set(serializeRowKey(row, columns), [...found.values()].flat());
    }
    return rows.map((row) => tenants.get(serializeRowKey(row, columns)) ?? []);
  }

  /** Returns the tenants of rows by their keys, in the form that the database returns. */
  private async ownersByKey(
    target: EntityMetadata,
    columns: readonly ColumnMetadata[],
    rows: Rows,
  ): Promise<Map<string, Tenant[]>> {
    const policy = this.policies.of(target) as ScopedPolicy;
    const wanted = [...columns, ...ownerColumns(policy)];
    const found = await selectByKeys(this.queryRunner, target, columns, rows, wanted);
    const tenants = await this.ownersOfRows(
      policy,
      found.map((row) => row.slice(columns.length)),
    );
    const byKey = new Map<string, Tenant[]>();
    found.forEach((row, i) => {
      const key = serializeRowKey(row.slice(0, columns.length), columns);
      byKey.set(key, [...(byKey.get(key) ?? []), ...tenants[i]]);
    });
    return byKey;
  }

  private async ownersOfRows(policy: ScopedPolicy, owners: Rows): Promise<readonly (readonly Tenant[])[]> {
    if (policy.kind === 'columns') return owners.map((row) => [tenantIn(policy, row)]);
    const { parent, columns } = policy.owners[0];
    return this.ownersOfReferenced(
      parent,
      columns.map(({ referenced }) => referenced),
      owners,
    );
  }
}

function tenantIn({ columns }: Extract<ScopedPolicy, { kind: 'columns' }>, values: readonly unknown[]): Tenant {
  return new Map(
    columns.map(({ key, column }, i) => [key, values[i] === null ? null : serializeKeyValue(values[i], column)]),
  );
}
