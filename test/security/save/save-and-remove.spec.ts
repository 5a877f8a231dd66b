import type { ObjectLiteral } from 'typeorm';
import { attacks } from '../../support/attack.js';
import {
  Document,
  Folder,
  Invoice,
  Label,
  Member,
  Note,
  Organization,
  Ticket,
  Verdict,
  Watcher,
} from '../../support/desk.js';
import { foreign, GLOBEX, own, tenancy } from '../../support/world.js';

attacks('G-02 saving entities', {
  'saving an entity with the key of a row of another tenant does not change that row': ({ repo }) =>
    repo(Ticket).save({ id: foreign.ticket, subject: 'taken' }),
  'saving an entity with the uuid of a row of another tenant does not change that row': ({ repo }) =>
    repo(Document).save({ id: foreign.document, title: 'taken' }),
  'saving an entity with the key of two columns of a row of another tenant does not change that row': ({ repo }) =>
    repo(Watcher).save({ ticketId: foreign.ticket, memberId: foreign.member, reason: 'taken' }),
  'saving an entity that belongs through its parent does not change a row of another tenant': ({ repo }) =>
    repo(Verdict).save({ id: foreign.verdict, summary: 'taken', ticketId: own.otherTicket }),
  'saving the tenant itself does not change another tenant': ({ repo }) =>
    repo(Organization).save({ id: 2, name: 'taken' }),
  'saving many entities does not change a row of another tenant among them': ({ repo }) =>
    repo(Ticket).save([
      { id: own.ticket, subject: 'own' },
      { id: foreign.ticket, subject: 'taken' },
    ]),
  'saving an entity that names another tenant adds nothing there': ({ repo }) =>
    repo(Note).save({ organizationId: 2, body: 'planted' }),
  'saving an entity that has become of another tenant does not move it': async ({ repo }) =>
    repo(Note).save({ ...(await repo(Note).findOneByOrFail({ id: own.note })), organizationId: 2 }),
  'saving an entity with an embedded tenant column that names another tenant adds nothing there': ({ repo }) =>
    repo(Invoice).save({ ownership: { organizationId: 2 }, text: 'planted' }),
  'saving an entity that inherits another tenant from its prototype adds nothing there': ({ repo }) => {
    const body = JSON.parse('{ "__proto__": { "organizationId": 2 }, "body": "planted" }') as object;
    return repo(Note).save(repo(Note).create(Object.assign({}, body)));
  },
  'an entity loaded for another tenant is not saved': async ({ repo }) => {
    const theirs = await tenancy.run(GLOBEX, () => repo(Ticket).findOneByOrFail({ id: foreign.ticket }));
    await repo(Ticket).save(Object.assign(theirs, { subject: 'taken' }));
  },
  'merging into an entity does not give it to another tenant': async ({ repo }) => {
    const note = await repo(Note).findOneByOrFail({ id: own.note });
    await repo(Note).save(repo(Note).merge(note, { organizationId: 2 }));
  },
  'preloading does not read a row of another tenant': ({ repo }) =>
    repo(Ticket).preload({ id: foreign.ticket, points: 1 }),
  'preloading does not read related rows of another tenant': async ({ repo }) =>
    repo(Ticket).preload({ id: own.ticket, notes: [{ id: foreign.note }], assignee: { id: foreign.member } }),
  'saving what was preloaded does not change a related row of another tenant': async ({ repo }) => {
    const ticket = await repo(Ticket).preload({ id: own.ticket, notes: [{ id: foreign.note, body: 'taken' }] });
    await repo(Ticket).save(ticket as ObjectLiteral);
  },
});

