import { beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSource, EntityTarget, ObjectLiteral, QueryRunner } from 'typeorm';
import { databasesToTest } from '../../support/databases.js';
import { DESK_ENTITIES, Document, Ticket } from '../../support/desk.js';
import { unconnected } from '../../support/unconnected.js';
import { ACME, GLOBEX, tenancy } from '../../support/world.js';

/* A lazy relation shows what its reader may see, whatever another tenant has read from the same entity before. */

interface Load {
  readonly args: unknown[];
  answer(rows: object[]): void;
  fail(error: Error): void;
}

describe('a lazy relation', () => {
  let dataSource: DataSource;
  let loads: Load[];
  beforeEach(async () => {
    expect(databasesToTest()).not.toEqual([]);
    dataSource = await unconnected('sqljs', DESK_ENTITIES);
    loads = [];
    dataSource.relationLoader.load = (...args: unknown[]) =>
      new Promise((resolve, reject) => loads.push({ args, answer: resolve, fail: reject }));
  });
  const relationOf = (entity: EntityTarget<ObjectLiteral>, property: string) =>
    dataSource.getMetadata(entity).findRelationWithPropertyPath(property)!;
  /** An entity whose relation is lazy. */
  const lazy = (entity: EntityTarget<ObjectLiteral>, property: string, runner?: QueryRunner): ObjectLiteral => {
    const owner: ObjectLiteral = {};
    dataSource.relationLoader.enableLazyLoad(relationOf(entity, property), owner, runner);
    return owner;
  };
  const as = <R>(scope: object, fn: () => R): R => tenancy.run(scope as never, fn);
  const read = (owner: ObjectLiteral, property = 'ticket'): Promise<unknown> => owner[property] as Promise<unknown>;
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('is loaded when it is read, and one row is no list', async () => {
    const runner = {} as QueryRunner;
    const [one, two] = [{ id: 1 }, { id: 2 }];
    for (const [entity, property, rows, expected] of [
      [Document, 'ticket', [one], one],
      [Document, 'ticket', [], null],
      [Ticket, 'verdict', [one], one],
      [Ticket, 'verdict', [], null],
      [Ticket, 'notes', [one, two], [one, two]],
      [Ticket, 'labels', [], []],
    ] as const) {
      loads.length = 0;
      const owner = lazy(entity, property, runner);
      expect(loads).toHaveLength(0);
      const reading = as(ACME, () => read(owner, property));
      expect(loads[0].args).toEqual([relationOf(entity, property), owner, runner]);
      loads[0].answer([...rows]);
      expect(await reading).toEqual(expected);
    }
  });

  it('is loaded once for a tenant, and TypeORM finds what was loaded', async () => {
    const owner = lazy(Document, 'ticket');
    const first = as(ACME, () => read(owner));
    const second = as(ACME, () => read(owner));
    expect(second).toBe(first);
    expect(owner['__promise_ticket__']).toBe(first);
    const row = { id: 1 };
    loads[0].answer([row]);
    expect(await first).toBe(row);
    expect({ ...owner }).toEqual({ __ticket__: row, __has_ticket__: true });
    expect(await as(ACME, () => read(owner))).toBe(row);
    expect(loads).toHaveLength(1);
  });

  it('that is found to be nothing is not looked for again', async () => {
    const owner = lazy(Document, 'ticket');
    const reading = as(ACME, () => read(owner));
    loads[0].answer([]);
    await reading;
    // A null here would be saved.
    expect({ ...owner }).toEqual({});
    expect(await as(ACME, () => read(owner))).toBeNull();
    expect(loads).toHaveLength(1);
  });

  it('does not show what another tenant has read, nor that there was nothing', async () => {
    const owner = lazy(Document, 'ticket');
    const mine = as(ACME, () => read(owner));
    loads[0].answer([{ id: 1 }]);
    await mine;
    const theirs = as(GLOBEX, () => read(owner));
    expect(owner['__ticket__']).toBeUndefined();
    expect(owner['__has_ticket__']).toBeUndefined();
    expect(loads).toHaveLength(2);
    loads[1].answer([]);
    expect(await theirs).toBeNull();
    const again = as(ACME, () => read(owner));
    expect(loads).toHaveLength(3);
    loads[2].answer([{ id: 1 }]);
    expect(await again).toEqual({ id: 1 });
    const all = tenancy.unscoped('looks', () => read(owner));
    expect(loads).toHaveLength(4);
    loads[3].answer([{ id: 1 }, { id: 9 }]);
    await all;
  });

  it('that two tenants read at once is each one’s own, and the last one’s is kept', async () => {
    const owner = lazy(Document, 'ticket');
    const mine = as(ACME, () => read(owner));
    const theirs = as(GLOBEX, () => read(owner));
    expect(theirs).not.toBe(mine);
    loads[1].answer([{ id: 9 }]);
    expect(await theirs).toEqual({ id: 9 });
    loads[0].answer([{ id: 1 }]);
    expect(await mine).toEqual({ id: 1 });
    await settled();
    expect(owner['__ticket__']).toEqual({ id: 9 });
    expect(await as(GLOBEX, () => read(owner))).toEqual({ id: 9 });
    expect(loads).toHaveLength(2);
  });

  it('that cannot be loaded fails for each reader, and can be read again', async () => {
    const owner = lazy(Document, 'ticket');
    const reading = as(ACME, () => read(owner));
    loads[0].fail(new Error('refused'));
    await expect(reading).rejects.toThrow('refused');
    await settled();
    expect(Object.keys(owner)).toEqual([]);
    const again = as(ACME, () => read(owner));
    loads[1].answer([{ id: 1 }]);
    expect(await again).toEqual({ id: 1 });
  });

  it('that fails for one does not take away what another one is reading', async () => {
    const owner = lazy(Document, 'ticket');
    const mine = as(ACME, () => read(owner));
    const theirs = as(GLOBEX, () => read(owner));
    loads[0].fail(new Error('refused'));
    await expect(mine).rejects.toThrow('refused');
    await settled();
    expect(owner['__promise_ticket__']).toBe(theirs);
    loads[1].answer([{ id: 9 }]);
    expect(await theirs).toEqual({ id: 9 });
  });

  it('that the application has set is the application’s, in every scope', async () => {
    const row = { id: 5 };
    for (const value of [row, Promise.resolve(row)]) {
      const owner = lazy(Document, 'ticket');
      const before = as(ACME, () => read(owner));
      loads.at(-1)!.answer([{ id: 1 }]);
      await before;
      owner['ticket'] = value;
      for (const scope of [ACME, GLOBEX]) expect(await as(scope, () => read(owner))).toBe(row);
      await settled();
      expect(await as(GLOBEX, () => read(owner))).toBe(row);
    }
    const emptied = lazy(Document, 'ticket');
    emptied['ticket'] = undefined;
    expect(await as(ACME, () => read(emptied))).toBeUndefined();
    expect(loads).toHaveLength(2);
  });

  it('that was joined is there already', async () => {
    const owner = lazy(Document, 'ticket');
    const row = { id: 5 };
    owner['__ticket__'] = row;
    for (const scope of [ACME, GLOBEX]) expect(await as(scope, () => read(owner))).toBe(row);
    expect(loads).toEqual([]);
  });

  it('looks to others as TypeORM’s own does', () => {
    const owner = lazy(Document, 'ticket');
    expect(Object.getOwnPropertyDescriptor(owner, 'ticket')).toMatchObject({ configurable: true, enumerable: false });
    const derived = Object.create(owner) as ObjectLiteral;
    void as(ACME, () => read(derived));
    expect(loads[0].args[1]).toBe(derived);
  });
});
