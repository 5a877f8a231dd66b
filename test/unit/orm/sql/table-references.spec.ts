import { describe, expect, it } from '@jest/globals';
import { parseStatement } from '../../../../lib/orm/sql/table-references.js';
import { IdentifierClassifier } from '../../../../lib/orm/sql/identifier-roles.js';
import { isPunctuationAt, tokenize } from '../../../../lib/orm/sql/tokenizer.js';
import type { SqlDialect, SqlToken } from '../../../../lib/orm/sql/tokenizer.js';
import type { ParsedStatement } from '../../../../lib/orm/sql/table-references.js';

/*
 * Which tables the reader finds in a statement. They are written with a plus where rows are inserted, behind an equals sign the alias, behind
 * an at sign how many brackets they stand in.
 */

/** Reads a statement, and checks what is the same for all: its brackets, and where its tables stand. */
function shapeOf(sql: string, dialect: SqlDialect = 'sqlite'): { tokens: readonly SqlToken[]; shape: ParsedStatement } {
  const { tokens } = tokenize(sql, dialect);
  const shape = parseStatement(tokens);
  expect(shape.brackets).toEqual(bracketsOf(tokens));
  for (const { table, alias, token, aliasToken, bracket } of shape.mentions) {
    expect(tokens[token].text).toBe(table);
    expect(aliasToken === undefined ? undefined : tokens[aliasToken].exact).toBe(alias);
    expect(shape.brackets.ofToken[token]).toBe(bracket);
  }
  return { tokens, shape };
}

/** The nesting, worked out by looking at nothing but the brackets. */
function bracketsOf(tokens: readonly SqlToken[]): ParsedStatement['brackets'] {
  const parents = [0];
  const opening: (number | undefined)[] = [];
  const closing: (number | undefined)[] = [];
  let around = [0];
  const ofToken = tokens.map((_, i) => {
    const bracket = around.at(-1)!;
    if (isPunctuationAt(tokens, i, ';')) around = [0];
    if (isPunctuationAt(tokens, i, '(')) {
      around.push(parents.push(bracket) - 1);
      opening[around.at(-1)!] = i;
    }
    if (!isPunctuationAt(tokens, i, ')')) return bracket;
    closing[bracket] = i;
    if (around.length > 1) around.pop();
    return around.at(-1)!;
  });
  return { parents, opening, closing, ofToken };
}

function tablesIn(sql: string, dialect?: SqlDialect): string {
  const { shape } = shapeOf(sql, dialect);
  const depthOf = (bracket: number): number => (bracket === 0 ? 0 : 1 + depthOf(shape.brackets.parents[bracket]));
  return shape.mentions
    .map(({ table, alias, inserted, bracket }) =>
      [
        inserted ? '+' : '',
        table,
        alias === undefined ? '' : `=${alias}`,
        bracket === 0 ? '' : `@${depthOf(bracket)}`,
      ].join(''),
    )
    .join(' ');
}

