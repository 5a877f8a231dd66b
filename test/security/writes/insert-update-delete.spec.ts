import { Brackets } from 'typeorm';
import { attacks } from '../../support/attack.js';
import type { Attempt } from '../../support/attack.js';
import {
  Attachment,
  Credential,
  Document,
  Invoice,
  Label,
  Member,
  News,
  Note,
  Organization,
  ParcelSchema,
  Photo,
  Proofreading,
  Quote,
  Ticket,
  Verdict,
  Watcher,
} from '../../support/desk.js';
import { foreign, own } from '../../support/world.js';

/** Closes the bracket that it is put in. */
const CLOSING = new Brackets((inner) => inner.where('1 = 1) OR (1 = 1'));

/** Reads back what was written into an own row. */
const thenRead =
  (attempt: Attempt): Attempt =>
  async (world) => {
    await attempt(world);
    return world.repo(Ticket).findBy({ id: own.ticket });
  };

attacks('G-02 changing rows', {
  'an update by key leaves rows of another tenant': ({ repo }) =>
    repo(Ticket).update(foreign.ticket, { subject: 'taken' }),
  'an update by a condition leaves rows of another tenant': ({ repo }) =>
    repo(Ticket).update({ status: 'open' }, { subject: 'taken' }),
  'an update without a condition leaves rows of another tenant': ({ repo }) =>
    repo(Ticket).updateAll({ subject: 'taken' }),
  'an OR in the condition of an update stays inside the scope': ({ repo }) =>
    repo(Ticket).createQueryBuilder().update({ subject: 'taken' }).where('id = 1').orWhere('1 = 1').execute(),
  'the condition of an update cannot close its bracket': ({ repo }) =>
    repo(Ticket).createQueryBuilder().update({ subject: 'taken' }).where(CLOSING).execute(),
  'an update that names its rows by entities leaves rows of another tenant': ({ repo }) =>
    repo(Ticket)
      .createQueryBuilder()
      .update({ subject: 'taken' })
      .whereEntity(repo(Ticket).create({ id: foreign.ticket }))
      .execute(),
  'an update with an alias leaves rows of another tenant': ({ repo }) =>
    repo(Ticket).createQueryBuilder('t').update({ subject: 'taken' }).where('1 = 1').execute(),
  'an update of a table by its name leaves rows of another tenant': ({ dataSource }) =>
    dataSource.createQueryBuilder().update('ticket').set({ subject: 'taken' }).where('1 = 1').execute(),
  'an update with a limit leaves rows of another tenant': {
    attempt: ({ repo, escape }) =>
      repo(Ticket).createQueryBuilder().update({ subject: 'taken' }).orderBy(escape('id'), 'DESC').limit(1).execute(),
    not: { sqljs: 'no LIMIT here', postgres: 'no LIMIT here', postgres15: 'no LIMIT here' },
  },
  'an increment leaves rows of another tenant': ({ repo }) =>
    repo(Ticket).increment({ id: foreign.ticket }, 'points', 5),
  'a decrement leaves rows of another tenant': ({ repo }) => repo(Ticket).decrement({ status: 'open' }, 'points', 5),
  'an update of an entity that belongs through its parent leaves rows of another tenant': ({ repo }) =>
    repo(Verdict).update({ id: foreign.verdict }, { summary: 'taken' }),
  'an update of an entity with a key of two columns leaves rows of another tenant': ({ repo }) =>
    repo(Watcher).update({ ticketId: foreign.ticket, memberId: foreign.member }, { reason: 'taken' }),
  'an update of an entity with an embedded tenant column leaves rows of another tenant': ({ repo }) =>
    repo(Invoice).update({ id: 9001 }, { text: 'taken' }),
  'an update of an entity with a hidden tenant column leaves rows of another tenant': ({ repo }) =>
    repo(Credential).updateAll({ text: 'taken' }),
  'an update of an entity that extends another leaves rows of another tenant': ({ repo }) =>
    repo(Photo).update({ id: 9001 }, { camera: 'taken' }),
  'an update of an entity without a class leaves rows of another tenant': ({ repo }) =>
    repo(ParcelSchema).updateAll({ text: 'taken' }),
  'an update of the table of tenants leaves another tenant': ({ repo }) =>
    repo(Organization).update({ id: 2 }, { name: 'taken' }),
  'what an update returns is of own rows': {
    attempt: ({ repo }) =>
      repo(Ticket).createQueryBuilder().update({ points: 7 }).where('1 = 1').returning('*').execute(),
    not: { sqljs: 'TypeORM knows no RETURNING here', mariadb: 'no RETURNING of an update' },
  },
  'an expression in an update cannot read a table by raw SQL': thenRead(({ repo }) =>
    repo(Ticket).update({ id: own.ticket }, { subject: () => '(SELECT MAX(n.body) FROM note n)' }),
  ),
});

