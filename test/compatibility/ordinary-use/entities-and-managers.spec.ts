import { expect } from '@jest/globals';
import { In } from 'typeorm';
import { promises } from '../../support/attack.js';
import {
  Attachment,
  Credential,
  Document,
  Folder,
  Invoice,
  Label,
  Member,
  Note,
  OpenTicket,
  ParcelSchema,
  Photo,
  Proofreading,
  Quote,
  Reminder,
  Ticket,
  Topic,
  Verdict,
  Watcher,
} from '../../support/desk.js';
import { ACME, ACME_TICKETS, foreign, own, tenancy } from '../../support/world.js';
import type { World } from '../../support/world.js';

/** What an application does all day must go on working: enforcement that hinders ordinary code is switched off. */
const inAcme = (test: (world: World) => Promise<unknown>) => (world: World) => tenancy.run(ACME, () => test(world));

promises('inside a scope an application', {
  'saves a graph of new rows, each stamped': inAcme(async ({ repo }) => {
    const saved = await repo(Ticket).save({ orderNumber: 7, subject: 'new', notes: [{ body: 'a' }, { body: 'b' }] });
    expect(saved.organizationId).toBe(1);
    expect(saved.notes.map((note) => (note as Note).organizationId)).toEqual([1, 1]);
    const read = await repo(Ticket).findOneOrFail({ where: { id: saved.id }, relations: { notes: true } });
    expect(read.notes.map(({ body }) => body).sort()).toEqual(['a', 'b']);
  }),
  'changes a graph of stored rows': inAcme(async ({ repo }) => {
    const ticket = await repo(Ticket).findOneOrFail({ where: { id: own.ticket }, relations: { notes: true } });
    ticket.subject = 'changed';
    ticket.notes[0].body = 'changed';
    ticket.notes.push(repo(Note).create({ body: 'added' }));
    await repo(Ticket).save(ticket);
    const read = await repo(Ticket).findOneOrFail({ where: { id: own.ticket }, relations: { notes: true } });
    expect([read.subject, ...read.notes.map(({ body }) => body).sort()]).toEqual(['changed', 'added', 'changed']);
    expect(read.version).toBe(2);
  }),
  'exchanges the links of a many-to-many relation': inAcme(async ({ repo }) => {
    const labels = await repo(Label).save([{ name: 'x' }, { name: 'y' }]);
    await repo(Ticket).save({ id: own.ticket, labels });
    const read = await repo(Ticket).findOneOrFail({ where: { id: own.ticket }, relations: { labels: true } });
    expect(read.labels.map(({ name }) => name).sort()).toEqual(['x', 'y']);
  }),
  'saves many rows of which some say nothing of their links, and keeps those': inAcme(async ({ repo }) => {
    await repo(Ticket).save([
      { id: own.otherTicket, labels: [{ id: own.label }] },
      { id: own.ticket, points: 9 },
    ]);
    const read = await repo(Ticket).find({ where: { id: In([1, 2]) }, relations: { labels: true } });
    expect(read.map(({ labels }) => labels.length)).toEqual([1, 1]);
  }),
  'sets, adds and removes relations': inAcme(async ({ dataSource, repo }) => {
    const relation = (name: string) => dataSource.createQueryBuilder().relation(Ticket, name).of(own.otherTicket);
    await relation('labels').add(own.label);
    await relation('assignee').set(null);
    await relation('notes').add(own.note);
    const read = await repo(Ticket).findOneOrFail({
      where: { id: own.otherTicket },
      relations: { labels: true, assignee: true, notes: true },
    });
    expect([read.labels.length, read.assignee, read.notes.length]).toEqual([1, null, 2]);
    await relation('labels').remove(own.label);
    expect(await relation('labels').loadMany()).toEqual([]);
  }),
  'removes, removes softly and recovers rows': inAcme(async ({ repo }) => {
    const [note] = await repo(Note).find();
    await repo(Note).remove(note);
    expect(await repo(Note).count()).toBe(2);
    const ticket = await repo(Ticket).findOneByOrFail({ id: own.otherTicket });
    await repo(Ticket).softRemove(ticket);
    expect(await repo(Ticket).count()).toBe(ACME_TICKETS - 1);
    await repo(Ticket).recover(ticket);
    expect(await repo(Ticket).count()).toBe(ACME_TICKETS);
  }),
  'updates, increments and deletes by criteria': inAcme(async ({ repo }) => {
    expect((await repo(Ticket).update({ status: 'open' }, { status: 'done' })).affected).toBe(ACME_TICKETS);
    await repo(Ticket).increment({ id: own.ticket }, 'points', 5);
    expect(await repo(Ticket).sum('points')).toBe(11);
    expect((await repo(Note).delete({ body: 'acme note 3' })).affected).toBe(1);
  }),
  'upserts by a key that holds the tenant': async ({ repo, kind }) => {
    // The MySQL family upserts on every unique key, and the primary one holds no tenant.
    if (kind === 'mariadb') return;
    await tenancy.run(ACME, async () => {
      const row = { organizationId: 1, orderNumber: 1001, subject: 'upserted' };
      await repo(Ticket).upsert([row, { ...row, orderNumber: 1009 }], ['organizationId', 'orderNumber']);
      expect(await repo(Ticket).countBy({ subject: 'upserted' })).toBe(2);
    });
    expect(await tenancy.unscoped('looks', () => repo(Ticket).countBy({ subject: 'upserted' }))).toBe(2);
  },
  'reads pages with joins, conditions and orders': inAcme(async ({ repo }) => {
    const [rows, total] = await repo(Ticket).findAndCount({
      where: { assignee: { email: 'acme@example.com' }, notes: { body: 'acme note 2' } },
      relations: { assignee: true, notes: true, labels: true },
      order: { assignee: { email: 'ASC' }, id: 'DESC' },
      take: 2,
    });
    expect([rows.map(({ id }) => id), total]).toEqual([[own.otherTicket], 1]);
  }),
  'reads sub-queries, common table expressions and groups': inAcme(async ({ dataSource, repo, escape }) => {
    const points = repo(Ticket).createQueryBuilder('t').select('t.points', 'points');
    const [{ sum }] = await dataSource
      .createQueryBuilder()
      .addCommonTableExpression(points, 'x')
      .select(`SUM(${escape('x')}.${escape('points')})`, 'sum')
      .from('x', 'x')
      .getRawMany<{ sum: number }>();
    expect(Number(sum)).toBe(6);
    const groups = await repo(Note)
      .createQueryBuilder('note')
      .innerJoin('note.ticket', 'ticket', 'ticket.points > :points', { points: 1 })
      .select('ticket.status', 'status')
      .addSelect('COUNT(*)', 'count')
      .groupBy('ticket.status')
      .having('COUNT(*) > 1')
      .orderBy('ticket.status')
      .getRawMany<{ count: number }>();
    expect(groups.map(({ count }) => Number(count))).toEqual([2]);
  }),
  'grows, moves and cuts a tree in a closure table': inAcme(async ({ tree }) => {
    const topics = tree(Topic);
    const [root] = await topics.findRoots();
    const leaf = await topics.save({ title: 'leaf', parent: { id: own.childTopic } as Topic });
    expect((await topics.findDescendantsTree(root)).children[0].children.map(({ title }) => title)).toEqual(['leaf']);
    expect((await topics.findAncestors(leaf as Topic)).length).toBe(3);
    await topics.save({ id: leaf.id, parent: { id: root.id } as Topic });
    expect(await topics.countAncestors(leaf as Topic)).toBe(2);
    await topics.remove({ id: leaf.id } as Topic);
    expect(await topics.countDescendants(root)).toBe(2);
  }),
  'grows and moves a tree by materialized paths': inAcme(async ({ tree }) => {
    const folders = tree(Folder);
    const leaf = await folders.save({ name: 'leaf', parent: { id: own.childFolder } as Folder });
    const [root] = await folders.findTrees();
    expect(root.children[0].children.map(({ name }) => name)).toEqual(['leaf']);
    await folders.save({ id: leaf.id, parent: { id: own.folder } as Folder });
    expect(await folders.countAncestors(leaf as Folder)).toBe(2);
  }),
  'saves entities that share a table, and reads each kind': inAcme(async ({ repo }) => {
    const photo = await repo(Photo).save({ name: 'new', camera: 'x' });
    expect(photo.organizationId).toBe(1);
    expect([await repo(Photo).count(), await repo(Attachment).count()]).toEqual([2, 3]);
    await repo(Photo).update(photo.id, { camera: 'y' });
    await repo(Attachment).delete(photo.id);
    expect(await repo(Photo).count()).toBe(1);
  }),
  'saves embedded, hidden and class-less tenant columns': inAcme(async ({ repo }) => {
    await repo(Invoice).save({ text: 'new' });
    await repo(Credential).save({ text: 'new' });
    await repo(ParcelSchema).save({ text: 'new' });
    expect([await repo(Invoice).count(), await repo(Credential).count(), await repo(ParcelSchema).count()]).toEqual([
      2, 2, 2,
    ]);
  }),
  'saves rows that belong through their parent': inAcme(async ({ repo }) => {
    await repo(Verdict).save({ summary: 'new', ticketId: own.otherTicket });
    await repo(Watcher).save({ ticketId: own.otherTicket, memberId: own.member, reason: 'new' });
    expect([await repo(Verdict).count(), await repo(Watcher).count()]).toEqual([2, 2]);
  }),
  'saves and reads keys made by the database or by itself': inAcme(async ({ repo }) => {
    const made = await repo(Document).save({ title: 'made' });
    const id = '11111111-1111-4111-8111-111111111111';
    await repo(Document).insert({ id, title: 'given' });
    expect(await repo(Document).countBy({ id: In([made.id, id]) })).toBe(2);
  }),
  'refers to own rows by objects, keys and plain columns': inAcme(async ({ repo }) => {
    await repo(Note).save({ id: own.note, ticket: { id: own.otherTicket } });
    await repo(Ticket).update(own.ticket, { assignee: { id: own.member } });
    await repo(Quote).insert({ text: 'x', ticketId: own.otherTicket });
    await repo(Member).save({ id: own.member, manager: null });
    await repo(Reminder).save({ text: 'x', ticket: { id: own.ticket } });
    await repo(Proofreading).save({ translation: { ticketId: own.ticket, language: 'en' } });
    expect(await repo(Note).countBy({ ticketId: own.otherTicket })).toBe(2);
  }),
  'reads a view': inAcme(async ({ repo }) => {
    expect(await repo(OpenTicket).count()).toBe(ACME_TICKETS);
  }),
  'reads the same from the cache': inAcme(async ({ repo, sent }) => {
    const options = { cache: { id: 'again', milliseconds: 60_000 } };
    const first = await repo(Ticket).find(options);
    const statements = await sent(async () => expect(await repo(Ticket).find(options)).toEqual(first));
    expect(statements.filter((statement) => /FROM .ticket/.test(statement))).toEqual([]);
  }),
  'rolls a transaction back, and a savepoint of it': inAcme(async ({ dataSource, repo }) => {
    await dataSource.transaction(async (manager) => {
      await manager.update(Note, own.note, { body: 'kept' });
      const inner = manager.transaction(async (nested) => {
        await nested.update(Note, own.note, { body: 'lost' });
        throw new Error('back');
      });
      await expect(inner).rejects.toThrow('back');
    });
    expect((await repo(Note).findOneByOrFail({ id: own.note })).body).toBe('kept');
  }),
  'still refuses an empty condition of an update or delete': inAcme(async ({ repo }) => {
    await expect(repo(Ticket).update({}, { subject: 'x' })).rejects.toThrow(/empty/i);
    await expect(repo(Ticket).delete({})).rejects.toThrow(/empty/i);
    await expect(repo(Note).softDelete([])).rejects.toThrow(/empty/i);
    expect(await repo(Note).count()).toBe(3);
  }),
  'gets the same text from a builder twice': inAcme(async ({ repo }) => {
    const builder = repo(Ticket).createQueryBuilder('t').leftJoinAndSelect('t.notes', 'note').where('1 = 1');
    expect(builder.orWhere('2 = 2').getQuery()).toBe(builder.getQuery());
    expect((await builder.getMany()).length).toBe((await builder.getMany()).length);
  }),
});

