import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EntityManager, SelectQueryBuilder } from 'typeorm';
import { databasesToTest } from '../support/databases.js';
import { Note, Ticket } from '../support/desk.js';
import { ACME, own, tenancy, World } from '../support/world.js';

/* Rows are locked as with TypeORM alone, also where an alias is called like its table. */

describe.each(databasesToTest())('row locks on %s', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await World.open(kind, true);
  });
  afterAll(() => world.close());

  /** Runs a locking query in a transaction of Acme; tells how many rows came, and what was sent. */
  const locked = async (read: (manager: EntityManager) => Promise<unknown[]>): Promise<string> => {
    let found = 0;
    const sent = await world.sent(() =>
      tenancy.run(ACME, () =>
        world.dataSource.transaction(async (manager) => {
          found = (await read(manager)).length;
        }),
      ),
    );
    expect(found).toBeGreaterThan(0);
    return sent.find((sql) => sql.startsWith('SELECT'))!.replace(/^.* FROM /s, '');
  };
  const note = (manager: EntityManager, alias = 'note'): SelectQueryBuilder<Note> =>
    manager.createQueryBuilder(Note, alias).innerJoinAndSelect(`${alias}.ticket`, 'ticket');

  const modes = [
    ['pessimistic_write', 'FOR UPDATE'],
    ['pessimistic_read', 'FOR SHARE'],
    ['for_no_key_update', 'FOR NO KEY UPDATE'],
    ['for_key_share', 'FOR KEY SHARE'],
  ] as const;

  if (kind.startsWith('postgres')) {
    it.each(modes)('take aliases in setLock: %s', async (mode, clause) => {
      expect(await locked((manager) => note(manager).setLock(mode, undefined, ['note']).getMany())).toMatch(
        new RegExp(`${clause} OF note$`),
      );
      expect(await locked((manager) => note(manager).setLock(mode, undefined, ['note', 'ticket']).getMany())).toMatch(
        new RegExp(`${clause} OF note, ticket$`),
      );
      expect(await locked((manager) => note(manager, 'n').setLock(mode, undefined, ['ticket', 'n']).getMany())).toMatch(
        new RegExp(`${clause} OF ticket, n$`),
      );
    });

    it.each(modes)('take tables in find: %s', async (mode, clause) => {
      const sql = await locked((manager) =>
        manager.find(Note, {
          where: { ticket: { id: own.ticket } },
          relations: { ticket: true },
          lock: { mode, tables: ['note'] },
        }),
      );
      expect(sql).toMatch(new RegExp(`${clause} OF "Note"$`));
    });

    it.each([
      ['nowait', 'NOWAIT'],
      ['skip_locked', 'SKIP LOCKED'],
    ] as const)('do not wait if told so: %s', async (onLocked, clause) => {
      const read = (manager: EntityManager): Promise<unknown[]> =>
        note(manager).setLock('pessimistic_write', undefined, ['note', 'ticket']).setOnLocked(onLocked).getMany();
      expect(await locked(read)).toMatch(new RegExp(`FOR UPDATE OF note, ticket ${clause}$`));
    });

    it('name no table that the statement does not read', async () => {
      for (const table of ['ticket', 'note, ticket', 'note UNION SELECT subject FROM ticket']) {
        const read = (manager: EntityManager): Promise<unknown[]> =>
          manager.createQueryBuilder(Note, 'note').setLock('pessimistic_write', undefined, [table]).getMany();
        await expect(locked(read)).rejects.toThrow();
      }
    });
  }

  if (kind === 'sqljs') {
    it('are refused by TypeORM itself, since the database has none', async () => {
      const read = (manager: EntityManager): Promise<unknown[]> => note(manager).setLock('pessimistic_write').getMany();
      await expect(locked(read)).rejects.toThrow('Locking not supported on given driver');
    });
    return;
  }

  it('take no alias', async () => {
    for (const mode of ['pessimistic_write', 'pessimistic_read'] as const) {
      const sql = await locked((manager) => note(manager).setLock(mode).getMany());
      expect(sql).toMatch(/(?:FOR UPDATE|FOR SHARE|LOCK IN SHARE MODE)$/);
      await locked((manager) => manager.find(Ticket, { lock: { mode } }));
    }
    await locked((manager) => note(manager).setLock('pessimistic_write').setOnLocked('skip_locked').getMany());
    await locked((manager) => note(manager).setLock('pessimistic_write').setOnLocked('nowait').getMany());
  });
});