const TABLES: Record<string, readonly (readonly [sql: string, tables: string, dialect?: SqlDialect])[]> = {
  'behind the words that say so': [
    ['SELECT 1', ''],
    ['SELECT 1 FROM a', 'a'],
    ['SELECT 1 FROM a JOIN b JOIN c', 'a b c'],
    ['SELECT 1 FROM a STRAIGHT_JOIN b', 'a b'],
    ['INSERT INTO a VALUES (1)', '+a'],
    ['INSERT a VALUES (1)', '+a'],
    ['REPLACE INTO a VALUES (1)', '+a'],
    ['REPLACE a VALUES (1)', '+a'],
    ['MERGE INTO a USING b', '+a b'],
    ['SELECT 1 INTO a FROM b', '+a b'],
    ['INSERT INTO a SELECT 1 FROM b', '+a b'],
    ['INSERT INTO a TABLE b', '+a=table'],
    ['UPDATE a SET b = 1', 'a'],
    ['DELETE FROM a USING b', 'a b'],
    ['TABLE a', 'a'],
    ['TRUNCATE a', 'a'],
  ],
  'in lists': [
    ['SELECT 1, 2, x FROM a, b, c', 'a b c'],
    ['SELECT 1 FROM a x, b AS y', 'a=x b=y'],
    ['UPDATE a, b SET c = 1, d = 2', 'a b'],
    ['INSERT INTO a, b', '+a'],
    ['DELETE a, b FROM a JOIN b', 'a b'],
    ['SELECT 1 FROM a ON x, b', 'a b'],
  ],
  'in brackets': [
    ['SELECT 1 FROM (a, b), c', 'a@1 b@1 c'],
    ['SELECT 1 FROM ((a x))', 'a=x@2'],
    ['SELECT 1 FROM (a JOIN b)', 'a@1 b@1'],
    ['SELECT 1 FROM (SELECT 1, x FROM a) y, b', 'a@1 b'],
    ['SELECT (SELECT 1 FROM x.a AS b WHERE c) FROM d e', 'a=b@1 d=e'],
    ['SELECT 1 FROM a WHERE b IN (SELECT 1 FROM c), d', 'a c@1'],
    ['SELECT 1 FROM a JOIN b ON f(x, y), c', 'a b c'],
    ['SELECT f(x, y), (z) FROM a', 'a'],
    ['INSERT INTO (a)', 'a@1'],
    ['SELECT 1 FROM (a) b c', 'a@1'],
  ],
  'in brackets that do not balance': [
    [') SELECT 1 FROM a', 'a'],
    ['SELECT 1) FROM a)), b', 'a b'],
    ['SELECT (1 FROM a', 'a@1'],
    ['SELECT 1 FROM a WHERE (1; SELECT 1 FROM b, c', 'a b c'],
    ['SELECT 1 FROM a; b, c', 'a'],
    ['SELECT 1 FROM; a', ''],
  ],
  'by the last part of their names': [
    ['SELECT 1 FROM x.a', 'a'],
    ['SELECT 1 FROM x.y.a z', 'a=z'],
    ['SELECT 1 FROM x . "A" z', 'a=z'],
    ['INSERT INTO x.a VALUES (1)', '+a'],
    ['SELECT 1 FROM a.', 'a'],
    ['SELECT (1 FROM x.y.a b)', 'a=b@1'],
  ],
  'beside a name that reads like a sign': [
    ['SELECT 1 FROM a "." LIMIT 1', 'a=.'],
    [`SELECT 1 FROM a '.' LIMIT 1`, 'a'],
    ['SELECT 1 FROM a "," , b', 'a=, b'],
    ['REPLACE "(" SELECT 1', '+('],
    ['SELECT 1 FROM a "(" , b', 'a=( b'],
    ['SELECT 1 FROM a ")" , b', 'a=) b'],
    ['SELECT 1 FROM a ";" , b', 'a=; b'],
  ],
  'whatever their quotes': [
    ['SELECT 1 FROM "A" "B"', 'a=b'],
    ['SELECT 1 FROM "A" "B"', 'a=B', 'postgres'],
    ['SELECT 1 FROM [a b] `c`', 'a b=c'],
    [`SELECT 1 FROM 'a' b`, 'a=b'],
    [`SELECT 1 FROM 'x' a`, 'a', 'postgres'],
    ['SELECT 1 FROM "" a', '=a'],
    ['SELECT 1 FROM Aä B', 'aä=B', 'mysql'],
  ],
  'with the aliases behind them': [
    ['SELECT 1 FROM a AS b', 'a=b'],
    ['SELECT 1 FROM a AS "b"', 'a=b'],
    [`SELECT 1 FROM a AS 'b'`, 'a=b'],
    ['SELECT 1 FROM a AS where', 'a=where'],
    ['SELECT 1 FROM a AS', 'a'],
    ['SELECT 1 FROM a "as" b', 'a=as'],
    [`SELECT 1 FROM a 'b'`, 'a'],
    ['SELECT 1 FROM a 1', 'a'],
    ['SELECT 1 FROM a set, b', 'a=set b'],
    ['SELECT 1 FROM a where ","', 'a'],
    ['SELECT 1 FROM a join, b', 'a=join b'],
    ['SELECT 1 FROM a AS join JOIN b', 'a=join b'],
  ],
  'not where such a word means something else': [
    ['SELECT a.from, b', ''],
    ['SELECT :from, b', ''],
    ['SELECT "from" a', ''],
    ['SELECT 1 AS update, b', ''],
    ['SELECT 1 FOR UPDATE OF a', ''],
    ['DO UPDATE SET a', ''],
    ['ON DUPLICATE KEY UPDATE a', ''],
    ['ON UPDATE a', ''],
    ['SELECT REPLACE(a, b)', ''],
    ['SELECT INSERT(a, b)', ''],
    ['x UPDATE a', 'a'],
    ['UPDATE (a)', 'a@1'],
  ],
};

