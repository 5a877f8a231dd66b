import { Brackets, NotBrackets, Raw, SelectQueryBuilder } from 'typeorm';
import { attacks, crossedIf } from '../../support/attack.js';
import { Member, News, Note, Tally, Ticket, Verdict } from '../../support/desk.js';
import { foreign } from '../../support/world.js';

attacks('G-01 sub-queries', {
  'a sub-query in a condition asks own rows only': async ({ repo }) => {
    const builder = repo(News).createQueryBuilder('news');
    const inner = builder.subQuery().select('MAX(t.id)').from(Ticket, 't').getQuery();
    return crossedIf(await builder.where(`${inner} > 1000`).getExists());
  },
  'an EXISTS asks own rows only': async ({ repo }) => {
    const inner = repo(Ticket).createQueryBuilder('t').where('t.id = :id', { id: foreign.ticket });
    return crossedIf(await repo(News).createQueryBuilder('news').whereExists(inner).getExists());
  },
  'an EXISTS that is ORed asks own rows only': async ({ repo }) => {
    const inner = repo(Ticket).createQueryBuilder('t').where('t.id = :id', { id: foreign.ticket });
    return crossedIf(await repo(News).createQueryBuilder('news').where('1 = 0').orWhereExists(inner).getExists());
  },
  'a sub-query made by a callback in a condition asks own rows only': async ({ repo }) =>
    crossedIf(
      await repo(News)
        .createQueryBuilder('news')
        .where((query) => `${query.subQuery().select('MAX(t.id)').from(Ticket, 't').getQuery()} > 1000`)
        .getExists(),
    ),
  'a selected sub-query shows own rows only': ({ repo }) =>
    repo(News)
      .createQueryBuilder('news')
      .addSelect((query) => query.select('MAX(t.subject)').from(Ticket, 't'), 'subject')
      .getRawMany(),
  'a sub-query in FROM shows own rows only': ({ dataSource }) =>
    dataSource
      .createQueryBuilder()
      .select('x.subject', 'subject')
      .from((query) => query.select('t.subject', 'subject').from(Ticket, 't'), 'x')
      .getRawMany(),
  'a sub-query of a sub-query shows own rows only': ({ dataSource }) =>
    dataSource
      .createQueryBuilder()
      .select('y.subject', 'subject')
      .from((outer) => {
        const inner = (query: typeof outer): typeof outer => query.select('t.subject', 'subject').from(Ticket, 't');
        return outer.select('x.subject', 'subject').from(inner as never, 'x');
      }, 'y')
      .getRawMany(),
  'the text of one builder pasted into another shows own rows only': async ({ dataSource, repo }) => {
    const inner = repo(Ticket).createQueryBuilder('t').select('t.subject', 'subject');
    return dataSource.createQueryBuilder().select('x.*').from(`(${inner.getQuery()})`, 'x').getRawMany();
  },
  'the text of one builder pasted into a condition of another asks own rows only': async ({ repo }) => {
    const inner = repo(Ticket).createQueryBuilder('t').select('MAX(t.id)').getQuery();
    return crossedIf(await repo(News).createQueryBuilder('news').where(`(${inner}) > 1000`).getExists());
  },
  'the text of a sub-query that is used twice shows own rows only': async ({ repo }) => {
    const builder = repo(Member).createQueryBuilder('member');
    const inner = builder.subQuery().select('MAX(t.subject)').from(Ticket, 't').getQuery();
    return builder.addSelect(inner, 'one').addSelect(inner, 'two').getRawMany();
  },
  'a sub-query of a relation path asks own rows only': async ({ repo }) => {
    const builder = repo(Member).createQueryBuilder('member');
    const inner = builder.subQuery().select('MAX(t.subject)').from('Ticket', 't').where('t.organizationId = 2');
    return builder.addSelect(inner.getQuery(), 'subject').getRawMany();
  },
});

