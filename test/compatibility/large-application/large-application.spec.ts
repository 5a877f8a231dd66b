import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { createApplication } from '../../support/adapters.js';
import { databasesToTest } from '../../support/databases.js';
import { openTransport } from '../../support/transport.js';
import type { Transport } from '../../support/transport.js';
import { DataSource } from 'typeorm';
import { applicationModule, model } from './application.js';
import { Requests } from './requests.js';
import { type Operation, readOperations } from './reads.js';
import { comparable, type Snapshot, World } from './worlds.js';
import { writeOperations } from './writes.js';

/** One PostgreSQL is enough: the embedded one where both are there. */
const kinds = databasesToTest().filter((kind, _, all) => kind !== 'postgres15' || !all.includes('postgres'));

describe.each(kinds)('A large application on %s', (kind) => {
  let plain: World;
  let scoped: World;
  let served: World;
  let untouched: Snapshot;

  beforeAll(async () => {
    plain = await World.open(kind, false);
    [scoped, served] = await Promise.all([World.open(kind, true, plain), World.open(kind, true, plain)]);
    untouched = await scoped.snapshot();
  }, 300_000);
  afterAll(async () => {
    await plain?.close();
    await scoped?.close();
    await served?.close();
  });

  const compare = async ({ name, run }: Operation): Promise<string[]> => {
    const outcome = (world: World): Promise<unknown> =>
      world
        .run(() => run(world))
        .then(
          (value) => inOrder(comparable(value)),
          (error: Error) => `${error.name}: ${error.message}`,
        );
    const [expected, actual] = [await outcome(plain), await outcome(scoped)];
    const isAlike = JSON.stringify(actual) === JSON.stringify(expected);
    // An operation that fails in both worlds tells nothing.
    if (isAlike && !/^\w*Error: /.test(String(expected))) return [];
    return [`${name}: ${difference(actual, expected)}`];
  };

  it(`${readOperations().length} reads give what plain TypeORM gives with the tenant's filter in its own code`, async () => {
    const faults: string[] = [];
    for (const operation of readOperations()) faults.push(...(await compare(operation)));
    expect(faults).toEqual([]);
  }, 120_000);

  it(`${writeOperations().length} writes store what plain TypeORM stores, and leave the other tenant's rows alone`, async () => {
    const faults: string[] = [];
    for (const operation of writeOperations()) {
      const found = await compare(operation);
      const [expected, actual] = [await plain.snapshot(), await scoped.snapshot()];
      for (const [table, { own, foreign }] of actual) {
        const rows = expected.get(table)!.own;
        const others = own.filter((row) => !rows.includes(row));
        const missing = rows.filter((row) => !own.includes(row));
        if (others.length + missing.length > 0)
          found.push(`${operation.name}: ${table} differs: ${difference(others, missing)}`);
        if (foreign.join() !== untouched.get(table)!.foreign.join())
          found.push(`${operation.name}: rows of the other tenant in ${table} have changed`);
      }
      faults.push(...found);
      // What differs once differs in all that follows.
      if (faults.length > 6) break;
    }
    expect(faults).toEqual([]);
  }, 300_000);

  describe('over HTTP', () => {
    let app: INestApplication;
    let transport: Transport;
    let requests: Requests;

    beforeAll(async () => {
      app = await createApplication(applicationModule(served.options, 'crud'));
      transport = await openTransport(app);
      const { entityMetadatas } = app.get(DataSource);
      const entities = model.entities.map((entity) => entityMetadatas.find(({ target }) => target === entity)!);
      requests = new Requests(transport, served, entities);
    }, 120_000);
    afterAll(async () => {
      transport?.close();
      await app?.close();
    });

    it('every list answers with the rows of the tenant that asks and with shared ones', async () => {
      expect(await requests.list()).toEqual([]);
    }, 120_000);

    it("every resource finds an own row and answers 404 to another tenant's", async () => {
      expect(await requests.read()).toEqual([]);
    }, 120_000);

    it('every list filters and sorts by each column that it shows', async () => {
      expect(await requests.query()).toEqual([]);
    }, 120_000);

    it('every resource takes a new row and answers with what it stored', async () => {
      expect(await requests.create()).toEqual([]);
    }, 120_000);

    it('every resource takes back by PUT what it answered to GET', async () => {
      expect(await requests.replace()).toEqual([]);
    }, 120_000);

    it('every resource changes by PATCH the one column that is sent', async () => {
      expect(await requests.update()).toEqual([]);
    }, 120_000);

    it('every resource deletes the row that it took', async () => {
      expect(await requests.remove()).toEqual([]);
    }, 120_000);
  });
});

/** Where two results begin to differ. */
function difference(actual: unknown, expected: unknown): string {
  const [is, should] = [actual, expected].map((value) => JSON.stringify(value) ?? 'undefined');
  let at = 0;
  while (at < is.length && is[at] === should[at]) at += 1;
  const from = Math.max(0, at - 60);
  return `${is.slice(from, at + 160)}, not ${should.slice(from, at + 160)}`;
}

/** Objects with their keys in one order. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, part]) => [key, inOrder(part)]),
  );
}
