import type { EntityMetadata, QueryRunner } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { TenantScopeViolationError } from '../../errors/tenant-scope-violation.error.js';
import type { ForeignKey } from '../policy/declared-foreign-keys.js';
import { foreignKeysOf, isOnlyOwner, keyColumnsOf } from '../writes/foreign-keys.js';
import type { UnscopedWriteCheck } from '../writes/foreign-keys.js';
import type { PolicyRegistry } from '../policy/policy-registry.js';
import { isScoped, ownerColumns } from '../policy/tenant-policy.js';
import type { ScopedPolicy } from '../policy/tenant-policy.js';
import { serializeKeyValue, serializeRowKey, selectByKeys } from './foreign-key-check.js';

/** To whom a row belongs: values of scope keys as texts, null for all tenants. An entity may omit some of the keys. */
type Tenant = ReadonlyMap<string, string | null>;

/** Values of some columns, one list per row. */
type Rows = readonly (readonly unknown[])[];

/** A row that a write inserts or updates. */
interface WrittenRow {
  /** The values of the columns that say to whom it belongs. */
  readonly owner: readonly unknown[];
  /** The values of each of its foreign keys, as far as they are written. */
  readonly keys: Rows;
}

/**
 * Compares the tenants of rows that an unscoped write connects, however far above a row its tenant stands. A row that all
 * tenants share names shared rows only: it would show a tenant's row to all. A tenant's row may name shared ones.
 *
 * @throws TenantScopeViolationError when a row would refer to another tenant's, or a link connect two tenants
 */
export async function assertSameTenant(
  write: UnscopedWriteCheck,
  policies: PolicyRegistry,
  queryRunner: QueryRunner,
): Promise<void> {
  const { metadata } = write.keys;
  const policy = policies.of(metadata);
  const keys = foreignKeysOf(metadata, policies);
  // A row without a tenant of its own connects what it names: one row is none too many.
  if (keys.length < (policy.kind === 'columns' ? 1 : 2)) return;
  const rows = await rowsOf(write, keys, policies, queryRunner);
  const tenants = new OwnerLookup(policies, queryRunner);
  const references: (readonly (readonly Tenant[])[])[] = [];
  for (const [i, key] of keys.entries()) {
    const referenced = key.columns.map((pair) => pair.referenced);
    const values = rows.map((row) => row.keys[i]);
    references.push(await tenants.ownersOfReferenced(tableEntity(key), referenced, values));
  }
  // A link belongs to no one of its ends: it has no owners of its own.
  const parent = keys.findIndex((key) => isOnlyOwner(key, policy));
  const owners = rows.map(({ owner }, row) =>
    policy.kind === 'columns' ? [tenantIn(policy, owner)] : (references[parent]?.[row] ?? []),
  );
  const named = rows.map((): Tenant[] => []);
  for (const [i, { property }] of keys.entries()) {
    for (const [row, candidates] of references[i].entries()) {
      if (candidates.length === 0) continue;
      // By a code that each tenant may have a row is named along with its tenant.
      const tenant = candidates.find((candidate) => fits(candidate, owners[row], named[row]));
      if (tenant === undefined)
        throw new TenantScopeViolationError(`${metadata.name}.${property} would connect rows of two tenants`);
      named[row].push(tenant);
    }
  }
}

/** A row of another child entity than the named one has a tenant too. */
function tableEntity({ target }: ForeignKey): EntityMetadata {
  return target.parentEntityMetadata ?? target;
}

/** The rows that a write makes, or those that an update changes, as they will be. */
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
      // The parent of a row is one of them, given or not.
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

/** Whether a row of `tenant` does not stand beside `other`. Shared rows do, but a row that is shared itself names no tenant's. */
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

/** Finds out to whom rows belong. */
class OwnerLookup {
  constructor(
    private readonly policies: PolicyRegistry,
    private readonly queryRunner: QueryRunner,
  ) {}

  /** For each row the tenants of the rows of `target` that it names: one, if its key is one; none where it names none. */
  async ownersOfReferenced(
    target: EntityMetadata,
    columns: readonly ColumnMetadata[],
    rows: Rows,
  ): Promise<readonly (readonly Tenant[])[]> {
    const tenants = await this.ownersByKey(target, columns, rows.filter(isComplete));
    for (const row of rows) {
      // The database may have given the key back in another form.
      if (!isComplete(row) || tenants.has(serializeRowKey(row, columns))) continue;
      const found = await this.ownersByKey(target, columns, [row]);
      tenants.set(serializeRowKey(row, columns), [...found.values()].flat());
    }
    return rows.map((row) => tenants.get(serializeRowKey(row, columns)) ?? []);
  }

  /** Tenants of rows, by the keys that the database gives back. */
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
