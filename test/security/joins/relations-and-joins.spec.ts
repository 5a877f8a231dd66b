import { Like, MoreThanOrEqual } from 'typeorm';
import { attacks, crossedIf } from '../../support/attack.js';
import type { Attempt } from '../../support/attack.js';
import { Document, Label, Member, News, Note, Reminder, Ticket, Verdict, Watcher } from '../../support/desk.js';
import { foreign, own } from '../../support/world.js';

/** Rows that connect Acme with Globex. */
const strayNote: Attempt = ({ plant }) => plant(Note, { organizationId: 1, body: 'stray', ticketId: foreign.ticket });
const strayNoteOfGlobex: Attempt = ({ plant }) =>
  plant(Note, { organizationId: 2, body: 'globex stray', ticketId: own.ticket });
const strayLabel: Attempt = ({ plant }) =>
  plant('ticket_labels_label', { ticketId: own.ticket, labelId: foreign.label });
const strayLabelled: Attempt = ({ plant }) =>
  plant('ticket_labels_label', { ticketId: foreign.otherTicket, labelId: own.label });
const strayManager: Attempt = ({ dataSource, escape }) =>
  dataSource.query(`UPDATE member SET ${escape('managerId')} = ${foreign.member} WHERE id = ${own.member}`);
const strayDocument: Attempt = ({ dataSource, escape }) =>
  dataSource.query(`UPDATE document SET ${escape('ticketId')} = ${foreign.ticket} WHERE id = '${own.document}'`);

attacks('G-01 reading relations', {
  'a to-one relation to a row of another tenant reads as none': {
    given: strayNote,
    attempt: ({ repo }) => repo(Note).find({ relations: { ticket: true } }),
  },
  'a to-one relation loaded by a query of its own reads as none': {
    given: strayNote,
    attempt: ({ repo }) => repo(Note).find({ relations: { ticket: true }, relationLoadStrategy: 'query' }),
  },
  'an eager relation to a row of another tenant is not loaded': {
    given: ({ plant }) => plant(Reminder, { organizationId: 1, text: 'stray', ticket: { id: foreign.ticket } }),
    attempt: ({ repo }) => repo(Reminder).find(),
  },
  'a lazy relation to a row of another tenant reads as none': {
    given: strayDocument,
    attempt: async ({ repo }) => (await repo(Document).findOneByOrFail({ id: own.document })).ticket,
  },
  'a self reference to a row of another tenant reads as none': {
    given: strayManager,
    attempt: ({ repo }) => repo(Member).find({ relations: { manager: true } }),
  },
  'a to-many relation leaves out rows of another tenant': {
    given: strayNoteOfGlobex,
    attempt: ({ repo }) => repo(Ticket).find({ relations: { notes: true } }),
  },
  'a to-many relation loaded by a query of its own leaves out rows of another tenant': {
    given: strayNoteOfGlobex,
    attempt: ({ repo }) => repo(Ticket).find({ relations: { notes: true }, relationLoadStrategy: 'query' }),
  },
  'a many-to-many relation leaves out rows of another tenant': {
    given: strayLabel,
    attempt: ({ repo }) => repo(Ticket).find({ relations: { labels: true } }),
  },
  'a many-to-many relation read from its far side leaves out rows of another tenant': {
    given: strayLabelled,
    attempt: ({ repo }) => repo(Label).find({ relations: { tickets: true } }),
  },
  'a many-to-many relation loaded by a query of its own leaves out rows of another tenant': {
    given: strayLabel,
    attempt: ({ repo }) => repo(Ticket).find({ relations: { labels: true }, relationLoadStrategy: 'query' }),
  },
  'a many-to-many relation among rows of one entity leaves out rows of another tenant': {
    given: ({ plant }) => plant('label_synonyms_label', { labelId_1: own.label, labelId_2: foreign.label }),
    attempt: ({ repo }) => repo(Label).find({ relations: { synonyms: { synonyms: true } } }),
  },
  'a relation of a relation of a relation stays inside the scope': {
    given: strayManager,
    attempt: ({ repo }) =>
      repo(Note).find({ relations: { ticket: { assignee: { manager: { tickets: { labels: true } } } } } }),
  },
  'the keys of related rows leave out those of another tenant': {
    given: strayLabel,
    attempt: async ({ repo }) =>
      crossedIf(JSON.stringify(await repo(Ticket).find({ loadRelationIds: true })).includes(String(foreign.label))),
  },
  'a property that holds the keys of related rows leaves out those of another tenant': {
    given: strayLabelled,
    attempt: async ({ repo }) =>
      crossedIf((await repo(Label).find()).some(({ ticketIds }) => ticketIds.includes(foreign.otherTicket))),
  },
  'the keys of related rows in a builder leave out those of another tenant': {
    given: strayNoteOfGlobex,
    attempt: async ({ repo }) => {
      const builder = repo(Ticket)
        .createQueryBuilder('ticket')
        .loadAllRelationIds({ relations: ['notes'] });
      const { notes } = await builder.where('ticket.id = 1').getOneOrFail();
      return crossedIf(notes.length > 1);
    },
  },
  'a relation loaded for a row of another tenant is empty': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Ticket, 'notes').of(foreign.ticket).loadMany(),
  'a to-one relation loaded for a row of another tenant is empty': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Verdict, 'ticket').of(foreign.verdict).loadOne(),
  'a many-to-many relation loaded for a row of another tenant is empty': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Ticket, 'labels').of(foreign.ticket).loadMany(),
  'a relation loaded for an own row leaves out rows of another tenant': {
    given: strayNoteOfGlobex,
    attempt: ({ dataSource }) => dataSource.createQueryBuilder().relation(Ticket, 'notes').of(own.ticket).loadMany(),
  },
});

