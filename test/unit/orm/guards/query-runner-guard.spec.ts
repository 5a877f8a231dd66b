import { EventEmitter } from 'node:events';
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ClientDisconnectedError, TenantScoped, declareScope } from 'nestjs-muck';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { QueryRunner } from 'typeorm';
import { requireEnforcement } from '../../../../lib/orm/enforcement/enforcement.js';
import type { Enforcement } from '../../../../lib/orm/enforcement/enforcement.js';
import { connectionOf, guardRunner, isGuardedRunner } from '../../../../lib/orm/guards/query-runner.guard.js';
import { currentContext, runAsUnitOfWork } from '../../../../lib/tenancy/context/tenant-context.js';
import { validateScope } from '../../../../lib/tenancy/context/tenant-scope.js';
import { unconnected } from '../../../support/unconnected.js';

/* What a guard tells the connection of its query runner. No database is there. */

declareScope({ organizationId: Number });

@Entity()
@TenantScoped()
class Ticket {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
}

const within = <R>(fn: () => R): R => runAsUnitOfWork(validateScope({ organizationId: 1 }), fn);
const SELECT = 'SELECT 1';

describe('the guard of a query runner', () => {
  let real: Enforcement;
  const told: string[] = [];
  /** The texts that fail. */
  const failing = new Set<string>();
  const send = (text: string, values?: readonly unknown[]): Promise<unknown> => {
    told.push(values === undefined ? text : `${text} ${values.join()}`);
    return failing.has(text) ? Promise.reject(new Error(`${text} failed`)) : Promise.resolve([]);
  };
  const client = { query: send };

  beforeAll(async () => {
    real = requireEnforcement(await unconnected('postgres', [Ticket]));
  });
  beforeEach(() => {
    told.length = 0;
    failing.clear();
  });

  /** A runner that notes what it is asked, and its guard. */
  function open(enforcement: object = {}, isTransactionActive = false) {
    let callbacks: ((() => void) | undefined)[] = [];
    const readable = new EventEmitter();
    const runner = {
      isTransactionActive,
      query: send,
      connect: () => Promise.resolve(client),
      stream: async (text: string, _values: unknown, ...given: ((() => void) | undefined)[]) => {
        callbacks = given;
        await send(`stream ${text}`);
        return readable;
      },
      startTransaction: () => send('begin'),
      commitTransaction: () => send('commit'),
      rollbackTransaction: () => send('rollback'),
      release: () => send('release'),
    } as unknown as QueryRunner;
    const descriptors = Object.fromEntries(Object.entries(enforcement).map(([name, value]) => [name, { value }]));
    guardRunner(runner, Object.create(real, descriptors) as Enforcement);
    return { runner, readable, callbacks: () => callbacks };
  }
  const asked: boolean[] = [];
  const secured = {
    sessionPrelude: {
      current: (inTransaction: boolean) => {
        asked.push(inTransaction);
        return { text: 'the setting', values: ['1'] };
      },
    },
  };

  it('is there once', () => {
    const { runner } = open();
    const { query } = runner;
    guardRunner(runner, real);
    expect(runner.query).toBe(query);
    expect([isGuardedRunner(runner), isGuardedRunner({} as QueryRunner)]).toEqual([true, false]);
  });

  it('lets it be released', async () => {
    await open().runner.release();
    expect(told).toEqual(['release']);
  });

  describe('knows whether a failed statement is undone alone', () => {
    it('until raw SQL was sent, which may open a transaction', async () => {
      const { runner } = open();
      expect(connectionOf(runner).isOutsideTransaction).toBe(true);
      await within(() => runner.query(SELECT));
      expect(connectionOf(runner).isOutsideTransaction).toBe(false);
    });

    it('unless a transaction is open, on it or on a runner that it joins', () => {
      expect(connectionOf(open({}, true).runner).isOutsideTransaction).toBe(false);
      const { runner: joined } = open();
      const { runner } = open({ connection: { joinedTransaction: () => joined } });
      expect(connectionOf(runner).isOutsideTransaction).toBe(false);
    });
  });

  describe('connects', () => {
    it('also where no request is', async () => {
      expect(await open().runner.connect()).toBe(client);
    });

    it('unless the client of a request that was not begun has gone', async () => {
      const { runner } = open();
      const connect = (isGone: boolean): Promise<unknown> =>
        within(() => {
          currentContext()!.unitOfWork.client = { isGone };
          return runner.connect();
        });
      expect(await connect(false)).toBe(client);
      await expect(connect(true)).rejects.toBeInstanceOf(ClientDisconnectedError);
    });

    it('to the view of the connection that sends the setting of the scope', async () => {
      const { runner } = open(secured);
      const connection: unknown = await runner.connect();
      expect(connection).not.toBe(client);
      expect(await runner.connect()).toBe(connection);
    });
  });

  describe('of a stream', () => {
    it('without row-level security leaves the transaction and the callbacks as they are', async () => {
      const { runner, readable, callbacks } = open();
      const [end, fail] = [() => undefined, () => undefined];
      expect(await within(() => runner.stream(SELECT, [], end, fail))).toBe(readable);
      readable.emit('close');
      expect([told, callbacks()]).toEqual([[`stream ${SELECT}`], [end, fail]]);
      failing.add(`stream ${SELECT}`);
      await expect(within(() => runner.stream(SELECT))).rejects.toThrow(`stream ${SELECT} failed`);
    });

    const OPENED = ['START TRANSACTION', 'the setting 1', `stream ${SELECT}`];

    it.each<[how: string, end: (opened: ReturnType<typeof open>) => unknown, told: string[]]>([
      ['ends', ({ callbacks }) => callbacks()[0]!(), ['COMMIT', 'ended']],
      ['fails', ({ callbacks }) => callbacks()[1]!(), ['COMMIT', 'failed']],
      ['is closed', ({ readable }) => readable.emit('close'), ['COMMIT']],
      ['is abandoned', ({ runner }) => runner.release(), ['COMMIT', 'release']],
    ])('has the setting in a transaction of its own until it %s', async (_, end, after) => {
      asked.length = 0;
      const opened = open(secured);
      const note = (text: string) => () => void told.push(text);
      await within(() => opened.runner.stream(SELECT, [], note('ended'), note('failed')));
      expect([told, asked]).toEqual([OPENED, [true]]);
      failing.add('COMMIT');
      await end(opened);
      expect(told).toEqual([...OPENED, ...after]);
      // Once, whatever else ends.
      opened.readable.emit('close');
      expect(told).toEqual([...OPENED, ...after]);
    });

    it('needs no callbacks', async () => {
      const opened = open(secured);
      await within(() => opened.runner.stream(SELECT));
      opened.callbacks()[0]!();
      expect(told).toEqual([...OPENED, 'COMMIT']);
    });

    it('leaves no transaction behind when it cannot be opened', async () => {
      failing.add(`stream ${SELECT}`);
      await expect(within(() => open(secured).runner.stream(SELECT))).rejects.toThrow(`stream ${SELECT} failed`);
      expect(told).toEqual([...OPENED, 'COMMIT']);
      told.length = 0;
      failing.add('the setting');
      await expect(within(() => open(secured).runner.stream(SELECT))).rejects.toThrow('the setting failed');
      expect(told).toEqual(['START TRANSACTION', 'the setting 1', 'COMMIT']);
    });

    it('has the setting in the transaction that is open, and leaves that open', async () => {
      const opened = open(secured, true);
      await within(() => opened.runner.stream(SELECT));
      expect(opened.callbacks()).toEqual([undefined, undefined]);
      opened.readable.emit('close');
      failing.add('the setting');
      await expect(within(() => opened.runner.stream(SELECT))).rejects.toThrow('the setting failed');
      expect(told).toEqual(['the setting 1', `stream ${SELECT}`, 'the setting 1']);
    });
  });
});
