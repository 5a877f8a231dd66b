import type { EntityMetadata, ObjectLiteral, QueryRunner } from 'typeorm';
import { TenantScopeViolationError } from '../exceptions/tenant-scope-violation.error.js';
import { foreignKeysOf, writtenValue } from './foreign-keys.js';
import type { ForeignKey, UnscopedWrite } from './foreign-keys.js';
import type { Policies } from './policies.js';
import type { TenantColumn } from './policy.js';
import type { BoundStatement } from './sql/placeholders.js';
import { rowKey, selectRows } from './visible-rows.js';

/**
 * Compares the tenants of rows that an unscoped write connects.
 *
 * @throws TenantScopeViolationError when a row would refer to another tenant's, or a link connect two tenants
 */
export async function requireOneTenant(
  { metadata, valueSets, changes }: UnscopedWrite,
  policies: Policies,
  queryRunner: QueryRunner,
): Promise<void> {
  const keys = foreignKeysOf(metadata, policies).flatMap((key) => {
    const policy = policies.of(key.target);
    return policy.kind === 'columns' ? [{ key, tenantColumns: policy.columns }] : [];
  });
  if (keys.length === 0) return;
  const changed = changes === undefined ? [] : await tenantsOfChanged(changes, metadata, policies, queryRunner);
  const ownTenants = valueSets.map((valueSet) =>
    changes === undefined ? tenantOf(metadata, valueSet, policies) : changed[0],
  );
  for (const { key, tenantColumns } of keys) {
    const tenants = await tenantsBehind(key, tenantColumns, metadata, valueSets, queryRunner);
    tenants.forEach((tenant, row) => {
      if (tenant === undefined) return;
      ownTenants[row] ??= tenant;
      if (ownTenants[row] !== tenant || changed.some((other) => other !== tenant)) {
        throw new TenantScopeViolationError(`${metadata.name}.${key.property} would connect rows of two tenants`);
      }
    });
  }
}

/** The tenant that a row names, as text; undefined for a row that names none, such as a link. */
function tenantOf(metadata: EntityMetadata, valueSet: ObjectLiteral, policies: Policies): string | undefined {
  const policy = policies.of(metadata);
  if (policy.kind !== 'columns') return undefined;
  return JSON.stringify(
    policy.columns.map(({ key, column }) => [key, String(writtenValue(column, valueSet, metadata))]),
  );
}

/** The tenants of the rows that an update changes. */
async function tenantsOfChanged(
  [sql, parameters]: BoundStatement,
  metadata: EntityMetadata,
  policies: Policies,
  queryRunner: QueryRunner,
): Promise<string[]> {
  const policy = policies.of(metadata);
  if (policy.kind !== 'columns') return [];
  const rows = (await queryRunner.query(sql, parameters)) as ObjectLiteral[];
  return rows.map((row) => JSON.stringify(policy.columns.map(({ key }, i) => [key, String(row[`c${i}`])])));
}

/** For each row the tenant of the row that it refers to; undefined where it refers to none. */
async function tenantsBehind(
  key: ForeignKey,
  tenantColumns: readonly TenantColumn[],
  metadata: EntityMetadata,
  valueSets: readonly ObjectLiteral[],
  queryRunner: QueryRunner,
): Promise<(string | undefined)[]> {
  const referenced = key.columns.map((column) => column.referenced);
  const wanted = valueSets.map((valueSet) => key.columns.map(({ own }) => writtenValue(own, valueSet, metadata)));
  const complete = wanted.filter((row) => row.every((value) => value !== undefined && value !== null));
  const tenants = new Map<string, string>();
  for (const row of await selectRows(queryRunner, key.target, referenced, complete, [
    ...referenced,
    ...tenantColumns.map(({ column }) => column),
  ])) {
    const values = row.slice(referenced.length);
    tenants.set(
      rowKey(row.slice(0, referenced.length), referenced),
      JSON.stringify(tenantColumns.map((column, i) => [column.key, String(values[i])])),
    );
  }
  return wanted.map((row) => tenants.get(rowKey(row, referenced)));
}
