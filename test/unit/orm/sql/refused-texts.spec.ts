import { describe, expect, it } from '@jest/globals';
import { assertSingleExpression, assertBalancedFragment } from '../../../../lib/orm/sql/fragment-validator.js';
import { findDynamicSql } from '../../../../lib/orm/sql/dynamic-sql-detector.js';
import { parseStatement } from '../../../../lib/orm/sql/table-references.js';
import { isAllowed } from '../../../../lib/orm/sql/session-statement.allow-list.js';
import { tokenize } from '../../../../lib/orm/sql/tokenizer.js';
import type { SqlDialect } from '../../../../lib/orm/sql/tokenizer.js';

/* What is refused wherever it stands, and what a connection may be asked beside reading and writing. */

const words = (text: string): string[] => text.split(/\s+/);

describe('a function or table that reads beside the tables that are named', () => {
  const found = (sql: string, dialect: SqlDialect = 'postgres'): string | undefined => {
    const { tokens } = tokenize(sql, dialect);
    return findDynamicSql(tokens, parseStatement(tokens), { dialect, isMapped: (table) => table === 'general_log' });
  };

  it.each(
    words(`query_to_xml query_to_xml_and_xmlschema query_to_xmlschema cursor_to_xml cursor_to_xmlschema table_to_xml
      table_to_xml_and_xmlschema table_to_xmlschema schema_to_xml schema_to_xmlschema database_to_xml database_to_xml_and_xmlschema
      dblink dblink_exec dblink_get_result xpath_table crosstab crosstab2 crosstabN ts_stat ts_rewrite load_extension pg_read_file
      pg_read_binary_file lo_export load_file setval set_config pg_stat_get_activity pg_cancel_backend pg_terminate_backend
      pg_reload_conf pg_rotate_logfile pg_switch_wal pg_promote pg_advisory_lock pg_advisory_unlock pg_advisory_unlock_all
      pg_advisory_lock_shared pg_try_advisory_lock pg_try_advisory_lock_shared pg_create_restore_point pg_drop_replication_slot
      pg_logical_slot_get_changes pg_replication_slot_advance pg_ls_dir pg_stat_file pg_stat_reset pg_stat_reset_shared lo_get
      get_lock release_lock release_all_locks benchmark connectby pg_background_launch run_command_on_workers bytecode tables_used
      pg_file_write pg_logdir_ls lo_import lo_put loread lowrite readfile writefile fsdir zipfile get_raw_page heap_page_items
      heap_page_item_attrs tuple_data_split page_header fsm_page_contents bt_metap bt_page_items bt_page_stats bt_multi_page_stats
      bt_index_check brin_page_items brin_metapage_info gin_leafpage_items gist_page_items hash_page_items hash_bitmap_info
      hash_metapage_info pgstattuple pgstatindex pg_relpages pg_visibility pg_visibility_map pg_check_visible
      pg_truncate_visibility_map pgrowlocks pg_buffercache_pages pg_prewarm autoprewarm_dump_now pg_freespace
      pg_get_wal_records_info verify_heapam pg_relation_size pg_total_relation_size pg_table_size pg_indexes_size pg_stat_statements
      pg_stat_clear_snapshot pg_prepared_statement pg_cursor pg_log_backend_memory_contexts pg_wal_replay_pause
      pg_backup_start pg_copy_logical_replication_slot pg_restore_relation_stats pg_clear_attribute_stats keyring_key_fetch
      audit_log_read version_tokens_show service_get_write_locks fts3_tokenizer`),
  )('is refused where it is called: %s', (name) => {
    const refused = new RegExp(`^${name.toLowerCase()}\\(\\)`);
    expect(found(`SELECT ${name}(1)`)).toMatch(refused);
    expect(found(`SELECT "${name.toLowerCase()}" (1)`)).toMatch(refused);
    expect(found(`SELECT pg_catalog.${name.toUpperCase()}(1)`)).toMatch(refused);
    expect(found(`SELECT ${name} FROM a`)).toBeUndefined();
    expect(found(`SELECT x${name}(1)`)).toBeUndefined();
    expect(found(`SELECT ${name}`)).toBeUndefined();
  });

  it.each(
    words(`load_extensions setvals pg_read_files pg_stat_ pg_size_pretty pg_database_size pg_backend_pid version nextval pg_typeof pg_create_ pg_drop_ pg_logical_ pg_replication_ pg_ls_ lo_ now count
      pg_advisory_xact_lock benchmarks`),
  )('is not one that is called alike: %s', (name) => {
    expect(found(`SELECT ${name}(1)`)).toBeUndefined();
  });

  it('is not a text that reads like a call', () => {
    expect(found(`SELECT 'load_extension' (1)`, 'sqlite')).toBeUndefined();
  });

  it.each([
    ['passes', `set_config('a', 'b', true)`],
    ['passes', `set_config('a', f(1, (2)), true)`],
    ['passes', `1, set_config('a', 'b', true), 2`],
    ['is refused', `set_config('a', 'b', false)`],
    ['is refused', `set_config('a', 'b', NOT true)`],
    ['is refused', `set_config(b, 'b', true)`],
    ['is refused', `set_config('a', 'b', 1), f(1, true)`],
    ['is refused', `set_config('a', f(1, true), false)`],
    ['is refused', `set_config('a', 'b', "true")`],
    ['is refused', `(set_config('a', "(", false), 1, true)`],
    ['is refused', `set_config('a', ")", false)`],
    ['is refused', `set_config('a', 'b', true`],
    ['is refused', `set_config(true)`],
    ['is refused', `set_config()`],
    ['is refused', `set_config(`],
    ['is refused', `setval('a', 'b', true)`],
  ])('%s as a setting of the transaction: %s', (what, call) => {
    expect(found(`SELECT ${call}`) === undefined).toBe(what === 'passes');
  });

  it.each(
    words(`pg_stat_user_tables pg_statio_user_tables pg_buffercache pg_buffercache_numa sqlite_stmt pg_stats pg_stats_ext pg_stats_ext_exprs pg_statistic pg_statistic_ext_data sqlite_stat1 sqlite_stat3 sqlite_stat4
      column_stats column_statistics innodb_table_stats sqlite_sequence pg_stat_activity pg_stat_statements processlist innodb_trx
      events_statements_history events_statements_current pg_toast pg_toast_1234 pg_largeobject pg_largeobject_metadata
      pg_prepared_statements pg_cursors general_log slow_log dbstat sqlite_dbpage`),
  )('is refused where it is read: %s', (name) => {
    expect(found(`SELECT 1 FROM news, x.${name}`)).toBe(`${name} has statistics of all tenants`);
    expect(found(`SELECT 1 FROM x${name}`)).toBeUndefined();
    expect(found(`SELECT ${name} FROM a`)).toBeUndefined();
  });

  it.each([
    'performance_schema.threads',
    'performance_schema.user_variables_by_thread',
    'PERFORMANCE_SCHEMA.data_locks',
    '`sys`.`session`',
    'mysql.user',
    'mysql.general_log',
    'information_schema.innodb_locks',
    'information_schema.user_variables',
    'information_schema.client_statistics',
  ])('is refused in a schema about the server: %s', (name) => {
    expect(found(`SELECT 1 FROM news JOIN ${name} x ON 1`, 'mysql')).toMatch(/ has statistics of all tenants$/);
  });

  it.each([
    'information_schema.tables',
    'information_schema.my_innodb_locks',
    'information_schema.user_variables_of',
    'client_statistics',
    'my.threads',
    'general_log',
    'news, general_log',
  ])('is not a table of the application: %s', (name) => {
    expect(found(`SELECT 1 FROM ${name}`, 'mysql')).toBeUndefined();
  });

  it.each(words('sqlite_stat2 sqlite_stat10 xpg_stats pg_cursorsx events_statements_ dbstats'))(
    'is not one that is called alike: %s',
    (name) => {
      expect(found(`SELECT 1 FROM ${name}`)).toBeUndefined();
    },
  );
});

