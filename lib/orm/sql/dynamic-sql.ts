import type { StatementShape } from './mentions.js';
import { isIdentifier, isSignAt } from './tokens.js';
import type { SqlToken } from './tokens.js';

/** Functions that run SQL given as text, read a table given by name, or set a counter that all tenants share. */
const DYNAMIC_FUNCTIONS =
  /^(?:query_to_xml|query_to_xml_and_xmlschema|query_to_xmlschema|cursor_to_xml|cursor_to_xmlschema|table_to_xml|table_to_xml_and_xmlschema|table_to_xmlschema|schema_to_xml\w*|database_to_xml\w*|dblink\w*|xpath_table|crosstab\w*|ts_stat|ts_rewrite|load_extension|pg_read_file|pg_read_binary_file|lo_export|load_file|setval|set_config|pg_stat_get_\w+|pg_cancel_backend|pg_terminate_backend|pg_reload_conf|pg_rotate_logfile|pg_switch_wal|pg_promote|pg_advisory_(?:lock|unlock)\w*|pg_try_advisory_lock\w*|pg_create_\w+|pg_drop_\w+|pg_logical_\w+|pg_replication_\w+|pg_ls_\w+|pg_stat_file|pg_stat_reset\w*|lo_\w+|get_lock|release_lock|release_all_locks|benchmark)$/;

/** What a database has gathered about the values in all tables, where it counts for all tenants, and what they are running. */
const STATISTICS =
  /^(?:pg_stats(?:_ext(?:_exprs)?)?|pg_statistic(?:_ext_data)?|sqlite_stat[134]|column_stats|column_statistics|innodb_table_stats|sqlite_sequence|pg_stat_activity|pg_stat_statements|processlist|innodb_trx|events_statements_\w+|pg_toast\w*|pg_largeobject\w*|pg_prepared_statements|pg_cursors|general_log|slow_log|dbstat|sqlite_dbpage)$/;

/**
 * Says what in a statement reads rows without naming their table where it can be read.
 *
 * @returns undefined when there is no such thing
 */
export function findDynamicSql(tokens: readonly SqlToken[], { mentions }: StatementShape): string | undefined {
  const statistics = mentions.find(({ table }) => STATISTICS.test(table));
  if (statistics !== undefined) return `${statistics.table} is about all tenants`;
  const call = tokens.find(
    (token, i) =>
      isIdentifier(token) &&
      DYNAMIC_FUNCTIONS.test(token.text) &&
      tokens[i + 1]?.text === '(' &&
      !isLocalSetting(tokens, i),
  );
  return call && `${call.text}() does what cannot be read here`;
}

/** `set_config(…, …, true)` ends with the transaction. */
function isLocalSetting(tokens: readonly SqlToken[], i: number): boolean {
  if (tokens[i].text !== 'set_config') return false;
  let depth = 0;
  const end = tokens.findIndex((_, at) => {
    if (at <= i) return false;
    if (isSignAt(tokens, at, '(')) depth += 1;
    if (isSignAt(tokens, at, ')')) depth -= 1;
    return depth === 0;
  });
  const last = tokens[end - 1];
  // A column may be called "true".
  const isTrue = last?.kind === 'word' && last.text === 'true' && isSignAt(tokens, end - 2, ',');
  return isTrue && tokens[i + 2].kind === 'literal';
}
