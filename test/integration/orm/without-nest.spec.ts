import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { databasesToTest } from '../../support/databases.js';
import { Member, Note, Ticket } from '../../support/desk.js';
import { ACME, ACME_TICKETS, foreign, own, tenancy, World } from '../../support/world.js';

describe.each(databasesToTest())('G-01 G-02 repositories of a script without Nest on %s', (kind) => {
  let world: World;
  const asAcme = <R>(fn: () => R): R => tenancy.run(ACME, fn);

  beforeAll(async () => {
    world = await World.open(kind, true);
  });
  afterAll(() => world.close());

  it('read, count and find within the scope', () =>
    asAcme(async () => {
      const tickets = world.repo(Ticket);
      expect(await tickets.find()).toHaveLength(ACME_TICKETS);
      expect(await tickets.count()).toBe(ACME_TICKETS);
      expect(await tickets.findOneBy({ id: foreign.ticket })).toBeNull();
      expect(await tickets.createQueryBuilder('t').where('1=1').orWhere('1=1').getCount()).toBe(ACME_TICKETS);
      const joined = await tickets.createQueryBuilder('t').leftJoinAndSelect('t.assignee', 'm').getMany();
      expect(joined.map(({ assignee }) => assignee?.organizationId)).toEqual([1, 1, 1]);
    }));

  it('refuse a condition that closes the bracket around it', () =>
    asAcme(async () => {
      const query = world.repo(Ticket).createQueryBuilder('t').where('1=1) OR (1=1');
      await expect(query.getMany()).rejects.toThrow('closes a bracket that it does not open');
    }));

  it('say that there is no such row where one of another tenant is saved, removed or recovered', () =>
    asAcme(async () => {
      const tickets = world.repo(Ticket);
      const theirs = Object.assign(new Ticket(), { id: foreign.ticket, subject: 'taken' });
      await expect(tickets.save(theirs)).rejects.toThrow('Could not find any entity of type "Ticket"');
      await expect(tickets.remove(theirs)).rejects.toThrow('Could not find');
      await expect(tickets.softRemove(theirs)).rejects.toThrow('Could not find');
      await expect(tickets.recover(theirs)).rejects.toThrow('Could not find');
    }));

  it('change nothing by criteria that name rows of another tenant', () =>
    asAcme(async () => {
      expect((await world.repo(Ticket).update({ id: foreign.ticket }, { subject: 'taken' })).affected).toBe(0);
      expect((await world.repo(Note).delete({ id: foreign.note })).affected).toBe(0);
    }));

  it('refuse to name another tenant on purpose', () =>
    asAcme(async () => {
      const values = { organizationId: 2, orderNumber: 1, subject: 'theirs' };
      await expect(world.repo(Ticket).insert(values)).rejects.toThrow(
        'is the key of another tenant than that of the current scope',
      );
      await expect(world.repo(Ticket).update({ id: own.ticket }, { organizationId: 2 })).rejects.toThrow(
        'is the key of another tenant',
      );
    }));

  it('stamp what is saved, and tell the caller', () =>
    asAcme(async () => {
      const saved = await world.repo(Member).save({ email: 'new@example.com' });
      expect(saved.organizationId).toBe(1);
    }));

  it('throw outside of any scope, before the database is asked', async () => {
    await expect(world.repo(Ticket).find()).rejects.toThrow('There is no tenant scope');
    await expect(world.repo(Ticket).insert({ orderNumber: 1, subject: 'x' })).rejects.toThrow(
      'There is no tenant scope',
    );
    await expect(world.repo(Ticket).update({ id: 1 }, { subject: 'x' })).rejects.toThrow('There is no tenant scope');
    await expect(world.repo(Ticket).delete({ id: 1 })).rejects.toThrow('There is no tenant scope');
    await expect(world.dataSource.query('SELECT * FROM ticket')).rejects.toThrow('There is no tenant scope');
  });

  it('refuse raw SQL on a scoped table, unless a section says why', async () => {
    const sql = `SELECT * FROM ${world.dataSource.driver.escape('ticket')}`;
    await asAcme(async () => {
      await expect(world.dataSource.manager.query(sql)).rejects.toThrow('it uses the table of Ticket in raw SQL');
      const rows = await tenancy.unscoped('counts for the platform', () =>
        world.dataSource.manager.query<unknown[]>(sql),
      );
      expect(rows).toHaveLength(2 * ACME_TICKETS);
      await expect(world.dataSource.manager.query(sql)).rejects.toThrow('in raw SQL');
      expect(await world.dataSource.manager.query('SELECT 1 AS one')).toMatchObject([{ one: 1 }]);
    });
  });

  it('stay enforced when another DataSource is constructed', () =>
    asAcme(async () => {
      new DataSource({ ...world.dataSource.options });
      expect(await world.repo(Ticket).count()).toBe(ACME_TICKETS);
      expect((await world.repo(Ticket).update({ id: foreign.ticket }, { subject: 'taken' })).affected).toBe(0);
      expect((await world.repo(Note).delete({ id: foreign.note })).affected).toBe(0);
      await world.repo(Note).insert({ body: 'mine' });
      expect(await world.repo(Note).findOneByOrFail({ body: 'mine' })).toMatchObject({ organizationId: 1 });
    }));

  it('are enforced anew when the DataSource is initialised again', async () => {
    if (kind === 'sqljs') return;
    await world.dataSource.destroy();
    await world.dataSource.initialize();
    await asAcme(async () => {
      expect(await world.repo(Ticket).findOneBy({ id: foreign.ticket })).toBeNull();
      await expect(world.dataSource.query('SELECT * FROM ticket')).rejects.toThrow('in raw SQL');
    });
  });
});