describe('what outlives a statement on its connection', () => {
  const found = (sql: string, dialect: SqlDialect): string | undefined => {
    const { tokens } = tokenize(sql, dialect);
    return findDynamicSql(tokens, parseStatement(tokens), { dialect, isMapped: () => false });
  };

  it.each([
    'SELECT @x := body FROM news',
    'SELECT @x:=1',
    'SELECT @`x` := 1',
    "SELECT @'x'",
    'SELECT 1 + @x',
    'SELECT * FROM news WHERE id = (@x := id)',
    'SELECT x := 1',
  ])('is a user variable of MySQL: %s', (sql) => {
    expect(found(sql, 'mysql')).toMatch(/^a user variable/);
  });

  it.each([
    ['mysql', 'SELECT @@version, @@session.sql_mode, @@global.read_only'],
    ['mysql', "SELECT '@x := 1', `@x`"],
    ['mysql', 'SELECT * FROM news WHERE id = :x AND a = :y'],
    ['mysql', 'SELECT x : = 1'],
    ['postgres', 'SELECT @ -1, a @> b, a <@ b, a @@ b'],
    ['sqlite', 'SELECT @x'],
  ] as const)('is no variable of a server, no text, no operator (%s): %s', (dialect, sql) => {
    expect(found(sql, dialect)).toBeUndefined();
  });

  it.each([
    'SELECT 1 INTO @a',
    'SELECT body INTO OUTFILE "/tmp/x" FROM news',
    "SELECT body FROM news INTO DUMPFILE '/tmp/x'",
    'SELECT * INTO copied FROM news',
    'SELECT * INTO TEMP copied FROM news',
    'WITH x AS (SELECT 1) SELECT * INTO copied FROM x',
    'SELECT 1, (SELECT 2 INTO x)',
    'SELECT a AS insert INTO x FROM news',
    'SELECT a insert INTO x FROM news',
    'SELECT (1) insert INTO x FROM news',
    'WITH c AS (SELECT 1) SELECT (1) insert INTO x FROM c',
    'WITH c AS (INSERT INTO news (id) VALUES (1) RETURNING id) SELECT * INTO x FROM c',
    'INSERT INTO news (id) SELECT 1 INTO x',
    'SELECT 1 UNION SELECT 2 INTO x',
    'TABLE news INTO OUTFILE "/tmp/x"',
    'INSERT INTO news (id) VALUES (1); TABLE news INTO x',
  ])('is SELECT … INTO: %s', (sql) => {
    for (const dialect of ['mysql', 'postgres', 'sqlite'] as const)
      expect(found(sql, dialect)).toMatch(/^SELECT … INTO writes/);
  });

  it.each([
    'INSERT INTO news (id) VALUES (1)',
    'INSERT IGNORE INTO news (id) VALUES (1)',
    'INSERT LOW_PRIORITY IGNORE INTO news (id) VALUES (1)',
    'INSERT OR REPLACE INTO news (id) VALUES (1)',
    'INSERT OR ROLLBACK INTO news (id) VALUES (1)',
    'REPLACE DELAYED INTO news (id) VALUES (1)',
    'WITH x AS (INSERT INTO news (id) VALUES (1) RETURNING id) SELECT * FROM x',
    'WITH x AS (SELECT 1) INSERT INTO news (id) SELECT * FROM x',
    'UPSERT INTO news VALUES (1)',
    'MERGE INTO news USING a ON 1 = 1',
    'EXPLAIN INSERT INTO news (id) VALUES (1)',
    'SELECT 1; INSERT INTO news (id) VALUES (1)',
    'SELECT x.into FROM x',
    'INSERT INTO select VALUES (1)',
  ])('is no INSERT or REPLACE: %s', (sql) => {
    for (const dialect of ['mysql', 'postgres', 'sqlite'] as const) expect(found(sql, dialect)).toBeUndefined();
  });

  it('is what LAST_INSERT_ID is given, not what it gives', () => {
    expect(found('SELECT LAST_INSERT_ID(5)', 'mysql')).toMatch(/^last_insert_id\(\)/);
    expect(found('SELECT LAST_INSERT_ID()', 'mysql')).toBeUndefined();
  });

  it('is a job of pg_cron', () => {
    expect(found("SELECT cron.schedule('a', '* * * * *', 'DELETE FROM ticket')", 'postgres')).toMatch(/^schedule\(\)/);
    for (const sql of ['SELECT schedule(1)', 'SELECT my.schedule(1)', 'SELECT cron, schedule(1)', '.schedule(1)'])
      expect(found(sql, 'postgres')).toBeUndefined();
    expect(found('SELECT * FROM cron.job', 'postgres')).toBe('job has statistics of all tenants');
  });

  it.each([
    'EXPLAIN EXECUTE a(1)',
    'EXPLAIN ANALYZE EXECUTE a',
    'EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE a',
    'EXPLAIN FOR CONNECTION 5',
    'EXPLAIN FORMAT=JSON FOR CONNECTION 5',
    'EXPLAIN ANALYZE CREATE TABLE a AS SELECT 1',
    'EXPLAIN DECLARE a CURSOR FOR SELECT 1',
    'EXPLAIN news',
    'EXPLAIN',
    'EXPLAIN (ANALYZE',
    'EXPLAIN (',
  ])('is not explained: %s', (sql) => {
    expect(found(sql, 'postgres')).toMatch(/^EXPLAIN is/);
  });

  it.each([
    '',
    '"explain" news',
    'EXPLAIN SELECT 1',
    'EXPLAIN (WITH x AS (SELECT 1) TABLE x)',
    'EXPLAIN ANALYZE VERBOSE SELECT 1',
    'EXPLAIN (ANALYZE true, FORMAT JSON) SELECT 1',
    'EXPLAIN QUERY PLAN SELECT 1',
    'EXPLAIN FORMAT=JSON SELECT 1',
    'EXPLAIN (SELECT 1)',
    'EXPLAIN WITH x AS (SELECT 1) SELECT * FROM x',
    'EXPLAIN DELETE FROM news',
    'SELECT explain FROM news',
  ])('may be explained: %s', (sql) => {
    expect(found(sql, 'postgres')).toBeUndefined();
  });
});

