import { beforeEach, describe, expect, it } from '@jest/globals';
import { EntityManager } from 'typeorm';
import type { QueryRunner } from 'typeorm';
import { ConnectionMutex } from '../../../lib/orm/execution/connection-mutex.js';
import { databasesToTest } from '../../support/databases.js';
import { ACME, GLOBEX, tenancy } from '../../support/world.js';

/* Whose turn it is where all requests share one connection. Query runners here write down what reaches the connection. */

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a connection that all requests share', () => {
  let connection: ConnectionMutex;
  let log: string[];
  beforeEach(() => {
    expect(databasesToTest()).not.toEqual([]);
    connection = new ConnectionMutex();
    log = [];
  });

  /** A query runner as TypeORM's for SQLite, whose queries end when they are told to. */
  class Runner {
    isTransactionActive = false;
    transactionDepth = 0;
    /** What ends the queries that are under way. */
    readonly ends: ((error?: Error) => void)[] = [];
    readonly failing = new Map<string, Error>();
    readonly manager = { queryRunner: this };

    constructor(readonly name: string) {
      connection.guard(this as unknown as QueryRunner);
    }

    private note(event: string): void {
      log.push(`${this.name} ${event}`);
      const error = this.failing.get(event);
      if (error !== undefined) throw error;
    }

    async startTransaction(level?: string): Promise<void> {
      await settled();
      this.note(this.transactionDepth === 0 ? ['begins', level].filter(Boolean).join(' ') : 'saves');
      this.transactionDepth += 1;
      this.isTransactionActive = true;
    }

    private async end(event: string): Promise<void> {
      await settled();
      this.note(this.transactionDepth > 1 ? `${event} to where it saved` : event);
      if (this.transactionDepth === 1) this.isTransactionActive = false;
      this.transactionDepth -= 1;
    }

    commitTransaction(): Promise<void> {
      return this.end('commits');
    }

    rollbackTransaction(): Promise<void> {
      return this.end('rolls back');
    }

    async release(): Promise<void> {
      await settled();
      this.note('is released');
    }

    query(...given: [sql: string, parameters?: unknown[], structured?: boolean]): Promise<unknown> {
      this.note(`asks ${given[0]}`);
      return new Promise((resolve, reject) => {
        this.ends.push((error) => (error === undefined ? resolve(given) : reject(error)));
      });
    }

    /** A query that ends at once. */
    async ask(sql: string): Promise<unknown> {
      const asked = this.query(sql);
      asked.catch(() => undefined);
      await settled();
      await settled();
      this.ends.shift()?.();
      return asked;
    }
  }

  it('is used by one query after the other, in the order in which they come', async () => {
    const [first, second, third] = ['first', 'second', 'third'].map((name) => new Runner(name));
    const asked = [first, second, third].map((runner, i) => runner.query('x', [i], i === 1));
    await settled();
    expect(log).toEqual(['first asks x']);
    first.ends.shift()!();
    expect(await asked[0]).toEqual(['x', [0], false]);
    await settled();
    expect(log).toEqual(['first asks x', 'second asks x']);
    second.ends.shift()!(new Error('fails'));
    await expect(asked[1]).rejects.toThrow('fails');
    await settled();
    expect(log).toEqual(['first asks x', 'second asks x', 'third asks x']);
    third.ends.shift()!();
    await asked[2];
    expect(await first.ask('y')).toEqual(['y', undefined, undefined]);
  });

  it('belongs to a transaction until that ends', async () => {
    for (const end of ['commitTransaction', 'rollbackTransaction'] as const) {
      log.length = 0;
      const [runner, other] = [new Runner('own'), new Runner('other')];
      await runner.startTransaction('SERIALIZABLE');
      const asked = other.query('x');
      const started = new Runner('third').startTransaction();
      await runner.ask('y');
      await settled();
      expect(log).toEqual(['own begins SERIALIZABLE', 'own asks y']);
      await runner[end]();
      await settled();
      expect(log.slice(3)).toEqual(['other asks x']);
      other.ends.shift()!();
      await asked;
      await started;
      expect(log.slice(4)).toEqual(['third begins']);
      connection = new ConnectionMutex();
    }
  });

  it('stays with a transaction that saves a place, until the whole of it ends', async () => {
    const [runner, other] = [new Runner('own'), new Runner('other')];
    await runner.startTransaction();
    await runner.startTransaction();
    void other.query('x');
    await runner.rollbackTransaction();
    await settled();
    await runner.startTransaction();
    await runner.commitTransaction();
    await settled();
    expect(log).toEqual([
      'own begins',
      'own saves',
      'own rolls back to where it saved',
      'own saves',
      'own commits to where it saved',
    ]);
    await runner.commitTransaction();
    await settled();
    expect(log.slice(5)).toEqual(['own commits', 'other asks x']);
  });

  it('is free again when a transaction cannot begin, cannot be rolled back, or is left by its runner', async () => {
    const [runner, other] = [new Runner('own'), new Runner('other')];
    runner.failing.set('begins', new Error('cannot begin'));
    await expect(runner.startTransaction()).rejects.toThrow('cannot begin');
    await other.ask('1');
    runner.failing.clear();

    runner.failing.set('rolls back', new Error('cannot roll back'));
    await runner.startTransaction();
    await expect(runner.rollbackTransaction()).rejects.toThrow('cannot roll back');
    await other.ask('2');

    const third = new Runner('third');
    await third.startTransaction();
    await third.release();
    await other.ask('3');
    expect(log.slice(-4)).toEqual(['third begins', 'third rolls back', 'third is released', 'other asks 3']);

    const fourth = new Runner('fourth');
    fourth.failing.set('rolls back', new Error('cannot roll back'));
    await fourth.startTransaction();
    await expect(fourth.release()).rejects.toThrow('cannot roll back');
    await other.ask('4');
  });

  it('is not free when a transaction cannot be committed: it is still to be rolled back', async () => {
    const [runner, other] = [new Runner('own'), new Runner('other')];
    runner.failing.set('commits', new Error('cannot commit'));
    await runner.startTransaction();
    await expect(runner.commitTransaction()).rejects.toThrow('cannot commit');
    const asked = other.query('x');
    await settled();
    expect(log).not.toContain('other asks x');
    await runner.rollbackTransaction();
    await settled();
    expect(log).toContain('other asks x');
    other.ends.shift()!();
    await asked;
  });

  it('is free when a runner rolls back what it has not begun', async () => {
    const [runner, other] = [new Runner('own'), new Runner('other')];
    runner.failing.set('rolls back', new Error('nothing was begun'));
    await expect(runner.rollbackTransaction()).rejects.toThrow('nothing was begun');
    await other.ask('x');
  });

  it('is left alone by a runner that is released and does not have it', async () => {
    const [runner, other] = [new Runner('own'), new Runner('other')];
    await runner.startTransaction();
    other.isTransactionActive = true;
    await other.release();
    expect(log).toEqual(['own begins', 'other is released']);
    const asked = other.query('x');
    await settled();
    expect(log).toHaveLength(2);
    await runner.commitTransaction();
    await settled();
    other.ends.shift()!();
    await asked;
    await runner.release();
    expect(log.slice(-1)).toEqual(['own is released']);
    expect(log).not.toContain('own rolls back');
  });

  it('serves all queries of the request whose transaction has it, and of no other one', async () => {
    const [runner, mine, theirs, nobodys] = ['own', 'mine', 'theirs', 'nobodys'].map((name) => new Runner(name));
    await tenancy.run(ACME, async () => {
      await runner.startTransaction();
      await mine.ask('1');
    });
    expect(log).toEqual(['own begins', 'mine asks 1']);
    const waiting = [tenancy.run(GLOBEX, () => theirs.query('2')), nobodys.query('3')];
    await settled();
    expect(log).not.toContain('theirs asks 2');
    expect(log).not.toContain('nobodys asks 3');
    await runner.commitTransaction();
    await settled();
    theirs.ends.shift()!();
    await settled();
    await settled();
    nobodys.ends.shift()!();
    await Promise.all(waiting);
  });

  describe('in the callback of a transaction', () => {
    type Callback = (manager: EntityManager) => Promise<unknown>;
    const transaction = (runner: Runner, callback: Callback, level?: 'SERIALIZABLE'): Promise<unknown> => {
      const manager = Object.assign(Object.create(EntityManager.prototype) as EntityManager, {
        dataSource: { createQueryRunner: () => runner },
      });
      const begin = connection.transaction(manager);
      return level === undefined ? begin(callback) : begin(level, callback);
    };

    it('is that transaction’s for queries of any runner, and for no others', async () => {
      const [runner, inner, outer] = ['own', 'inner', 'outer'].map((name) => new Runner(name));
      const ended = transaction(runner, async (manager) => {
        expect(manager).toBe(runner.manager);
        await settled();
        await inner.ask('1');
      });
      await settled();
      const outside = outer.query('2');
      await ended;
      outer.ends.shift()!();
      await outside;
      expect(log).toEqual(['own begins', 'inner asks 1', 'own commits', 'outer asks 2', 'own is released']);
    });

    it('is that transaction’s at the level of isolation that is asked for', async () => {
      const [runner, inner] = ['own', 'inner'].map((name) => new Runner(name));
      await transaction(runner, () => inner.ask('1'), 'SERIALIZABLE');
      expect(log).toEqual(['own begins SERIALIZABLE', 'inner asks 1', 'own commits', 'own is released']);
    });

    it('is that transaction’s for one inside it, which saves a place and ends there', async () => {
      const [runner, inner, other] = ['own', 'inner', 'other'].map((name) => new Runner(name));
      await transaction(runner, async () => {
        await transaction(inner, () => Promise.resolve());
        expect([inner.isTransactionActive, inner.transactionDepth]).toEqual([false, 0]);
        await transaction(inner, () => Promise.reject(new Error('fails'))).catch(() => undefined);
        expect([inner.isTransactionActive, inner.transactionDepth]).toEqual([false, 0]);
      });
      const asked = other.query('x');
      await settled();
      other.ends.shift()!();
      await asked;
      const inside = ['inner saves', 'inner commits to where it saved', 'inner is released'];
      const failed = ['inner saves', 'inner rolls back to where it saved', 'inner is released'];
      expect(log).toEqual(['own begins', ...inside, ...failed, 'own commits', 'own is released', 'other asks x']);
    });

    it('is that transaction’s until all that was begun inside it has ended', async () => {
      const [runner, inner] = ['own', 'inner'].map((name) => new Runner(name));
      const state = (): unknown[] => [inner.isTransactionActive, inner.transactionDepth];
      await transaction(runner, async () => {
        await inner.startTransaction();
        await inner.startTransaction();
        await inner.commitTransaction();
        expect(state()).toEqual([true, 2]);
        await inner.commitTransaction();
        expect(state()).toEqual([false, 0]);
      });
      // Later it is outside of any other one.
      await inner.startTransaction();
      await inner.startTransaction();
      await inner.rollbackTransaction();
      expect(state()).toEqual([true, 1]);
      await inner.commitTransaction();
      expect(state()).toEqual([false, 0]);
    });

    it('counts as inside as long as the transaction lasts, and no longer', async () => {
      const [runner, late, other] = ['own', 'late', 'other'].map((name) => new Runner(name));
      let lateQuery!: () => Promise<unknown>;
      await transaction(runner, async () => {
        let go!: () => void;
        const gate = new Promise<void>((resolve) => (go = resolve));
        const asking = gate.then(() => late.query('late'));
        lateQuery = () => (go(), asking);
        await settled();
      });
      await other.startTransaction();
      const asked = lateQuery();
      await settled();
      expect(log).not.toContain('late asks late');
      await other.commitTransaction();
      await settled();
      late.ends.shift()!();
      await asked;
    });
  });

  describe('that another runner waits for', () => {
    const { setTimeout: stock } = globalThis;
    const watched = async (fn: (timers: { fire: () => void; delay: number; isUnref: boolean }[]) => Promise<void>) => {
      const timers: { fire: () => void; delay: number; isUnref: boolean }[] = [];
      globalThis.setTimeout = ((fire: () => void, delay: number) => {
        const real = stock(() => undefined, 0);
        const timer = { fire, delay, isUnref: false };
        timers.push(timer);
        real.unref = () => ((timer.isUnref = true), real);
        return real;
      }) as never;
      try {
        await fn(timers);
      } finally {
        globalThis.setTimeout = stock;
      }
    };

    it('is given up after half a minute, by the runner that waits longest for it, and goes to the next', () =>
      watched(async (timers) => {
        const [runner, tired, patient] = ['own', 'tired', 'patient'].map((name) => new Runner(name));
        await runner.startTransaction();
        const asked = [patient.query('1'), tired.query('2'), patient.query('3')];
        await settled();
        expect(timers.map(({ delay, isUnref }) => [delay, isUnref])).toEqual(Array(3).fill([30_000, true]));
        timers[1].fire();
        await expect(asked[1]).rejects.toThrow('Timed out waiting for a transaction that holds the only connection');
        await runner.commitTransaction();
        await settled();
        expect(log).toEqual(['own begins', 'own commits', 'patient asks 1']);
        patient.ends.shift()!();
        await settled();
        await settled();
        expect(log.slice(3)).toEqual(['patient asks 3']);
        patient.ends.shift()!();
        await Promise.all([asked[0], asked[2]]);
      }));
  });
});
