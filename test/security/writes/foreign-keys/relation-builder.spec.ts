import { attacks, crossedIf } from '../../../support/attack.js';
import { Document, Label, Member, Note, Ticket, Verdict } from '../../../support/desk.js';
import { foreign, own } from '../../../support/world.js';

attacks('G-06 setting relations without reading', {
  'a to-one relation of an own row does not refer to a row of another tenant': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Ticket, 'assignee').of(own.ticket).set(foreign.member),
  'a to-one relation of a row of another tenant is not set': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Ticket, 'assignee').of(foreign.ticket).set(own.member),
  'a to-one relation of a row of another tenant is not cleared': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Ticket, 'assignee').of(foreign.ticket).set(null),
  'a to-one relation of own and other rows is set for none of another tenant': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Ticket, 'assignee').of([own.ticket, foreign.ticket]).set(own.member),
  'a one-to-one relation does not hang an own row on a parent of another tenant': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Verdict, 'ticket').of(own.verdict).set(foreign.otherTicket),
  'a one-to-one relation does not take a row of another tenant': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Ticket, 'verdict').of(own.otherTicket).set(foreign.verdict),
  'a lazy relation does not refer to a row of another tenant': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Document, 'ticket').of(own.document).set(foreign.ticket),
  'a to-many relation does not take a row of another tenant': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Ticket, 'notes').of(own.ticket).add(foreign.note),
  'a to-many relation of a row of another tenant takes nothing': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Ticket, 'notes').of(foreign.ticket).add(own.note),
  'a to-many relation of a row of another tenant loses nothing': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Ticket, 'notes').of(foreign.ticket).remove(foreign.note),
  'a to-many relation of an own row lets go of no row of another tenant': {
    given: ({ plant }) => plant(Note, { organizationId: 2, body: 'stray', ticketId: own.ticket }),
    attempt: ({ dataSource, repo, kind }) =>
      dataSource
        .createQueryBuilder()
        .relation(Ticket, 'notes')
        .of(own.ticket)
        .remove(kind === 'sqljs' || kind === 'mariadb' ? 9004 : repo(Note).create({ id: 9004 })),
  },
  'a to-many relation is not exchanged for rows of another tenant': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Ticket, 'notes').of(own.ticket).addAndRemove([foreign.note], [own.note]),
  'a self reference does not refer to a row of another tenant': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Member, 'manager').of(own.member).set(foreign.member),
  'a many-to-many relation does not link a row of another tenant': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Ticket, 'labels').of(own.ticket).add(foreign.label),
  'a many-to-many relation among rows of one entity does not link a row of another tenant': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Label, 'synonyms').of(own.label).add(foreign.label),
  'a many-to-many relation among rows of one entity takes nothing for a row of another tenant': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Label, 'synonyms').of(foreign.label).add(own.label),
  'a many-to-many relation of a row of another tenant links nothing': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Ticket, 'labels').of(foreign.otherTicket).add(own.label),
  'a many-to-many relation of a row of another tenant loses nothing': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Ticket, 'labels').of(foreign.ticket).remove(foreign.label),
  'a many-to-many relation of an own row loses no link to another tenant': {
    given: ({ plant }) => plant('ticket_labels_label', { ticketId: own.ticket, labelId: foreign.label }),
    attempt: ({ dataSource }) =>
      dataSource.createQueryBuilder().relation(Ticket, 'labels').of(own.ticket).remove(foreign.label),
  },
  'a relation of a query runner does not link a row of another tenant': ({ withRunner }) =>
    withRunner((runner) =>
      runner.manager.createQueryBuilder().relation(Ticket, 'labels').of(own.ticket).add(foreign.label),
    ),
  'a relation given by an entity does not link a row of another tenant': ({ dataSource, repo }) =>
    dataSource
      .createQueryBuilder()
      .relation(Ticket, 'labels')
      .of(repo(Ticket).create({ id: own.ticket }))
      .add({ id: foreign.label }),
  'linking does not tell whether another tenant has a row': async ({ dataSource }) => {
    const link = (label: number): Promise<string> =>
      dataSource
        .createQueryBuilder()
        .relation(Ticket, 'labels')
        .of(own.ticket)
        .add(label)
        .then(
          () => 'linked',
          (error: Error) => `${error.name} ${error.message}`.replaceAll(String(label), '?').slice(0, 80),
        );
    return crossedIf((await link(foreign.label)) !== (await link(777_777)));
  },
});
