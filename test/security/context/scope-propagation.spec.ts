import { expect } from '@jest/globals';
import { EventEmitter, once } from 'node:events';
import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { TenantScopeMissingError } from 'nestjs-muck';
import { In } from 'typeorm';
import { promises } from '../../support/attack.js';
import { Document, Note, Ticket } from '../../support/desk.js';
import { ACME, ACME_TICKETS, foreign, GLOBEX, own, tenancy } from '../../support/world.js';
import type { World } from '../../support/world.js';

/** Whose tickets the running code sees. */
async function whose({ repo }: World): Promise<string> {
  const tickets = await repo(Ticket).find();
  return [...new Set(tickets.map(({ subject }) => subject.split(' ')[0]))].join();
}

/** Calls `start` with a callback, in a scope, and answers what the callback saw once it was called. */
function seenLater(world: World, start: (callback: () => void) => void): Promise<string> {
  return new Promise((resolve, reject) =>
    tenancy.run(ACME, () => start(() => void whose(world).then(resolve, reject))),
  );
}

promises('G-04 G-08 the scope', {
  'follows a timer': async (world) => {
    expect(await seenLater(world, (callback) => setTimeout(callback, 1))).toBe('acme');
  },
  'follows an interval': async (world) => {
    const seen = seenLater(world, (callback) => {
      const interval = setInterval(() => (clearInterval(interval), callback()), 1);
    });
    expect(await seen).toBe('acme');
  },
  'follows an immediate': async (world) => {
    expect(await seenLater(world, (callback) => setImmediate(callback))).toBe('acme');
  },
  'follows a tick': async (world) => {
    expect(await seenLater(world, (callback) => process.nextTick(callback))).toBe('acme');
  },
  'follows a microtask': async (world) => {
    expect(await seenLater(world, (callback) => queueMicrotask(callback))).toBe('acme');
  },
  'follows a promise that runs on after the answer': async (world) => {
    let later: Promise<string> | undefined;
    await tenancy.run(ACME, async () => {
      later = delay(2).then(() => whose(world));
      return Promise.resolve();
    });
    await tenancy.run(GLOBEX, () => whose(world));
    expect(await later).toBe('acme');
  },
  'is not the scope of a listener that is called without a scope': async (world) => {
    const emitter = new EventEmitter();
    const heard = new Promise((resolve, reject) =>
      tenancy.run(ACME, () => emitter.on('sent', () => void whose(world).then(resolve, reject))),
    );
    emitter.emit('sent');
    await expect(heard).rejects.toThrow(TenantScopeMissingError);
  },
  'goes with a listener that is bound to it, whatever calls it': async (world) => {
    const emitter = new EventEmitter();
    const seen: Promise<string>[] = [];
    const listen = (): unknown =>
      emitter.on(
        'sent',
        tenancy.bind(() => void seen.push(whose(world))),
      );
    tenancy.run(ACME, listen);
    tenancy.run(GLOBEX, listen);
    tenancy.run(GLOBEX, () => emitter.emit('sent'));
    emitter.emit('sent');
    expect(await Promise.all(seen)).toEqual(['acme', 'globex', 'acme', 'globex']);
  },
  'goes with a listener of a stream that is bound to it': async (world) => {
    const stream = new PassThrough();
    let seen: Promise<string> | undefined;
    const onData = tenancy.run(ACME, () => tenancy.bind(() => void (seen = whose(world))));
    stream.on('data', onData);
    tenancy.run(GLOBEX, () => stream.end('x'));
    await once(stream, 'end');
    expect(await seen).toBe('acme');
  },
  'of one worker job does not stay for the next': async (world) => {
    const jobs = [ACME, GLOBEX, undefined];
    const seen: string[] = [];
    for (const scope of jobs) {
      const work = (): Promise<string> => whose(world).catch((error: Error) => error.name);
      seen.push(await (scope === undefined ? work() : tenancy.run(scope, work)));
    }
    expect(seen).toEqual(['acme', 'globex', 'TenantScopeMissingError']);
  },
  'is the outer one again after a nested run': async (world) => {
    await tenancy.run(ACME, async () => {
      expect(await tenancy.run(GLOBEX, () => whose(world))).toBe('globex');
      expect(await whose(world)).toBe('acme');
      await expect(tenancy.run(GLOBEX, () => Promise.reject(new Error('x')))).rejects.toThrow('x');
      expect(await whose(world)).toBe('acme');
    });
    expect(tenancy.current).toBeUndefined();
  },
  'of a generator is that of the code that takes from it': async (world) => {
    async function* generate(): AsyncGenerator<string> {
      for (;;) yield await whose(world);
    }
    const generator = tenancy.run(ACME, () => generate());
    expect((await tenancy.run(GLOBEX, () => generator.next())).value).toBe('globex');
    expect((await tenancy.run(ACME, () => generator.next())).value).toBe('acme');
    await expect(generator.next()).rejects.toThrow(TenantScopeMissingError);
  },
});

