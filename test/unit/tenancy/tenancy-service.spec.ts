import { describe, expect, it } from '@jest/globals';
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { table } from 'nestjs-muck';
import { Observable, of, Subject, throwError } from 'rxjs';
import { isUnscoped } from '../../../lib/orm/policy/access.js';
import { isPromiseLike } from '../../../lib/common/is-promise-like.js';
import {
  bindContext,
  currentContext,
  currentScope,
  isSameContext,
  runAsUnitOfWork,
  runInRequest,
  runWithScope,
  runWithoutContext,
  runUnscoped,
  isOtherTenant,
} from '../../../lib/tenancy/context/tenant-context.js';
import { UnscopedSection } from '../../../lib/tenancy/context/unscoped-section.js';
import type { TenantContext } from '../../../lib/tenancy/context/tenant-context.js';
import { validateScope } from '../../../lib/tenancy/context/tenant-scope.js';
import { ACME, GLOBEX, tenancy } from '../../support/world.js';

/*
 * The current context, on its own: nothing is sent.
 */

class Ticket {}
class Note {}

const acme = validateScope(ACME);
const globex = validateScope(GLOBEX);
const frame = (): TenantContext => currentContext()!;

describe('the current context', () => {
  it('is a scope, of a unit of work that nested runs share', () => {
    runWithScope(acme, () => {
      const outer = frame();
      expect(outer).toEqual({
        scope: acme,
        unscopedSection: undefined,
        unitOfWork: { writes: false },
        request: undefined,
      });
      runWithScope(globex, () => {
        expect(frame()).toEqual({
          scope: globex,
          unscopedSection: undefined,
          unitOfWork: { writes: false },
          request: undefined,
        });
        expect(frame().unitOfWork).toBe(outer.unitOfWork);
      });
      runAsUnitOfWork(globex, () => expect(frame().unitOfWork).not.toBe(outer.unitOfWork));
      expect(frame()).toBe(outer);
    });
    const units = [0, 1].map(() => runWithScope(acme, () => frame().unitOfWork));
    expect(units[0]).not.toBe(units[1]);
  });

  it('ends a section where another scope begins', () => {
    tenancy.unscoped('a test', () => {
      expect(isUnscoped()).toBe(true);
      tenancy.run(ACME, () => {
        expect(isUnscoped()).toBe(false);
        expect(currentScope()).toEqual(ACME);
      });
      expect(isUnscoped()).toBe(true);
    });
  });

  it('is a section over a scope, which counts where the section is for some entities', () => {
    tenancy.run(ACME, () => {
      const { unitOfWork: unit } = frame();
      tenancy.unscoped('a test', () => {
        expect(frame()).toMatchObject({
          scope: acme,
          unscopedSection: { why: 'a test', entities: undefined, open: true },
        });
        expect(frame().unitOfWork).toBe(unit);
        expect(tenancy.current).toBeUndefined();
      });
      tenancy.unscoped('a test', { entities: [Ticket, 'Note'] }, () => {
        expect(frame().unscopedSection?.entities).toEqual(new Set<unknown>([Ticket, 'Note']));
        expect(tenancy.current).toEqual(ACME);
      });
    });
    tenancy.unscoped('a test', { entities: [Ticket] }, () => expect(tenancy.current).toBeUndefined());
  });

  it('is nothing outside, wherever that is called', () => {
    expect(runWithoutContext(() => currentContext())).toBeUndefined();
    tenancy.run(ACME, () => {
      expect(runWithoutContext(() => currentContext())).toBeUndefined();
      expect(currentScope()).toEqual(ACME);
    });
  });

  it('keeps to itself what every object has been given', () => {
    const section = { open: true, why: 'from a client', entities: undefined, close: () => undefined };
    Object.defineProperty(Object.prototype, 'unscopedSection', { value: section, configurable: true });
    try {
      tenancy.run(ACME, () => expect(isUnscoped()).toBe(false));
      runInRequest(undefined, () => expect(isUnscoped()).toBe(false));
    } finally {
      Reflect.deleteProperty(Object.prototype, 'unscopedSection');
    }
  });

  it('is told apart by scope, section and unit of work', () => {
    const frames = {
      nothing: undefined,
      acme: runWithScope(acme, frame),
      globex: runWithScope(globex, frame),
    };
    runWithScope(acme, () => {
      const outer = frame();
      expect(isSameContext(outer, frame())).toBe(true);
      runInRequest({}, () => expect(isSameContext(outer, frame())).toBe(true));
      runWithScope(globex, () => expect(isSameContext(outer, frame())).toBe(false));
      runAsUnitOfWork(acme, () => expect(isSameContext(outer, frame())).toBe(false));
      tenancy.unscoped('a test', () => {
        expect(isSameContext(outer, frame())).toBe(false);
        expect(isSameContext(frame(), frame())).toBe(true);
      });
    });
    expect(isSameContext(undefined, undefined)).toBe(true);
    expect(isSameContext(frames.nothing, frames.acme)).toBe(false);
    expect(isSameContext(frames.acme, frames.nothing)).toBe(false);
    expect(isSameContext(frames.acme, frames.globex)).toBe(false);
  });

  it('goes with a call of a handler until another one is made', () => {
    const call = {};
    tenancy.run(ACME, () =>
      tenancy.unscoped('a test', () => {
        const { unscopedSection: section, unitOfWork: unit } = frame();
        runInRequest(call, () => {
          expect(frame().request).toBe(call);
          expect([frame().scope, frame().unscopedSection, frame().unitOfWork]).toEqual([acme, section, unit]);
          expect(frame().unscopedSection).toBe(section);
          expect(frame().unitOfWork).toBe(unit);
          tenancy.run(GLOBEX, () => expect(frame().request).toBe(call));
          tenancy.unscoped('a test', () => expect(frame().request).toBe(call));
          runInRequest(undefined, () => expect(frame().request).toBeUndefined());
        });
        expect(frame().request).toBeUndefined();
      }),
    );
    runInRequest(call, () =>
      expect(frame()).toEqual({
        scope: undefined,
        unscopedSection: undefined,
        unitOfWork: { writes: false },
        request: call,
      }),
    );
  });

  it('works for another tenant only in another unit of work, and not where that is meant for all', () => {
    const own = runWithScope(acme, frame);
    const inAnother = (scope: typeof acme): boolean => runAsUnitOfWork(scope, () => isOtherTenant(own));
    expect(isOtherTenant(own)).toBe(false);
    expect(inAnother(globex)).toBe(true);
    expect(inAnother(validateScope({ ...ACME }))).toBe(false);
    runWithScope(acme, () => {
      const mine = frame();
      runWithScope(globex, () => expect(isOtherTenant(mine)).toBe(false));
    });
    runAsUnitOfWork(globex, () => {
      tenancy.unscoped('a test', () => expect(isOtherTenant(own)).toBe(false));
      tenancy.unscoped('a test', { entities: [Ticket] }, () => expect(isOtherTenant(own)).toBe(true));
    });
    tenancy.unscoped('a test', () => expect(isOtherTenant(own)).toBe(false));
    const none = tenancy.unscoped('a test', { entities: [Note] }, frame);
    expect(runAsUnitOfWork(globex, () => isOtherTenant(none))).toBe(true);
  });
});