promises('old rows that point at another tenant', {
  'stay readable themselves, without what they point at': async ({ plant, repo }) => {
    await tenancy.unscoped('old', () => plant(Note, { organizationId: 1, body: 'old', ticketId: foreign.ticket }));
    await tenancy.run(ACME, async () => {
      const note = await repo(Note).findOneOrFail({ where: { body: 'old' }, relations: { ticket: true } });
      expect(note.ticket ?? null).toBeNull();
    });
  },
  'are counted as they are listed, where what they point at is required': async ({ plant, repo }) => {
    const old = { organizationId: 1, text: 'old', ticket: { id: foreign.ticket } };
    await tenancy.unscoped('old', () => plant(Reminder, old));
    await tenancy.run(ACME, async () => {
      const [rows, total] = await repo(Reminder).findAndCount();
      expect(rows).toHaveLength(total);
      expect(await repo(Reminder).count()).toBe(total);
    });
  },
  'keep their key when they are loaded and saved': async ({ dataSource, escape, repo }) => {
    const key = escape('ticketId');
    await tenancy.unscoped('old', () =>
      dataSource.query(`UPDATE note SET ${key} = ${foreign.ticket} WHERE id = ${own.note}`),
    );
    await tenancy.run(ACME, async () => {
      const note = await repo(Note).findOneOrFail({ where: { id: own.note }, relations: { ticket: true } });
      note.body = 'changed';
      await repo(Note)
        .save(note)
        .catch(() => undefined);
    });
    const [{ ticketId }] = await tenancy.unscoped('looks', () =>
      dataSource.query<{ ticketId: number }[]>(`SELECT ${key} FROM note WHERE id = ${own.note}`),
    );
    expect(ticketId).toBe(foreign.ticket);
  },
});
