import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Note } from '../../support/desk.js';
import { ACME, GLOBEX, tenancy, World } from '../../support/world.js';

const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

describe('transactions on SQLite, where all requests share one connection', () => {
  let world: World;
  const bodies = async (): Promise<string[]> =>
    (await tenancy.unscoped('looks at both', () => world.repo(Note).find())).map(({ body }) => body);

  beforeAll(async () => {
    world = await World.open('sqljs', true);
  });
  afterAll(() => world.close());

  it('a failing one does not roll back what another request was told is stored', async () => {
    let stored!: () => void;
    const otherHasStored = new Promise<void>((resolve) => (stored = resolve));
    const failing = tenancy.run(ACME, () =>
      world.dataSource.transaction(async (manager) => {
        await manager.insert(Note, { body: 'rolled back' });
        // The other request is under way by now; were it let in, it would be stored in this transaction.
        await Promise.race([otherHasStored, soon()]);
        throw new Error('fails');
      }),
    );
    await soon();
    const other = tenancy.run(GLOBEX, async () => {
      await world.repo(Note).insert({ body: 'acknowledged' });
      stored();
    });
    await expect(failing).rejects.toThrow('fails');
    await other;
    expect(await bodies()).toContain('acknowledged');
    expect(await bodies()).not.toContain('rolled back');
  });

  it('many at once, half of them failing, keep exactly what was acknowledged', async () => {
    const acknowledged: string[] = [];
    const requests = Array.from({ length: 40 }, (_, i) =>
      tenancy.run({ organizationId: 1 + (i % 2) }, async () => {
        await world.dataSource.transaction(async (manager) => {
          await manager.insert(Note, { body: `request ${i}` });
          await soon();
          if (i % 4 < 2) throw new Error('fails');
        });
        acknowledged.push(`request ${i}`);
      }),
    );
    await Promise.allSettled(requests);
    expect((await bodies()).filter((body) => body.startsWith('request')).sort()).toEqual(acknowledged.sort());
    expect(acknowledged).toHaveLength(20);
  });

  it('a repository inside a transaction belongs to it, and so does a nested transaction', () =>
    tenancy.run(ACME, async () => {
      await world.dataSource
        .transaction(async (manager) => {
          await world.repo(Note).insert({ body: 'inside' });
          await manager.transaction(async (nested) => nested.insert(Note, { body: 'nested' }));
          await world.repo(Note).save({ body: 'saved inside' });
          await expect(
            world.dataSource.transaction(async (inner) => {
              await inner.insert(Note, { body: 'inner' });
              throw new Error('inner fails');
            }),
          ).rejects.toThrow('inner fails');
          expect(await manager.countBy(Note, { body: 'inside' })).toBe(1);
          expect(await manager.countBy(Note, { body: 'inner' })).toBe(0);
          throw new Error('outer fails');
        })
        .catch(() => undefined);
      expect(await bodies()).not.toEqual(expect.arrayContaining(['inside']));
      expect(await bodies()).not.toEqual(expect.arrayContaining(['nested']));
      expect(await bodies()).not.toEqual(expect.arrayContaining(['saved inside']));
    }));

  it('a transaction inside one that is inside another undoes only what is its own', () =>
    tenancy.run(ACME, async () => {
      await world.dataSource.transaction(async () => {
        await world.dataSource.transaction(async (second) => {
          await second.insert(Note, { body: 'second level' });
          await expect(
            second.transaction(async (third) => {
              await third.insert(Note, { body: 'third level' });
              throw new Error('third fails');
            }),
          ).rejects.toThrow('third fails');
          await second.transaction((third) => third.insert(Note, { body: 'third level again' }));
        });
      });
      expect(await bodies()).toEqual(expect.arrayContaining(['second level', 'third level again']));
      expect(await bodies()).not.toContain('third level');
    }));

  it('saves that one request makes side by side wait for each other', () =>
    tenancy.run(ACME, async () => {
      await Promise.all(Array.from({ length: 10 }, (_, i) => world.repo(Note).save({ body: `side ${i}` })));
      expect((await bodies()).filter((body) => body.startsWith('side'))).toHaveLength(10);
    }));
});
