import type { DataSource, EntityMetadata } from 'typeorm';
import { MuckConfigurationError } from '../errors/muck-configuration.error.js';
import { requireEnforcement } from '../orm/enforcement/enforcement.js';
import { supportedDialect } from '../orm/policy/dialect.js';
import { isScoped } from '../orm/policy/tenant-policy.js';
import type { RowLevelSecurityOptions } from '../orm/row-security/row-security-options.js';
import { scopeSettings } from '../orm/row-security/scope-settings.js';
import { PolicyExpressions } from './policy-expressions.js';
import { quoteIdentifier, quoteLiteral } from './quote.js';

/** Commands that a policy applies to. */
export type PolicyCommand = 'ALL' | 'SELECT';

/** A row-level security policy. */
export interface RowPolicy {
  readonly name: string;
  readonly command: PolicyCommand;
  /** Role that it applies to; undefined for every role. */
  readonly role: string | undefined;
  readonly using: string;
}

/** The row-level security of a table. */
export interface TableSecurity {
  /** Escaped name, with its schema if the entity has one. */
  readonly table: string;
  /** Name of the entity, for messages. */
  readonly entity: string;
  /** A table has policies of its own, a view those of its tables. */
  readonly kind: 'table' | 'view' | 'materialized view';
  readonly isShared: boolean;
  /** Empty for a shared table. */
  readonly policies: readonly RowPolicy[];
}

/** Prefix of the names of generated policies. */
export const POLICY_PREFIX = 'muck_';

/**
 * Returns the row-level security that an application's declarations require, one entry for each table of an entity.
 *
 * Every policy is permissive, so PostgreSQL joins them by OR: a row is readable if it is the tenant's own, or shared,
 * or if the unscoped role reads it. The policy of that role checks the role itself, because a role that inherits its
 * privileges has its policies too.
 *
 * @throws MuckConfigurationError if the database is not PostgreSQL, or a declaration does not fit
 */
export function tableSecurityOf(dataSource: DataSource, { unscopedRole }: RowLevelSecurityOptions): TableSecurity[] {
  if (supportedDialect(dataSource) !== 'postgres')
    throw new MuckConfigurationError([
      `rowLevelSecurity is a feature of PostgreSQL, and this DataSource is of the type ${dataSource.options.type}. Leave the option out`,
    ]);
  scopeSettings();
  const { policies } = requireEnforcement(dataSource);
  const expressions = new PolicyExpressions(dataSource, policies);
  const isRole = `current_user = ${quoteLiteral(unscopedRole)}`;
  const unscoped: RowPolicy = { name: 'muck_unscoped', command: 'ALL', role: unscopedRole, using: isRole };

  const describe = (metadata: EntityMetadata): TableSecurity => {
    const isShared = !isScoped(policies.of(metadata));
    const kind = kindOf(metadata);
    const shared = isShared ? undefined : expressions.shared(metadata);
    return {
      table: policies.table(metadata),
      entity: metadata.name,
      kind,
      isShared,
      policies:
        isShared || kind !== 'table'
          ? []
          : [
              { name: 'muck_tenant', command: 'ALL', role: undefined, using: expressions.own(metadata) },
              ...(shared === undefined
                ? []
                : [{ name: 'muck_shared', command: 'SELECT', role: undefined, using: shared } as const]),
              unscoped,
            ],
    };
  };
  const byTable = new Map<string, TableSecurity>();
  for (const metadata of dataSource.entityMetadatas) {
    if (policies.of(metadata).kind === 'undeclared')
      throw new MuckConfigurationError([`${metadata.name} is undeclared. Add @TenantScoped() or @TenantShared('why')`]);
    const security = describe(metadata);
    if (!byTable.has(security.table)) byTable.set(security.table, security);
  }
  return [...byTable.values()];
}

function kindOf({ tableType, expression, tableMetadataArgs }: EntityMetadata): TableSecurity['kind'] {
  if (tableType !== 'view' && expression === undefined) return 'table';
  return tableMetadataArgs.materialized === true ? 'materialized view' : 'view';
}

/** Returns the statements that give a table its policies. They can be repeated. */
export function securityStatements({ table, kind, policies }: TableSecurity): string[] {
  if (kind === 'view') return [`ALTER VIEW ${table} SET (security_invoker = true)`];
  if (policies.length === 0) return [];
  return [
    `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`,
    // Without FORCE, policies do not apply to the table's owner.
    `ALTER TABLE ${table} FORCE ROW LEVEL SECURITY`,
    ...policies.flatMap((policy) => [dropStatement(table, policy.name), policyStatement(table, policy)]),
  ];
}

/** Returns `DROP POLICY` for a policy, which may be missing. */
export function dropStatement(table: string, name: string): string {
  return `DROP POLICY IF EXISTS ${quoteIdentifier(name)} ON ${table}`;
}

/** Returns `CREATE POLICY` for a policy. */
export function policyStatement(table: string, { name, command, role, using }: RowPolicy): string {
  const to = role === undefined ? 'PUBLIC' : quoteIdentifier(role);
  const check = command === 'SELECT' ? '' : ` WITH CHECK (${using})`;
  return `CREATE POLICY ${quoteIdentifier(name)} ON ${table} FOR ${command} TO ${to} USING (${using})${check}`;
}
