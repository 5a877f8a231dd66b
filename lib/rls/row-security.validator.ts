import type { DataSource, QueryRunner } from 'typeorm';
import type { PostgresDriver } from '../common/peer-internals.js';
import { enforcementOf } from '../orm/enforcement/enforcement.js';
import { postgresQueryType, queryClassOf } from '../orm/execution/postgres-query.js';
import { tenancyOfEntity } from '../orm/policy/policy-compiler.js';
import type { RowLevelSecurityOptions } from '../orm/row-security/row-security-options.js';
import { inTransaction } from './check-row-security.js';
import { compareSecurity } from './compare-security.js';
import type { SendQuery } from './database-state.js';
import { openFunctions, openViews } from './open-objects.js';
import { quoteIdentifier } from './quote.js';
import { proposeReferences } from './reference-proposals.js';
import { tableSecurityOf } from './table-security.js';

/** What the start has found out about the row-level security of one database. */
export interface RowSecurityFindings {
  /** Each stops the start, and says the line to type. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

const NONE: RowSecurityFindings = { problems: [], warnings: [] };

/**
 * Checks that the database limits the application's connections: their roles, the policies, and the views and functions
 * that could bypass these. It also tells the verifier of raw SQL which functions to refuse.
 */
export async function validateRowSecurity(
  dataSource: DataSource,
  options: RowLevelSecurityOptions,
): Promise<RowSecurityFindings> {
  const { driver, entityMetadatas } = dataSource;
  if (!entityMetadatas.some((metadata) => tenancyOfEntity(metadata)?.kind === 'scoped')) return NONE;
  const { type } = dataSource.options;
  if (type !== 'postgres')
    return problem(
      `rowLevelSecurity is a feature of PostgreSQL, and a DataSource is of the type ${type}. Leave it out`,
    );
  if (postgresQueryType(queryClassOf(driver as PostgresDriver)) === undefined)
    return problem('rowLevelSecurity cannot be used with the native bindings of pg. Uninstall pg-native');
  return inTransaction(dataSource, 'checks row-level security', async (runner) => {
    const query: SendQuery = (sql, values) => runner.query(sql, values);
    const problems = await findRoleProblems(runner, options, query);
    // Such a role is past every policy, and sees all others' problems.
    if (problems.length > 0) return { problems, warnings: [] };
    const declared = tableSecurityOf(dataSource, options);
    const differences = await compareSecurity(declared, options, query);
    for (const { table, problems: found } of differences)
      problems.push(...found.map((text) => `the table ${table} ${text}. Run: npx nestjs-muck rls generate`));
    const secured = declared.filter(({ policies }) => policies.length > 0).map(({ table }) => table);
    problems.push(...(await openViews(secured, query)));
    const functions = await openFunctions(query);
    enforcementOf(dataSource)!.rawSql.refusedFunctions = new Set(functions.map(({ name }) => name.toLowerCase()));
    const warnings = [...functionWarnings(functions), ...cacheWarnings(dataSource), ...referenceWarnings(dataSource)];
    return { problems, warnings };
  });
}

interface Role {
  readonly name: string;
  readonly isSuperuser: boolean;
  readonly bypassesPolicies: boolean;
}

async function findRoleProblems(
  runner: QueryRunner,
  { unscopedRole }: RowLevelSecurityOptions,
  query: SendQuery,
): Promise<string[]> {
  const roles = await query<Role>(
    `SELECT rolname AS name, rolsuper AS "isSuperuser", rolbypassrls AS "bypassesPolicies" FROM pg_roles
     WHERE rolname IN (current_user, session_user, $1)`,
    [unscopedRole],
  );
  const problems = roles.flatMap(({ name, isSuperuser, bypassesPolicies }) => {
    if (isSuperuser)
      return [
        `the role ${name} is a superuser, whom no policy limits. Connect as another: CREATE ROLE app LOGIN PASSWORD '…'`,
      ];
    const line = `ALTER ROLE ${quoteIdentifier(name)} NOBYPASSRLS`;
    return bypassesPolicies ? [`the role ${name} bypasses every policy. Run: ${line}`] : [];
  });
  if (!roles.some(({ name }) => name === unscopedRole))
    return [...problems, `the role ${unscopedRole} does not exist. Run: CREATE ROLE ${quoteIdentifier(unscopedRole)}`];
  const [{ user, database, isTemporaryAllowed, isReadOnly }] = await query<Connection>(
    `SELECT session_user AS "user", current_database() AS "database",
       has_database_privilege(current_database(), 'TEMPORARY') AS "isTemporaryAllowed",
       current_setting('transaction_read_only')::boolean AS "isReadOnly"`,
  );
  if (isReadOnly) problems.push('the primary of the DataSource is read-only, so its policies cannot be compared');
  else if (!isTemporaryAllowed)
    problems.push(
      `the role ${user} needs temporary tables to compare policies. Run: GRANT TEMPORARY ON DATABASE ${quoteIdentifier(database)} TO ${quoteIdentifier(user)}`,
    );
  if (!(await canSwitch(runner, unscopedRole, query)))
    problems.push(
      `the role ${user} cannot switch to ${unscopedRole}. Run: GRANT ${quoteIdentifier(unscopedRole)} TO ${quoteIdentifier(user)} WITH INHERIT FALSE, SET TRUE ` +
        `(before PostgreSQL 16: GRANT ${quoteIdentifier(unscopedRole)} TO ${quoteIdentifier(user)})`,
    );
  return problems;
}

interface Connection {
  readonly user: string;
  readonly database: string;
  readonly isTemporaryAllowed: boolean;
  readonly isReadOnly: boolean;
}

async function canSwitch(runner: QueryRunner, role: string, query: SendQuery): Promise<boolean> {
  await runner.startTransaction();
  try {
    await query("SELECT set_config('role', $1, true)", [role]);
    return true;
  } catch {
    return false;
  } finally {
    // Rolls back to a savepoint, and the role with it.
    await runner.rollbackTransaction();
  }
}

function functionWarnings(functions: Awaited<ReturnType<typeof openFunctions>>): string[] {
  if (functions.length === 0) return [];
  const names = functions.map(({ name, why }) => `${name} (${why})`).join(', ');
  return [`Raw SQL in a tenant scope must not call these functions of the database: ${names}.`];
}

/** The results are keyed by tenant, but their table has no policies. */
function cacheWarnings({ options }: DataSource): string[] {
  const { cache } = options;
  if (cache === undefined || cache === false) return [];
  const isTable = cache === true || (cache as { readonly type?: string }).type === 'database';
  return isTable
    ? [
        'The query cache stores results of all tenants in a table without row-level security. Use another store, or leave the cache out.',
      ]
    : [];
}

/** Maximum number of references that a warning names. */
const MAX_NAMED = 10;

function referenceWarnings(dataSource: DataSource): string[] {
  const references = proposeReferences(dataSource).map(
    ({ entity, property, target }) => `${entity}.${property} → ${target}`,
  );
  if (references.length === 0) return [];
  const named = references.slice(0, MAX_NAMED).join(', ');
  const others = references.length > MAX_NAMED ? ` and ${references.length - MAX_NAMED} others` : '';
  return [
    `PostgreSQL checks foreign keys past every policy, and these leave the tenant out: ${named}${others}. ` +
      'The query builders look them up, raw SQL must not set them. For the lines to type, run: npx nestjs-muck rls check',
  ];
}

function problem(text: string): RowSecurityFindings {
  return { problems: [`${text}.`], warnings: [] };
}
