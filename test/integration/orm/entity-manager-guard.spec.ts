import { expect, it } from '@jest/globals';
import { DataSource, EntityManager, EntityNotFoundError } from 'typeorm';
import type { ObjectLiteral, QueryRunner } from 'typeorm';
import { promises } from '../../support/attack.js';
import { databasesToTest } from '../../support/databases.js';
import { describeEach } from '../../support/describe-each.js';
import { Document, News, Note, ParcelSchema, Photo, Attachment, Ticket, Translation } from '../../support/desk.js';
import { ACME, foreign, GLOBEX, own, tenancy, World } from '../../support/world.js';

/*
 * What an entity manager says of rows that the scope cannot see, in each form in which they are given to it.
 */

const inAcme = <R>(fn: () => R): R => tenancy.run(ACME, fn);
const ticket = (id: number): Ticket => Object.assign(new Ticket(), { id });
const note = (id: number): Note => Object.assign(new Note(), { id });

type Given = (manager: EntityManager) => Promise<unknown>;
/** Each form takes a ticket of Globex, or a row beside it. */
const FORMS: Record<string, Given> = {
  'an entity': (manager) => manager.remove(ticket(foreign.ticket)),
  'an entity and options': (manager) => manager.remove(ticket(foreign.ticket), { chunk: 1 }),
  'a list': (manager) => manager.remove([note(own.note), ticket(foreign.ticket)]),
  'a class and values': (manager) => manager.remove(Ticket, { id: foreign.ticket } as Ticket),
  'a class and a list': (manager) => manager.remove(Ticket, [{ id: own.ticket }, { id: foreign.ticket }] as Ticket[]),
  'a name and values': (manager) => manager.remove('Ticket', { id: foreign.ticket }),
  'a schema and values': (manager) => manager.remove(ParcelSchema, { id: 9001 } as never),
  'a class and one of its kinds': (manager) => manager.remove(Attachment, Object.assign(new Photo(), { id: 9001 })),
  'a row to mark as deleted': (manager) => manager.softRemove(ticket(foreign.ticket)),
  'a class and values to mark as deleted': (manager) => manager.softRemove(Ticket, { id: foreign.ticket } as Ticket),
  'a row to recover': (manager) => manager.recover(ticket(foreign.ticket)),
  'a class and values to recover': (manager) => manager.recover(Ticket, { id: foreign.ticket } as Ticket),
};

promises('G-01 an entity manager does not find', {
  ...Object.fromEntries(
    Object.entries(FORMS).map(([form, given]): [string, (world: World) => Promise<unknown>] => [
      `${form}, where the row is of another tenant`,
      ({ dataSource }) =>
        inAcme(async () => {
          await expect(given(dataSource.manager)).rejects.toThrow(EntityNotFoundError);
          await dataSource.transaction((manager) => expect(given(manager)).rejects.toThrow(EntityNotFoundError));
        }),
    ]),
  ),
  'a row of another tenant, and says which one it was given': ({ dataSource: { manager } }) =>
    inAcme(async () => {
      await expect(manager.remove(ticket(foreign.ticket))).rejects.toMatchObject({
        entityClass: Ticket,
        criteria: { id: foreign.ticket },
      });
      const key = { ticketId: foreign.ticket, language: 'en' };
      await expect(manager.remove(Object.assign(new Translation(), key))).rejects.toMatchObject({ criteria: key });
    }),
  'one of several rows, and does not say which': ({ dataSource: { manager } }) =>
    inAcme(() =>
      expect(manager.remove([ticket(foreign.ticket), ticket(own.ticket)])).rejects.toMatchObject({
        entityClass: Ticket,
        criteria: { id: undefined },
      }),
    ),
});

