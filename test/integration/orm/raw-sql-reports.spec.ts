import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { table } from 'nestjs-muck';
import { databasesToTest } from '../../support/databases.js';
import { News, Note, Ticket, Verdict } from '../../support/desk.js';
import { ACME, ACME_TICKETS, tenancy, World } from '../../support/world.js';

describe.each(databasesToTest())('raw SQL reports on %s', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await World.open(kind, true);
  });
  afterAll(() => world.close());

  const report = (): ReturnType<typeof tenancy.sql> => tenancy.sql(world.dataSource.manager);
  const numbers = (rows: unknown[]): number[] => rows.map((row) => Number((row as { n: unknown }).n));

  it('read the rows of the scope only, whatever stands next to the table', () =>
    tenancy.run(ACME, async () => {
      const count = async (rows: Promise<unknown[]>): Promise<number> => numbers(await rows)[0];
      expect(await count(report()`SELECT count(*) AS n FROM ${table(Ticket, 't')}`)).toBe(ACME_TICKETS);
      expect(await count(report()`SELECT count(*) AS n FROM ${table(Ticket, 't')} WHERE 1=1 OR 1=1`)).toBe(
        ACME_TICKETS,
      );
      expect(await count(report()`SELECT count(*) AS n FROM ${table(Verdict, 'v')}`)).toBe(1);
      expect(await count(report()`SELECT count(*) AS n FROM ${table(News, 'n')}`)).toBe(1);
      const joined = report()`
        SELECT count(*) AS n FROM ${table(Ticket, 't')} JOIN ${table(Note, 'o')} ON o.points = 1 OR 1=1`;
      await expect(joined).rejects.toThrow();
      const crossed = report()`SELECT count(*) AS n FROM ${table(Ticket, 't')} CROSS JOIN ${table(Note, 'o')}`;
      expect(await count(crossed)).toBe(ACME_TICKETS * 3);
    }));

  it('take values as parameters, lists too', () =>
    tenancy.run(ACME, async () => {
      const rows = await report()`
        SELECT t.points AS n FROM ${table(Ticket, 't')}
        WHERE t.points IN (${[1, 3, 9]}) AND t.subject <> ${"'; DROP TABLE ticket; --"} ORDER BY t.points`;
      expect(numbers(rows)).toEqual([1, 3]);
    }));

  it('run over all tenants in an unscoped section, and not at all outside of any scope', async () => {
    const count = (): Promise<unknown[]> => report()`SELECT count(*) AS n FROM ${table(Ticket, 't')}`;
    expect(numbers(await tenancy.unscoped('for the platform', count))).toEqual([2 * ACME_TICKETS]);
    await expect(count()).rejects.toThrow('There is no tenant scope');
  });

  it('are refused when they name a scoped table in raw SQL, or write', () =>
    tenancy.run(ACME, async () => {
      await expect(report()`SELECT * FROM ticket`).rejects.toThrow('it reads Ticket without its tenant predicate');
      await expect(report()`SELECT * FROM ${table(Ticket, 't')}, ticket`).rejects.toThrow(
        'without its tenant predicate',
      );
      await expect(report()`DELETE FROM news`).rejects.toThrow('tenancy.sql is read-only');
      await expect(report()`SELECT 1; DELETE FROM ticket`).rejects.toThrow('tenancy.sql is read-only');
      await expect(report()`SELECT * INTO stolen FROM ${table(Ticket, 't')}`).rejects.toThrow(
        'tenancy.sql is read-only',
      );
      expect(() => table(Ticket, 't" WHERE 1=1 --')).toThrow('An alias is made of');
    }));

  it.each(['insert', 'update', 'delete', 'merge', 'truncate', 'drop', 'alter', 'create', 'grant', 'lock', 'into'])(
    'are refused with the word of a write anywhere in them, and not with a name that is called so: %s',
    (word) =>
      tenancy.run(ACME, async () => {
        const fragment = (...texts: string[]): Promise<unknown[]> =>
          report()(Object.assign([...texts], { raw: texts }), table(News, 'n'));
        await expect(fragment(`WITH a AS (SELECT 1 ${word.toUpperCase()} x) SELECT 1 AS n FROM `, '')).rejects.toThrow(
          'tenancy.sql is read-only',
        );
        expect(
          numbers(await fragment(`SELECT 7 AS n, 8 AS ${world.escape(word)} FROM `, ` WHERE '${word}' = '${word}'`)),
        ).toEqual([7]);
      }),
  );

  it('begin with SELECT or WITH', () =>
    tenancy.run(ACME, async () => {
      expect(numbers(await report()`WITH a AS (SELECT 7 AS n) SELECT n FROM a`)).toEqual([7]);
      for (const other of [report()`EXPLAIN SELECT 1`, report()`VALUES (1)`, report()``, report()`(SELECT 1)`])
        await expect(other).rejects.toThrow('tenancy.sql is read-only');
    }));

  it('take each value by itself, beside tables, and none inside of quotes', () =>
    tenancy.run(ACME, async () => {
      const rows = await report()`
        SELECT t.points AS n FROM ${table(Ticket, 't')} WHERE t.points >= ${3} AND t.points < ${4}`;
      expect(numbers(rows)).toEqual([3]);
      await expect(
        report()`SELECT t.points AS n FROM ${table(Ticket, 't')} WHERE t.subject = '${'x'}'`,
      ).rejects.toThrow('a value is inside quotes or an identifier');
    }));
});