const HARMLESS = [
  'SET LOCAL statement_timeout = 5',
  "SET LOCAL lock_timeout TO '5s'",
  'SET LOCAL idle_in_transaction_session_timeout = 1;',
  'SHOW server_version',
  'SHOW time zone',
  'SHOW transaction isolation level',
  'SHOW TABLES',
  'PRAGMA table_info("a b")',
  'PRAGMA index_list(a)',
  'PRAGMA foreign_keys',
  'PRAGMA user_version;',
];
const SAVEPOINTS = [
  'SAVEPOINT typeorm_1',
  'RELEASE SAVEPOINT typeorm_1',
  'ROLLBACK TO SAVEPOINT typeorm_1',
  'SAVEPOINT a',
  'RELEASE a',
  'RELEASE SAVEPOINT a',
  'ROLLBACK TO a',
  'ROLLBACK TO SAVEPOINT a',
  'ROLLBACK TRANSACTION TO a',
  'ROLLBACK WORK TO SAVEPOINT a;',
];
const TRANSACTIONS = [
  'BEGIN',
  'BEGIN TRANSACTION',
  'START TRANSACTION READ ONLY',
  'START TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE',
  'BEGIN IMMEDIATE TRANSACTION',
  'COMMIT',
  'COMMIT TRANSACTION',
  'END',
  'ROLLBACK',
  'ROLLBACK WORK;',
  'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE',
  'PRAGMA read_uncommitted = true',
  'PRAGMA read_uncommitted = false',
];
const NEVER = [
  'SET statement_timeout = 5',
  'SET LOCAL role = a',
  'SET LOCAL statement_timeout = 5 , x',
  'a SET LOCAL statement_timeout = 5',
  'SHOW a',
  'SHOW tables x',
  'x SHOW tables',
  'LISTEN a',
  'UNLISTEN *',
  "x NOTIFY a, 'b'",
  "NOTIFY a, 'b'; LISTEN a",
  'PRAGMA foreign_keys = 0',
  'PRAGMA table_info(a); DROP TABLE a',
  'PRAGMA table_info(a(b))',
  'PRAGMA table_info()',
  'PRAGMA table_info(a) x',
  'x PRAGMA table_info(a)',
  'x PRAGMA foreign_keys',
  'PRAGMA user_version = 1',
  'SELECT 1; LISTEN a',
  'LISTEN a; SELECT 1',
  'LISTEN a;;',
  'SAVEPOINT a b',
  'x SAVEPOINT a',
  'RELEASE a b',
  'ROLLBACK TO a b',
  'x ROLLBACK TO a',
  'ROLLBACK TO',
  'BEGIN a',
  'x BEGIN',
  'COMMIT PREPARED a',
  'COMMIT WORK x',
  'x COMMIT',
  'END x',
  'SET TRANSACTION',
  'SET TRANSACTION SNAPSHOT 1',
  'x SET TRANSACTION READ ONLY',
  'SET TRANSACTION READ ONLY; SELECT 1',
  'PRAGMA read_uncommitted = 1',
  'x PRAGMA read_uncommitted = true',
  'PRAGMA read_uncommitted = true x',
  '',
];

