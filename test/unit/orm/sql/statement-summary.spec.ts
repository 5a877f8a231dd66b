import { describe, expect, it } from '@jest/globals';
import { fingerprintOf, summarizeStatement } from '../../../../lib/orm/sql/statement-summary.js';
import type { SqlDialect } from '../../../../lib/orm/sql/tokenizer.js';

describe('the summary of a statement', () => {
  it('names the operation and the first table', () => {
    const sql = 'SELECT "t"."id" FROM "support_ticket" "t" JOIN "note" "n" ON "n"."id" = $1 WHERE "t"."id" = 7';
    expect(summarizeStatement(sql, 'postgres')).toStrictEqual({
      operation: 'SELECT',
      table: 'support_ticket',
      summary: 'SELECT support_ticket',
      fingerprint: fingerprintOf(sql),
      text: 'SELECT "t" . "id" FROM "support_ticket" "t" JOIN "note" "n" ON "n" . "id" = $1 WHERE "t" . "id" = ?'.replace(
        / \. /g,
        '.',
      ),
    });
  });

  it.each<[string, string, string | undefined, string]>([
    ['  start transaction', 'START', undefined, 'START'],
    ['COMMIT', 'COMMIT', undefined, 'COMMIT'],
    ['select 1', 'SELECT', undefined, 'SELECT'],
    ['  insert into note(id) values ($1)', 'INSERT', 'note', 'INSERT note'],
    ['UPDATE "note" SET "text" = $1', 'UPDATE', 'note', 'UPDATE note'],
    ['(SELECT 1)', 'SQL', undefined, 'SQL'],
    ['', 'SQL', undefined, 'SQL'],
  ])('of %s', (sql, operation, table, summary) => {
    expect(summarizeStatement(sql, 'postgres')).toMatchObject({ operation, table, summary });
  });

  it.each<[string, SqlDialect, string]>([
    [`SELECT 'it''s', 1.5, $1, "a b" FROM  "t"`, 'postgres', 'SELECT ?, ?, $1, "a b" FROM "t"'],
    [`SELECT 1 /* a name: 'Ada' */ -- Ada`, 'postgres', 'SELECT ?'],
    [`/* Ada */ SELECT 'Ada', $12`, 'postgres', 'SELECT ?, $12'],
    ['SELECT `a` FROM `t` WHERE `b` = "Ada" AND `c` = ?', 'mysql', 'SELECT `a` FROM `t` WHERE `b` = ? AND `c` = ?'],
    [`SELECT "a" FROM "t" WHERE "b" = 'Ada'`, 'sqlite', 'SELECT "a" FROM "t" WHERE "b" = ?'],
  ])('has no literals and no comments: %s on %s', (sql, dialect, text) => {
    expect(summarizeStatement(sql, dialect).text).toBe(text);
  });

  it.each<[string, SqlDialect]>([
    [`SELECT 'Ada`, 'postgres'],
    [`SELECT $tag$Ada`, 'postgres'],
    [`SELECT $$Ada$$`, 'postgres'],
    [`SELECT 'a\\' OR "b" = 'Ada'`, 'mysql'],
  ])('has neither text nor table where it is not plain what is a literal: %s', (sql, dialect) => {
    const { text, table, operation, summary, fingerprint } = summarizeStatement(sql, dialect);
    expect({ text, table, operation, summary }).toStrictEqual({
      text: undefined,
      table: undefined,
      operation: 'SELECT',
      summary: 'SELECT',
    });
    expect(fingerprint).toBe(fingerprintOf(sql));
  });

  it('of one text differs between databases', () => {
    const sql = 'SELECT "Ada" FROM t';
    expect(summarizeStatement(sql, 'postgres').text).toBe(sql);
    expect(summarizeStatement(sql, 'mysql').text).toBe('SELECT ? FROM t');
  });

  it('is made once for a text, also for a wide one', () => {
    const wide = `SELECT ${'1, '.repeat(50_000)}1`;
    expect(summarizeStatement(wide, 'postgres')).toBe(summarizeStatement(wide, 'postgres'));
  });

  it('is not kept for a text of several megabytes', () => {
    const huge = 'SELECT 1'.padEnd(4_000_001);
    expect(summarizeStatement(huge, 'postgres')).not.toBe(summarizeStatement(huge, 'postgres'));
  });
});

describe('the fingerprint of a statement', () => {
  it.each([
    ['SELECT * FROM t WHERE a = 1', 'SELECT * FROM t WHERE a = 23'],
    ['SELECT * FROM t WHERE a = 1', 'SELECT * FROM t WHERE a = 23.75'],
    ['SELECT * FROM t WHERE a = 1', `SELECT * FROM t WHERE a = 'it''s 1'`],
    ['SELECT * FROM t WHERE a = $1', 'SELECT * FROM t WHERE a = $12'],
    ['SELECT * FROM t WHERE a = :1', 'SELECT * FROM t WHERE a = ?'],
    ['SELECT * FROM t WHERE a IN (?)', 'SELECT * FROM t WHERE a IN (?, ?,?  ,  ?)'],
    ['SELECT * FROM t WHERE a IN ($1)', `SELECT * FROM t WHERE a IN ($1, 'b', 3)`],
    ['INSERT INTO t VALUES ($1, $2)', 'INSERT INTO t VALUES ($1, $2), ($3, $4)  ,  ( $5 , $6 ),($7,$8)'],
    ['INSERT INTO t VALUES ($1)', 'INSERT INTO t VALUES ( $1 ), ($2)'],
    ['SELECT  *\n FROM t', ' SELECT * FROM t '],
  ])('is the same of %s and %s', (one, other) => {
    expect(fingerprintOf(other)).toBe(fingerprintOf(one));
  });

  it.each([
    ['SELECT * FROM t1', 'SELECT * FROM t2'],
    ['SELECT a, b FROM t', 'SELECT a FROM t'],
    ['SELECT ab FROM t', 'SELECT a b FROM t'],
    ['SELECT * FROM t WHERE a = 1', 'SELECT * FROM t WHERE b = 1'],
    [`SELECT 'a', b, 'c'`, `SELECT 'a', c, 'c'`],
  ])('differs between %s and %s', (one, other) => {
    expect(fingerprintOf(other)).not.toBe(fingerprintOf(one));
  });

  it('is the start of the SHA-256 of the normal form, the same in every process', () => {
    expect(fingerprintOf('SELECT * FROM t WHERE a = $1')).toBe('45fbc19f0e81');
  });
});
