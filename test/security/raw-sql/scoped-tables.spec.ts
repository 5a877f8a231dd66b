import { SelectQueryBuilder, UpdateQueryBuilder } from 'typeorm';
import { attacksAlone, crossedIf } from '../../support/attack.js';
import type { Attempt, SpecialAttempt } from '../../support/attack.js';
import type { DatabaseKind } from '../../support/databases.js';
import { News, Note, ParcelSchema, Ticket } from '../../support/desk.js';
import { foreign, GLOBEX, tenancy } from '../../support/world.js';

/** Sends statements manually on one connection, and answers the rows of the last one. */
const sending =
  (...statements: string[]): Attempt =>
  ({ withRunner }) =>
    withRunner(async (runner) => {
      let rows: unknown;
      for (const statement of statements) rows = await runner.query(statement);
      return rows;
    });

const POSTGRES = ['postgres', 'postgres15'] as const;
const ALL = [...POSTGRES, 'sqljs', 'mariadb'] as const;

const only = (kinds: readonly DatabaseKind[], attempt: Attempt, reason = 'no such statement'): SpecialAttempt => ({
  attempt,
  not: Object.fromEntries(ALL.filter((kind) => !kinds.includes(kind)).map((kind) => [kind, reason])),
});

attacksAlone('G-09 raw SQL reads', {
  'a scoped table cannot be read': sending('SELECT * FROM ticket'),
  'a scoped table cannot be read by an entity manager': ({ dataSource }) =>
    dataSource.manager.query('SELECT * FROM ticket'),
  'a scoped table cannot be read by a repository': ({ repo }) => repo(News).query('SELECT * FROM ticket'),
  'a scoped table cannot be read by a tagged template': ({ dataSource }) => dataSource.sql`SELECT * FROM ticket`,
  'a scoped table cannot be read in a transaction': ({ dataSource }) =>
    dataSource.transaction((manager) => manager.query('SELECT * FROM ticket')),
  'a condition on the own tenant does not make it a scoped read': ({ dataSource, escape }) =>
    dataSource.query(`SELECT * FROM ticket WHERE ${escape('organizationId')} = 1 OR 1 = 1`),
  'a scoped table cannot be read in quotes': ({ dataSource, escape }) =>
    dataSource.query(`SELECT * FROM ${escape('ticket')}`),
  'a scoped table cannot be read in capitals': only(
    [...POSTGRES, 'sqljs'],
    sending('SELECT * FROM TICKET'),
    'names of tables are told apart by their case',
  ),
  'a scoped table cannot be read behind its schema': ({ dataSource, kind }) => {
    const database = String((dataSource.options as { database?: string }).database);
    return dataSource.query(
      `SELECT * FROM ${{ sqljs: 'main', mariadb: database, postgres: 'public', postgres15: 'public' }[kind]}.ticket`,
    );
  },
  'a scoped table cannot be read behind a comment': sending('SELECT * FROM /* news */ ticket'),
  'a scoped table cannot be read behind a line break': sending('SELECT *\nFROM\n\tticket'),
  'a scoped table cannot be read in a list of tables': sending('SELECT * FROM news, ticket'),
  'a scoped table cannot be read in a join': sending('SELECT * FROM news LEFT JOIN ticket ON 1 = 1'),
  'a scoped table cannot be read in brackets': sending('SELECT * FROM (news CROSS JOIN ticket)'),
  'a scoped table cannot be read in a sub-query': sending('SELECT (SELECT MAX(subject) FROM ticket) AS x'),
  'a scoped table cannot be read in a union': sending('SELECT text FROM news UNION SELECT subject FROM ticket'),
  'a scoped table cannot be read in a common table expression': sending(
    'WITH x AS (SELECT * FROM ticket) SELECT * FROM x',
  ),
  'a view of a scoped table cannot be read': sending('SELECT * FROM open_ticket'),
  'a junction table cannot be read': async ({ dataSource }) => {
    const rows: { labelId: number }[] = await dataSource.query('SELECT * FROM ticket_labels_label');
    return crossedIf(rows.some(({ labelId }) => labelId === foreign.label));
  },
  'a table of an entity without a class cannot be read': ({ dataSource }) => dataSource.query('SELECT * FROM parcel'),
  'results that were cached for another tenant cannot be read': async ({ dataSource, repo, escape }) => {
    await tenancy.run(GLOBEX, () => repo(Ticket).find({ cache: true }));
    return dataSource.query(`SELECT * FROM ${escape('query-result-cache')}`);
  },
  'results that were cached for another tenant cannot be read by a builder': async ({ dataSource, repo }) => {
    await tenancy.run(GLOBEX, () => repo(Ticket).find({ cache: true }));
    return dataSource.createQueryBuilder().select('c.result', 'result').from('query-result-cache', 'c').getRawMany();
  },
  'a table cannot be read by the name of its kind alone': only(POSTGRES, sending('TABLE ticket')),
  'a table without its heirs cannot be read': only(POSTGRES, sending('SELECT * FROM ONLY (ticket)')),
  'a table cannot be read by a name in code points': only(POSTGRES, sending('SELECT * FROM U&"tick\\0065t"')),
  'a table cannot be read by a function that takes a query': only(
    POSTGRES,
    sending(`SELECT query_to_xml('SELECT subject FROM tic' || 'ket', true, true, '')::text`),
  ),
  'a table cannot be read by a function that takes its name': only(
    POSTGRES,
    sending(`SELECT table_to_xml('ticket', true, true, '')::text`),
  ),
  'a table cannot be read by a prepared statement': only(
    POSTGRES,
    sending('PREPARE peek AS SELECT subject FROM ticket', 'EXECUTE peek'),
  ),
  'a table cannot be read by a cursor': only(
    POSTGRES,
    sending('BEGIN', 'DECLARE peek CURSOR FOR SELECT subject FROM ticket', 'FETCH ALL FROM peek'),
  ),
  'a table cannot be read by a function that is made for it': only(
    POSTGRES,
    sending(
      `CREATE OR REPLACE FUNCTION pg_temp.peek() RETURNS text LANGUAGE sql AS 'SELECT MAX(subject) FROM ticket'`,
      'SELECT pg_temp.peek()',
    ),
  ),
  'a table cannot be copied into another one and read there': sending(
    'CREATE TEMPORARY TABLE copied AS SELECT subject FROM ticket',
    'SELECT * FROM copied',
  ),
  'a table cannot be read through a view that is made for it': only(
    [...POSTGRES, 'sqljs'],
    sending('CREATE TEMPORARY VIEW peek AS SELECT subject FROM ticket', 'SELECT * FROM peek'),
    'no temporary views',
  ),
  'a statement that the database executes as text is refused': only(
    ['mariadb'],
    sending("EXECUTE IMMEDIATE CONCAT('SELECT subject FROM tic', 'ket')"),
  ),
  'a statement in a block is refused': only(
    ['mariadb'],
    sending("BEGIN NOT ATOMIC EXECUTE IMMEDIATE CONCAT('SELECT subject FROM tic', 'ket'); END"),
  ),
  'a statement in a branch is refused': only(
    ['mariadb'],
    sending("IF 1 = 1 THEN EXECUTE IMMEDIATE CONCAT('SELECT subject FROM tic', 'ket'); END IF"),
  ),
  'a statement behind a setting is refused': only(
    ['mariadb'],
    sending('SET STATEMENT max_statement_time = 10 FOR SELECT subject FROM ticket'),
  ),
  'a table in a comment that is executed cannot be read': only(['mariadb'], sending('SELECT subject /*!FROM ticket*/')),
  'a table in a comment that only this database executes cannot be read': only(
    ['mariadb'],
    sending('SELECT subject /*M!FROM ticket*/'),
  ),
  'a table cannot be read by a handler': only(
    ['mariadb'],
    sending('HANDLER ticket OPEN', 'HANDLER ticket READ `PRIMARY` LAST'),
  ),
  'a table in square brackets cannot be read': only(['sqljs'], sending('SELECT * FROM [ticket]')),
  'a table that is named by a text cannot be read': only(
    ['sqljs'],
    sending("SELECT * FROM 'ticket'"),
    'a text is no table',
  ),
  'a table behind a carriage return cannot be read': only(
    POSTGRES,
    sending('SELECT subject --\r FROM ticket'),
    'a comment',
  ),
  'a table behind two minus signs cannot be read': only(
    ['mariadb'],
    sending('SELECT 5--1, subject FROM ticket'),
    'a comment',
  ),
  'a table behind a number cannot be read': only(
    ['mariadb'],
    sending('SELECT subject, 1.FROM ticket'),
    'no such number',
  ),
  'a table behind a numbered parameter cannot be read': only(
    ['sqljs'],
    ({ dataSource }) => dataSource.query('SELECT subject, ?1FROM ticket', ['x']),
    'no such parameter',
  ),
  'a table in braces cannot be read': only(['mariadb'], sending('SELECT subject FROM {x ticket}')),
});

