import type { SendQuery } from './database-state.js';

/**
 * Finds views through which the current role reads tables past their policies: a view whose owner bypasses policies
 * and that has no `security_invoker`, or a materialized view, which has copied rows of all tenants.
 *
 * @param tables escaped names of the tables with policies
 * @returns problems with the line to type
 */
export async function openViews(tables: readonly string[], query: SendQuery): Promise<string[]> {
  const views = await query<{ name: string; isMaterialized: boolean }>(VIEWS, [tables]);
  return views.map(({ name, isMaterialized }) =>
    isMaterialized
      ? `the materialized view ${name} has rows of all tenants without policies. Run: REVOKE ALL ON ${name} FROM PUBLIC, and from the application's role`
      : `the view ${name} reads past the policies, with the rights of its owner. Run: ALTER VIEW ${name} SET (security_invoker = true)`,
  );
}

/** A view depends on a table by its rule, and another view on the view. */
const VIEWS = `
  WITH RECURSIVE dependent(oid) AS (
    SELECT to_regclass(name)::oid FROM unnest($1::text[]) AS name
    UNION
    SELECT rule.ev_class FROM dependent
    JOIN pg_depend d ON d.refobjid = dependent.oid AND d.refclassid = 'pg_class'::regclass AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite rule ON rule.oid = d.objid
  )
  SELECT format('%I.%I', n.nspname, c.relname) AS name, c.relkind = 'm' AS "isMaterialized"
  FROM dependent JOIN pg_class c ON c.oid = dependent.oid AND c.relkind IN ('v', 'm')
  JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles owner ON owner.oid = c.relowner
  WHERE has_table_privilege(c.oid, 'SELECT') AND (c.relkind = 'm' OR (
    (owner.rolsuper OR owner.rolbypassrls) AND NOT coalesce((SELECT o.option_value::boolean
      FROM pg_options_to_table(c.reloptions) o WHERE o.option_name = 'security_invoker'), false)))
  ORDER BY 1`;

/** A function that a statement in a tenant scope must not call. */
export interface OpenFunction {
  readonly name: string;
  readonly why: string;
}

/**
 * Finds functions of the application that change settings, run SQL from text, or run with the rights of an owner whom
 * policies do not limit; and functions that call these.
 */
export async function openFunctions(query: SendQuery): Promise<OpenFunction[]> {
  const functions = await query<{ name: string; source: string; definer: boolean; trusted: boolean }>(FUNCTIONS);
  const open = new Map<string, string>();
  for (const { name, source, definer, trusted } of functions) {
    if (definer) open.set(name, 'SECURITY DEFINER');
    else if (!trusted) open.set(name, 'in a language that cannot be read');
    else if (/\b(?:set_config|set|reset|discard|execute|pg_settings)\b/i.test(withoutUpdates(source)))
      open.set(name, 'changes settings, or runs SQL from text');
  }
  // A function that calls such a function has its effects.
  for (let before = -1; before !== open.size;) {
    before = open.size;
    for (const { name, source } of functions) {
      const called = [...open.keys()].find(
        (other) => other !== name && source.toLowerCase().includes(other.toLowerCase()),
      );
      if (called !== undefined && !open.has(name)) open.set(name, `calls ${called}`);
    }
  }
  return [...open].map(([name, why]) => ({ name, why }));
}

/** Removes the SET of UPDATE statements, which sets columns. */
function withoutUpdates(source: string): string {
  return source.replaceAll(/\bupdate\b[^;]*?\bset\b/gi, 'update');
}

/** Functions of extensions are left out, and trigger functions: a statement cannot call them. */
const FUNCTIONS = `
  SELECT p.proname AS name, coalesce(p.prosrc, '') || ' ' || coalesce(pg_get_function_sqlbody(p.oid), '') AS source,
    l.lanname IN ('sql', 'plpgsql') AS trusted,
    p.prosecdef AND (owner.rolsuper OR owner.rolbypassrls) AS definer
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_roles owner ON owner.oid = p.proowner
  JOIN pg_language l ON l.oid = p.prolang
  WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND p.prorettype <> 'trigger'::regtype
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e')`;