promises('G-04 G-08 two tenants at once', {
  'each see their own rows': async (world) => {
    const scopes = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? ACME : GLOBEX));
    const seen = await Promise.all(
      scopes.map((scope, i) =>
        tenancy.run(scope, async () => {
          await delay(i % 5);
          return whose(world);
        }),
      ),
    );
    expect(seen).toEqual(scopes.map((scope) => (scope === ACME ? 'acme' : 'globex')));
  },
  'that wait for the same pool of connections each see their own rows': async (world) => {
    // Twenty transactions for five connections: each begins in the callback of one that ends.
    const scopes = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? ACME : GLOBEX));
    const seen = await Promise.all(
      scopes.map((scope) =>
        tenancy.run(scope, () =>
          world.dataSource.transaction(async (manager) => {
            const [ticket] = await manager.find(Ticket, { take: 1 });
            return ticket.subject.split(' ')[0];
          }),
        ),
      ),
    );
    expect(seen).toEqual(scopes.map((scope) => (scope === ACME ? 'acme' : 'globex')));
  },
  'run the same builder, each on own rows': async ({ repo }) => {
    const builder = tenancy.run(ACME, () => repo(Ticket).createQueryBuilder('t').where('t.id > 0').orWhere('1 = 1'));
    const seen = [ACME, GLOBEX, ACME, GLOBEX].map((scope) => tenancy.run(scope, () => builder.clone().getMany()));
    const owners = (await Promise.all(seen)).map((tickets) =>
      tickets.map(({ organizationId }) => organizationId).join(),
    );
    expect(owners).toEqual(['1,1,1', '2,2,2', '1,1,1', '2,2,2']);
  },
  'run one and the same update, each on own rows': async ({ repo }) => {
    const builder = tenancy.run(ACME, () =>
      repo(Ticket)
        .createQueryBuilder()
        .update({ points: () => 'points + 10' }),
    );
    await tenancy.run(GLOBEX, () => builder.execute());
    expect(await tenancy.run(ACME, () => repo(Ticket).sum('points'))).toBe(6);
    expect(await tenancy.run(GLOBEX, () => repo(Ticket).sum('points'))).toBe(36);
  },
  'whose keys one loader batches get own rows only': async ({ repo }) => {
    let batch: { id: number; give: (note: Note | undefined) => void }[] = [];
    const load = (id: number): Promise<Note | undefined> =>
      new Promise((give) => {
        batch.push({ id, give });
        if (batch.length > 1) return;
        queueMicrotask(() => {
          const asked = batch;
          batch = [];
          void repo(Note)
            .findBy({ id: In(asked.map(({ id }) => id)) })
            .then((notes) => asked.forEach((one) => one.give(notes.find((note) => note.id === one.id))));
        });
      });
    const [ours, theirs] = await Promise.all([
      tenancy.run(ACME, () => load(own.note)),
      tenancy.run(GLOBEX, () => load(foreign.note)),
    ]);
    expect(ours?.body).toBe('acme note 1');
    expect(theirs).toBeUndefined();
  },
  'each see own rows in the jobs over all tenants': async (world) => {
    const seen = await tenancy.forEach([ACME, GLOBEX, ACME], () => whose(world), { concurrency: 3 });
    expect(seen).toEqual(['acme', 'globex', 'acme']);
  },
});

promises('G-01 a lazy relation', {
  'obeys the scope in which it is read': async ({ repo }) => {
    const document = await tenancy.run(ACME, () => repo(Document).findOneByOrFail({ id: own.document }));
    expect(await tenancy.run(GLOBEX, () => document.ticket)).toBeNull();
  },
  'does not remember that another tenant saw nothing': async ({ repo }) => {
    const document = await tenancy.run(ACME, () => repo(Document).findOneByOrFail({ id: own.document }));
    await tenancy.run(GLOBEX, () => document.ticket);
    expect((await tenancy.run(ACME, () => document.ticket))?.subject).toBe('acme ticket 1');
  },
  'reads its row in the own scope': async ({ repo }) => {
    const subject = tenancy.run(ACME, async () => {
      const document = await repo(Document).findOneByOrFail({ id: own.document });
      return (await document.ticket)?.subject;
    });
    expect(await subject).toBe('acme ticket 1');
  },
});

promises('G-05 rows that were loaded for one tenant', {
  'are not saved in the scope of another': async ({ repo }) => {
    const ticket = await tenancy.run(ACME, () => repo(Ticket).findOneByOrFail({ id: own.ticket }));
    ticket.subject = 'changed';
    await expect(tenancy.run(GLOBEX, () => repo(Ticket).save(ticket))).rejects.toThrow();
    const tickets = await tenancy.unscoped('looks at both', () => repo(Ticket).find());
    expect(tickets).toHaveLength(2 * ACME_TICKETS);
    expect(tickets.every(({ subject }) => subject !== 'changed')).toBe(true);
  },
  'are not removed in the scope of another': async ({ repo }) => {
    const note = await tenancy.run(ACME, () => repo(Note).findOneByOrFail({ id: own.note }));
    await expect(tenancy.run(GLOBEX, () => repo(Note).remove(note))).rejects.toThrow();
    expect(await tenancy.run(ACME, () => repo(Note).count())).toBe(3);
  },
});
