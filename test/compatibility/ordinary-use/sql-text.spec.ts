import { Label, Member, News, Note, Ticket, Topic, Verdict } from '../../support/desk.js';
import { own } from '../../support/world.js';
import { allowed, MARIADB, POSTGRES, SQLITE, tickets } from '../../support/attack.js';
import type { Use } from '../../support/attack.js';

const where =
  (condition: string, parameters: object = {}): Use =>
  (world) =>
    tickets(world).where(condition, parameters).getMany();
const select =
  (...texts: string[]): Use =>
  (world) => {
    const query = tickets(world).select('t.id', 'id');
    texts.forEach((text, i) => query.addSelect(text, `c${i}`));
    return query.getRawMany();
  };

/* Text that people write into builders, and ways to put builders together. */
allowed('everyday text', {
  'a search by words': {
    use: where(`to_tsvector('english', t.subject) @@ plainto_tsquery('english', :q)`, { q: 'ticket' }),
    on: POSTGRES,
  },
  'a regular expression': { use: where(String.raw`t.subject ~ '^\w+ ticket \d+$'`), on: POSTGRES },
  'a regular expression of the other family': { use: where("t.subject REGEXP '^[a-z]+'"), on: MARIADB },
  'an interval': { use: where(`t."createdAt" > now() AT TIME ZONE 'UTC' - INTERVAL '1 day'`), on: POSTGRES },
  'an interval of the other family': { use: where('t.createdAt > NOW() - INTERVAL 1 DAY'), on: MARIADB },
  'an interval of the light family': { use: where(`t."createdAt" > datetime('now', '-1 day')`), on: SQLITE },
  'an array': {
    use: where('t.status = ANY(ARRAY[:...states]) AND ARRAY[1, 2] && ARRAY[t.points]', { states: ['open'] }),
    on: POSTGRES,
  },
  'functions named like keywords': {
    use: select('LEFT(t.subject, 3)', 'RIGHT(t.subject, 3)', "REPLACE(t.subject, 'a', 'b')"),
    on: [...POSTGRES, ...MARIADB],
  },
  'functions named like keywords in conditions': {
    use: where("LEFT(t.subject, 4) = 'acme' OR RIGHT(t.subject, 1) = '9'"),
    on: [...POSTGRES, ...MARIADB],
  },
  'an order by a list of values': {
    use: (w) => tickets(w).orderBy("FIELD(t.status, 'open', 'closed')").getMany(),
    on: MARIADB,
  },
  'an order by a case': (w) =>
    tickets(w)
      .select('t.id', 'id')
      .orderBy("CASE WHEN t.status = 'open' OR t.points > 5 THEN 0 ELSE 1 END")
      .addOrderBy('t.id', 'DESC')
      .getRawMany(),
  'an order that puts nulls last': {
    use: (w) => tickets(w).orderBy('t.assigneeId', 'ASC', 'NULLS LAST').getMany(),
    on: [...POSTGRES, ...SQLITE],
  },
  'an order by chance': (w) =>
    tickets(w)
      .select('t.id', 'id')
      .orderBy(w.kind === 'mariadb' ? 'RAND()' : 'RANDOM()')
      .limit(1)
      .getRawMany(),
  'an epoch and a position': {
    use: select(
      `EXTRACT(EPOCH FROM t."createdAt")`,
      "POSITION('c' IN t.subject)",
      "OVERLAY(t.subject PLACING 'x' FROM 1 FOR 1)",
    ),
    on: POSTGRES,
  },
  'many nulls': select(
    'COALESCE(t.status, NULL)',
    "NULLIF(t.status, 'open')",
    't.status IS NULL',
    'NOT (t.points > 1)',
  ),
  'a condition with everything': where(
    `(t.points BETWEEN 0 AND 9 OR t.subject LIKE '%x%') AND NOT (t.status IN ('a', 'b')) AND t.id IS NOT NULL`,
  ),
  'a condition with a sub-select on a shared table': where(
    'EXISTS (SELECT 1 FROM news n WHERE n.id > 0 OR n.text IS NULL)',
  ),
  'a quoted column': (w) =>
    tickets(w)
      .where(`${w.escape('t')}.${w.escape('assigneeId')} = 1`)
      .getMany(),
  'a join of a grouped sub-select': (w) =>
    tickets(w)
      .leftJoin(
        (q) => q.select('n.ticketId', 'ticket').addSelect('COUNT(*)', 'n').from(Note, 'n').groupBy('n.ticketId'),
        'counted',
        `counted.ticket = t.id`,
      )
      .addSelect('counted.n', 'notes')
      .getRawMany(),
  'a builder put into another as text': (w) => {
    const inner = tickets(w)
      .select('t.id', 'id')
      .where('t.points > :least OR t.status = :state', { least: 0, state: 'open' });
    return w.dataSource
      .createQueryBuilder()
      .select('COUNT(*)', 'n')
      .from(`(${inner.getQuery()})`, 'x')
      .setParameters(inner.getParameters())
      .getRawOne();
  },
  'a union of builders put into another as text': (w) => {
    const [a, b] = [
      tickets(w, 'a').select('a.subject', 'text'),
      w.repo(Note).createQueryBuilder('b').select('b.body', 'text'),
    ];
    return w.dataSource
      .createQueryBuilder()
      .select('x.text', 'text')
      .from(`(${a.getQuery()} UNION ALL ${b.getQuery()})`, 'x')
      .setParameters({ ...a.getParameters(), ...b.getParameters() })
      .orderBy('x.text')
      .getRawMany();
  },
  'a builder with an order and a limit put into another as text': (w) => {
    const inner = tickets(w).select('t.id', 'id').orderBy('t.id', 'DESC').limit(2);
    return tickets(w, 'o')
      .where(`o.id IN (SELECT z.id FROM (${inner.getQuery()}) z)`)
      .setParameters(inner.getParameters())
      .getMany();
  },
  'a not in': (w) =>
    tickets(w)
      .where(
        (q) =>
          `t.id NOT IN ${q.subQuery().select('n.ticketId').from(Note, 'n').where('n.ticketId IS NOT NULL').getQuery()}`,
      )
      .getMany(),
  'a correlated sub-select with functions': (w) =>
    tickets(w)
      .select('t.id', 'id')
      .addSelect(
        (q) =>
          q.select('COALESCE(MAX(LENGTH(n.body)), 0)').from(Note, 'n').where('n.ticketId = t.id OR n.ticketId IS NULL'),
        'longest',
      )
      .getRawMany(),
  'an update by a sub-select': (w) =>
    w
      .repo(Label)
      .createQueryBuilder()
      .update()
      .set({ name: 'renamed' })
      .where(`id IN (${w.repo(Topic).createQueryBuilder('c').select('c.id').getQuery()})`)
      .execute(),
  'an update with an expression over a shared table': (w) =>
    w.repo(Ticket).update({ id: own.ticket }, { subject: () => '(SELECT MAX(text) FROM news WHERE id > 0)' }),
  'a delete by a list and a condition': (w) =>
    w
      .repo(Note)
      .createQueryBuilder()
      .delete()
      .where('id IN (:...ids) AND body LIKE :like', { ids: [own.note], like: '%' })
      .execute(),
  'an upsert that skips what is the same': {
    use: (w) =>
      w
        .repo(Label)
        .upsert(
          { organizationId: 1, name: 'acme label' },
          { conflictPaths: ['organizationId', 'name'], skipUpdateIfNoValuesChanged: true },
        ),
    on: [...POSTGRES, ...SQLITE],
  },
  'an upsert of several columns': (w) =>
    w
      .repo(Ticket)
      .upsert({ organizationId: 1, orderNumber: 1001, subject: 'again', status: 'open' }, [
        'organizationId',
        'orderNumber',
      ]),
  'a page of joined rows with a condition on them': (w) =>
    tickets(w)
      .innerJoinAndSelect('t.notes', 'n', 'n.body LIKE :b OR n.id > :id', { b: '%', id: 0 })
      .leftJoinAndSelect('t.verdict', 'v')
      .where('n.id > 0 OR v.id IS NULL')
      .orderBy('n.body')
      .skip(0)
      .take(5)
      .getManyAndCount(),
  'a lock of one table of a join': {
    use: (w) =>
      w.dataSource.transaction((m) =>
        m
          .createQueryBuilder(Ticket, 't')
          .leftJoin('t.assignee', 'a')
          .setLock('pessimistic_write', undefined, ['t'])
          .setOnLocked('skip_locked')
          .getMany(),
      ),
    on: POSTGRES,
  },
  'relations loaded through their owner': (w) =>
    w.dataSource.createQueryBuilder().relation(Ticket, 'notes').of(own.ticket).loadMany(),
  'a group by an alias': {
    use: (w) =>
      tickets(w).select('t.status', 'state').addSelect('COUNT(*)', 'n').groupBy('state').orderBy('n').getRawMany(),
    on: [...MARIADB, ...SQLITE],
  },
  'a row as JSON': { use: select('to_jsonb(t)', 'row_to_json(t)', 'COUNT(t) OVER ()'), on: POSTGRES },
  'an aggregate with an order of its own': {
    use: (w) => tickets(w).select('percentile_cont(0.5) WITHIN GROUP (ORDER BY t.points)', 'median').getRawOne(),
    on: POSTGRES,
  },
  'texts put together': {
    use: (w) => tickets(w).select("STRING_AGG(t.subject, ', ' ORDER BY t.id)", 'all').getRawOne(),
    on: POSTGRES,
  },
  'texts put together by the other families': {
    use: (w) => tickets(w).select('GROUP_CONCAT(t.subject)', 'all').getRawOne(),
    on: [...MARIADB, ...SQLITE],
  },
  'members without tickets': (w) =>
    w.repo(Member).createQueryBuilder('m').leftJoin('m.tickets', 't').where('t.id IS NULL').getMany(),
  'rows of the parent of a row': (w) =>
    w
      .repo(Verdict)
      .createQueryBuilder('v')
      .innerJoinAndSelect('v.ticket', 'ticket')
      .where('ticket.status = :s OR v.summary = :s', { s: 'open' })
      .getMany(),
  'a shared table joined to an own one': (w) =>
    w
      .repo(News)
      .createQueryBuilder('n')
      .leftJoin(Ticket, 't', 't.points = n.id OR t.points = 0')
      .select('n.text', 'text')
      .addSelect('COUNT(t.id)', 'n')
      .groupBy('n.text')
      .getRawMany(),
  'a recursive common table expression': {
    use: (w) =>
      w.dataSource
        .createQueryBuilder()
        .addCommonTableExpression('SELECT 1 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < 5', 'numbers', {
          recursive: true,
          columnNames: ['n'],
        })
        .select('numbers.n', 'n')
        .from('numbers', 'numbers')
        .getRawMany(),
    on: [...POSTGRES, ...MARIADB, ...SQLITE],
  },
  'a raw SQL query with a common table expression': ({ dataSource }) =>
    dataSource.query(
      'WITH recent AS (SELECT * FROM news WHERE id > 0) SELECT COUNT(*) AS n FROM recent r JOIN news n ON n.id = r.id',
    ),
  'a raw SQL query with a window and a case': ({ dataSource }) =>
    dataSource.query(
      "SELECT id, RANK() OVER (ORDER BY id) AS r, CASE WHEN text IS NULL THEN 'none' ELSE text END AS t FROM news",
    ),
  'a raw SQL query that adds a shared row': ({ dataSource }) =>
    dataSource.query("INSERT INTO news (text) VALUES ('it''s; new -- really')"),
  'a raw SQL query that changes a shared row': ({ dataSource }) =>
    dataSource.query("UPDATE news SET text = 'a ticket' WHERE id = 1"),
  'an explanation of a query on a shared table': ({ dataSource }) => dataSource.query('EXPLAIN SELECT * FROM news'),
});
