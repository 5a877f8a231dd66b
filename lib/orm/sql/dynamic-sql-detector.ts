import type { ParenTree, ParsedStatement } from './table-references.js';
import { isIdentifier, isKeywordAt, isPunctuationAt } from './tokenizer.js';
import type { SqlDialect, SqlToken } from './tokenizer.js';

/** Functions that run SQL given as text, or read a table given by its name. */
const READ_BY_TEXT =
  '(?:query|cursor|table)_to_xml(?:_and_xmlschema)?|(?:query|cursor|table)_to_xmlschema|(?:schema|database)_to_xml\\w*|dblink\\w*|xpath_table|' +
  'crosstab\\w*|connectby\\w*|ts_stat|ts_rewrite|load_extension|pg_background_\\w+|run_command_on_\\w+|bytecode|tables_used';
/** Functions that read or write files of the server, or large objects. */
const FILES =
  'pg_read_file|pg_read_binary_file|pg_ls_\\w+|pg_file_\\w+|pg_logdir_ls|lo_\\w+|loread|lowrite|load_file|readfile|writefile|fsdir|zipfile';
/** Functions that read pages of tables and indexes, or return their sizes. */
const PAGES =
  'get_raw_page|heap_page_\\w+|tuple_data_split|page_header|fsm_page_contents|bt_metap|bt_\\w*page_\\w+|bt_index_\\w+|brin_\\w+|gin_\\w+|' +
  'gist_page_\\w+|hash_(?:page|bitmap|metapage)_\\w+|pgstat\\w+|pg_relpages|pg_visibility\\w*|pg_check_\\w+|pg_truncate_visibility_map|pgrowlocks|' +
  'pg_buffercache\\w*|pg_prewarm|autoprewarm\\w*|pg_freespace|pg_get_wal_\\w+|verify_heapam|(?:pg_relation|pg_total_relation|pg_table|pg_indexes)_size';
/** Functions that inspect or control other sessions or the server. */
const SERVER =
  'pg_stat_\\w+|pg_prepared_statement|pg_cursor|pg_cancel_backend|pg_terminate_backend|pg_reload_conf|pg_rotate_logfile|pg_log_\\w+|' +
  'pg_switch_wal|pg_wal_replay_\\w+|pg_promote|pg_backup_\\w+|pg_create_\\w+|pg_drop_\\w+|pg_copy_\\w+|pg_logical_\\w+|pg_replication_\\w+|' +
  'pg_restore_\\w+|pg_clear_\\w+|benchmark|keyring_\\w+|audit_log_\\w+|version_tokens_\\w+';
/** Functions whose effect outlives the statement on the connection, or changes a counter of all tenants. */
const LASTING =
  'setval|set_config|pg_advisory_(?:lock|unlock)\\w*|pg_try_advisory_lock\\w*|get_lock|release_lock|release_all_locks|service_\\w+_locks|fts3_tokenizer';
const DYNAMIC_FUNCTIONS = new RegExp(`^(?:${[READ_BY_TEXT, FILES, PAGES, SERVER, LASTING].join('|')})$`);

/**
 * Tables with statistics about the rows of all tenants, with counters of all tenants, or with the statements of other
 * sessions.
 */
const STATISTICS =
  /^(?:pg_stat\w*|pg_toast\w*|pg_largeobject\w*|pg_prepared_statements|pg_cursors|pg_buffercache\w*|sqlite_stat[134]|sqlite_sequence|sqlite_dbpage|sqlite_stmt|dbstat|column_stats|column_statistics|innodb_(?:table_stats|trx)|processlist|events_statements_\w+|general_log|slow_log)$/;
/** Schemas with such tables, and the pattern of the tables that are refused in each. */
const STATISTICS_SCHEMAS: Readonly<Record<SqlDialect, Readonly<Record<string, RegExp>>>> = {
  mysql: {
    performance_schema: /./,
    sys: /./,
    mysql: /./,
    information_schema: /^(?:innodb_\w+|user_variables|(?:user|client|table|index)_statistics|query_cache_info)$/,
  },
  postgres: { cron: /./ },
  sqlite: {},
};

/** Words between EXPLAIN and the explained statement. */
const EXPLAIN_OPTIONS = new Set(
  'analyze verbose extended partitions query plan format = json tree traditional true false on off'.split(' '),
);
const EXPLAINED = new Set('select with values insert update delete replace ('.split(' '));
const INSERTING = new Set(['insert', 'replace', 'upsert', 'merge']);

/** The context that a statement is checked in. */
export interface DynamicSqlContext {
  readonly dialect: SqlDialect;
  /** Checks whether an entity is mapped to a table. */
  readonly isMapped: (table: string) => boolean;
}

/**
 * Finds a part of a statement that reads rows without a visible table name, or whose effect outlives the statement on
 * the connection.
 *
 * @returns the problem, for the error; undefined if there is no such part
 */
