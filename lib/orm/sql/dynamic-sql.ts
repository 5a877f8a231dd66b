import type { StatementShape } from './mentions.js';
import { isIdentifier } from './tokens.js';
import type { SqlToken } from './tokens.js';

/** Statements that run SQL which stands elsewhere. */
const DYNAMIC_VERBS = new Set(['do', 'execute', 'exec', 'prepare', 'call', 'copy', 'handler', 'load']);
/** Functions that run SQL given as text, or read a table given by name. */
const DYNAMIC_FUNCTIONS =
  /^(?:query_to_xml|query_to_xml_and_xmlschema|query_to_xmlschema|cursor_to_xml|cursor_to_xmlschema|table_to_xml|table_to_xml_and_xmlschema|table_to_xmlschema|schema_to_xml\w*|database_to_xml\w*|dblink\w*|xpath_table|crosstab\w*|ts_stat|ts_rewrite|load_extension|pg_read_file|pg_read_binary_file|lo_export|load_file)$/;

/** What a database has gathered about the values in all tables. */
const STATISTICS =
  /^(?:pg_stats(?:_ext(?:_exprs)?)?|pg_statistic(?:_ext_data)?|sqlite_stat[134]|column_stats|column_statistics|innodb_table_stats)$/;

/**
 * Says what in a statement reads rows without naming their table where it can be read.
 *
 * @returns undefined when there is no such thing
 */
export function findDynamicSql(tokens: readonly SqlToken[], { verbs, mentions }: StatementShape): string | undefined {
  const statistics = mentions.find(({ table }) => STATISTICS.test(table));
  if (statistics !== undefined) return `${statistics.table} holds values of all tenants`;
  const verb = verbs.find((word) => DYNAMIC_VERBS.has(word));
  if (verb !== undefined) return `${verb.toUpperCase()} runs SQL that cannot be read here`;
  const call = tokens.find(
    (token, i) => isIdentifier(token) && DYNAMIC_FUNCTIONS.test(token.text) && tokens[i + 1]?.text === '(',
  );
  return call && `${call.text}() runs SQL that cannot be read here`;
}
