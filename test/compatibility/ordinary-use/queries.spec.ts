import { Brackets, In, IsNull, Like, MoreThan, Not, Raw } from 'typeorm';
import { Document, Folder, Label, Note, Ticket, Topic, Verdict } from '../../support/desk.js';
import { own } from '../../support/world.js';
import { allowed, MARIADB, POSTGRES, SQLITE, tickets } from '../../support/attack.js';

/** TypeORM leaves an empty list empty, which some databases do not read. */
function orSyntax(error: Error): unknown {
  if (error.name === 'QueryFailedError') return 'nothing';
  throw error;
}

allowed('everyday use', {
  'a count by a group': (w) =>
    tickets(w)
      .select('t.status', 'status')
      .addSelect('COUNT(*)', 'n')
      .groupBy('t.status')
      .having('COUNT(*) > 0')
      .getRawMany(),
  'a count of different values': (w) => tickets(w).select('COUNT(DISTINCT t.status)', 'n').getRawOne(),
  'a sum over a case': (w) => tickets(w).select("SUM(CASE WHEN t.status = 'open' THEN 1 ELSE 0 END)", 'n').getRawOne(),
  'a window function': (w) =>
    tickets(w)
      .select('t.id', 'id')
      .addSelect('ROW_NUMBER() OVER (PARTITION BY t.status ORDER BY t.points DESC)', 'n')
      .getRawMany(),
  'a text with quotes, semicolons and dashes': (w) =>
    tickets(w).where("t.subject <> 'it''s; a -- /* trap */ ?'").getMany(),
  'a text with a colon and a word': (w) =>
    tickets(w).where("t.subject <> 'at 12:30 o:clock'").setParameter('x', 1).getMany(),
  'a parameter named like a keyword': (w) =>
    tickets(w)
      .where(`t.${w.escape('createdAt')} BETWEEN :from AND :to`, { from: new Date(0), to: new Date() })
      .andWhere('t.status IN (:...values)', { values: ['open'] })
      .getMany(),
  'a parameter named like a table': (w) =>
    tickets(w)
      .where('t.points > :ticket OR t.points = :table', { ticket: 0, table: 1 })
      .orderBy('t.points')
      .addOrderBy('t.id')
      .getMany(),
  'an empty list': (w) =>
    tickets(w)
      .where('t.id IN (:...ids)', { ids: [] })
      .getMany()
      .catch((error: Error) => orSyntax(error)),
  'a like that escapes its wildcards': (w) =>
    tickets(w).where("t.subject LIKE :like ESCAPE '!'", { like: '50!%%' }).getMany(),
  'a like that escapes its wildcards by a backslash': {
    use: (w) => tickets(w).where("t.subject LIKE :like ESCAPE '\\'", { like: '50\\%%' }).getMany(),
    on: [...SQLITE],
  },
  'a like that escapes its wildcards by a doubled backslash': {
    use: (w) => tickets(w).where("t.subject LIKE :like ESCAPE '\\\\'", { like: '50\\%%' }).getMany(),
    on: MARIADB,
  },
  'a part of a date': {
    use: (w) =>
      tickets(w)
        .select(`EXTRACT(YEAR FROM t.${w.escape('createdAt')})`, 'year')
        .addSelect('COUNT(*)', 'n')
        .groupBy('1')
        .getRawMany(),
    on: [...POSTGRES, ...MARIADB],
  },
  'a part of a text': {
    use: (w) =>
      tickets(w)
        .select('SUBSTRING(t.subject FROM 1 FOR 4)', 'part')
        .addSelect("TRIM(BOTH ' ' FROM t.subject)", 'trimmed')
        .getRawMany(),
    on: [...POSTGRES, ...MARIADB],
  },
  'a comparison that knows nulls': {
    use: (w) =>
      tickets(w)
        .where(`t.${w.escape('assigneeId')} IS DISTINCT FROM t.id`)
        .getMany(),
    on: POSTGRES,
  },
  'a cast': {
    use: (w) =>
      tickets(w).select('t.points::text', 'points').addSelect("t.subject::varchar(10) || ':x'", 's').getRawMany(),
    on: POSTGRES,
  },
  'operators of JSON': {
    use: (w) =>
      tickets(w)
        .select(`(to_jsonb(t) -> 'status') ->> 0`, 'a')
        .addSelect(`to_jsonb(t) #>> '{status}'`, 'b')
        .where(`to_jsonb(t) ? 'status' AND to_jsonb(t) ?| array['status'] AND to_jsonb(t) @> :part`, {
          part: { status: 'open' },
        })
        .getRawMany(),
    on: POSTGRES,
  },
  'functions of JSON': {
    use: (w) => tickets(w).select(`JSON_EXTRACT('{"a":1}', '$.a')`, 'a').getRawMany(),
    on: [...MARIADB, ...SQLITE],
  },
  'aggregates with a filter and an order': {
    use: (w) =>
      tickets(w)
        .select("COUNT(*) FILTER (WHERE t.status = 'open')", 'n')
        .addSelect('ARRAY_AGG(t.id ORDER BY t.id)', 'ids')
        .getRawOne(),
    on: POSTGRES,
  },
  'arrays as parameters': {
    use: (w) =>
      tickets(w)
        .where('t.id = ANY(:ids)', { ids: [1, 2] })
        .getMany(),
    on: POSTGRES,
  },
  'rows that differ by a column': {
    use: (w) => tickets(w).distinctOn(['t.status']).orderBy('t.status').getMany(),
    on: POSTGRES,
  },
  'the day of a date': {
    use: (w) =>
      tickets(w)
        .select(`DATE_TRUNC('day', t.${w.escape('createdAt')})`, 'day')
        .addSelect(`to_char(t.${w.escape('createdAt')}, 'HH24:MI')`, 'at')
        .getRawMany(),
    on: POSTGRES,
  },
  'a common table expression': (w) =>
    w.dataSource
      .createQueryBuilder()
      .addCommonTableExpression(tickets(w, 'c').select('c.id', 'id'), 'open_ones')
      .select('*')
      .from('open_ones', 'o')
      .getRawMany(),
  'a sub-select in the selection': (w) =>
    tickets(w)
      .addSelect((q) => q.select('COUNT(*)').from(Note, 'n').where('n.ticketId = t.id'), 'notes')
      .getRawMany(),
  'a sub-select in a condition': (w) =>
    tickets(w)
      .where((q) => `t.id IN ${q.subQuery().select('n.ticketId').from(Note, 'n').getQuery()}`)
      .getMany(),
  'an exists': (w) => tickets(w).whereExists(w.repo(Note).createQueryBuilder('n').where('n.ticketId = t.id')).getMany(),
  'a source that is a sub-select': (w) =>
    w.dataSource
      .createQueryBuilder()
      .select('MAX(x.n)', 'max')
      .from((q) => q.select('COUNT(*)', 'n').from(Ticket, 't').groupBy('t.status'), 'x')
      .getRawOne(),
  'brackets in brackets': (w) =>
    tickets(w)
      .where(
        new Brackets((q) =>
          q
            .where('t.points > 0')
            .orWhere(new Brackets((r) => r.where('t.id = 1').andWhere('t.status = :s', { s: 'open' }))),
        ),
      )
      .getMany(),
  'a page with joins in the order of a related column': (w) =>
    tickets(w)
      .leftJoinAndSelect('t.assignee', 'a')
      .leftJoinAndSelect('t.notes', 'n')
      .orderBy('a.email')
      .addOrderBy('n.id')
      .skip(0)
      .take(2)
      .getManyAndCount(),
  'a find with relations and an order by one': (w) =>
    w.repo(Ticket).find({
      relations: { assignee: true, notes: true, labels: true, verdict: true },
      order: { assignee: { email: 'ASC' }, notes: { id: 'DESC' } },
      take: 2,
    }),
  'a find with conditions on relations': (w) =>
    w.repo(Ticket).find({ where: [{ assignee: { email: Like('%acme%') } }, { notes: { body: Not(IsNull()) } }] }),
  'a find with a raw condition': (w) =>
    w.repo(Ticket).find({
      where: { points: Raw((alias) => `${alias} > :least AND ${alias} < 100`, { least: 0 }), id: In([1, 2]) },
    }),
  'a find with a query for each relation': (w) =>
    w.repo(Ticket).find({ relations: { notes: true, labels: true }, relationLoadStrategy: 'query' }),
  'a comment with a path and punctuation': (w) =>
    tickets(w).comment("GET /tickets/:id?x=1 'it''s' \"q\" -- ; #1").where('t.id = :id', { id: 1 }).getMany(),
  'an alias that is the name of the table': (w) => tickets(w, 'ticket').where('ticket.id = 1').getMany(),
  'an alias with capitals': (w) =>
    tickets(w, 'OpenTicket')
      .leftJoin('OpenTicket.verdict', 'TheVerdict')
      .select(['OpenTicket.id', 'TheVerdict.id'])
      .getMany(),
  'an alias with letters of another script': (w) => tickets(w, 'größe').where('größe.id = 1').getMany(),
  'an alias named like another table': (w) =>
    tickets(w, 'note').leftJoin('note.notes', 'label').select(['note.id', 'label.id']).getMany(),
  'a column named like a table in the selection': (w) =>
    w.repo(Note).createQueryBuilder('n').select('n.body', 'ticket').addSelect('n.id', 'note').getRawMany(),
  'a transaction with a savepoint and an isolation level': {
    use: (w) =>
      w.dataSource.transaction('SERIALIZABLE', async (m) => {
        await m.update(Ticket, { id: own.ticket }, { points: 7 });
        await m
          .transaction((inner) => inner.insert(Note, { body: 'inner' }))
          .catch((error: Error) => Promise.reject(error));
      }),
    on: [...POSTGRES, ...MARIADB, ...SQLITE],
  },
  'an update with an expression': (w) =>
    w
      .repo(Ticket)
      .update({ id: own.ticket }, { points: () => 'points + 1', subject: () => "COALESCE(subject, 'none, given')" }),
  'an update with an expression of several arguments': (w) =>
    w.repo(Ticket).update({ id: own.ticket }, { subject: () => "REPLACE(subject, 'a', 'a')" }),
  'an update with a case': (w) =>
    w
      .repo(Ticket)
      .update({ points: MoreThan(0) }, { status: () => "CASE WHEN points > 1 THEN 'open' ELSE status END" }),
  'an increment': (w) => w.repo(Ticket).increment({ status: 'open' }, 'points', 2),
  'an insert with an expression': (w) => w.repo(Note).insert({ body: () => "LOWER('X')" }),
  'a bulk insert': (w) =>
    w.repo(Note).insert(Array.from({ length: 200 }, (_, i) => ({ body: `n${i}`, ticketId: own.ticket }))),
  'an insert of many that ignores those that are there': (w) =>
    w.dataSource.createQueryBuilder().insert().into(Label).values({ name: 'acme label' }).orIgnore().execute(),
  'an upsert by the key of the tenant': (w) =>
    w.repo(Label).upsert({ organizationId: 1, name: 'acme label' }, ['organizationId', 'name']),
  'a save of a graph': (w) =>
    w
      .repo(Ticket)
      .save({ orderNumber: 5000, subject: 'new', notes: [{ body: 'a' }, { body: 'b' }], assignee: { id: own.member } }),
  'a save of links': (w) => w.repo(Ticket).save({ id: own.otherTicket, labels: [{ id: own.label }] }),
  'a save, a change and a remove': async (w) => {
    const note = await w.repo(Note).save({ body: 'x', ticketId: own.ticket });
    await w.repo(Note).save({ ...note, body: 'y' });
    return w.repo(Note).remove(await w.repo(Note).findOneByOrFail({ id: note.id }));
  },
  'a soft remove and a recovery': async (w) => {
    const ticket = await w.repo(Ticket).findOneByOrFail({ id: own.otherTicket });
    await w.repo(Ticket).softRemove(ticket);
    return w.repo(Ticket).recover(ticket);
  },
  'a one-to-one relation that is replaced': async (w) => {
    await w.repo(Verdict).delete({ ticketId: own.ticket });
    return w.repo(Verdict).save({ summary: 'new', ticket: { id: own.ticket } });
  },
  'a tree with closures that grows and moves': async (w) => {
    const child = await w.tree(Topic).save({ title: 'child', parent: { id: own.topic } as Topic } as Topic);
    const other = await w.tree(Topic).save({ title: 'other' } as Topic);
    await w.tree(Topic).save({ ...child, parent: other });
    return [
      await w.tree(Topic).findTrees(),
      await w.tree(Topic).findDescendants(other),
      await w.tree(Topic).findAncestors(child),
      await w.tree(Topic).countDescendants(other),
    ];
  },
  'a tree with paths that grows and moves': async (w) => {
    const child = await w.tree(Folder).save({ name: 'child', parent: { id: own.folder } as Folder } as Folder);
    const other = await w.tree(Folder).save({ name: 'other' } as Folder);
    await w.tree(Folder).save({ ...child, parent: other });
    return [await w.tree(Folder).findTrees(), await w.tree(Folder).findDescendantsTree(other)];
  },
  'a key made by the application': (w) =>
    w.repo(Document).save({ id: '00000000-0000-4000-8000-0000000000aa', title: 'made here' }),
});