export function findDynamicSql(
  tokens: readonly SqlToken[],
  { mentions, brackets }: ParsedStatement,
  { dialect, isMapped }: DynamicSqlContext,
): string | undefined {
  const statistics = mentions.find(({ table, token }) => {
    const schema = isPunctuationAt(tokens, token - 1, '.') ? tokens[token - 2].text : undefined;
    if (schema !== undefined && STATISTICS_SCHEMAS[dialect][schema]?.test(table)) return true;
    return STATISTICS.test(table) && !(schema === undefined && isMapped(table));
  });
  if (statistics !== undefined) return `${statistics.table} has statistics of all tenants`;
  // A rule of this view sets the setting for the whole connection.
  if (mentions.some(({ table, changed }) => table === 'pg_settings' && changed))
    return 'UPDATE pg_settings changes a setting of the connection';
  const call = tokens.find((_, i) => isDynamicCall(tokens, i));
  if (call !== undefined) return `${call.text}() has effects that cannot be checked`;
  if (tokens.some((_, i) => isSelectInto(tokens, brackets, i)))
    return 'SELECT … INTO writes its result into a table, a file or a variable';
  if (dialect === 'mysql' && tokens.some((_, i) => isUserVariable(tokens, i)))
    return 'a user variable (@name, :=) outlives the statement on a connection that other tenants use next';
  if (explainsElse(tokens)) return 'EXPLAIN is allowed for queries and writes of rows only';
  return undefined;
}

function isDynamicCall(tokens: readonly SqlToken[], i: number): boolean {
  const token = tokens[i];
  if (!isIdentifier(token) || tokens[i + 1]?.text !== '(') return false;
  // With an argument, it sets the value that later calls on the connection return, also to other callers.
  if (token.text === 'last_insert_id') return !isPunctuationAt(tokens, i + 2, ')');
  if (isPunctuationAt(tokens, i - 1, '.') && tokens[i - 2]?.text === 'cron') return true;
  return DYNAMIC_FUNCTIONS.test(token.text) && !isLocalSetting(tokens, i);
}

/**
 * Checks for an INTO without an INSERT: at its parenthesis level, a SELECT precedes it, or no inserting keyword does.
 */
function isSelectInto(tokens: readonly SqlToken[], { ofToken }: ParenTree, i: number): boolean {
  if (tokens[i].text !== 'into' || !isKeywordAt(tokens, i)) return false;
  let inserts = false;
  for (let before = i - 1; before >= 0 && !isPunctuationAt(tokens, before, ';'); before -= 1) {
    if (ofToken[before] !== ofToken[i] || !isKeywordAt(tokens, before)) continue;
    if (tokens[before].text === 'select') return true;
    inserts ||= INSERTING.has(tokens[before].text);
  }
  return !inserts;
}

/** Matches `@name` and `:=`, but not a system variable, `@@name`. */
function isUserVariable(tokens: readonly SqlToken[], i: number): boolean {
  if (isPunctuationAt(tokens, i, ':'))
    return isPunctuationAt(tokens, i + 1, '=') && tokens[i + 1].start === tokens[i].end;
  if (!isPunctuationAt(tokens, i, '@')) return false;
  return !isPunctuationAt(tokens, i - 1, '@') && !isPunctuationAt(tokens, i + 1, '@');
}

function explainsElse(tokens: readonly SqlToken[]): boolean {
  if (tokens[0]?.kind !== 'word' || tokens[0].text !== 'explain') return false;
  let i = 1;
  // Skips PostgreSQL's options in parentheses; before a SELECT, the parenthesis opens a query.
  if (isPunctuationAt(tokens, i, '(') && tokens[i + 1]?.text !== 'select' && tokens[i + 1]?.text !== 'with') {
    while (i < tokens.length && !isPunctuationAt(tokens, i, ')')) i += 1;
    i += 1;
  }
  while (EXPLAIN_OPTIONS.has(tokens[i]?.text ?? '')) i += 1;
  return !EXPLAINED.has(tokens[i]?.text ?? '');
}

/** Checks for `set_config(…, …, true)`, whose effect ends with the transaction. */
function isLocalSetting(tokens: readonly SqlToken[], i: number): boolean {
  if (tokens[i].text !== 'set_config') return false;
  let depth = 0;
  const end = tokens.findIndex((_, at) => {
    if (at <= i) return false;
    if (isPunctuationAt(tokens, at, '(')) depth += 1;
    if (isPunctuationAt(tokens, at, ')')) depth -= 1;
    return depth === 0;
  });
  const last = tokens[end - 1];
  // A quoted "true" is a column, not the constant.
  const isTrue = last?.kind === 'word' && last.text === 'true' && isPunctuationAt(tokens, end - 2, ',');
  return isTrue && tokens[i + 2].kind === 'literal';
}