describe('a statement about the connection', () => {
  const passing = (sql: string): string =>
    [
      { isTransactionControl: false, inTransaction: false, isRowSecured: false },
      { isTransactionControl: false, inTransaction: true, isRowSecured: false },
      { isTransactionControl: true, inTransaction: false, isRowSecured: false },
    ]
      .map((state) => (isAllowed(tokenize(sql, 'sqlite').tokens, state) ? 'yes' : 'no'))
      .join(' ');

  it.each(HARMLESS)('passes always: %s', (sql) => {
    expect(passing(sql)).toBe('yes yes yes');
  });
  it.each(SAVEPOINTS)('passes in a transaction: %s', (sql) => {
    expect(passing(sql)).toBe('no yes yes');
  });
  it.each(TRANSACTIONS)('passes from the runner itself: %s', (sql) => {
    expect(passing(sql)).toBe('no no yes');
  });
  it.each(NEVER)('never passes: %s', (sql) => {
    expect(passing(sql)).toBe('no no no');
  });
});

describe('text of the caller', () => {
  it.each([
    'a = 1',
    '(a = 1) OR (b = 2)',
    'f(g(a), b)',
    'a = :b',
    `a = ')' OR "(" = ';'`,
    'a, b',
    'a FROM b',
    "a = '--' OR b = '/*'",
    '',
  ])('is given back where it is one piece: %s', (text) => {
    expect(assertBalancedFragment(text, 'postgres', 'it')).toBe(text);
    // What is remembered is the same text, to the same database.
    expect(assertBalancedFragment(text, 'postgres', 'it')).toBe(text);
  });

  it.each([
    ['a closing bracket', '1)', /closes a bracket/],
    ['a closing bracket that is opened later', '1) OR (1', /closes a bracket/],
    ['an opening bracket', '(1', /opens a bracket/],
    ['an opening bracket among others', '((1)', /opens a bracket/],
    ['a semicolon', '1; 2', /semicolon/],
    ['a comment', '1 -- a', /comment/],
    ['a comment between signs', '1 /* a */', /comment/],
    ['a quote that cannot be read', '$$ a $$', /an ambiguous quote/],
    ['a quote that does not end', "'a", /is not closed/],
  ])('is refused with %s', (_, text, reason) => {
    for (let i = 0; i < 2; i += 1) expect(() => assertBalancedFragment(text, 'postgres', 'it')).toThrow(reason);
  });

  it('is refused by the rules of its database, whatever others have said', () => {
    expect(assertBalancedFragment('1 # 2', 'postgres', 'it')).toBe('1 # 2');
    expect(() => assertBalancedFragment('1 # 2', 'mysql', 'it')).toThrow(/comment/);
  });

  it('says what to write instead', () => {
    expect(() => assertBalancedFragment(';', 'postgres', 'it')).toThrow(
      /one complete condition, with values as parameters/,
    );
  });
});

