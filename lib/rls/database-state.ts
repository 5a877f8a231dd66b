import { policyStatement } from './table-security.js';
import type { TableSecurity } from './table-security.js';
import { quoteIdentifier } from './quote.js';

/** Sends a statement and returns its rows. */
export type SendQuery = <Row>(sql: string, values?: unknown[]) => Promise<Row[]>;

/** A policy as the database has it. */
export interface StoredPolicy {
  readonly name: string;
  readonly isPermissive: boolean;
  readonly command: string;
  readonly roles: readonly string[];
  readonly using: string | null;
  readonly check: string | null;
}

/** A table or view as the database has it. */
export interface StoredTable {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  /** `pg_class.relkind`: `r` and `p` for tables, `v` for views, `m` for materialized views. */
  readonly kind: string;
  readonly isEnabled: boolean;
  readonly isForced: boolean;
  /** Whether a view is read with the rights of its caller. */
  readonly isInvoker: boolean;
  readonly policies: readonly StoredPolicy[];
  /** Partitions and inheriting tables without enabled and forced row-level security, escaped. */
  readonly openPartitions: readonly string[];
}

/**
 * Reads the row-level security of tables.
 *
 * @param tables escaped names
 * @returns the tables by these names; undefined for a table that does not exist
 */
export async function readTables(
  tables: readonly string[],
  query: SendQuery,
): Promise<ReadonlyMap<string, StoredTable | undefined>> {
  const rows = await query<{ table: string; stored: StoredTable | null }>(STATE, [tables]);
  return new Map(rows.map(({ table, stored }) => [table, stored ?? undefined]));
}

/** `to_regclass` resolves a name as a statement would: by the search path, truncated to 63 bytes. */
const STATE = `
  WITH RECURSIVE named AS (SELECT name, to_regclass(name)::oid AS oid FROM unnest($1::text[]) AS name),
  tree(root, oid) AS (
    SELECT oid, oid FROM named WHERE oid IS NOT NULL
    UNION SELECT tree.root, i.inhrelid FROM tree JOIN pg_inherits i ON i.inhparent = tree.oid
  )
  SELECT named.name AS "table", CASE WHEN c.oid IS NULL THEN NULL ELSE json_build_object(
    'oid', c.oid::text, 'schema', n.nspname, 'name', c.relname, 'kind', c.relkind,
    'isEnabled', c.relrowsecurity, 'isForced', c.relforcerowsecurity,
    'isInvoker', coalesce((SELECT o.option_value::boolean FROM pg_options_to_table(c.reloptions) o
      WHERE o.option_name = 'security_invoker'), false),
    'policies', coalesce((SELECT json_agg(json_build_object(
        'name', p.polname, 'isPermissive', p.polpermissive,
        'command', CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
          WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
        'roles', (SELECT json_agg(CASE role WHEN 0 THEN 'public' ELSE pg_get_userbyid(role) END)
          FROM unnest(p.polroles) role),
        'using', pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid)) ORDER BY p.polname)
      FROM pg_policy p WHERE p.polrelid = c.oid), '[]'),
    'openPartitions', coalesce((SELECT json_agg(format('%I.%I', pn.nspname, part.relname) ORDER BY part.relname)
      FROM tree JOIN pg_class part ON part.oid = tree.oid JOIN pg_namespace pn ON pn.oid = part.relnamespace
      WHERE tree.root = c.oid AND tree.oid <> c.oid AND NOT (part.relrowsecurity AND part.relforcerowsecurity)), '[]')
  ) END AS stored
  FROM named LEFT JOIN pg_class c ON c.oid = named.oid LEFT JOIN pg_namespace n ON n.oid = c.relnamespace`;

/**
 * Returns the conditions of a table's policies as PostgreSQL writes them, so that they can be compared with those that
 * are stored. A temporary table of the same name gets the policies for that, so that the table itself is not locked.
 *
 * @param query sends to one connection, in a transaction that the caller rolls back
 * @returns the conditions by the names of the policies
 */
export async function expressionsAsStored(
  { policies }: TableSecurity,
  { schema, name }: StoredTable,
  query: SendQuery,
): Promise<ReadonlyMap<string, string>> {
  const temporary = `pg_temp.${quoteIdentifier(name)}`;
  await query(
    `CREATE TEMPORARY TABLE ${quoteIdentifier(name)} (LIKE ${quoteIdentifier(schema)}.${quoteIdentifier(name)})`,
  );
  // The role may be missing in this database.
  for (const policy of policies) await query(policyStatement(temporary, { ...policy, role: undefined }));
  const rows = await query<{ name: string; using: string }>(
    'SELECT polname AS name, pg_get_expr(polqual, polrelid) AS using FROM pg_policy WHERE polrelid = $1::regclass',
    [temporary],
  );
  await query(`DROP TABLE ${temporary}`);
  return new Map(rows.map((row) => [row.name, row.using]));
}
