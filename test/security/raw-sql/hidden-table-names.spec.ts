import { attacksAlone, crossedIf } from '../../support/attack.js';
import type { SpecialAttempt } from '../../support/attack.js';
import { News, Note, Ticket, Verdict } from '../../support/desk.js';
import { GLOBEX, tenancy } from '../../support/world.js';
import type { World } from '../../support/world.js';

type Texts = Partial<Record<'postgres' | 'mariadb' | 'sqljs', readonly string[]>>;

/** Statements that are sent as raw SQL one after the other, where the database knows them. */
function sent(texts: Texts, reason: string): SpecialAttempt {
  const not = Object.fromEntries(
    (['postgres', 'mariadb', 'sqljs'] as const)
      .filter((kind) => texts[kind] === undefined)
      .map((kind) => [kind, reason]),
  ) as Record<string, string>;
  if (not.postgres !== undefined) not.postgres15 = reason;
  return {
    not,
    attempt: async ({ dataSource }) => {
      const answers: unknown[] = [];
      for (const text of texts[dataSource.options.type as keyof Texts]!) answers.push(await dataSource.query(text));
      return answers;
    },
  };
}

attacksAlone('G-09 a raw SQL query that hides the name of a table', {
  'is refused when it is an object that the driver takes apart': {
    attempt: ({ dataSource }) => {
      const text = 'SELECT subject FROM ticket';
      return dataSource.query({ text, sql: text } as unknown as string);
    },
    not: { sqljs: 'its driver takes text only' },
  },
  'is refused when a function is made of text': sent(
    {
      postgres: [
        "CREATE FUNCTION seen() RETURNS SETOF text LANGUAGE sql AS 'SELECT subject FROM ticket'",
        'SELECT seen()',
      ],
    },
    'it has no functions made of text',
  ),
  'is refused when a block of statements builds it': sent(
    { mariadb: ["BEGIN NOT ATOMIC EXECUTE IMMEDIATE CONCAT('SELECT subject FROM tic', 'ket'); END"] },
    'it has no such blocks',
  ),
  'is refused when a condition of a script builds it': sent(
    { mariadb: ["IF 1 THEN EXECUTE IMMEDIATE CONCAT('SELECT subject FROM tic', 'ket'); END IF"] },
    'it has no such scripts',
  ),
  'is refused when the catalogue gets a second name for the table': sent(
    {
      sqljs: [
        'PRAGMA writable_schema = 1',
        "INSERT INTO sqlite_master (type, name, tbl_name, rootpage, sql) SELECT 'table', 'shadow', 'shadow', rootpage, " +
          "replace(sql, 'tic' || 'ket', 'shadow') FROM sqlite_master WHERE type = 'table' AND name = 'tic' || 'ket'",
        'PRAGMA writable_schema = RESET',
        'SELECT subject FROM shadow',
      ],
    },
    'its catalogue is not written to',
  ),
  'is refused when an operator looks like a quote': sent(
    {
      postgres: [
        'CREATE OPERATOR ` (LEFTARG = text, RIGHTARG = text, FUNCTION = textcat)',
        "SELECT 'a'::text ` (SELECT MAX(subject)::text FROM ticket) ` 'b'::text AS subject",
      ],
    },
    'it has no operators of its own',
  ),
  'is refused when it is kept as a view': sent(
    Object.fromEntries(
      ['postgres', 'mariadb', 'sqljs'].map((kind) => [
        kind,
        ['CREATE VIEW seen AS SELECT subject FROM ticket', 'SELECT * FROM seen'],
      ]),
    ),
    '',
  ),
  'is refused when it is explained while it runs': sent(
    { postgres: ['EXPLAIN (ANALYZE) DELETE FROM note', 'SELECT 1'] },
    'it explains without running, or does not take writes',
  ),
  'is refused when it is a cursor': sent(
    { postgres: ['DECLARE held CURSOR WITH HOLD FOR SELECT subject FROM ticket', 'FETCH ALL FROM held'] },
    'it has no cursors outside of procedures',
  ),
  'is refused when it merges': sent(
    { postgres: ["MERGE INTO ticket t USING news n ON true WHEN MATCHED THEN UPDATE SET subject = 'taken'"] },
    'it has no MERGE',
  ),
  'is refused when it copies rows into a table of its own': sent(
    {
      postgres: ['SELECT * INTO kept FROM ticket', 'SELECT * FROM kept'],
      mariadb: ['CREATE TABLE kept AS SELECT * FROM ticket', 'SELECT * FROM kept'],
    },
    'it has the same form',
  ),
  'is refused when it inherits': sent(
    {
      postgres: [
        'CREATE TABLE over_all (LIKE ticket)',
        'ALTER TABLE ticket INHERIT over_all',
        'SELECT subject FROM over_all',
      ],
    },
    'its tables do not inherit',
  ),
  'is refused when it sets a table without a word between': sent(
    { mariadb: ["INSERT note SET organizationId = 2, body = 'planted'"] },
    'it has no such form',
  ),
  'is refused when it deletes from two tables': sent(
    { mariadb: ['DELETE t, n FROM news n JOIN note t'] },
    'it has no such form',
  ),
});