describe('an expression of the caller', () => {
  it.each([
    'a',
    'f(a, b) + 1',
    `(SELECT 1 FROM a, b WHERE c)`,
    `'from' || "where"`,
    'a."from"',
    `"a,b"`,
    'f(a) + (g(b, c))',
  ])('is given back: %s', (text) => {
    expect(assertSingleExpression(text, 'postgres', 'it')).toBe(text);
  });

  it.each(['a, b', 'f(a), b', ', a'])('is refused where it contains several expressions: %s', (text) => {
    expect(() => assertSingleExpression(text, 'postgres', 'it')).toThrow(/several expressions/);
  });

  it.each(
    words('FROM WHERE SET RETURNING ORDER GROUP HAVING LIMIT UNION INTERSECT EXCEPT VALUES ON SELECT WINDOW FOR INTO'),
  )('is refused where it opens another clause: %s', (word) => {
    expect(() => assertSingleExpression(`f(a) ${word} b`, 'postgres', 'it')).toThrow(/another clause/);
    expect(() => assertSingleExpression(`"${word}"`, 'postgres', 'it')).not.toThrow();
    expect(() => assertSingleExpression(`(${word} a)`, 'postgres', 'it')).not.toThrow();
  });

  it('is refused where it is no whole text', () => {
    expect(() => assertSingleExpression('a)', 'postgres', 'it')).toThrow(/closes a bracket/);
  });

  it('is not taken for one behind signs in quotes', () => {
    expect(() => assertSingleExpression(`'(' , b`, 'sqlite', 'it')).toThrow(/several expressions/);
    expect(() => assertSingleExpression(`(')' , b)`, 'sqlite', 'it')).not.toThrow();
    expect(() => assertSingleExpression(`','`, 'sqlite', 'it')).not.toThrow();
  });
});
