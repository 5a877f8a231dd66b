import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { requireEnforcement } from '../../../lib/orm/enforcement/enforcement.js';
import { BuiltSqlVerifier } from '../../../lib/orm/enforcement/built-sql.verifier.js';
import { PredicateMatcher } from '../../../lib/orm/sql/predicate-matcher.js';
import { parseStatement } from '../../../lib/orm/sql/table-references.js';
import { tokenize } from '../../../lib/orm/sql/tokenizer.js';
import type { SqlDialect } from '../../../lib/orm/sql/tokenizer.js';
import { databasesToTest } from '../../support/databases.js';
import { Note, openDeskDataSource, Ticket } from '../../support/desk.js';
import { ACME, tenancy } from '../../support/world.js';

/*
 * The net beneath the builders, on its own: no builder writes these texts, so nothing but the reading of the text can tell which of them
 * are limited to a tenant. Nothing is sent.
 */

const PASSES = {
  'as the only condition': 'SELECT * FROM "ticket" "t" WHERE {t}',
  'in brackets': 'SELECT * FROM "ticket" "t" WHERE (({t}))',
  'before other conditions': `SELECT * FROM "ticket" "t" WHERE {t} AND ("t"."a" = 1 OR "t"."b" = 2)`,
  'behind other conditions': `SELECT * FROM "ticket" "t" WHERE ("t"."a" IN (1, 2)) AND {t}`,
  'among conditions in brackets': `SELECT * FROM "ticket" "t" WHERE ( ("t"."a" = 1) AND {t} AND (NOT "t"."b") ) AND ("t"."c" = 3)`,
  'before a group': 'SELECT 1 FROM "ticket" "t" WHERE {t} GROUP BY "t"."a" HAVING COUNT(*) = 1 OR 1 = 1',
  'before an order': 'SELECT * FROM "ticket" "t" WHERE {t} ORDER BY "t"."a" = 1, "t"."b"',
  'before a limit': 'SELECT * FROM "ticket" "t" WHERE {t} LIMIT 1 OFFSET 2',
  'before what is returned': 'DELETE FROM "ticket" AS "t" WHERE {t} RETURNING "t"."a" = 1',
  'in both parts of a union': 'SELECT 1 FROM "ticket" "t" WHERE {t} UNION SELECT 2 FROM "ticket" "t" WHERE {t}',
  'in a sub-query': 'SELECT (SELECT MAX("t"."a") FROM "ticket" "t" WHERE {t}) FROM "news" "n"',
  'behind a comparison of a sub-query':
    'SELECT 1 FROM "news" "n" WHERE "n"."id" = (SELECT 1 FROM "ticket" "t" WHERE {t})',
  'in a join': 'SELECT 1 FROM "news" "n" INNER JOIN "ticket" "t" ON {t} AND ("t"."a" = "n"."a" OR 1 = 1)',
  'in an outer join of the tenant-scoped table':
    'SELECT 1 FROM "news" "n" LEFT JOIN "ticket" "t" ON "t"."a" = "n"."a" AND {t}',
  'in the join behind another': 'SELECT 1 FROM "note" "o" INNER JOIN "ticket" "t" ON {t} WHERE {o}',
  'in two joins':
    'SELECT 1 FROM "news" "n" LEFT JOIN "note" "o" ON {o} LEFT JOIN "ticket" "t" ON {t} WHERE "n"."a" = 1',
  'in a group of joins': 'SELECT 1 FROM "news" "n" LEFT JOIN ("ticket" "t" INNER JOIN "note" "o" ON {o}) ON {t}',
  'of two tables in one list': 'SELECT 1 FROM "ticket" "t", "note" "o" WHERE ({t}) AND ({o})',
  'of two tables beside other conditions':
    'SELECT 1 FROM "ticket" "t", "note" "o" WHERE ({o} AND ("o"."b" = 1)) AND ({t}) AND ("o"."a" = 1 OR 1 = 1)',
  'in an update': 'UPDATE "ticket" AS "t" SET "a" = 1, "b" = 2 WHERE {t} AND ("t"."a" = 1)',
  'before a lock': 'SELECT * FROM "ticket" "t" WHERE {t} FOR UPDATE',
  'before a lock of MySQL': 'SELECT * FROM "ticket" "t" WHERE {t} LOCK IN SHARE MODE',
  'in brackets before a lock of MySQL':
    'SELECT 1 FROM "news" "n" WHERE EXISTS (SELECT 1 FROM "ticket" "t" WHERE {t} LOCK IN SHARE MODE)',
  'in a join with AS': 'SELECT 1 FROM "news" "n" LEFT JOIN "ticket" AS "t" ON {t}',
  'beside a table called as a word of a conflict': 'SELECT 1 FROM "ticket" "t", "do" WHERE {t}',
  'before an order by a word of a conflict': 'SELECT 1 FROM "ticket" "t" WHERE {t} ORDER BY conflict',
  'in a join of a table called as a join': 'SELECT 1 FROM "news" "n" LEFT JOIN "ticket" "join" ON {join}',
  'beside a table called as a union': 'SELECT 1 FROM "ticket" "t", "union" WHERE {t}',
  'behind a union in brackets':
    'SELECT 1 FROM "ticket" "t" LEFT JOIN (SELECT 1 UNION SELECT 2) "x" ON "x"."a" = "t"."a" WHERE {t}',
  'beside a text that reads like a condition': `SELECT * FROM "ticket" "t" WHERE {t} AND 'or' AND "or"`,
};