attacks('G-02 removing rows', {
  'a delete by key leaves rows of another tenant': ({ repo }) => repo(Note).delete(foreign.note),
  'a delete by a condition leaves rows of another tenant': ({ repo }) => repo(Label).delete({ organizationId: 2 }),
  'a delete without a condition leaves rows of another tenant': ({ repo }) => repo(Note).deleteAll(),
  'an OR in the condition of a delete stays inside the scope': ({ repo }) =>
    repo(Note).createQueryBuilder().delete().where('id = 1').orWhere('1 = 1').execute(),
  'the condition of a delete cannot close its bracket': ({ repo }) =>
    repo(Note).createQueryBuilder().delete().where(CLOSING).execute(),
  'a delete whose condition holds a sub-query leaves rows of another tenant': ({ repo, escape }) => {
    const tickets = repo(Ticket).createQueryBuilder('t').select('t.id', 'id').getQuery();
    return repo(Note)
      .createQueryBuilder()
      .delete()
      .where(`${escape('ticketId')} IN (${tickets})`)
      .execute();
  },
  'a soft delete leaves rows of another tenant': ({ repo }) => repo(Ticket).softDelete(foreign.ticket),
  'a soft delete by a condition leaves rows of another tenant': ({ repo }) =>
    repo(Ticket).softDelete({ status: 'open' }),
  'a restore leaves rows of another tenant': {
    given: ({ repo }) => repo(Ticket).softDelete(foreign.ticket),
    attempt: ({ repo }) => repo(Ticket).restore(foreign.ticket),
  },
  'a delete of an entity that belongs through its parent leaves rows of another tenant': ({ repo }) =>
    repo(Verdict).deleteAll(),
  'a delete of an entity with a key of two columns leaves rows of another tenant': ({ repo }) =>
    repo(Watcher).delete({ ticketId: foreign.ticket }),
  'a delete of a junction table by its name leaves rows of another tenant': ({ dataSource }) =>
    dataSource.createQueryBuilder().delete().from('ticket_labels_label').where('1 = 1').execute(),
  'a delete of entities that share a table leaves rows of another tenant': ({ repo }) => repo(Attachment).deleteAll(),
  'what a delete returns is of own rows': {
    attempt: ({ repo }) => repo(Note).createQueryBuilder().delete().where('1 = 1').returning('*').execute(),
    not: { sqljs: 'TypeORM knows no RETURNING here' },
  },
  'emptying a table leaves rows of another tenant': ({ repo }) => repo(ParcelSchema).clear(),
});

attacks('G-05 adding rows', {
  'an insert that names another tenant adds nothing there': ({ repo }) =>
    repo(Note).insert({ organizationId: 2, body: 'planted' }),
  'an insert that names another tenant by an expression adds nothing there': ({ repo }) =>
    repo(Note).insert({ organizationId: () => '2', body: 'planted' }),
  'an insert of many rows of which one names another tenant adds nothing there': ({ repo }) =>
    repo(Note).insert([
      { organizationId: 1, body: 'own' },
      { organizationId: 2, body: 'planted' },
    ]),
  'an insert into named columns adds nothing in another tenant': ({ dataSource }) =>
    dataSource
      .createQueryBuilder()
      .insert()
      .into(Note, ['organizationId', 'body'])
      .values({ organizationId: 2, body: 'planted' })
      .execute(),
  'an insert into a table by its name adds nothing in another tenant': ({ dataSource }) =>
    dataSource.createQueryBuilder().insert().into('note').values({ organizationId: 2, body: 'planted' }).execute(),
  'an insert of selected rows adds nothing in another tenant': ({ dataSource, repo, escape }) =>
    dataSource
      .createQueryBuilder()
      .insert()
      .into(Note, ['organizationId', 'body'])
      .valuesFromSelect(
        repo(News)
          .createQueryBuilder('n')
          .select('2', 'o')
          .addSelect(`n.${escape('text')}`, 'b') as never,
      )
      .execute(),
  'an insert with an embedded tenant column adds nothing in another tenant': ({ repo }) =>
    repo(Invoice).insert({ ownership: { organizationId: 2 }, text: 'planted' }),
  'an insert of an entity that extends another adds nothing in another tenant': ({ repo }) =>
    repo(Photo).insert({ organizationId: 2, name: 'planted' }),
  'an insert of an entity without a class adds nothing in another tenant': ({ repo }) =>
    repo(ParcelSchema).insert({ organizationId: 2, text: 'planted' }),
  'an expression in an insert cannot read a table by raw SQL': async ({ repo }) => {
    await repo(Note).insert({ organizationId: 1, body: () => '(SELECT MAX(t.subject) FROM ticket t)' });
    return repo(Note).find();
  },
  'an update cannot give an own row to another tenant': ({ repo }) =>
    repo(Note).update(own.note, { organizationId: 2 }),
  'an update cannot give an own row to another tenant by an expression': ({ repo }) =>
    repo(Note).update(own.note, { organizationId: () => '2' }),
  'an update cannot give an own row to another tenant by adding to its key': ({ repo }) =>
    repo(Note).increment({ id: own.note }, 'organizationId', 1),
});