attacks('G-01 common table expressions', {
  'one made by a builder shows own rows only': ({ dataSource, repo }) =>
    dataSource
      .createQueryBuilder()
      .addCommonTableExpression(repo(Ticket).createQueryBuilder('t').select('t.subject', 'subject'), 'x')
      .select('x.subject', 'subject')
      .from('x', 'x')
      .getRawMany(),
  'one written as raw SQL is refused': ({ dataSource }) =>
    dataSource
      .createQueryBuilder()
      .addCommonTableExpression('SELECT subject FROM ticket', 'x')
      .select('x.subject', 'subject')
      .from('x', 'x')
      .getRawMany(),
  // The predicate of a verdict asks the table of tickets whose it is.
  'one that takes the place of a table in a predicate is refused': ({ escape, repo }) =>
    repo(Verdict)
      .createQueryBuilder('verdict')
      .addCommonTableExpression(`SELECT ${foreign.ticket} AS id, 1 AS ${escape('organizationId')}`, 'ticket')
      .getMany(),
  'one that changes rows changes own rows only': {
    attempt: ({ dataSource, repo }) =>
      dataSource
        .createQueryBuilder()
        .addCommonTableExpression(
          repo(Ticket).createQueryBuilder().update({ subject: 'taken' }).where('1 = 1').returning('*'),
          'x',
        )
        .select('x.subject', 'subject')
        .from('x', 'x')
        .getRawMany(),
    not: { sqljs: 'reads only in WITH', mariadb: 'reads only in WITH' },
  },
  'a recursive one stays inside the scope': ({ dataSource, escape }) =>
    dataSource
      .createQueryBuilder()
      .addCommonTableExpression(
        `SELECT title, id FROM topic WHERE id = 9001 UNION SELECT t.title, t.id FROM topic t JOIN x ON t.${escape('parentId')} = x.id`,
        'x',
        { recursive: true },
      )
      .select('x.title', 'title')
      .from('x', 'x')
      .getRawMany(),
});

