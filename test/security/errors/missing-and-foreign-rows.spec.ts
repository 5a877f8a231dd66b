import { expect } from '@jest/globals';
import { UniqueConflictError } from 'nestjs-muck';
import type { ObjectLiteral } from 'typeorm';
import { promises } from '../../support/attack.js';
import { Document, Member, Note, Quote, Ticket, Topic, Verdict, Watcher } from '../../support/desk.js';
import { ACME, foreign, own, tenancy } from '../../support/world.js';
import type { World } from '../../support/world.js';

/** A key that no row has. Its text is as long as that of a key of Globex. */
const MISSING = 8888;
const MISSING_UUID = '00000000-0000-4000-8000-000000008888';

/** What Acme does with a key: of a row of Globex, or of none. The two must not be told apart. */
const OPERATIONS: Readonly<Record<string, (world: World, key: number, uuid: string) => Promise<unknown>>> = {
  'finding a row': ({ repo }, key) => repo(Ticket).findOneBy({ id: key }),
  'finding a row or failing': ({ repo }, key) => repo(Ticket).findOneByOrFail({ id: key }),
  'finding a row with relations': ({ repo }, key) =>
    repo(Ticket).findOne({ where: { id: key }, relations: { notes: true, assignee: true, labels: true } }),
  'finding a row by its uuid': ({ repo }, _, id) => repo(Document).findOneBy({ id }),
  'counting a row': ({ repo }, key) => repo(Ticket).countBy({ id: key }),
  'loading a relation of a row': ({ dataSource }, key) =>
    dataSource.createQueryBuilder().relation(Ticket, 'notes').of(key).loadMany(),
  'updating a row': ({ repo }, key) => repo(Ticket).update(key, { subject: 'x' }),
  'deleting a row': ({ repo }, key) => repo(Note).delete(key),
  'deleting a row softly': ({ repo }, key) => repo(Ticket).softDelete(key),
  'restoring a row': ({ repo }, key) => repo(Ticket).restore(key),
  'incrementing a row': ({ repo }, key) => repo(Ticket).increment({ id: key }, 'points', 1),
  'saving a row': ({ repo }, id) => repo(Note).save({ id, body: 'x' }),
  'preloading a row': ({ repo }, id) => repo(Note).preload({ id, body: 'x' }),
  'removing a row': ({ repo }, id) => repo(Note).remove(repo(Note).create({ id })),
  'removing a row softly': ({ repo }, id) => repo(Ticket).softRemove({ id } as ObjectLiteral as Ticket),
  'recovering a row': ({ repo }, id) => repo(Ticket).recover({ id } as ObjectLiteral as Ticket),
  'inserting a row that refers to it': ({ repo }, key) => repo(Note).insert({ body: 'x', ticketId: key }),
  'inserting a row that refers to it by a plain column': ({ repo }, key) =>
    repo(Quote).insert({ text: 'x', ticketId: key }),
  'inserting a row below it': ({ repo }, key) => repo(Verdict).insert({ summary: 'x', ticketId: key }),
  'inserting a row with a key that refers to it': ({ repo }, key) =>
    repo(Watcher).insert({ ticketId: own.otherTicket, memberId: key }),
  'updating a row so that it refers to it': ({ repo }, key) => repo(Ticket).update(own.ticket, { assigneeId: key }),
  'saving a row that refers to it': ({ repo }, id) => repo(Note).save({ id: own.note, ticket: { id } }),
  'saving a list with it': ({ repo }, id) => repo(Member).save({ id: own.member, tickets: [{ id }] }),
  'saving a cascade with it': ({ repo }, id) => repo(Ticket).save({ id: own.ticket, notes: [{ id, body: 'x' }] }),
  'linking it': ({ repo }, id) => repo(Ticket).save({ id: own.otherTicket, labels: [{ id }] }),
  'setting a relation to it': ({ dataSource }, key) =>
    dataSource.createQueryBuilder().relation(Ticket, 'assignee').of(own.ticket).set(key),
  'setting a relation of it': ({ dataSource }, key) =>
    dataSource.createQueryBuilder().relation(Ticket, 'assignee').of(key).set(own.member),
  'growing a tree below it': ({ tree }, id) => tree(Topic).save({ title: 'x', parent: { id } as Topic }),
  'reading a tree below it': ({ tree }, id) => tree(Topic).findDescendants({ id } as Topic),
};

promises(
  'G-07 a row of another tenant and a missing one are the same for',
  Object.fromEntries(
    Object.entries(OPERATIONS).map(([name, operation]) => [
      name,
      async (world: World) => {
        const outcome = async (key: number, uuid: string): Promise<string> => {
          let answer = '';
          const statements = await world.sent(() =>
            tenancy.run(ACME, async () => {
              try {
                answer = JSON.stringify(await operation(world, key, uuid)) ?? 'nothing';
              } catch (error) {
                answer = `${(error as Error).name}: ${(error as Error).message}`;
              }
            }),
          );
          await world.reset(await world.look());
          return [answer, ...statements].join('\n').replaceAll(String(key), '?').replaceAll(/00-\?/g, '?');
        };
        const missing = await outcome(MISSING, MISSING_UUID);
        expect(await outcome(foreign.ticket, foreign.document)).toBe(missing);
      },
    ]),
  ),
);

promises('G-07 a key of its own that an application gives', {
  'collides in the same way, whichever tenant has it': async ({ repo }) => {
    const collide = (id: string): Promise<string> =>
      tenancy.run(ACME, () =>
        repo(Document)
          .insert({ id, title: 'x' })
          .then(
            () => 'inserted',
            (error: Error) => `${error.name}: ${error.message}`,
          ),
      );
    const mine = await collide(own.document);
    expect(mine).toMatch(/^UniqueConflictError/);
    expect(await collide(foreign.document)).toBe(mine);
  },
  'collides in the same way when it is saved, whichever tenant has it': async ({ repo }) => {
    const theirs = tenancy.run(ACME, () => repo(Document).save({ id: foreign.document, title: 'x' }));
    await expect(theirs).rejects.toThrow(UniqueConflictError);
  },
  'is refused for an auto-increment key': async ({ repo }) => {
    const refused = (id: number): Promise<string> =>
      tenancy.run(ACME, () =>
        repo(Note)
          .insert({ id, body: 'x' })
          .then(
            () => 'inserted',
            (error: Error) => `${error.name}: ${error.message}`.replaceAll(String(id), '?'),
          ),
      );
    expect(await refused(foreign.note)).toBe(await refused(MISSING));
    expect(await refused(MISSING)).not.toBe('inserted');
  },
  'and no error of the database reaches the caller with what stands in it': async ({ repo }) => {
    const insert = tenancy.run(ACME, () => repo(Member).insert({ email: 'acme@example.com' }));
    await expect(insert).rejects.toThrow(expect.objectContaining({ message: expect.not.stringContaining('acme@') }));
  },
});