attacksAlone('G-09 a list of tables in a raw SQL query', {
  'goes on behind a hint about joins': sent(
    { mariadb: ['SELECT t.subject FROM news n USE INDEX FOR JOIN (PRIMARY), ticket t'] },
    'it has no hints',
  ),
  'goes on behind a function that is named like a keyword': sent(
    {
      mariadb: ['SELECT t.subject FROM news n JOIN news m ON DEFAULT(n.id) IS NULL OR 1=1, ticket t'],
    },
    'it has no such functions',
  ),
  'goes on behind an alias with a sign in it that is no letter': sent(
    Object.fromEntries(
      ['postgres', 'mariadb', 'sqljs'].map((kind) => [kind, ['SELECT t.subject FROM news x\u2603where, ticket t']]),
    ),
    '',
  ),
  'goes on behind an alias with a wide space in it': sent(
    Object.fromEntries(
      ['postgres', 'mariadb', 'sqljs'].map((kind) => [kind, ['SELECT t.subject FROM news x\u00a0where, ticket t']]),
    ),
    '',
  ),
  'goes on behind a parameter that is named like a keyword': (world) =>
    world
      .repo(News)
      .createQueryBuilder('news')
      .select('(SELECT MAX(t.subject) FROM news n JOIN news m ON m.id <> :where, ticket t)', 'subject')
      .setParameter('where', 0)
      .getRawMany(),
  'goes on behind a parameter of an outer name that is a keyword': (world) =>
    world
      .repo(News)
      .createQueryBuilder('news')
      .where('EXISTS (SELECT 1 FROM news n JOIN news m ON m.id <> :set, ticket t WHERE t.subject LIKE :like)', {
        set: 0,
        like: 'globex%',
      })
      .getCount()
      .then((count) => crossedIf(count > 0)),
});

attacksAlone('G-09 a common table expression', {
  'is not a parent when its name is a literal': {
    attempt: ({ repo }) =>
      repo(Verdict)
        .createQueryBuilder('v')
        .addCommonTableExpression(`SELECT 1), 'ticket' AS (SELECT 9001 AS "id", 1 AS "organizationId"`, 'x')
        .getMany(),
    not: {
      postgres: 'literals are no names there',
      postgres15: 'literals are no names there',
      mariadb: 'literals are no names there',
    },
  },
  'does not close its bracket to write': {
    attempt: ({ repo }) =>
      repo(Note)
        .createQueryBuilder('n')
        .addCommonTableExpression(`UPDATE "note" SET "body" = 'taken' RETURNING 1`, 'x')
        .getMany(),
    not: { sqljs: 'it reads only', mariadb: 'it reads only' },
  },
});

attacksAlone('G-09 what a raw SQL query does to everybody', {
  'does not take the tables away': sent(
    { postgres: ['DROP SCHEMA public CASCADE'] },
    'it takes tables away by their names only',
  ),
  'does not put the tables where the check does not find them': {
    attempt: async ({ dataSource, repo }) => {
      await dataSource.query('ALTER SCHEMA public RENAME TO elsewhere');
      const read = tenancy.run(GLOBEX, () => repo(News).find());
      const lost = await read.then(
        () => false,
        () => true,
      );
      await tenancy.unscoped('puts them back', () => dataSource.query('ALTER SCHEMA elsewhere RENAME TO public'));
      return crossedIf(lost);
    },
    not: { sqljs: 'it has one schema', mariadb: 'its schemas are databases' },
  },
  'does not stay on a connection of the pool': {
    attempt: async ({ dataSource, repo, kind }) => {
      await dataSource.query(kind === 'mariadb' ? 'SET SESSION sql_select_limit = 0' : 'SET search_path = pg_catalog');
      const read = tenancy.run(GLOBEX, () => repo(News).find());
      const blocked = await read.then(
        (rows) => rows.length === 0,
        () => true,
      );
      await tenancy.unscoped('puts it back', () =>
        dataSource.query(kind === 'mariadb' ? 'SET SESSION sql_select_limit = DEFAULT' : 'RESET search_path'),
      );
      return crossedIf(blocked);
    },
    not: { sqljs: 'it has no settings of a connection' },
  },
  'does not set back the numbers of a table': {
    attempt: async (world) => {
      await world.dataSource.query(`SELECT setval('note_id_seq', 9000)`);
      return blocked(world);
    },
    not: { sqljs: 'its counter never goes below its rows', mariadb: 'its counter never goes below its rows' },
  },
  'does not use up the numbers of a table': {
    attempt: async (world) => {
      await world.dataSource.query(`UPDATE sqlite_sequence SET seq = 9223372036854775807 WHERE name = 'no' || 'te'`);
      return blocked(world);
    },
    not: { postgres: 'it has sequences', postgres15: 'it has sequences', mariadb: 'its counter belongs to the table' },
  },
});

/** Whether Globex can no longer write. */
function blocked({ repo }: World): Promise<string> {
  return tenancy.run(GLOBEX, async () => {
    const written = await repo(Note)
      .insert({ body: 'next', organizationId: 2 })
      .then(
        () => true,
        () => false,
      );
    await repo(Note).delete({ body: 'next' });
    return crossedIf(!written);
  });
}

attacksAlone('G-09 a raw SQL report', {
  'keeps its tenant when a value stands inside a literal': {
    attempt: async ({ dataSource, repo }) => {
      const { table } = await import('nestjs-muck');
      const enforced = Object.hasOwn(dataSource, 'createEntityManager');
      if (!enforced) return repo(Ticket).find();
      return tenancy.sql(dataSource.manager)`SELECT '${2}' AS n, t.subject FROM ${table(Ticket, 't')}`;
    },
    not: {
      postgres: 'a parameter that no code uses is an error there',
      postgres15: 'a parameter that no code uses is an error there',
    },
  },
  'keeps its tables when a list of values is empty': async ({ dataSource, repo }) => {
    const enforced = Object.hasOwn(dataSource, 'createEntityManager');
    if (!enforced) return repo(Ticket).find();
    const [open, close] = [dataSource.driver.escape('x')[0], dataSource.driver.escape('x')[0]];
    const texts = Object.assign([`SELECT t.subject FROM ${open}ticket`, `${close} t`], {
      raw: [],
    }) as unknown as TemplateStringsArray;
    return tenancy.sql(dataSource.manager)(texts, []);
  },
});