attacks('G-02 saving related entities', {
  'a cascade does not change a row of another tenant': ({ repo }) =>
    repo(Ticket).save({ id: own.ticket, notes: [{ id: foreign.note, body: 'taken' }] }),
  'a cascade does not hang a row of another tenant on an own one': ({ repo }) =>
    repo(Ticket).save({ id: own.ticket, notes: [{ id: foreign.note }] }),
  'a cascade adds nothing in another tenant': ({ repo }) =>
    repo(Ticket).save({ id: own.ticket, notes: [{ organizationId: 2, body: 'planted' }] }),
  'a cascade below a new row adds nothing in another tenant': ({ repo }) =>
    repo(Ticket).save({
      organizationId: 1,
      orderNumber: 7,
      subject: 'own',
      notes: [{ organizationId: 2, body: 'planted' }],
    }),
  'a list of related rows does not take one of another tenant without a cascade': ({ repo }) =>
    repo(Member).save({ id: own.member, tickets: [{ id: foreign.ticket }] }),
  'a one-to-one relation does not take a row of another tenant': ({ repo }) =>
    repo(Ticket).save({ id: own.otherTicket, verdict: { id: foreign.verdict } }),
  'a to-one relation does not refer to a row of another tenant': ({ repo }) =>
    repo(Note).save({ id: own.note, ticket: { id: foreign.ticket } }),
  'a to-one relation of a new row does not refer to a row of another tenant': ({ repo }) =>
    repo(Note).save({ organizationId: 1, body: 'x', ticket: { id: foreign.ticket } }),
  'a required to-one relation does not refer to a row of another tenant': ({ repo }) =>
    repo(Verdict).save({ summary: 'x', ticket: { id: foreign.otherTicket } }),
  'a lazy relation does not refer to a row of another tenant': async ({ repo }) => {
    const document = await repo(Document).findOneByOrFail({ id: own.document });
    document.ticket = Promise.resolve({ id: foreign.ticket } as Ticket);
    await repo(Document).save(document);
  },
  'a self reference does not refer to a row of another tenant': ({ repo }) =>
    repo(Member).save({ id: own.member, manager: { id: foreign.member } }),
  'a list that refers back to the same entity does not take a row of another tenant': ({ repo }) =>
    repo(Member).save({ id: own.member, reports: [{ id: foreign.member }] }),
  'a many-to-many relation does not link a row of another tenant': ({ repo }) =>
    repo(Ticket).save({ id: own.otherTicket, labels: [{ id: foreign.label }] }),
  'a many-to-many relation saved from its far side does not link a row of another tenant': ({ repo }) =>
    repo(Label).save({ id: own.label, tickets: [{ id: foreign.otherTicket }] }),
  'a many-to-many relation among rows of one entity does not link a row of another tenant': ({ repo }) =>
    repo(Label).save({ id: own.label, synonyms: [{ id: foreign.label }] }),
  'a list that is emptied leaves rows of another tenant': {
    given: ({ plant }) => plant(Note, { organizationId: 2, body: 'stray', ticketId: own.ticket }),
    attempt: ({ repo }) => repo(Ticket).save({ id: own.ticket, notes: [] }),
  },
  'a many-to-many list that is emptied leaves links of another tenant': {
    given: ({ plant }) => plant('ticket_labels_label', { ticketId: foreign.otherTicket, labelId: own.label }),
    attempt: ({ repo }) => repo(Label).save({ id: own.label, tickets: [] }),
  },
  'a tree does not grow below a row of another tenant': ({ repo }) =>
    repo(Folder).save({ organizationId: 1, name: 'x', parent: { id: foreign.folder } }),
});

attacks('G-02 removing entities', {
  'removing an entity with the key of a row of another tenant leaves that row': ({ repo }) =>
    repo(Note).remove(repo(Note).create({ id: foreign.note })),
  'removing many entities leaves a row of another tenant among them': ({ repo }) =>
    repo(Note).remove([own.note, foreign.note].map((id) => repo(Note).create({ id }))),
  'removing an entity with a key of two columns leaves a row of another tenant': ({ repo }) =>
    repo(Watcher).remove(repo(Watcher).create({ ticketId: foreign.ticket, memberId: foreign.member })),
  'removing an entity softly leaves a row of another tenant': ({ repo }) =>
    repo(Ticket).softRemove({ id: foreign.ticket }),
  'recovering an entity leaves a row of another tenant': {
    given: ({ repo }) => repo(Ticket).softDelete(foreign.ticket),
    attempt: ({ repo }) => repo(Ticket).recover({ id: foreign.ticket }),
  },
  'removing an entity loaded for another tenant leaves its row': async ({ dataSource, repo }) => {
    const theirs = await tenancy.run(GLOBEX, () => repo(Note).findOneByOrFail({ id: foreign.note }));
    await dataSource.manager.remove(theirs);
  },
  'removing in a transaction leaves a row of another tenant': ({ dataSource }) =>
    dataSource.transaction((manager) => manager.remove(Note, { id: foreign.note } as Note)),
  'removing by a query runner leaves a row of another tenant': ({ withRunner }) =>
    withRunner((runner) => runner.manager.remove(Note, { id: foreign.note } as Note)),
});