describe('an unscoped section', () => {
  const settled = { resolves: () => Promise.resolve('given'), rejects: () => Promise.reject(new Error('lost')) };

  it('gives what it gave, and is closed by then', async () => {
    const section = new UnscopedSection('a test');
    expect(section.open).toBe(true);
    expect(runUnscoped(section, () => [section.open, 'given'])).toEqual([true, 'given']);
    expect(section.open).toBe(false);
    const later = new UnscopedSection('a test');
    const promise = runUnscoped(later, settled.resolves);
    expect(later.open).toBe(true);
    expect(await promise).toBe('given');
    expect(later.open).toBe(false);
  });

  it('is closed where it fails, at once or later', async () => {
    const section = new UnscopedSection('a test');
    expect(() =>
      runUnscoped(section, () => {
        throw new Error('lost');
      }),
    ).toThrow('lost');
    expect(section.open).toBe(false);
    const later = new UnscopedSection('a test');
    const promise = runUnscoped(later, settled.rejects);
    expect(later.open).toBe(true);
    await expect(promise).rejects.toThrow('lost');
    expect(later.open).toBe(false);
  });

  it('says why, and what runs in it', () => {
    const ran = (): string => 'ran';
    for (const why of ['', ' ', '\n', undefined, null, 7]) {
      expect(() => tenancy.unscoped(why as string, ran)).toThrow("Say why: unscoped('loads the signed-in user', …).");
      expect(() => tenancy.unscoped(why as string, { entities: [Ticket] }, ran)).toThrow('Say why');
    }
    expect(() => tenancy.unscoped('a test', { entities: [Ticket] }, undefined as never)).toThrow('needs a function');
    expect(tenancy.unscoped('a test', ran)).toBe('ran');
    expect(tenancy.unscoped('a test', { entities: [] }, () => isUnscoped())).toBe(false);
  });
});

