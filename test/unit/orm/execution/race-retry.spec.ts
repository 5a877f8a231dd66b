import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { QueryFailedError } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { isRetried, retryPauseMs, runInTransaction } from '../../../../lib/orm/execution/race-retry.js';

const failed = (code: string): QueryFailedError =>
  new QueryFailedError('UPDATE', [], Object.assign(new Error('failed'), { code }));
const deadlock = failed('40P01');

/** What Math.random returns in these tests. */
let random = 0;
const { random: original } = Math;
beforeEach(() => {
  random = 0;
  Math.random = () => random;
});
afterEach(() => {
  Math.random = original;
});

/** Work that fails with each error in turn and then succeeds, and how often it has run. */
interface Work {
  runs: number;
  readonly run: () => Promise<string>;
}

function workFailingWith(...errors: Error[]): Work {
  const work: Work = {
    runs: 0,
    run: () => {
      const error = errors[work.runs++];
      return error === undefined ? Promise.resolve('done') : Promise.reject(error);
    },
  };
  return work;
}

/** A manager whose transactions are at `depth` and run the work as it comes. */
function managerAt(depth: number): EntityManager {
  const manager = {
    queryRunner: { transactionDepth: depth },
    transaction: (work: (own: unknown) => unknown) => work(manager),
  };
  return manager as never;
}

describe('whether work is repeated', () => {
  it.each<[string, boolean]>([
    ['40P01', true],
    ['40001', true],
    ['23505', false],
    ['57P01', false],
  ])('after an error with the code %s: %p', (code, isRepeated) => {
    expect(isRetried(failed(code), 0)).toBe(isRepeated);
  });

  it('three times at most', () => {
    expect([0, 1, 2, 3, 4].map((retries) => isRetried(deadlock, retries))).toEqual([true, true, true, false, false]);
  });

  it('never after an error of another source', () => {
    expect(isRetried(new Error('40P01'), 0)).toBe(false);
  });
});

describe('a repeated transaction', () => {
  it('returns what the work returns in the end, after as many runs as races were lost', async () => {
    const work = workFailingWith(deadlock, deadlock, deadlock);
    await expect(runInTransaction(managerAt(1), true, work.run)).resolves.toBe('done');
    expect(work.runs).toBe(4);
  });

  it('gives up after three', async () => {
    const work = workFailingWith(deadlock, deadlock, deadlock, deadlock);
    await expect(runInTransaction(managerAt(1), true, work.run)).rejects.toBe(deadlock);
    expect(work.runs).toBe(4);
  });

  it.each<[string, number, boolean, Error]>([
    ['that may not run again', 1, false, deadlock],
    ['inside of another one', 2, true, deadlock],
    ['that failed otherwise', 1, true, failed('23505')],
  ])('is none %s', async (_case, depth, mayRepeat, error) => {
    const work = workFailingWith(error);
    await expect(runInTransaction(managerAt(depth), mayRepeat, work.run)).rejects.toBe(error);
    expect(work.runs).toBe(1);
  });

  it('is none where no transaction was begun', async () => {
    const begin = workFailingWith(deadlock);
    const manager = { transaction: begin.run };
    await expect(runInTransaction(manager as never, true, workFailingWith().run)).rejects.toBe(deadlock);
    expect(begin.runs).toBe(1);
  });
});

describe('the pause before a retry', () => {
  it.each([
    [0, 0.5, 10],
    [1, 0.5, 20],
    [2, 0.5, 40],
    [2, 0.25, 20],
  ])('after %d others is %d of the longest: %d ms', (retries, part, pause) => {
    random = part;
    expect(retryPauseMs(retries)).toBe(pause);
  });

  it('is waited for before the transaction runs again', async () => {
    random = 1;
    const work = workFailingWith(deadlock);
    const ended = runInTransaction(managerAt(1), true, work.run);
    await setImmediate();
    expect(work.runs).toBe(1);
    await expect(ended).resolves.toBe('done');
    expect(work.runs).toBe(2);
  });
});