const FAILS = {
  'that is missing': 'SELECT * FROM "ticket" "t"',
  'that is missing among conditions': 'SELECT * FROM "ticket" "t" WHERE "t"."a" = 1',
  'of another alias': 'SELECT * FROM "ticket" "x" WHERE {t}',
  'of another table': 'SELECT * FROM "ticket" "t" WHERE {o}',
  'that is cut short': 'SELECT * FROM "ticket" "t" WHERE {t-}',
  'that one table shares with another': 'SELECT 1 FROM "ticket" "t", "ticket" "t" WHERE {t}',
  'behind OR': 'SELECT * FROM "ticket" "t" WHERE 1 = 1 OR {t}',
  'before OR': 'SELECT * FROM "ticket" "t" WHERE {t} OR 1 = 1',
  'behind OR and AND': 'SELECT * FROM "ticket" "t" WHERE 1 = 1 OR 2 = 2 AND {t}',
  'before AND and OR': 'SELECT * FROM "ticket" "t" WHERE {t} AND 2 = 2 OR 1 = 1',
  'before OR far behind': 'SELECT * FROM "ticket" "t" WHERE {t} AND ("t"."a" = 1) AND ("t"."b" = 1) OR 1 = 1',
  'in brackets before OR': 'SELECT * FROM "ticket" "t" WHERE ({t}) OR 1 = 1',
  'in brackets behind OR': 'SELECT * FROM "ticket" "t" WHERE 1 = 1 OR ({t})',
  'in two brackets behind OR': 'SELECT * FROM "ticket" "t" WHERE (1 = 1 OR ({t} AND 2 = 2))',
  'behind a sign': 'SELECT * FROM "ticket" "t" WHERE 1 + {t}',
  'before a sign': 'SELECT * FROM "ticket" "t" WHERE {t} + 1',
  'behind another word than AND': 'SELECT * FROM "ticket" "t" WHERE 1 glob {t}',
  'before another word than AND': 'SELECT * FROM "ticket" "t" WHERE {t} glob 1',
  'behind a name called as AND': 'SELECT * FROM "ticket" "t" WHERE "and" {t}',
  'behind a column called as AND': 'SELECT * FROM "ticket" "t" WHERE "t".and {t}',
  'before a parameter called as AND': 'SELECT * FROM "ticket" "t" WHERE {t} :and 1',
  'before a name called as AND': 'SELECT * FROM "ticket" "t" WHERE {t} "and" 1',
  'before the comparison of a value': 'SELECT * FROM "ticket" "t" WHERE {t} AND 1 = "t"."a"',
  'before the comparison of a word': 'SELECT * FROM "ticket" "t" WHERE {t} AND a = "b"',
  'before a comparison with a word': 'SELECT * FROM "ticket" "t" WHERE {t} AND "a" = b',
  'before a comparison with nothing': 'SELECT * FROM "ticket" "t" WHERE {t} AND "a" =',
  'before a word that may be a name and XOR': 'SELECT 1 FROM "ticket" "t" WHERE {t} AND 1 LIMIT XOR 1 = 1',
  'before a word that may be a name and a sign': 'SELECT 1 FROM "ticket" "t" WHERE {t} AND 1 LIMIT || 1 = 1',
  'before a lock and OR': 'SELECT 1 FROM "ticket" "t" WHERE {t} AND 1 LOCK IN SHARE MODE OR 1 = 1',
  'before a word of a lock': 'SELECT 1 FROM "ticket" "t" WHERE {t} LOCK "a"',
  'before a word of a lock at the end': 'SELECT 1 FROM "ticket" "t" WHERE {t} LOCK',
  'before a group that is none': 'SELECT 1 FROM "ticket" "t" WHERE {t} AND GROUP OR 1 = 1',
  'before a group at the end': 'SELECT 1 FROM "ticket" "t" WHERE 1 = 1 OR {t} AND GROUP',
  'in a group of a group of joins': 'SELECT 1 FROM "news" "n" LEFT JOIN (("ticket" "t")) ON {t}',
  'in quotes of a text': `SELECT 1 FROM "ticket" "t" WHERE {'t'}`,
  ...Object.fromEntries(
    [',', '|', '&', '<', '>', '!'].map((sign) => [
      `before a condition with ${sign}`,
      `SELECT 1 FROM "ticket" "t" WHERE {t} AND "a" ${sign} "b"`,
    ]),
  ),
  'behind XOR': 'SELECT * FROM "ticket" "t" WHERE {t} XOR 1 = 1',
  'behind NOT': 'SELECT * FROM "ticket" "t" WHERE NOT {t}',
  'in brackets behind NOT': 'SELECT * FROM "ticket" "t" WHERE NOT ({t})',
  'behind AND NOT': 'SELECT * FROM "ticket" "t" WHERE 1 = 1 AND NOT {t}',
  'in brackets behind AND NOT': 'SELECT * FROM "ticket" "t" WHERE ("t"."a" = 1) AND NOT ({t} AND 1 = 1)',
  'in a case': 'SELECT * FROM "ticket" "t" WHERE CASE WHEN ({t}) THEN 1 ELSE 1 END',
  'that is compared': 'SELECT * FROM "ticket" "t" WHERE ({t}) = ("t"."a" = 1)',
  'that is compared from the left': 'SELECT * FROM "ticket" "t" WHERE "t"."a" = ({t})',
  'between two others': 'SELECT * FROM "ticket" "t" WHERE "t"."a" BETWEEN 0 AND ({t})',
  'in a list': 'SELECT * FROM "ticket" "t" WHERE "t"."a" IN (1, ({t}))',
  'that opens a list': 'SELECT * FROM "ticket" "t" WHERE "t"."a" IN ({t}, 1)',
  'behind LIKE': `SELECT * FROM "ticket" "t" WHERE 'a' LIKE {t}`,
  'as an argument': 'SELECT * FROM "ticket" "t" WHERE COALESCE({t} AND 1 = 1, 1)',
  'in what is selected': 'SELECT {t} FROM "ticket" "t"',
  'in what is selected before a condition': 'SELECT {t} FROM "ticket" "t" WHERE 1 = 1',
  'in HAVING': 'SELECT 1 FROM "ticket" "t" GROUP BY "t"."a" HAVING {t}',
  'in the order': 'SELECT 1 FROM "ticket" "t" WHERE 1 = 1 ORDER BY {t}',
  'in the limit': 'SELECT 1 FROM "ticket" "t" WHERE 1 = 1 LIMIT {t}',
  'in the first part of a union': 'SELECT 1 FROM "ticket" "t" WHERE {t} UNION SELECT 2 FROM "ticket" "t"',
  'in the second part of a union': 'SELECT 1 FROM "ticket" "t" UNION ALL SELECT 2 FROM "news" "t" WHERE {t}',
  'in the last part of three':
    'SELECT 1 FROM "ticket" "t" EXCEPT SELECT 2 FROM "news" "n" INTERSECT SELECT 2 FROM "news" "t" WHERE {t}',
  'in a sub-query beside its table': 'SELECT 1 FROM "ticket" "t" WHERE EXISTS (SELECT 1 FROM "news" "n" WHERE {t})',
  'around the sub-query that reads': 'SELECT 1 FROM (SELECT * FROM "ticket" "t") "t" WHERE {t}',
  'in a right join of the tenant-scoped table': 'SELECT 1 FROM "news" "n" RIGHT JOIN "ticket" "t" ON {t}',
  'in a full join of the tenant-scoped table': 'SELECT 1 FROM "news" "n" FULL OUTER JOIN "ticket" "t" ON {t}',
  'in a cross join': 'SELECT 1 FROM "news" "n" CROSS JOIN "ticket" "t" ON {t}',
  'in a join with no word before it': 'SELECT 1 FROM "news" "n" JOIN "ticket" "t" ON {t}',
  'in a straight join': 'SELECT 1 FROM "news" "n" STRAIGHT_JOIN "ticket" "t" ON {t}',
  'in the join of another table': 'SELECT 1 FROM "ticket" "t" LEFT JOIN "news" "n" ON {t}',
  'in a join before the table': 'SELECT 1 FROM "news" "n" LEFT JOIN "news" "m" ON {t} LEFT JOIN "ticket" "t" ON 1 = 1',
  'in a join behind the table': 'SELECT 1 FROM "news" "n" LEFT JOIN "ticket" "t" ON 1 = 1 LEFT JOIN "news" "m" ON {t}',
  'in the join of a group that the table is not in':
    'SELECT 1 FROM "news" "n" LEFT JOIN (SELECT 1 FROM "ticket" "t") "x" ON {t}',
  'in a join behind a comma': 'SELECT 1 FROM "news" "n" LEFT JOIN "news" "m", "ticket" "t" ON {t}',
  'in a conflict': 'INSERT INTO "news" SELECT 1 FROM "ticket" "t" ON CONFLICT ("id") DO UPDATE SET "a" = 1 WHERE {t}',
  'beside an operator': 'SELECT 1 FROM "ticket" "t" WHERE {t} | 1',
  'behind an operator': 'SELECT 1 FROM "ticket" "t" WHERE 1 & {t}',
  'before IS NULL': 'SELECT 1 FROM "ticket" "t" WHERE ({t}) IS NULL',
  'before an operator far behind': 'SELECT 1 FROM "ticket" "t" WHERE {t} AND 1 IS NULL',
  'before a word that may be a name and OR': 'SELECT 1 FROM "ticket" "t" WHERE {t} AND 1 LIMIT OR 1 = 1',
  'before the aggregate of an order': 'SELECT 1 FROM "ticket" "t" WHERE {t} AND ORDER OR 1 = 1',
  'behind a parameter called as the clause': 'SELECT 1 FROM "ticket" "t" WHERE 1 = 1 OR "t"."a" = :where AND {t}',
  'with no clause before it': 'DELETE FROM "ticket" {t}',
  'that closes the bracket of its table': 'SELECT 1 FROM (SELECT 1 FROM "ticket" "t") WHERE {t}',
};

