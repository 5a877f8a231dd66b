import type { EntityMetadata, QueryRunner } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { TenantScopeViolationError } from '../exceptions/tenant-scope-violation.error.js';
import type { ForeignKey } from './declared-keys.js';
import { foreignKeysOf } from './foreign-keys.js';
import type { UnscopedWrite } from './foreign-keys.js';
import type { Policies } from './policies.js';
import { isScoped, ownerColumns } from './policy.js';
import type { ScopedPolicy } from './policy.js';
import { keyText, rowKey, selectRows } from './visible-rows.js';

/** To whom a row belongs: values of scope keys as texts. An entity may omit some of the keys. */
type Tenant = ReadonlyMap<string, string>;

/** Values of some columns, one list per row. */
type Rows = readonly (readonly unknown[])[];

/**
 * Compares the tenants of rows that an unscoped write connects, however far above a row its tenant stands.
 *
 * @throws TenantScopeViolationError when a row would refer to another tenant's, or a link connect two tenants
 */
export async function requireOneTenant(
  write: UnscopedWrite,
  policies: Policies,
  queryRunner: QueryRunner,
): Promise<void> {
  const { metadata } = write.keys;
  const keys = foreignKeysOf(metadata, policies);
  // A row without a tenant of its own connects what it names: one row is none too many.
  if (keys.length < (policies.of(metadata).kind === 'columns' ? 1 : 2)) return;
  const tenants = new Tenants(policies, queryRunner);
  const references: (readonly (readonly Tenant[])[])[] = [];
  for (const key of keys) references.push(await tenants.behind(tableEntity(key), referencedBy(key), named(key, write)));
  if (references.flat(2).length === 0) return;
  const connected = await tenants.ofWritten(write);
  references.forEach((reference, i) => {
    reference.forEach((candidates, row) => {
      if (candidates.length === 0) return;
      // By a code that each tenant may have a row is named along with its tenant.
      const [tenant] = candidates.filter((candidate) => !connected[row].some((other) => differs(candidate, other)));
      if (tenant === undefined) {
        throw new TenantScopeViolationError(`${metadata.name}.${keys[i].property} would connect rows of two tenants`);
      }
      connected[row].push(tenant);
    });
  });
}

/** A row of another child entity than the named one has a tenant too. */
function tableEntity({ target }: ForeignKey): EntityMetadata {
  return target.parentEntityMetadata ?? target;
}

function referencedBy({ columns }: ForeignKey): readonly ColumnMetadata[] {
  return columns.map(({ referenced }) => referenced);
}

/** The keys that each row gives, as they are stored. */
function named({ columns }: ForeignKey, write: UnscopedWrite): Rows {
  return stored(
    columns.map(({ own }) => own),
    write,
  );
}

/** What each row gives for some of its columns. */
function stored(columns: readonly ColumnMetadata[], { keys }: UnscopedWrite): Rows {
  return keys.valueSets.map((_, row) => columns.map((own) => keys.stored(own, row)));
}

function differs(tenant: Tenant, other: Tenant): boolean {
  return [...tenant].some(([key, value]) => other.has(key) && other.get(key) !== value);
}

function isComplete(row: readonly unknown[]): boolean {
  return row.every((value) => value !== undefined && value !== null);
}

/** Finds out to whom rows belong. */
class Tenants {
  constructor(
    private readonly policies: Policies,
    private readonly queryRunner: QueryRunner,
  ) {}

  /** For each set of values the tenants of the rows that it is written to; none where a foreign key alone says it. */
  async ofWritten(write: UnscopedWrite): Promise<Tenant[][]> {
    const { keys, changes } = write;
    const policy = this.policies.of(keys.metadata);
    if (!isScoped(policy)) return keys.valueSets.map(() => []);
    const columns = ownerColumns(policy);
    const given = stored(columns, write);
    // A parent that is given is among what is named.
    if (changes === undefined) return given.map((row) => (policy.kind === 'columns' ? [tenantIn(policy, row)] : []));
    if (policy.kind === 'parents' && isComplete(given[0])) return [[]];
    const changed = (await this.queryRunner.query(...changes)) as Record<string, unknown>[];
    const owners = changed.map((row) => columns.map((_, i) => given[0][i] ?? row[`c${i}`]));
    return [(await this.ofOwners(policy, owners)).flat()];
  }

  /** For each row the tenants of the rows of `target` that it names: one, if its key is one; none where it names none. */
  async behind(
    target: EntityMetadata,
    columns: readonly ColumnMetadata[],
    rows: Rows,
  ): Promise<readonly (readonly Tenant[])[]> {
    const tenants = await this.ofNamed(target, columns, rows.filter(isComplete));
    for (const row of rows) {
      // The database may have given the key back in another form.
      if (!isComplete(row) || tenants.has(rowKey(row, columns))) continue;
      const found = await this.ofNamed(target, columns, [row]);
      tenants.set(rowKey(row, columns), [...found.values()].flat());
    }
    return rows.map((row) => tenants.get(rowKey(row, columns)) ?? []);
  }

  /** Tenants of rows, by the keys that the database gives back. */
  private async ofNamed(
    target: EntityMetadata,
    columns: readonly ColumnMetadata[],
    rows: Rows,
  ): Promise<Map<string, Tenant[]>> {
    const policy = this.policies.of(target) as ScopedPolicy;
    const wanted = [...columns, ...ownerColumns(policy)];
    const found = await selectRows(this.queryRunner, target, columns, rows, wanted);
    const tenants = await this.ofOwners(
      policy,
      found.map((row) => row.slice(columns.length)),
    );
    const byKey = new Map<string, Tenant[]>();
    found.forEach((row, i) => {
      const key = rowKey(row.slice(0, columns.length), columns);
      byKey.set(key, [...(byKey.get(key) ?? []), ...tenants[i]]);
    });
    return byKey;
  }

  private async ofOwners(policy: ScopedPolicy, owners: Rows): Promise<readonly (readonly Tenant[])[]> {
    if (policy.kind === 'columns') return owners.map((row) => [tenantIn(policy, row)]);
    const { parent, columns } = policy.parents[0];
    return this.behind(
      parent,
      columns.map(({ referenced }) => referenced),
      owners,
    );
  }
}

function tenantIn({ columns }: Extract<ScopedPolicy, { kind: 'columns' }>, values: readonly unknown[]): Tenant {
  return new Map(columns.map(({ key, column }, i) => [key, keyText(values[i], column)]));
}
