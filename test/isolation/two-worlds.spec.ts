import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { places } from '../crud/places.js';
import { Random, seedOf } from '../support/random.js';
import type { ScopedApplication } from '../support/scoped-application.js';
import type { Answer, Message } from '../support/transport.js';
import { Agent, Note, openDesk, Tag, Ticket } from './two-worlds/desk.js';
import { Requests } from './two-worlds/requests.js';
import { Globex, sowAcme } from './two-worlds/rows.js';

const SEED = seedOf('TEST_SEED');
/** How many requests each pair of worlds is sent; another seed and more of them find more. */
const STEPS = Number(process.env['TEST_STEPS'] ?? 300);

/** What a client gets, but for the time. */
interface Heard {
  readonly status: number;
  readonly headers: object;
  readonly text: string;
}

describe.each(places)('two databases that differ in rows of Globex only, on $adapter and $database', (place) => {
  const random = new Random(SEED);
  let quiet: ScopedApplication;
  let busy: ScopedApplication;
  let globex: Globex;

  beforeAll(async () => {
    quiet = await openDesk(place.adapter, place.database);
    busy = await openDesk(place.adapter, place.database);
    for (const desk of [quiet, busy]) await sowAcme(desk);
    await new Globex(quiet, new Random(SEED + 1)).grow(2);
    globex = new Globex(busy, new Random(SEED + 2));
    await globex.grow(20);
  });
  afterAll(async () => {
    await quiet?.close();
    await busy?.close();
  });

  const rowsOfGlobex = ({ tenancy, dataSource }: ScopedApplication): Promise<number> =>
    tenancy.run({ organizationId: 2 }, async () => {
      let rows = 0;
      for (const entity of [Agent, Ticket, Tag, Note]) rows += await dataSource.getRepository(entity).count();
      return rows;
    });

  it(`answer Acme alike, byte for byte, to ${STEPS} requests in a row`, async () => {
    const requests = new Requests(random);
    const kinds = new Map<string, { done: number; refused: number }>();
    for (let step = 1; step <= STEPS; step += 1) {
      if (random.chance(0.3)) await globex.act();
      const request = requests.next();
      const answer = await ask(quiet, request);
      expect({ step, seed: SEED, request, answer: heard(await ask(busy, request)) }).toEqual({
        step,
        seed: SEED,
        request,
        answer: heard(answer),
      });
      expect([request, answer.status < 500]).toEqual([request, true]);
      requests.learn(request, answer);
      const tally = kinds.get(request.kind) ?? { done: 0, refused: 0 };
      tally[answer.status < 400 ? 'done' : 'refused'] += 1;
      kinds.set(request.kind, tally);
    }
    process.stdout.write(`${place.adapter} and ${place.database}: ${JSON.stringify(Object.fromEntries(kinds))}\n`);
    // A sequence that never gets anywhere proves little.
    expect([...kinds].filter(([, { done }]) => done === 0)).toEqual([]);
    expect(kinds.size).toBe(11);
    expect(await rowsOfGlobex(busy)).toBeGreaterThan((await rowsOfGlobex(quiet)) + 40);
  }, 300_000);
});

function ask({ transport }: ScopedApplication, message: Message): Promise<Answer> {
  return transport.send(message);
}

function heard({ status, headers: { date: _date, ...headers }, text }: Answer): Heard {
  return { status, headers, text };
}
