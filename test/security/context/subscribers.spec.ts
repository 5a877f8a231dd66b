import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ReferenceUnknownError, TenantScopeViolationError } from 'nestjs-muck';
import { EntityNotFoundError, EventSubscriber } from 'typeorm';
import type {
  DataSource,
  EntitySubscriberInterface,
  InsertEvent,
  LoadEvent,
  RemoveEvent,
  Repository,
  UpdateEvent,
} from 'typeorm';
import { databasesToTest } from '../../support/databases.js';
import { Note, Ticket } from '../../support/desk.js';
import { ACME, foreign, own, tenancy, World } from '../../support/world.js';

type Answer = void | Promise<void>;

/** What the next listener does; each test sets its own. */
let beforeInsert: (event: InsertEvent<Note>) => Answer = () => undefined;
let beforeUpdate: (event: UpdateEvent<Note>) => Answer = () => undefined;
let afterLoad: (note: Note, event?: LoadEvent<Note>) => Answer = () => undefined;
let beforeRemove: (event: RemoveEvent<Note>) => Answer = () => undefined;

@EventSubscriber()
class Meddler implements EntitySubscriberInterface<Note> {
  listenTo(): typeof Note {
    return Note;
  }
  beforeInsert(event: InsertEvent<Note>): Answer {
    return beforeInsert(event);
  }
  beforeUpdate(event: UpdateEvent<Note>): Answer {
    return beforeUpdate(event);
  }
  afterLoad(note: Note, event?: LoadEvent<Note>): Answer {
    return afterLoad(note, event);
  }
  beforeRemove(event: RemoveEvent<Note>): Answer {
    return beforeRemove(event);
  }
}

describe.each(databasesToTest())('G-01 a subscriber on %s', (kind) => {
  let world: World;
  let dataSource: DataSource;
  let notes: Repository<Note>;

  beforeAll(async () => {
    world = await World.open(kind, true);
    dataSource = world.dataSource;
    notes = world.repo(Note);
    dataSource.subscribers.push(new Meddler());
  });
  afterAll(() => world.close());

  const untouched = async (fn: () => Promise<unknown>): Promise<void> => {
    const before = await world.look();
    await tenancy.run(ACME, fn);
    expect((await world.look()).globex).toBe(before.globex);
  };

  it('that sets the tenant of a new row does not move it', () =>
    untouched(async () => {
      beforeInsert = ({ entity }) => void (entity.organizationId = 2);
      await expect(notes.save({ body: 'moved' })).rejects.toThrow(TenantScopeViolationError);
      beforeInsert = () => undefined;
    }));

  it('that sets the tenant of a changed row does not move it', () =>
    untouched(async () => {
      beforeUpdate = ({ entity }) => void Object.assign(entity!, { organizationId: 2 });
      await expect(notes.save({ id: own.note, body: 'moved' })).rejects.toThrow(TenantScopeViolationError);
      beforeUpdate = () => undefined;
    }));

  it('that sets a reference of a new row cannot reach another tenant', () =>
    untouched(async () => {
      beforeInsert = ({ entity }) => void (entity.ticketId = foreign.ticket);
      await expect(notes.save({ body: 'x' })).rejects.toThrow(ReferenceUnknownError);
      beforeInsert = () => undefined;
    }));

  it('that sets a reference of a changed row cannot reach another tenant', () =>
    untouched(async () => {
      beforeUpdate = ({ entity }) => void Object.assign(entity!, { ticketId: foreign.ticket });
      await expect(notes.save({ id: own.note, body: 'x' })).rejects.toThrow(ReferenceUnknownError);
      beforeUpdate = () => undefined;
    }));

  it('that removes a row which is being saved does not leave it taken for saved', () =>
    untouched(async () => {
      beforeUpdate = async ({ manager }) => void (await manager.delete(Note, own.note));
      await expect(notes.save({ id: own.note, body: 'x' })).rejects.toThrow(EntityNotFoundError);
      beforeUpdate = () => undefined;
      expect(await notes.countBy({ id: own.note })).toBe(1);
    }));

  it('that gives a row away which is being saved does not see it changed', () =>
    untouched(async () => {
      beforeUpdate = async ({ manager }) => {
        beforeUpdate = () => undefined;
        await tenancy.unscoped('gives it away', () => manager.update(Note, own.note, { organizationId: 2 }));
      };
      await expect(notes.save({ id: own.note, body: 'x' })).rejects.toThrow(EntityNotFoundError);
    }));

  it('that changes no row by a statement of its own does not fail what is being saved', () =>
    untouched(async () => {
      beforeUpdate = async ({ manager }) => void (await manager.update(Ticket, foreign.ticket, { points: 1 }));
      await notes.save({ id: own.note, body: 'saved' });
      beforeUpdate = () => undefined;
      expect(await notes.countBy({ body: 'saved' })).toBe(1);
    }));

  it('that removes a row which is being saved over all tenants leaves that to TypeORM', () =>
    untouched(async () => {
      beforeUpdate = async ({ manager }) => void (await manager.delete(Note, own.note));
      await tenancy.unscoped('saves', () => notes.save({ id: own.note, body: 'x' }));
      beforeUpdate = () => undefined;
      expect(await notes.countBy({ id: own.note })).toBe(0);
    }));

  it('reads own rows only by the manager of its event', () =>
    untouched(async () => {
      let seen: Ticket[] = [];
      beforeInsert = async ({ manager }) => void (seen = await manager.find(Ticket));
      await notes.save({ body: 'x' });
      beforeInsert = () => undefined;
      expect(seen).toHaveLength(3);
      expect(JSON.stringify(seen)).not.toContain('globex');
    }));

  it('changes own rows only by the query runner of its event', () =>
    untouched(async () => {
      beforeInsert = async ({ queryRunner }) => void (await queryRunner.manager.updateAll(Ticket, { points: 70 }));
      await notes.save({ body: 'x' });
      beforeInsert = () => undefined;
      expect(await world.repo(Ticket).sum('points')).toBe(210);
    }));

  it('is not told of rows of another tenant', () =>
    untouched(async () => {
      const loaded: string[] = [];
      afterLoad = ({ body }) => void loaded.push(body);
      await notes.find();
      await notes.findOneBy({ id: foreign.note });
      await notes.remove(notes.create({ id: foreign.note })).catch(() => undefined);
      afterLoad = () => undefined;
      expect(loaded.join()).toContain('acme');
      expect(loaded.join()).not.toContain('globex');
    }));

  it('is not told that a row of another tenant is removed', () =>
    untouched(async () => {
      let told = false;
      beforeRemove = () => void (told = true);
      await expect(notes.remove(notes.create({ id: foreign.note }))).rejects.toThrow();
      beforeRemove = () => undefined;
      expect(told).toBe(false);
    }));

  it('sees the tenant that is stamped on a new row once it is saved', () =>
    untouched(async () => {
      const note = await notes.save(notes.create({ body: 'x' }));
      expect(note.organizationId).toBe(1);
    }));
});