const FILLERS =
  'ONLY LATERAL TABLE IGNORE LOW_PRIORITY HIGH_PRIORITY DELAYED QUICK INTO OR ROLLBACK ABORT FAIL IF EXISTS TEMPORARY TEMP UNLOGGED';
const AFTER_TABLES =
  'WHERE SELECT SET GROUP ORDER HAVING LIMIT OFFSET FETCH RETURNING VALUES UNION INTERSECT EXCEPT WINDOW FOR DEFAULT';
const NOT_ALIAS =
  'ON INNER LEFT RIGHT FULL OUTER CROSS NATURAL USE FORCE TABLESAMPLE PARTITION OVERRIDING WHEN RESTART CONTINUE CASCADE RESTRICT ' +
  'NOWAIT SKIP OF LOCK INDEXED NOT CONFLICT AND OR WHERE SELECT SET GROUP ORDER HAVING LIMIT RETURNING VALUES UNION INTERSECT EXCEPT';

describe('the reader finds tables', () => {
  const rows = Object.entries(TABLES).flatMap(([what, cases]) =>
    cases.map(([sql, tables, dialect]) => [what, sql, tables, dialect] as const),
  );
  it.each(rows)('%s: %s', (_, sql, tables, dialect) => {
    expect(tablesIn(sql, dialect)).toBe(tables);
  });

  it.each(FILLERS.split(' '))('behind %s', (word) => {
    expect(tablesIn(`SELECT 1 FROM ${word} a`)).toBe('a');
    expect(tablesIn(`INSERT ${word} a`)).toBe('+a');
  });

  it.each(AFTER_TABLES.split(' '))('no longer behind %s', (word) => {
    expect(tablesIn(`SELECT 1 FROM a x ${word} b, c`)).toBe('a=x');
    expect(tablesIn(`SELECT 1 FROM ${word} b`)).toBe('');
  });

  it.each(NOT_ALIAS.split(' '))('whose alias is not %s', (word) => {
    expect(tablesIn(`SELECT 1 FROM a ${word} x`)).toBe('a');
  });

  it.each(['FROM', 'JOIN', 'STRAIGHT_JOIN', 'INTO', 'USING'])('whose alias is not %s', (word) => {
    expect(tablesIn(`SELECT 1 FROM a ${word} x`)).toMatch(/^a \+?x$/);
  });

  it.each(['=', '<', '>', '!', ',', ')', '.', ' IS', ' AND', ' OR'])(
    'behind a column called as a clause: offset%s',
    (sign) => {
      expect(tablesIn(`SELECT 1 FROM a JOIN b ON offset${sign} 1, c`)).toMatch(/c$/);
      expect(tablesIn(`SELECT 1 FROM a JOIN b ON offset 1, c`)).toBe('a b');
    },
  );

  it.each([
    ['a function called as a clause', 'SELECT 1 FROM a JOIN b ON x = VALUES(c), d', 'a b d'],
    ['a default of a column', 'SELECT 1 FROM a JOIN b ON x = DEFAULT(c), d', 'a b d'],
    ['the rows that are inserted', 'INSERT INTO a (b) VALUES (1), (2)', '+a'],
    ['rows in the place of a table', 'SELECT 1 FROM VALUES (1), (b)', ''],
    ['rows behind brackets', 'SELECT 1 FROM (a) VALUES (1), (b)', 'a@1'],
    ['a condition in brackets', 'SELECT 1 FROM a WHERE (1), b', 'a'],
    ['an index hint', 'SELECT 1 FROM a USE INDEX FOR (i), b', 'a b'],
    ['a key hint', 'SELECT 1 FROM a USE KEY FOR (i), b', 'a b'],
    ['a lock that is compared', 'SELECT 1 FROM a x FOR = 1, b', 'a=x'],
    ['a clause at the beginning', 'FOR a', ''],
    ['a clause at the end', 'SELECT 1 FROM a WHERE', 'a'],
    ['values at the beginning', 'VALUES (a), (b)', ''],
  ])('or not, around %s', (_, sql, tables) => {
    expect(tablesIn(sql)).toBe(tables);
  });

  it.each([
    ['one', 'WITH a AS (SELECT 1) SELECT 1', 'a'],
    ['several', 'WITH a AS (SELECT 1), b AS (SELECT 2) SELECT 1', 'a b'],
    ['recursive ones', 'WITH RECURSIVE a AS (SELECT 1) SELECT 1', 'a'],
    ['one with columns', 'WITH a (x, y) AS (SELECT 1), b(z) AS (SELECT 1) SELECT 1', 'a b'],
    ['one with a column that reads like a bracket', 'WITH a (")", y) AS (SELECT 1) SELECT 1', 'a'],
    ['one that is kept', 'WITH a AS MATERIALIZED (SELECT 1) SELECT 1', 'a'],
    ['one that is not kept', 'WITH a AS NOT MATERIALIZED (SELECT 1) SELECT 1', 'a'],
    ['quoted ones', `WITH "a" AS (SELECT 1), 'b' AS (SELECT 1) SELECT 1`, 'a b'],
    ['ones further in', 'SELECT (WITH a AS (SELECT 1) SELECT 1)', 'a'],
    ['one called as a clause', 'WITH offset AS (SELECT 1) SELECT 1', 'offset'],
    ['none with another word than AS', 'WITH a b (SELECT 1) SELECT 1', ''],
    ['none with another word than NOT', 'WITH a AS b MATERIALIZED (SELECT 1) SELECT 1', ''],
    ['none that is an alias', 'SELECT 1, a AS b, c AS not null', ''],
    ['none without a word before it', 'SELECT a AS (SELECT 1)', ''],
    ['none without AS', 'WITH a (SELECT 1) SELECT 1, b (c) (d)', ''],
    ['none that ends', 'WITH', ''],
    ['none that ends behind the name', 'WITH a', ''],
    ['none that ends among the columns', 'WITH a (b', ''],
    ['none that ends behind the columns', 'WITH a (b)', ''],
    ['none that ends behind AS', 'WITH a AS', ''],
    ['none that ends behind NOT', 'WITH a AS NOT', ''],
    ['nothing at the beginning', 'a AS (b)', ''],
  ])('and the names of common table expressions: %s', (_, sql, names) => {
    expect(shapeOf(sql).shape.cteNames.join(' ')).toBe(names);
  });

  it.each([
    ['UPDATE a SET b = 1', 'a'],
    ['UPDATE a, b SET c = 1', 'a b'],
    ['DELETE FROM a', 'a'],
    ['DELETE a FROM a JOIN b ON 1 = 1', 'a b'],
    ['DELETE FROM a USING (b)', 'a b'],
    ['DELETE FROM a WHERE id IN (SELECT id FROM b)', 'a'],
    ['DELETE FROM a; SELECT 1 FROM b', 'a'],
    ['WITH x AS (DELETE FROM a RETURNING 1) SELECT 1 FROM b', 'a'],
    ['INSERT INTO a (b) VALUES (1)', ''],
    ['WITH x AS (SELECT 1) DELETE FROM a', 'a'],
    ['SELECT 1 FROM a FOR UPDATE', ''],
    ['SELECT 1 FROM a, (b)', ''],
    ['DELETE FROM a RETURNING (SELECT 1 FROM (b))', 'a'],
    ['UPDATE a SET b = 1; INSERT INTO c (d) VALUES (1)', 'a'],
    ['UPDATE a SET b = 1 INTO c', 'a'],
  ])('of which those of an UPDATE or DELETE are changed: %s', (sql, changed) => {
    const { mentions } = shapeOf(sql).shape;
    const names = mentions.filter((mention) => mention.changed).map(({ table }) => table);
    expect(names.join(' ')).toBe(changed);
  });

  it.each([
    ['SELECT 1', 'select'],
    ['(SELECT 1)', 'select'],
    ['SELECT 1; DELETE FROM a', 'select delete'],
    ['; ; select', 'select'],
    ['SELECT 1;', 'select'],
    ['"a" select', ''],
    ['1 select', ''],
    [`'' select`, ''],
    ['', ''],
  ])('and the first words of statements: %s', (sql, verbs) => {
    expect(shapeOf(sql).shape.verbs.join(' ')).toBe(verbs);
  });
});

