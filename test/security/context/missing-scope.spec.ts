import { expect } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { TenantScopeMissingError } from 'nestjs-muck';
import { Raw } from 'typeorm';
import { promises } from '../../support/attack.js';
import { Document, Member, News, Note, ParcelSchema, Ticket, Topic, Verdict } from '../../support/desk.js';
import { ACME, own, tenancy } from '../../support/world.js';
import type { World } from '../../support/world.js';

/** Outside of any scope each of these throws, before the database is asked. */
const OPERATIONS: Readonly<Record<string, (world: World) => unknown>> = {
  'a find': ({ repo }) => repo(Ticket).find(),
  'a find by key': ({ repo }) => repo(Ticket).findOneBy({ id: own.ticket }),
  'a count': ({ repo }) => repo(Ticket).count(),
  'an exists': ({ repo }) => repo(Ticket).existsBy({ id: own.ticket }),
  'a sum': ({ repo }) => repo(Ticket).sum('points'),
  'raw rows of a builder': ({ repo }) => repo(Ticket).createQueryBuilder('t').getRawMany(),
  'a find on an entity that belongs through its parent': ({ repo }) => repo(Verdict).find(),
  'a find on an entity without a class': ({ repo }) => repo(ParcelSchema).find(),
  'a find on a shared entity that asks a scoped one': ({ repo }) =>
    repo(News).findBy({ id: Raw(() => '(SELECT MAX(id) FROM ticket)') }),
  'a sub-query below a shared entity': ({ repo }) =>
    repo(News).createQueryBuilder('n').whereExists(repo(Ticket).createQueryBuilder('t')).getMany(),
  'a join below a shared entity': ({ repo }) =>
    repo(News).createQueryBuilder('n').innerJoin(Ticket, 't', '1 = 1').getMany(),
  'a tree': ({ tree }) => tree(Topic).findTrees(),
  'the text of a builder': ({ repo }) => repo(Ticket).createQueryBuilder('t').getQuery(),
  'an insert': ({ repo }) => repo(Note).insert({ organizationId: 1, body: 'x' }),
  'a save': ({ repo }) => repo(Note).save({ organizationId: 1, body: 'x' }),
  'a save of a row that is there': ({ repo }) => repo(Note).save({ id: own.note, body: 'x' }),
  'an update': ({ repo }) => repo(Note).update(own.note, { body: 'x' }),
  'an increment': ({ repo }) => repo(Ticket).increment({ id: own.ticket }, 'points', 1),
  'an upsert': ({ repo }) => repo(Member).upsert({ organizationId: 1, email: 'x' }, ['organizationId', 'email']),
  'a delete': ({ repo }) => repo(Note).delete(own.note),
  'a soft delete': ({ repo }) => repo(Ticket).softDelete(own.ticket),
  'a restore': ({ repo }) => repo(Ticket).restore(own.ticket),
  'a remove': ({ repo }) => repo(Note).remove({ id: own.note } as Note),
  'a preload': ({ repo }) => repo(Note).preload({ id: own.note }),
  'a relation that is set': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Ticket, 'labels').of(own.otherTicket).add(own.label),
  'a relation that is loaded': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Ticket, 'labels').of(own.ticket).loadMany(),
  'a raw SQL read': ({ dataSource }) => dataSource.query('SELECT * FROM ticket'),
  'a raw SQL write': ({ dataSource }) => dataSource.query('DELETE FROM note'),
  'emptying a table': ({ repo }) => repo(ParcelSchema).clear(),
};

promises(
  'G-04 outside of any scope, with nothing sent to the database,',
  Object.fromEntries(
    Object.entries(OPERATIONS).map(([name, operation]) => [
      `${name} throws`,
      async (world: World) => {
        const statements = await world.sent(() =>
          expect(Promise.resolve().then(() => operation(world))).rejects.toThrow(TenantScopeMissingError),
        );
        expect(statements.filter((statement) => /ticket|note|member|topic|parcel|verdict/i.test(statement))).toEqual(
          [],
        );
      },
    ]),
  ),
);

promises('G-04 outside of any scope', {
  'a shared entity can be read and written': async ({ repo }) => {
    await repo(News).save({ text: 'more' });
    expect(await repo(News).count()).toBe(2);
  },
  'a builder that was made in a scope throws': async ({ repo }) => {
    const builder = tenancy.run(ACME, () => repo(Ticket).createQueryBuilder('t').where('1 = 1'));
    await expect(builder.getMany()).rejects.toThrow(TenantScopeMissingError);
  },
  'the text of a builder that was made in a scope is refused': async ({ repo, dataSource }) => {
    const [text, parameters] = tenancy.run(ACME, () => repo(Ticket).createQueryBuilder('t').getQueryAndParameters());
    await expect(dataSource.query(text, parameters)).rejects.toThrow(TenantScopeMissingError);
  },
  'a result that is in the cache is not given': async ({ repo }) => {
    const cache = { id: 'x', milliseconds: 60_000 };
    await tenancy.run(ACME, () => repo(Ticket).find({ cache }));
    await expect(repo(Ticket).find({ cache })).rejects.toThrow(TenantScopeMissingError);
  },
  'a lazy relation throws, and leaves no rejected promise behind that would end the process': async ({ repo }) => {
    const document = await tenancy.run(ACME, () => repo(Document).findOneByOrFail({ id: own.document }));
    const unhandled: unknown[] = [];
    const collect = (reason: unknown): number => unhandled.push(reason);
    process.on('unhandledRejection', collect);
    await expect((async () => document.ticket)()).rejects.toThrow(TenantScopeMissingError);
    await delay(20);
    process.off('unhandledRejection', collect);
    expect(unhandled).toEqual([]);
  },
  'a transaction of a scope does not go on': async ({ withRunner }) =>
    withRunner(async (runner) => {
      await tenancy.run(ACME, async () => {
        await runner.startTransaction();
        await runner.manager.find(Ticket);
      });
      await expect(runner.manager.find(Ticket)).rejects.toThrow(TenantScopeMissingError);
    }),
  'a callback that is bound outside stays outside when a scope calls it': async ({ repo }) => {
    const count = tenancy.bind(() => repo(Ticket).count());
    await expect(tenancy.run(ACME, () => count())).rejects.toThrow(TenantScopeMissingError);
  },
  'the error says what to type': async ({ repo }) => {
    await expect(repo(Ticket).find()).rejects.toThrow(/Ticket.*tenancy\.run.*tenancy\.unscoped/s);
  },
});