attacks('G-06 rows that refer to others', {
  'an insert cannot refer to a row of another tenant': ({ repo }) =>
    repo(Note).insert({ organizationId: 1, body: 'x', ticketId: foreign.ticket }),
  'an insert cannot refer to a row of another tenant by an object': ({ repo }) =>
    repo(Note).insert({ organizationId: 1, body: 'x', ticket: { id: foreign.ticket } }),
  'an insert cannot refer to a row of another tenant by a plain column with a foreign key': ({ repo }) =>
    repo(Quote).insert({ organizationId: 1, text: 'x', ticketId: foreign.ticket }),
  'an insert cannot refer to a row of another tenant by a self reference': ({ repo }) =>
    repo(Member).insert({ organizationId: 1, email: 'x', manager: { id: foreign.member } }),
  'an insert cannot hang a row on a parent of another tenant': ({ repo }) =>
    repo(Verdict).insert({ summary: 'x', ticketId: foreign.otherTicket }),
  'an insert cannot refer to a row of another tenant by a part of its key': ({ repo }) =>
    repo(Watcher).insert({ ticketId: own.ticket, memberId: foreign.member }),
  'an insert into a junction table cannot refer to a row of another tenant': ({ dataSource }) =>
    dataSource
      .createQueryBuilder()
      .insert()
      .into('ticket_labels_label')
      .values({ ticketId: own.otherTicket, labelId: foreign.label })
      .execute(),
  'an update cannot refer to a row of another tenant': ({ repo }) =>
    repo(Ticket).update(own.ticket, { assigneeId: foreign.member }),
  'an update cannot refer to a row of another tenant by an object': ({ repo }) =>
    repo(Ticket).update(own.ticket, { assignee: { id: foreign.member } }),
  'an update cannot refer to a row of another tenant by an expression': ({ repo }) =>
    repo(Ticket).update(own.ticket, { assigneeId: () => String(foreign.member) }),
  'an update cannot refer to a row of another tenant by adding to a key': ({ repo }) =>
    repo(Ticket).increment({ id: own.ticket }, 'assigneeId', 9000),
  'an update cannot hang a row on a parent of another tenant': ({ repo }) =>
    repo(Verdict).update(own.verdict, { ticketId: foreign.otherTicket }),
  'an update of a key of two columns cannot refer to a row of another tenant': ({ repo }) =>
    repo(Watcher).update({ ticketId: own.ticket, memberId: own.member }, { memberId: foreign.member }),
  'an update of a part of a key cannot refer to a row of another tenant': ({ repo, escape }) =>
    repo(Proofreading)
      .createQueryBuilder()
      .update({ translation: { ticketId: foreign.ticket } })
      .where(`${escape('id')} = 1`)
      .execute(),
  'an insert cannot refer to a row of another tenant by a key of two columns': ({ repo }) =>
    repo(Proofreading).insert({ organizationId: 1, translation: { ticketId: foreign.ticket, language: 'en' } }),
  'an update of a lazy relation cannot refer to a row of another tenant': ({ repo }) =>
    repo(Document).update(own.document, { ticket: { id: foreign.ticket } as never }),
  'an update in a common table expression cannot refer to a row of another tenant': {
    attempt: ({ dataSource, repo }) =>
      dataSource
        .createQueryBuilder()
        .addCommonTableExpression(
          repo(Ticket).createQueryBuilder().update({ assigneeId: foreign.member }).where('id = 1').returning('*'),
          'x',
        )
        .select('x.id', 'id')
        .from('x', 'x')
        .getRawMany(),
    not: { sqljs: 'reads only in WITH', mariadb: 'reads only in WITH' },
  },
});
