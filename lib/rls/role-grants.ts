import type { SendQuery } from './database-state.js';

/** Privileges that a role lacks on a table, and on its schema and sequences. */
export interface MissingGrants {
  /** Escaped name of the table. */
  readonly table: string;
  /** Each as `GRANT` takes it, e.g. `SELECT, INSERT ON public.ticket`. */
  readonly privileges: readonly string[];
}

/**
 * Finds the privileges that a role lacks to read and write tables. A role that does not exist lacks all.
 *
 * @param tables escaped names
 */
export async function missingGrants(
  tables: readonly string[],
  role: string,
  query: SendQuery,
): Promise<MissingGrants[]> {
  return query<MissingGrants>(GRANTS, [tables, role]);
}

/** A column with a default of its own sequence needs a privilege on it; an identity column does not. */
const GRANTS = `
  WITH named AS (
    SELECT name AS "table", c.oid, c.relkind, c.relnamespace, role.oid AS role
    FROM unnest($1::text[]) AS name JOIN pg_class c ON c.oid = to_regclass(name)
    LEFT JOIN pg_roles role ON role.rolname = $2
  ),
  wanted AS (
    SELECT "table", 1 AS place, format('USAGE ON SCHEMA %I', n.nspname) AS privilege,
      CASE WHEN role IS NULL THEN false ELSE has_schema_privilege(role, n.oid, 'USAGE') END AS granted
    FROM named JOIN pg_namespace n ON n.oid = relnamespace
    UNION ALL
    SELECT "table", 2, format('%s ON %s', kind, "table"),
      CASE WHEN role IS NULL THEN false ELSE has_table_privilege(role, named.oid, kind) END
    FROM named, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) kind
    WHERE kind = 'SELECT' OR relkind IN ('r', 'p')
    UNION ALL
    SELECT "table", 3, format('USAGE ON SEQUENCE %I.%I', n.nspname, s.relname),
      CASE WHEN role IS NULL THEN false ELSE has_sequence_privilege(role, s.oid, 'USAGE') END
    FROM named JOIN pg_depend d ON d.refobjid = named.oid AND d.deptype = 'a' AND d.classid = 'pg_class'::regclass
    JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_namespace n ON n.oid = s.relnamespace
  )
  SELECT "table", json_agg(DISTINCT privilege) AS privileges FROM wanted WHERE NOT granted GROUP BY "table" ORDER BY "table"`;
