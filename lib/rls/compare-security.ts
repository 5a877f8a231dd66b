import type { RowLevelSecurityOptions } from '../orm/row-security/row-security-options.js';
import { missingGrants } from './role-grants.js';
import { expressionsAsStored, readTables } from './database-state.js';
import type { SendQuery, StoredPolicy, StoredTable } from './database-state.js';
import { dropStatement, POLICY_PREFIX, securityStatements } from './table-security.js';
import type { RowPolicy, TableSecurity } from './table-security.js';
import { quoteIdentifier } from './quote.js';

/** A difference between the declarations and the database. */
export interface TableDifference {
  readonly entity: string;
  readonly table: string;
  /** What is missing or different; each follows the name of the table. */
  readonly problems: readonly string[];
  /** Statements that make the database as declared; empty if none can. */
  readonly up: readonly string[];
  /** Statements that restore the present state. */
  readonly down: readonly string[];
}

/**
 * Compares the row-level security of a database with the declarations.
 *
 * @param declared of the application's entities
 * @param query sends to one connection, in a transaction that the caller rolls back
 * @returns the tables that differ
 */
export async function compareSecurity(
  declared: readonly TableSecurity[],
  { unscopedRole }: RowLevelSecurityOptions,
  query: SendQuery,
): Promise<TableDifference[]> {
  const stored = await readTables(
    declared.map(({ table }) => table),
    query,
  );
  const differences: TableDifference[] = [];
  for (const security of declared) {
    const table = stored.get(security.table);
    const problems = table === undefined ? ['does not exist'] : await problemsOf(security, table, query);
    if (problems.length === 0) continue;
    const { entity } = security;
    const statements =
      table === undefined
        ? { up: [], down: [] }
        : { up: upStatements(security, table), down: downStatements(security, table) };
    differences.push({ entity, table: security.table, problems, ...statements });
  }
  return [...differences, ...(await differingGrants(declared, unscopedRole, query))];
}

async function problemsOf(security: TableSecurity, stored: StoredTable, query: SendQuery): Promise<string[]> {
  const { kind, policies } = security;
  if (kind === 'materialized view' || stored.kind === 'm')
    return security.isShared
      ? []
      : ['is a materialized view, which stores the rows of all tenants without policies. Make it a view'];
  if (kind === 'view')
    return stored.isInvoker ? [] : ['is read with the rights of its owner, without security_invoker'];
  const problems: string[] = [];
  if (policies.length > 0) {
    if (!stored.isEnabled) problems.push('has no row-level security');
    else if (!stored.isForced) problems.push('does not force row-level security on its owner');
    for (const partition of stored.openPartitions)
      problems.push(`has the partition ${partition} without row-level security`);
    problems.push(...(await differingPolicies(security, stored, query)));
  }
  const names = policies.map(({ name }) => name);
  for (const policy of stored.policies) {
    if (names.includes(policy.name)) continue;
    if (policy.name.startsWith(POLICY_PREFIX))
      problems.push(`has the policy ${policy.name}, which is no longer declared`);
    else if (policies.length > 0 && policy.isPermissive)
      problems.push(
        `has the policy ${policy.name}, which lets further rows pass. Make it restrictive, or drop it: ${dropStatement(security.table, policy.name)}`,
      );
  }
  return problems;
}

async function differingPolicies(security: TableSecurity, stored: StoredTable, query: SendQuery): Promise<string[]> {
  const expected = await expressionsAsStored(security, stored, query);
  return security.policies.flatMap((policy) => {
    const found = stored.policies.find(({ name }) => name === policy.name);
    if (found === undefined) return [`lacks the policy ${policy.name}`];
    const isSame = isAsDeclared(found, policy, expected.get(policy.name)!);
    return isSame ? [] : [`has another policy ${policy.name} than declared`];
  });
}

function isAsDeclared(found: StoredPolicy, { command, role }: RowPolicy, expression: string): boolean {
  return (
    found.isPermissive &&
    found.command === command &&
    found.roles.length === 1 &&
    found.roles[0] === (role ?? 'public') &&
    found.using === expression &&
    found.check === (command === 'SELECT' ? null : expression)
  );
}

function upStatements(security: TableSecurity, stored: StoredTable): string[] {
  const { table, kind, policies } = security;
  if (kind !== 'table') return securityStatements(security);
  const names = policies.map(({ name }) => name);
  const obsolete = stored.policies.filter(({ name }) => name.startsWith(POLICY_PREFIX) && !names.includes(name));
  return [
    ...securityStatements(security),
    // A partition without policies can be read through its table only.
    ...(policies.length === 0 ? [] : stored.openPartitions).flatMap((partition) => [
      `ALTER TABLE ${partition} ENABLE ROW LEVEL SECURITY`,
      `ALTER TABLE ${partition} FORCE ROW LEVEL SECURITY`,
    ]),
    ...obsolete.map(({ name }) => dropStatement(table, name)),
    ...(policies.length === 0 && obsolete.length === stored.policies.length
      ? [`ALTER TABLE ${table} NO FORCE ROW LEVEL SECURITY`, `ALTER TABLE ${table} DISABLE ROW LEVEL SECURITY`]
      : []),
  ];
}

function downStatements(security: TableSecurity, stored: StoredTable): string[] {
  const { table, kind, policies } = security;
  if (kind !== 'table') return [`ALTER VIEW ${table} RESET (security_invoker)`];
  const before = stored.policies.filter(({ name }) => name.startsWith(POLICY_PREFIX));
  return [
    ...policies.map(({ name }) => dropStatement(table, name)),
    ...before.map((policy) => restoreStatement(table, policy)),
    `ALTER TABLE ${table} ${stored.isForced ? '' : 'NO '}FORCE ROW LEVEL SECURITY`,
    `ALTER TABLE ${table} ${stored.isEnabled ? 'ENABLE' : 'DISABLE'} ROW LEVEL SECURITY`,
    ...(policies.length === 0 ? [] : stored.openPartitions).flatMap((partition) => [
      `ALTER TABLE ${partition} NO FORCE ROW LEVEL SECURITY`,
      `ALTER TABLE ${partition} DISABLE ROW LEVEL SECURITY`,
    ]),
  ];
}

function restoreStatement(table: string, { name, isPermissive, command, roles, using, check }: StoredPolicy): string {
  const to = roles.map((role) => (role === 'public' ? 'PUBLIC' : quoteIdentifier(role))).join(', ');
  return (
    `CREATE POLICY ${quoteIdentifier(name)} ON ${table} AS ${isPermissive ? 'PERMISSIVE' : 'RESTRICTIVE'} FOR ${command} TO ${to}` +
    (using === null ? '' : ` USING (${using})`) +
    (check === null ? '' : ` WITH CHECK (${check})`)
  );
}

/** Finds privileges that the unscoped role lacks. */
async function differingGrants(
  declared: readonly TableSecurity[],
  role: string,
  query: SendQuery,
): Promise<TableDifference[]> {
  const missing = await missingGrants(
    declared.map(({ table }) => table),
    role,
    query,
  );
  const to = quoteIdentifier(role);
  return missing.map(({ table, privileges }) => ({
    entity: declared.find((security) => security.table === table)!.entity,
    table,
    problems: privileges.map((privilege) => `needs for the role ${role}: GRANT ${privilege}`),
    up: privileges.map((privilege) => `GRANT ${privilege} TO ${to}`),
    down: privileges.map((privilege) => `REVOKE ${privilege} FROM ${to}`),
  }));
}