describe('what is carried into a later call', () => {
  it('is the context of before, also if there was none', () => {
    const add = (a: number, b: number): unknown => [a + b, tenancy.current];
    const [inAcme, inNone] = [tenancy.run(ACME, () => bindContext(add)), bindContext(add)];
    expect(inAcme(1, 2)).toEqual([3, ACME]);
    tenancy.run(GLOBEX, () => {
      expect(inAcme(1, 2)).toEqual([3, ACME]);
      expect(inNone(1, 2)).toEqual([3, undefined]);
      expect(tenancy.bind(add)(1, 2)).toEqual([3, GLOBEX]);
    });
  });

  it('follows from each event of an Observable', () => {
    const seen: unknown[] = [];
    const source = new Subject<string>();
    const note = (what: unknown) => () => void seen.push(what, tenancy.current);
    const bound = tenancy.run(ACME, () => tenancy.bind(source));
    expect(bound).toBeInstanceOf(Observable);
    expect(source.observed).toBe(false);
    const first = bound.subscribe({
      next: (value) => note(value)(),
      complete: note('complete'),
    });
    tenancy.run(GLOBEX, () => source.next('value'));
    first.unsubscribe();
    expect(source.observed).toBe(false);
    bound.subscribe({ complete: note('complete') });
    tenancy.run(GLOBEX, () => source.complete());
    const failing = tenancy.run(ACME, () => tenancy.bind(throwError(() => new Error('lost'))));
    tenancy.run(GLOBEX, () => failing.subscribe({ error: (error: Error) => note(error.message)() }));
    expect(seen).toEqual(['value', ACME, 'complete', ACME, 'lost', ACME]);
  });
});

describe('a job over tenants', () => {
  const scopes = [1, 2, 3, 4, 5].map((organizationId) => ({ organizationId }));

  it('gives what each gave, in order, one at a time', async () => {
    const running = new Set<number>();
    const units = new Set<unknown>();
    const most: number[] = [];
    const work = async ({ organizationId }: (typeof scopes)[number]): Promise<unknown> => {
      running.add(organizationId);
      most.push(running.size);
      units.add(frame().unitOfWork);
      await delay(6 - organizationId);
      running.delete(organizationId);
      return tenancy.current;
    };
    expect(await tenancy.run(ACME, () => tenancy.forEach(new Set(scopes), work))).toEqual(scopes);
    expect([Math.max(...most), units.size]).toEqual([1, 5]);
    most.length = 0;
    expect(await tenancy.forEach(scopes, work, { concurrency: 3 })).toEqual(scopes);
    expect(Math.max(...most)).toBe(3);
    expect(await tenancy.forEach(scopes, work, { concurrency: 100 })).toEqual(scopes);
    expect(await tenancy.forEach([], work)).toEqual([]);
    expect(await tenancy.forEach(scopes, (scope) => scope.organizationId)).toEqual([1, 2, 3, 4, 5]);
  });

  it('tells how far it is', async () => {
    const told: unknown[] = [];
    await tenancy.forEach(scopes.slice(0, 3), () => undefined, { onProgress: (...told_) => told.push(told_) });
    expect(told).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
  });

  it('hands each scope on as it was given', async () => {
    const seen: unknown[] = [];
    await tenancy.forEach(scopes, (scope) => seen.push(scope));
    expect(seen.every((scope, i) => scope === scopes[i])).toBe(true);
  });

  it('starts no more after the first that fails, and waits for those that run', async () => {
    const started: number[] = [];
    const ended: number[] = [];
    const told: unknown[] = [];
    const work = async ({ organizationId }: (typeof scopes)[number]): Promise<void> => {
      started.push(organizationId);
      if (organizationId === 2) throw new Error('lost');
      await delay(5);
      ended.push(organizationId);
    };
    const job = tenancy.forEach(scopes, work, { concurrency: 2, onProgress: (done) => told.push(done) });
    await expect(job).rejects.toThrow('lost');
    expect({ started, ended, told }).toEqual({ started: [1, 2], ended: [1], told: [1] });
  });

  it('is refused where it could never end, or begin', async () => {
    let ran = false;
    for (const concurrency of [0, -1, 1.5, Number.NaN, Infinity]) {
      const job = tenancy.forEach(scopes, () => (ran = true), { concurrency });
      await expect(job).rejects.toThrow(RangeError);
      await expect(job).rejects.toThrow('concurrency must be a whole number from 1.');
    }
    expect(ran).toBe(false);
  });
});

describe('a table in a report that is written as raw SQL', () => {
  it('has an alias that is a name and nothing else', () => {
    for (const alias of ['t', 'T', '_t', 'ticket_2', 'T9'])
      expect(table(Ticket, alias)).toEqual({ entity: Ticket, alias });
    for (const alias of ['', '2t', 't-', '-t', 't t', ' t', 't ', 't"', 'a.b', 'é', 't\n', 't; DROP TABLE ticket'])
      expect(() => table(Ticket, alias)).toThrow('An alias is made of letters, digits and underscores.');
  });
});

describe('a promise', () => {
  it('is known by its then, whichever library made it', () => {
    const promises = [
      Promise.resolve(),
      { then: () => undefined },
      Object.create({ then: () => undefined }),
    ] as unknown[];
    for (const value of promises) expect(isPromiseLike(value)).toBe(true);
    const others = [undefined, null, 1, 'then', {}, { then: 1 }, [], of(1), new AsyncLocalStorage(), () => undefined];
    for (const value of others) expect(isPromiseLike(value)).toBe(false);
  });
});