describe('G-03 a tenant predicate in the text of a statement', () => {
  let dataSource: DataSource;
  beforeAll(async () => {
    expect(databasesToTest()).not.toEqual([]);
    dataSource = await openDeskDataSource({ type: 'sqljs' });
  });
  afterAll(() => dataSource.destroy());

  const refusal = (sql: string, dialect: SqlDialect = 'sqlite'): string => {
    const { policies } = requireEnforcement(dataSource);
    const predicates = {
      t: policies.predicateSql(dataSource.getMetadata(Ticket), '"t"'),
      o: policies.predicateSql(dataSource.getMetadata(Note), '"o"'),
      join: policies.predicateSql(dataSource.getMetadata(Ticket), '"join"'),
    };
    const text = sql
      .replaceAll('{t}', predicates.t)
      .replaceAll(`{'t'}`, predicates.t.replace('"t"', `'t'`))
      .replaceAll('{o}', predicates.o)
      .replaceAll('{join}', predicates.join)
      .replaceAll('{t-}', predicates.t.slice(0, predicates.t.indexOf('=') + 1) + ' 1');
    try {
      tenancy.run(ACME, () => new BuiltSqlVerifier(policies, dialect).verify(text, []));
      return 'none';
    } catch (error) {
      return (error as Error).message;
    }
  };

  it.each(Object.entries(PASSES))('limits its table %s', (_, sql) => {
    expect(refusal(sql)).toBe('none');
  });

  it.each(Object.entries(FAILS))('does not limit a table %s', (_, sql) => {
    expect(refusal(sql)).toMatch(/reads (Ticket|Note) without its tenant predicate/);
  });

  it('is none when it is empty', () => {
    const { tokens } = tokenize('SELECT 1 FROM "ticket" "t" WHERE ORDER BY 1', 'sqlite');
    const shape = parseStatement(tokens);
    expect(new PredicateMatcher(tokens, shape).consume(shape.mentions[0], [])).toBe(false);
  });
});