attacks('G-01 conditions on relations', {
  'a condition on a related row asks own rows only': {
    given: strayNote,
    attempt: async ({ repo }) =>
      crossedIf(await repo(Note).existsBy({ ticket: { subject: Like('globex%'), status: 'open' } })),
  },
  'a condition on a many-to-many relation asks own rows only': {
    given: strayLabel,
    attempt: async ({ repo }) => crossedIf(await repo(Ticket).existsBy({ labels: { name: Like('globex%') } })),
  },
  'a condition on how many rows are related counts own rows only': {
    given: strayNoteOfGlobex,
    attempt: async ({ repo }) => crossedIf(await repo(Ticket).existsBy({ notes: MoreThanOrEqual(2) as never })),
  },
  'an order by a related row is by own rows only': {
    given: async ({ plant }) => {
      await plant(Note, { organizationId: 1, body: 'late', ticketId: foreign.ticket });
      await plant(Note, { organizationId: 1, body: 'early', ticketId: foreign.otherTicket });
    },
    attempt: async ({ repo }) => {
      const [first] = await repo(Note).find({
        where: [{ body: 'late' }, { body: 'early' }],
        relations: { ticket: true },
        order: { ticket: { subject: 'DESC' }, id: 'ASC' },
      });
      return crossedIf(first.body === 'early');
    },
  },
});

attacks('G-01 joins', {
  'an OR in a join condition stays inside the scope': ({ repo }) =>
    repo(Note).createQueryBuilder('note').leftJoinAndSelect('note.ticket', 'ticket', '1 = 1 OR 1 = 1').getMany(),
  'an OR in a join of a related entity that can be deleted stays inside the scope': {
    given: strayNote,
    attempt: ({ repo }) =>
      repo(Note).createQueryBuilder('note').innerJoinAndSelect('note.ticket', 'ticket', '1 = 0 OR 1 = 1').getMany(),
  },
  'a join condition cannot close its bracket': ({ repo }) =>
    repo(Note).createQueryBuilder('note').leftJoinAndSelect('note.ticket', 'ticket', '1 = 1) OR (1 = 1').getMany(),
  'an entity joined by its class shows own rows only': ({ repo }) =>
    repo(News).createQueryBuilder('news').innerJoinAndMapMany('news.tickets', Ticket, 'ticket', '1 = 1').getMany(),
  'an entity joined one to one by its class shows own rows only': ({ repo }) =>
    repo(News)
      .createQueryBuilder('news')
      .leftJoinAndMapOne('news.ticket', Ticket, 'ticket', 'ticket.id = :id', { id: foreign.ticket })
      .getMany(),
  'a table joined by its name shows own rows only': ({ repo }) =>
    repo(News)
      .createQueryBuilder('news')
      .innerJoin('ticket', 'ticket', '1 = 1')
      .addSelect('ticket.subject', 'subject')
      .getRawMany(),
  'an entity that belongs through its parent shows own rows only when joined': ({ repo }) =>
    repo(News).createQueryBuilder('news').innerJoinAndMapMany('news.verdicts', Verdict, 'verdict', '1 = 1').getMany(),
  'an entity with a key of two columns shows own rows only when joined': ({ repo }) =>
    repo(News).createQueryBuilder('news').innerJoinAndMapMany('news.watchers', Watcher, 'watcher', '1 = 1').getMany(),
  'a junction table joined by its name shows own rows only': async ({ repo }) => {
    const rows = await repo(News)
      .createQueryBuilder('news')
      .innerJoin('ticket_labels_label', 'link', '1 = 1')
      .addSelect('link.labelId', 'label')
      .getRawMany<{ label: number }>();
    return crossedIf(rows.some(({ label }) => label === foreign.label));
  },
  'a joined sub-query shows own rows only': ({ repo }) =>
    repo(News)
      .createQueryBuilder('news')
      .innerJoin((query) => query.select('t.subject', 'subject').from(Ticket, 't'), 'x', '1 = 1')
      .addSelect('x.subject', 'subject')
      .getRawMany(),
  'joined deleted rows are own rows': {
    given: async (world) => {
      await strayNote(world);
      await world.repo(Ticket).softDelete(foreign.ticket);
    },
    attempt: ({ repo }) =>
      repo(Note).createQueryBuilder('note').withDeleted().leftJoinAndSelect('note.ticket', 'ticket').getMany(),
  },
  'a join that hangs on a filtered join shows nothing': {
    given: strayNote,
    attempt: ({ repo }) =>
      repo(Note)
        .createQueryBuilder('note')
        .leftJoin('note.ticket', 'ticket')
        .leftJoinAndSelect('ticket.assignee', 'assignee')
        .getMany(),
  },
  'the same relation joined twice shows own rows only both times': {
    given: strayNote,
    attempt: ({ repo }) =>
      repo(Note)
        .createQueryBuilder('note')
        .leftJoinAndMapOne('note.one', 'note.ticket', 'one')
        .leftJoinAndMapOne('note.two', 'note.ticket', 'two', 'two.id > 0 OR two.id < 0')
        .getMany(),
  },
});