promises('G-01 an entity manager', {
  'removes, marks and recovers own rows': ({ dataSource: { manager }, repo }) =>
    inAcme(async () => {
      await manager.remove([note(own.note)]);
      expect(await repo(Note).countBy({ id: own.note })).toBe(0);
      await manager.softRemove(Ticket, { id: own.ticket } as Ticket);
      expect(await repo(Ticket).countBy({ id: own.ticket })).toBe(0);
      await manager.recover('Ticket', { id: own.ticket });
      expect(await repo(Ticket).countBy({ id: own.ticket })).toBe(1);
    }),
  'removes rows of any tenant where they are exempt': ({ dataSource: { manager }, repo }) =>
    inAcme(() =>
      tenancy.unscoped('cleans up', { entities: [Note] }, async () => {
        await manager.remove(note(foreign.note));
        expect(await repo(Note).countBy({ id: foreign.note })).toBe(0);
      }),
    ),
  'looks up nothing before shared rows are removed, and each kind once before others are': async ({
    dataSource: { manager },
    repo,
    sent,
  }) => {
    const lookups = async (rows: ObjectLiteral[]): Promise<string[]> =>
      (await sent(() => inAcme(() => manager.remove(rows)))).filter((sql) => /AS .c0/.test(sql));
    const [news] = await repo(News).find();
    expect(await lookups([news])).toEqual([]);
    expect(await lookups([note(own.note), Object.assign(new Document(), { id: own.document })])).toHaveLength(2);
  },
  'leaves to TypeORM what is no row with a key': ({ dataSource: { manager } }) =>
    inAcme(async () => {
      type Removal = (...args: unknown[]) => Promise<unknown>;
      const stock = Reflect.get(EntityManager.prototype, 'remove') as unknown as Removal;
      const saidBy = (removal: () => Promise<unknown>): Promise<string> =>
        removal().then(
          () => 'nothing',
          ({ name, message }: Error) => `${name}: ${message}`,
        );
      const notRows = [
        [null],
        [undefined],
        [[null]],
        [[undefined]],
        [Ticket, null],
        [Ticket, [undefined]],
        [{ id: foreign.ticket }],
        ['Ticket'],
        [Ticket],
        [ParcelSchema],
        [Ticket, 7],
        [new Map()],
        [Object.assign(new Translation(), { ticketId: foreign.ticket })],
      ];
      const guarded = manager.remove as unknown as Removal;
      for (const args of notRows)
        expect(await saidBy(() => guarded.apply(manager, args))).toBe(await saidBy(() => stock.apply(manager, args)));
      const unknown = manager.save(new Map());
      await expect(unknown).rejects.toThrow('No metadata for "Map" was found');
      await manager.remove(note(null as never));
      await expect(manager.remove(note(undefined as never))).rejects.toThrow('must have an identifier');
      for (const id of [undefined, null]) {
        await expect(manager.remove([note(id as never), note(foreign.note)])).rejects.toMatchObject({
          criteria: { id: foreign.note },
        });
      }
      expect(await manager.remove([])).toEqual([]);
    }),
  'gives back the connection that it has looked rows up with, and leaves one that it was given open': async ({
    dataSource,
    repo,
  }) => {
    const counts = { made: 0, released: 0 };
    const stock = (mode?: 'master' | 'slave'): QueryRunner =>
      DataSource.prototype.createQueryRunner.call(dataSource, mode);
    const counted = (mode?: 'master' | 'slave'): QueryRunner => {
      const runner = stock(mode);
      counts.made += 1;
      const release = runner.release.bind(runner);
      runner.release = () => ((counts.released += 1), release());
      return runner;
    };
    await inAcme(async () => {
      Object.assign(dataSource, { createQueryRunner: counted });
      try {
        await expect(dataSource.manager.remove(note(foreign.note))).rejects.toThrow(EntityNotFoundError);
      } finally {
        Reflect.deleteProperty(dataSource, 'createQueryRunner');
      }
      expect(counts).toEqual({ made: 1, released: 1 });
      await dataSource.transaction(async (manager) => {
        await expect(manager.remove(note(foreign.note))).rejects.toThrow(EntityNotFoundError);
        expect(manager.queryRunner!.isReleased).toBe(false);
        await manager.save(note(own.note));
      });
    });
    expect(await tenancy.run(GLOBEX, () => repo(Note).countBy({ id: foreign.note }))).toBe(1);
  },
  'keeps the key of a row that the scope cannot see, however the entity is given to it': async ({
    plant,
    repo,
    dataSource,
  }) => {
    await tenancy.unscoped('old bad data', () =>
      plant(Note, { organizationId: 1, body: 'astray', ticketId: foreign.ticket }),
    );
    const { id } = await inAcme(() => repo(Note).findOneByOrFail({ body: 'astray' }));
    const saves: ((loaded: Note) => Promise<unknown>)[] = [
      (loaded) => dataSource.manager.save(loaded),
      (loaded) => dataSource.manager.save([loaded]),
      (loaded) => dataSource.manager.save(Note, loaded),
      (loaded) => dataSource.manager.save('Note', [loaded]),
    ];
    await inAcme(async () => {
      for (const [i, save] of saves.entries()) {
        const loaded = await repo(Note).findOneOrFail({ where: { id }, relations: { ticket: true } });
        await save(Object.assign(loaded, { body: `saved ${i}` }));
        expect(await repo(Note).findOneByOrFail({ id })).toMatchObject({
          body: `saved ${i}`,
          ticketId: foreign.ticket,
        });
      }
    });
  },
});

/** What a database in memory has more than others. */
interface InMemory {
  exportDatabase(): Uint8Array;
  loadDatabase(file: Uint8Array): Promise<void>;
  saveDatabase(location?: string): Promise<void>;
}

describeEach(
  databasesToTest().filter((kind) => kind === 'sqljs'),
  'TEST_DATABASES names no SQLite',
)('G-01 the file of a database on %s', (kind) => {
  it('is read and written over all tenants only', async () => {
    const world = await World.open(kind, true);
    try {
      const manager = world.dataSource.manager as unknown as InMemory;
      const refused = 'the file of a database holds the rows of all tenants';
      const attempts: (() => unknown)[] = [
        () => manager.exportDatabase(),
        () => manager.loadDatabase(new Uint8Array()),
        () => manager.saveDatabase('nowhere'),
      ];
      for (const attempt of attempts) {
        expect(attempt).toThrow(refused);
        expect(() => inAcme(attempt)).toThrow(refused);
        expect(() => tenancy.unscoped('exports', { entities: [Note] }, attempt)).toThrow(refused);
      }
      const file = tenancy.unscoped('exports', () => manager.exportDatabase());
      expect(Buffer.from(file).subarray(0, 13).toString()).toBe('SQLite format');
      await tenancy.unscoped('imports', () => manager.loadDatabase(file));
      expect(await inAcme(() => world.repo(Ticket).count())).toBe(3);
    } finally {
      await world.close();
    }
  });
});