attacksAlone('G-09 raw SQL writes', {
  'a scoped table cannot be changed': sending("UPDATE ticket SET subject = 'taken'"),
  'a scoped table cannot be changed by a second statement': only(
    POSTGRES,
    sending("SELECT 1; UPDATE ticket SET subject = 'taken'"),
    'one statement at a time',
  ),
  'a scoped table cannot be changed beside another one': only(
    ['mariadb'],
    sending("UPDATE news, ticket SET ticket.subject = 'taken'"),
  ),
  'rows of a scoped table cannot be removed': sending('DELETE FROM note'),
  'rows of a scoped table cannot be removed by way of another one': only(
    POSTGRES,
    sending('DELETE FROM news USING (ticket CROSS JOIN member) WHERE ticket.id > 1000 RETURNING ticket.subject'),
  ),
  'rows cannot be added to a scoped table': ({ dataSource, escape }) =>
    dataSource.query(`INSERT INTO note (${escape('organizationId')}, body) VALUES (2, 'planted')`),
  'rows cannot be replaced in a scoped table': only(['sqljs', 'mariadb'], ({ dataSource, escape }) =>
    dataSource.query(`REPLACE INTO note (id, ${escape('organizationId')}, body) VALUES (9001, 1, 'taken')`),
  ),
  'rows cannot be merged into a scoped table': only(
    POSTGRES,
    sending("MERGE INTO ticket USING news ON 1 = 1 WHEN MATCHED THEN UPDATE SET subject = 'taken'"),
  ),
  'a scoped table cannot be changed in a common table expression': only(
    POSTGRES,
    sending("WITH x AS (UPDATE ticket SET subject = 'taken' RETURNING *) SELECT * FROM x"),
  ),
  'a scoped table cannot be changed in a block of code': only(
    POSTGRES,
    sending(`DO $$ BEGIN EXECUTE 'UPDATE tic' || 'ket SET subject = ''taken'''; END $$`),
  ),
  'a scoped table cannot be changed by a statement that explains it': only(
    POSTGRES,
    sending("EXPLAIN ANALYZE UPDATE ticket SET subject = 'taken'"),
  ),
  'a scoped table cannot be emptied': sending('DELETE FROM parcel'),
  'a scoped table cannot be truncated': only([...POSTGRES, 'mariadb'], sending('TRUNCATE parcel')),
  'a scoped table cannot be dropped': sending('DROP TABLE parcel'),
  'a scoped table cannot be altered': sending('ALTER TABLE parcel DROP COLUMN text'),
  'a scoped table cannot be renamed': sending('ALTER TABLE parcel RENAME TO lost'),
  'a schema cannot be dropped with all tables in it': only(POSTGRES, sending('DROP SCHEMA public CASCADE')),
});