const COLUMNS: Readonly<Record<string, readonly string[]>> = { news: ['id', 'ticket'], other: ['id'] };

/** The marked name is a tenant-scoped table's as well. */
const ROLES: Record<string, readonly (readonly [sql: string, has: boolean, dialect?: SqlDialect])[]> = {
  'a value': [
    [`SELECT f(«'ticket'»)`, true],
    [`SELECT 1 WHERE a = «'ticket'»`, true],
    [`SELECT f(1, «'ticket'»)`, false],
    [`SELECT 1 FROM «'ticket'»`, false],
    [`SELECT 1 FROM a JOIN «'ticket'»`, false],
  ],
  'a qualifier': [
    ['SELECT «ticket».id', true],
    ['SELECT «"ticket"».id', true],
    ['SELECT «ticket» "."', false],
    [`SELECT «ticket» '.'`, false],
  ],
  'a parameter or cast': [
    ['SELECT :«ticket»', true],
    ['SELECT 1::«ticket»', true, 'postgres'],
    ['SELECT ":" «ticket»', false],
    ['SELECT :...«ticket»', true],
    ['SELECT a.b :«ticket»', true],
    ['SELECT :..«ticket»', false],
    ['SELECT ...«ticket»', false],
    ['SELECT : a b «ticket»', false],
    ['SELECT :«ticket» ... x', true],
  ],
  'a table that is locked': [
    ['SELECT 1 FROM news FOR UPDATE OF «ticket»', true],
    ['SELECT 1 FROM news FOR NO KEY UPDATE OF «ticket»', true],
    ['SELECT 1 FROM news FOR SHARE OF «ticket»', true],
    ['SELECT 1 FROM news FOR KEY SHARE OF «ticket»', true],
    ['SELECT 1 FROM news FOR UPDATE OF news, other, «ticket»', true],
    ['SELECT 1 FROM news FOR UPDATE OF news «ticket»', false],
    ['SELECT 1 FROM news FOR UPDATE «ticket»', false],
    ['SELECT 1 FROM news FOR DELETE OF «ticket»', false],
    ['SELECT 1 FROM news FOR "UPDATE" OF «ticket»', false],
    ['SELECT 1 FROM news FOR "update" OF «ticket»', false],
    ['SELECT 1 FROM news FORUPDATE OF «ticket»', false],
    ['SELECT 1 FROM news FOR UPDATE OF «ticket», news', true],
    ['FOR UPDATE OF «ticket»', true],
    ['SHARE OF «ticket»', false],
    ['SELECT 1 FROM news FOR UPDATE OF news WHERE a = 1 AND «ticket»', false],
    ['«ticket» FOR UPDATE OF news', false],
    ['a, «ticket» b c', false],
  ],
  'an alias': [
    ['SELECT 1 AS «ticket»', true],
    ['SELECT 1 «ticket»', false],
  ],
  'a word of ORDER BY and others': [
    ['SELECT 1 «order» by 1', true],
    ['SELECT 1 «group» by 1', true],
    ['SELECT 1 «partition» by 1', true],
    ['UPDATE news SET «ticket» by 1', false],
    ['SELECT 1 «"order"» by 1', false],
  ],
  'a column behind its table': [
    ['SELECT n.«ticket» FROM news n', true],
    ['SELECT news.«ticket» FROM news', true],
    ['SELECT news.«ticket» FROM news n', false],
    ['SELECT n.«ticket» FROM other n', false],
    ['SELECT n.«ticket» FROM other o, news n', true],
    ['SELECT x.«ticket» FROM news n', false],
    ['SELECT N.«ticket» FROM news n', false, 'mysql'],
    ['SELECT N.«ticket» FROM news n', true, 'postgres'],
    ['SELECT "." «ticket» FROM news', false],
    ['.«ticket» FROM news', false],
    ['«ticket» FROM news', false],
    ['x.«ticket»', false],
    ['AS x.«ticket»', false],
    ['.«ticket»', false],
  ],
  'a column behind a sub-query': [
    ['SELECT x.«ticket» FROM (SELECT 1) x', true],
    ['SELECT x.«ticket» FROM (SELECT 1) AS x', true],
    ['SELECT x.«ticket» FROM other AS x', false],
    ['SELECT x.«ticket» FROM (SELECT 1) x2, x', false],
    ['SELECT x.«ticket» FROM (SELECT 1) AND x', false],
  ],
  'a column of the table that is written': [
    ['UPDATE news SET «ticket» = 1', true],
    ['UPDATE news SET id = 1 WHERE «ticket» = 1', true],
    ['UPDATE news SET id = «ticket»', true],
    ['UPDATE other SET «ticket» = 1', false],
    ['UPDATE other, news SET «ticket» = 1', true],
    ['DELETE FROM news WHERE «ticket» = 1', true],
    ['DELETE FROM other WHERE «ticket» = 1', false],
    ['INSERT INTO news (id, «ticket») VALUES (1)', true],
    ['INSERT INTO news (id, «ticket») SELECT 1 FROM other', true],
    ['INSERT INTO other (id, «ticket») VALUES (1)', false],
    ['SELECT «ticket» FROM news', false],
    ['REPLACE INTO news (id, «ticket») VALUES (1)', false],
    ['"a" UPDATE news SET «ticket» = 1', false],
  ],
  'a column of the table that is written, in brackets': [
    ['INSERT INTO news SELECT f(«ticket»)', false],
    ['INSERT INTO news (id) SELECT f(«ticket»)', false],
    ['UPDATE news SET id = (SELECT 1 FROM news («ticket»))', false],
    ['UPDATE news SET id = («ticket»)', false],
    ['UPDATE news SET id = («ticket» = 1)', true],
    ['UPDATE news SET id = («ticket» < 1)', true],
    ['UPDATE news SET id = («ticket» > 1)', true],
    ['UPDATE news SET id = («ticket» != 1)', true],
    ['UPDATE news SET id = («ticket» IS NULL)', true],
    ['UPDATE news SET id = («ticket» IN (1))', true],
    ['UPDATE news SET id = («ticket» LIKE 1)', true],
    ['UPDATE news SET id = («ticket» + 1)', false],
    ['UPDATE news SET id = («ticket»', false],
  ],
};

describe('a name that is also a tenant-scoped table’s can be', () => {
  const rows = Object.entries(ROLES).flatMap(([what, cases]) =>
    cases.map(([sql, has, dialect]) => [what, has ? '' : 'not ', sql, has, dialect ?? 'sqlite'] as const),
  );
  it.each(rows)('%s, %sin: %s', (_, __, marked, has, dialect) => {
    const start = marked.indexOf('«');
    const { tokens, shape } = shapeOf(marked.replace(/[«»]/g, ''), dialect);
    const at = tokens.findIndex((token) => token.start === start);
    expect(new IdentifierClassifier(tokens, shape, (table) => COLUMNS[table] ?? []).isNotATable(at)).toBe(has);
  });
});
