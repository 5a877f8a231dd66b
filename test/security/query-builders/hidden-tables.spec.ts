import { attacks, crossedIf } from '../../support/attack.js';
import type { Attempt } from '../../support/attack.js';
import type { DatabaseKind } from '../../support/databases.js';
import { News, Ticket } from '../../support/desk.js';

/*
 * Databases disagree on where a comment, a number, a name or a text ends. What the reader of statements takes for the inside of one
 * must be no code for the database.
 */

const BY_HAND = '(SELECT MAX(ticket.subject) FROM ticket ticket)';

/** Selects `expression` beside the columns of an entity that all tenants share. */
const selecting =
  (expression: string): Attempt =>
  ({ repo }) =>
    repo(News).createQueryBuilder('news').addSelect(expression, 'x').getRawMany();

/** The other databases, with the reason why they cannot express what these can. */
const only = (reason: string, ...kinds: DatabaseKind[]): Partial<Record<DatabaseKind, string>> =>
  Object.fromEntries(
    (['postgres', 'postgres15', 'sqljs', 'mariadb'] as const)
      .filter((kind) => !kinds.includes(kind))
      .map((kind) => [kind, reason]),
  );

attacks('G-03 hiding a table in a part of a builder', {
  'brackets do not turn the scope into a name': {
    attempt: ({ repo }) =>
      repo(Ticket).createQueryBuilder('ticket').select(`${BY_HAND} AS [`).groupBy(']').getRawMany(),
    not: only('brackets quote no names', 'sqljs'),
  },
  'double quotes do not turn the scope into a text': {
    attempt: ({ repo }) =>
      repo(Ticket).createQueryBuilder('ticket').select(`${BY_HAND} AS x, "`).groupBy('"').getRawMany(),
    not: only('double quotes quote names, which the scope holds too', 'mariadb'),
  },
  'a comment ends with a carriage return where the database says so': {
    attempt: selecting('(SELECT MAX(subject) --\r FROM ticket)'),
    not: only('a comment ends with a line feed', 'postgres', 'postgres15'),
  },
  'two minus signs open no comment where the database says so': {
    attempt: selecting('(SELECT MAX(subject) FROM (SELECT 1--1, subject FROM ticket) x)'),
    not: only('they open a comment', 'mariadb'),
  },
  'a number with a point ends before a word': {
    attempt: selecting('(SELECT MAX(s) FROM (SELECT subject AS s, 1.FROM ticket) x)'),
    not: only('it must not touch a word', 'mariadb'),
  },
  'a number that begins with a point ends before a word': {
    attempt: selecting('(SELECT MAX(s) FROM (SELECT subject AS s, .1FROM ticket) x)'),
    not: only('it must not touch a word', 'mariadb'),
  },
  'a number in a condition ends before a word': {
    attempt: async ({ repo }) =>
      crossedIf(
        await repo(News).createQueryBuilder('news').where('EXISTS (SELECT 1.FROM ticket WHERE id > 1000)').getExists(),
      ),
    not: only('it must not touch a word', 'mariadb'),
  },
  'a null written with a backslash ends before a word': {
    attempt: selecting('(SELECT MAX(s) FROM (SELECT subject AS s, \\NFROM ticket) x)'),
    not: only('there is no such null', 'mariadb'),
  },
  'a numbered parameter ends before a word': {
    attempt: selecting('(SELECT MAX(s) FROM (SELECT subject AS s, ?1FROM ticket) x)'),
    not: only('there are no such parameters, or they must not touch a word', 'sqljs'),
  },
  'a text in the place of a table is a table': {
    attempt: selecting("(SELECT MAX(subject) FROM 'ticket')"),
    not: only('a text is no table', 'sqljs'),
  },
  'a table in braces is a table': {
    attempt: selecting('(SELECT MAX(subject) FROM {x ticket})'),
    not: only('there are no braces', 'mariadb'),
  },
  'a text in dollar quotes with an unusual tag ends where the database says': {
    attempt: selecting(
      "(SELECT $\u{1F600}$ ' $\u{1F600}$ || MAX(subject) FROM ticket WHERE $\u{1F600}$ ' $\u{1F600}$ <> '')",
    ),
    not: only('there are no dollar quotes', 'postgres', 'postgres15'),
  },
  'a keyword as an alias ends no list of tables': {
    attempt: selecting('(SELECT MAX(ticket.subject) FROM news AS offset, ticket)'),
    not: only('the word is reserved', 'sqljs'),
  },
  'another keyword as an alias ends no list of tables': {
    attempt: selecting('(SELECT MAX(ticket.subject) FROM news AS set, ticket)'),
    not: only('the word is reserved', 'postgres', 'postgres15'),
  },
  'a column named like a keyword ends no list of tables': {
    attempt: ({ repo, escape }) =>
      repo(News)
        .createQueryBuilder('news')
        .addSelect(
          `(SELECT MAX(ticket.subject) FROM (SELECT 1 AS ${escape('order')}) x JOIN news y ON x.order = 1, ticket)`,
          'x',
        )
        .getRawMany(),
    not: only('a keyword behind a point must be quoted', 'postgres', 'postgres15', 'mariadb'),
  },
  'a join in brackets behind USING names tables': {
    attempt: ({ dataSource }) =>
      dataSource
        .createQueryBuilder()
        .addCommonTableExpression(
          'DELETE FROM news USING (ticket CROSS JOIN news other) WHERE ticket.id > 1000 RETURNING ticket.subject',
          'x',
        )
        .select('x.subject', 'subject')
        .from('x', 'x')
        .getRawMany(),
    not: only('reads only in WITH', 'postgres', 'postgres15'),
  },
});