attacks('G-03 raw SQL in parts of a builder', {
  'a condition cannot close its bracket': ({ repo }) =>
    repo(Ticket).createQueryBuilder('ticket').where('1 = 1) OR (1 = 1').getMany(),
  'a condition in brackets cannot close them': ({ repo }) =>
    repo(Ticket)
      .createQueryBuilder('ticket')
      .where(new Brackets((inner) => inner.where('1 = 1)) OR ((1 = 1')))
      .getMany(),
  'a negated condition stays inside the scope': ({ repo }) =>
    repo(Ticket)
      .createQueryBuilder('ticket')
      .where(new NotBrackets((inner) => inner.where('ticket.organizationId = 1')))
      .getMany(),
  'a condition cannot comment the scope out': ({ repo }) =>
    repo(Ticket).createQueryBuilder('ticket').where('1 = 1) --').getMany(),
  'a condition cannot read a table by raw SQL': async ({ repo }) =>
    crossedIf(await repo(News).createQueryBuilder('news').where('(SELECT MAX(t.id) FROM ticket t) > 1000').getExists()),
  'a condition cannot put another query behind its own': ({ repo }) =>
    repo(News)
      .createQueryBuilder('news')
      .select('news.text', 'text')
      .where('1 = 1 UNION SELECT subject FROM ticket')
      .getRawMany(),
  'a selected expression cannot read a table by raw SQL': ({ repo }) =>
    repo(News).createQueryBuilder('news').addSelect('(SELECT MAX(t.subject) FROM ticket t)', 'x').getRawMany(),
  'a selected expression cannot read the same table under the same alias by raw SQL': ({ repo }) =>
    repo(Ticket)
      .createQueryBuilder('ticket')
      .select('(SELECT MAX(ticket.subject) FROM ticket ticket)', 'x')
      .getRawMany(),
  'a selected expression cannot take the FROM over': ({ repo }) =>
    repo(Ticket).createQueryBuilder('ticket').select('ticket.subject FROM ticket ticket --').getRawMany(),
  'an order cannot read a table by raw SQL': async ({ repo }) => {
    const order = '(CASE WHEN (SELECT MAX(t.id) FROM ticket t) > 1000 THEN 1 ELSE -1 END) * note.id';
    const rows = await repo(Note).createQueryBuilder('note').select('note.id', 'id').orderBy(order).getRawMany();
    return crossedIf(Number(rows[0].id) < Number(rows[1].id) && rows.length > 1);
  },
  'a grouping cannot read a table by raw SQL': ({ repo }) =>
    repo(News)
      .createQueryBuilder('news')
      .select('COUNT(*)', 'count')
      .addGroupBy('(SELECT MAX(t.subject) FROM ticket t)')
      .addSelect('(SELECT MAX(t.subject) FROM ticket t)', 'subject')
      .getRawMany(),
  'a filter on groups cannot read a table by raw SQL': async ({ repo }) =>
    crossedIf(
      (
        await repo(News)
          .createQueryBuilder('news')
          .select('COUNT(*)', 'count')
          .groupBy('news.id')
          .having('(SELECT MAX(t.id) FROM ticket t) > 1000')
          .getRawMany()
      ).length > 0,
    ),
  'a join condition cannot read a table by raw SQL': async ({ repo }) =>
    crossedIf(
      await repo(News)
        .createQueryBuilder('news')
        .innerJoin(News, 'other', '(SELECT MAX(t.id) FROM ticket t) > 1000')
        .getExists(),
    ),
  'a source written as raw SQL is refused': ({ dataSource }) =>
    dataSource.createQueryBuilder().select('x.subject', 's').from('(SELECT * FROM ticket)', 'x').getRawMany(),
  'a column that is read by raw SQL is refused': ({ repo }) => repo(Tally).find(),
  'a parameter set over the one of the scope has no effect': ({ repo }) => {
    const builder = repo(Ticket).createQueryBuilder('ticket');
    const [name] = /:(muck\w+)/.exec(builder.getQuery())?.slice(1) ?? ['none'];
    return builder
      .where('1 = 1')
      .setParameter(name, 2)
      .setParameters({ [name]: 2 })
      .getMany();
  },
  'a comment cannot end before its end': ({ repo }) =>
    repo(News).createQueryBuilder('news').comment('**// SELECT subject FROM ticket --').getRawMany(),
  'text in a find operator cannot read a table by raw SQL': async ({ repo }) =>
    crossedIf(await repo(News).existsBy({ id: Raw(() => '(SELECT COUNT(*) FROM ticket) > 3') })),
  'a condition that is put past the methods of a builder stays inside the scope': ({ repo }) => {
    const builder = repo(Ticket).createQueryBuilder('ticket');
    builder.expressionMap.extraAppendedAndWhereCondition = '1 = 1) OR (1 = 1';
    return builder.getMany();
  },
  'a join condition that is put past the methods of a builder stays inside the scope': {
    given: ({ plant }) => plant(Note, { organizationId: 1, body: 'stray', ticketId: foreign.ticket }),
    attempt: ({ repo }) => {
      const builder = repo(Note).createQueryBuilder('note').innerJoinAndSelect('note.ticket', 'ticket');
      builder.expressionMap.joinAttributes[0].condition = '1 = 0) OR (1 = 1';
      return builder.getMany();
    },
  },
  "a builder of TypeORM's own class shows nothing": ({ dataSource }) =>
    new SelectQueryBuilder(dataSource).select('t.subject', 'subject').from(Ticket, 't').getRawMany(),
  'DISTINCT ON takes columns only': {
    attempt: ({ repo }) =>
      repo(News)
        .createQueryBuilder('news')
        .distinctOn(["lower('x')) (SELECT MAX(subject) FROM ticket) AS x --"])
        .getRawMany(),
    not: { sqljs: 'no DISTINCT ON', mariadb: 'no DISTINCT ON' },
  },
});
