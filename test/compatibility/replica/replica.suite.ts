import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { DEPOT_ENTITIES, openDepot } from './depot.js';
import type { Depot } from './depot.js';
import { itWritesByThePrimary } from './stories.js';

/** Set by run.mjs, which starts the servers. */
function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: start this by npm run test:replica`);
  return value;
}

const delay = Number(variable('REPLICA_DELAY'));

/** Runs `look` until what it gives is defined: the standby shows what was committed some seconds later. */
async function eventually<R>(look: () => Promise<R | undefined>): Promise<R> {
  const end = Date.now() + 10 * delay;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error('The standby does not catch up.');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe('an application over a primary and a standby that is behind', () => {
  let depot: Depot;

  beforeAll(async () => {
    const [primary, standby] = [variable('REPLICA_PRIMARY'), variable('REPLICA_STANDBY')];
    const schema = new DataSource({ type: 'postgres', url: primary, entities: DEPOT_ENTITIES, synchronize: true });
    await (await schema.initialize()).destroy();
    const looking = await new DataSource({ type: 'postgres', url: standby }).initialize();
    await eventually(async () => {
      const [{ found }] = await looking.query<{ found: string | null }[]>("SELECT to_regclass('public.move') AS found");
      return found ?? undefined;
    });
    await looking.destroy();
    depot = await openDepot(
      { type: 'postgres', replication: { master: { url: primary }, slaves: [{ url: standby }] } },
      'express',
    );
  }, 60_000);
  afterAll(() => depot.close());

  itWritesByThePrimary(() => depot);

  it('GET shows a row, and its changes, when the standby has caught up', async () => {
    const { body: made } = await depot.send('POST', '/boxes', { label: 'late' });
    expect(await depot.send('GET', `/boxes/${made.id}`)).toMatchObject({ status: 404 });
    const shown = await eventually(async () => {
      const reply = await depot.send('GET', `/boxes/${made.id}`);
      return reply.status === 200 ? reply : undefined;
    });
    expect(shown.body).toMatchObject({ label: 'late', version: 1 });
    expect(await depot.send('PATCH', `/boxes/${made.id}`, { label: 'later' })).toMatchObject({
      status: 200,
      body: { label: 'later', version: 2 },
    });
    // What the standby holds until then would make a change of this one, or none of the next.
    expect(await depot.send('PATCH', `/boxes/${made.id}`, { label: 'late' })).toMatchObject({ body: { version: 3 } });
    expect(await depot.send('GET', `/boxes/${made.id}`)).toMatchObject({ body: { label: 'late', version: 1 } });
    await eventually(async () => {
      const { body } = await depot.send('GET', `/boxes/${made.id}`);
      return body.version === 3 ? body : undefined;
    });
  }, 120_000);
});
