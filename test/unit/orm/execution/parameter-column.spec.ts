import { describe, expect, it } from '@jest/globals';
import { columnOfParameter } from '../../../../lib/orm/execution/parameter-column.js';

describe('the column of a parameter', () => {
  const several =
    `INSERT INTO "a"."t"("id", "x, (y", "z") VALUES (DEFAULT, point($1, '),', $2), $3), (DEFAULT, $4, "f"($5)) ` +
    'RETURNING "id", $6';

  it.each<[string, number, string | undefined]>([
    ['INSERT INTO "t"("a", "b") VALUES ($1, $2)', 2, 'b'],
    ['INSERT INTO "t"("a", "b ""c") VALUES (DEFAULT, $1)', 1, 'b "c'],
    [several, 1, 'x, (y'],
    [several, 2, 'x, (y'],
    [several, 3, 'z'],
    [several, 4, 'x, (y'],
    [several, 5, 'z'],
    [several, 7, undefined],
    ['INSERT INTO "t"("a") VALUES ($10)', 1, undefined],
    ['UPDATE "t" SET "a" = $1, "b" = f($2, $3), "c" = now() WHERE "d" = $4', 1, 'a'],
    ['UPDATE "t" SET "a" = $1, "b" = f($2, $3), "c" = now() WHERE "d" = $4', 3, 'b'],
    ['UPDATE "t" SET "a" = $1, "b" = f($2, $3), "c" = now() WHERE "d" = $4', 4, undefined],
    ['UPDATE "t" SET "a" = $11, "b" = $1', 1, 'b'],
    ['  INSERT INTO "t"("ab") OVERRIDING SYSTEM VALUE VALUES ($1)', 1, 'ab'],
    ['INSERT INTO "t"("a") VALUES ($1, $2)', 2, undefined],
    ['WITH "x" AS (SELECT 1) INSERT INTO "t"("a") VALUES ($1)', 1, undefined],
    ['x  INSERT INTO "t"("a") VALUES ($1)', 1, undefined],
    ['  UPDATE "t" SET "ab" = $1', 1, 'ab'],
    ['UPDATE "t" SET "a" = f(g(1), 2), "b" = $1', 1, 'b'],
    ['UPDATE "t" SET a = f("b", $1)', 1, undefined],
    ['UPDATE "t" SET "a" = 1', 1, undefined],
    ['UPDATE "t" SET ', 1, undefined],
    ['WITH "x" AS (UPDATE "t" SET "a" = $1) SELECT 1', 1, undefined],
    ['SELECT $1', 1, undefined],
    ['DELETE FROM "t" WHERE "a" = $1', 1, undefined],
  ])('of %s, $%d', (sql, parameter, column) => {
    expect(columnOfParameter(sql, parameter)).toBe(column);
  });
});