attacksAlone('G-09 methods that write SQL themselves', {
  'a repository does not empty a table': ({ repo }) => repo(ParcelSchema).clear(),
  'an entity manager does not empty a table': ({ dataSource }) => dataSource.manager.clear(ParcelSchema),
  'a query runner does not empty a table': ({ withRunner }) => withRunner((runner) => runner.clearTable('parcel')),
  'a query runner does not drop a table': ({ withRunner }) => withRunner((runner) => runner.dropTable('parcel')),
  'a query runner does not change a table': ({ withRunner }) =>
    withRunner((runner) => runner.dropColumn('parcel', 'text')),
  'a query runner does not empty the database': ({ withRunner }) => withRunner((runner) => runner.clearDatabase()),
  'a DataSource does not empty the database': ({ dataSource }) => dataSource.dropDatabase(),
  'a DataSource does not build the schema anew': ({ dataSource }) => dataSource.synchronize(true),
  "a select of TypeORM's own class shows nothing": ({ dataSource }) =>
    new SelectQueryBuilder(dataSource).select('t').from(Ticket, 't').getMany(),
  "an update of TypeORM's own class changes nothing": ({ dataSource }) =>
    new UpdateQueryBuilder(dataSource).update(Ticket).set({ subject: 'taken' }).where('1 = 1').execute(),
  "an insert of TypeORM's own class adds nothing": ({ plant }) => plant(Note, { organizationId: 2, body: 'planted' }),
  "a delete of TypeORM's own class removes nothing": ({ dataSource }) =>
    new SelectQueryBuilder(dataSource).delete().from(Note).where('1 = 1').execute(),
  'the text of a builder does not run with other parameters': only(
    [...POSTGRES, 'mariadb'],
    async ({ dataSource, repo }) => {
      const [text, parameters] = repo(Ticket)
        .createQueryBuilder('t')
        .where('t.organizationId = :o', { o: 1 })
        .getQueryAndParameters();
      for (const i of parameters.keys()) parameters[i] = 2;
      return dataSource.query(text, parameters);
    },
    'numbers stand in the text',
  ),
  'the text of a builder does not run with parameters of its own': async ({ dataSource, repo }) => {
    const builder = repo(Ticket).createQueryBuilder('t').where('t.organizationId = :o', { o: 1 });
    const [text, parameters] = builder.getQueryAndParameters();
    return dataSource.query(
      text.replaceAll(/= 1\b/g, '= 2'),
      parameters.map(() => 2),
    );
  },
  'the text of a builder that was made for another tenant does not run': ({ dataSource, repo }) => {
    const [text, parameters] = tenancy.run(GLOBEX, () => repo(Ticket).createQueryBuilder('t').getQueryAndParameters());
    return dataSource.query(text, parameters);
  },
  'a stream of raw SQL is refused': only(
    ['mariadb'],
    ({ withRunner }) =>
      withRunner(async (runner) => {
        const rows: unknown[] = [];
        for await (const row of await runner.stream('SELECT * FROM ticket')) rows.push(row);
        return rows;
      }),
    'streams need another package',
  ),
});
