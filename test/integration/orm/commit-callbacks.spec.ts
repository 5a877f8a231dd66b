import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { declareScope, Tenancy } from 'nestjs-muck';
import { DataSource, EntitySchema, QueryFailedError } from 'typeorm';
import type { EntitySubscriberInterface, QueryRunner } from 'typeorm';
import {
  afterCommit,
  noteFailedStatement,
  noteWrittenThrough,
  observeTransactions,
} from '../../../lib/orm/execution/commit-callbacks.js';
import { ConnectionMutex } from '../../../lib/orm/execution/connection-mutex.js';
import type { SqlDialect } from '../../../lib/orm/sql/tokenizer.js';
import { detach } from '../../support/detach.js';

/*
 * What runs after a commit, on query runners that this file observes itself: SQLite represents each of the databases, whose statements are
 * the same here.
 */

declareScope({ organizationId: Number });
const tenancy = new Tenancy();
const thing = new EntitySchema({ name: 'thing', columns: { name: { type: String, primary: true } } });

describe('what is to run after a commit', () => {
  let dataSource: DataSource;
  let heard: string[];

  beforeEach(async () => {
    heard = [];
    dataSource = await new DataSource({ type: 'sqljs', entities: [thing], synchronize: true }).initialize();
    detach(dataSource);
  });
  afterEach(() => dataSource.destroy());

  function open(dialect: SqlDialect = 'sqlite', connection?: ConnectionMutex): QueryRunner {
    // The driver gives the same one to all otherwise.
    Object.assign(dataSource.driver, { queryRunner: undefined });
    const runner = dataSource.driver.createQueryRunner('master');
    connection?.guard(runner);
    observeTransactions(runner, dialect, connection);
    return runner;
  }

  /** Writes a row, which is to be heard of when it is committed. */
  const write = (runner: QueryRunner, name: string, connection?: ConnectionMutex): Promise<string> =>
    afterCommit(
      async () => {
        await runner.query(`INSERT INTO thing VALUES ('${name}')`);
        noteWrittenThrough(runner, connection);
        return name;
      },
      (written) => Promise.resolve(void heard.push(written)),
    );

  async function fail(runner: QueryRunner, sql = 'no SQL'): Promise<void> {
    const error: unknown = await runner.query(sql).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(QueryFailedError);
    noteFailedStatement(runner, error);
  }

  const stored = async (): Promise<unknown[]> => {
    const rows = (await open().query('SELECT name FROM thing ORDER BY name')) as unknown as { name: string }[];
    return rows.map(({ name }) => name);
  };

  it('runs at once without a transaction, and gets what the write returns', async () => {
    expect(await write(open(), 'a')).toBe('a');
    expect(heard).toEqual(['a']);
  });

  it('runs at once for a write that went through another query runner than the one with the transaction', async () => {
    const runner = open();
    await runner.startTransaction();
    noteWrittenThrough(runner, undefined);
    await afterCommit(
      () => Promise.resolve('a'),
      (result) => Promise.resolve(void heard.push(result)),
    );
    expect(heard).toEqual(['a']);
    await runner.rollbackTransaction();
  });

  it('runs at once for a write whose own transaction is committed by then', async () => {
    const runner = open();
    await afterCommit(
      async () => {
        await runner.startTransaction();
        noteWrittenThrough(runner, undefined);
        await runner.commitTransaction();
      },
      () => Promise.resolve(void heard.push('a')),
    );
    expect(heard).toEqual(['a']);
  });

  it('waits for the commit, and runs once, in the order of the writes', async () => {
    const runner = open();
    await runner.startTransaction();
    await write(runner, 'a');
    await write(runner, 'b');
    expect(heard).toEqual([]);
    await runner.commitTransaction();
    await runner.release();
    expect(heard).toEqual(['a', 'b']);
    await runner.startTransaction();
    await runner.commitTransaction();
    await runner.release();
    expect(heard).toEqual(['a', 'b']);
  });

  it('is forgotten by a rollback', async () => {
    const runner = open();
    await runner.startTransaction();
    await write(runner, 'a');
    await runner.rollbackTransaction();
    await runner.startTransaction();
    await write(runner, 'b');
    await runner.commitTransaction();
    await runner.release();
    expect(heard).toEqual(['b']);
    expect(await stored()).toEqual(['b']);
  });

  it('is forgotten when the query runner is released without a commit', async () => {
    const runner = open();
    await runner.startTransaction();
    await write(runner, 'a');
    await runner.release();
    await runner.commitTransaction();
    expect(heard).toEqual([]);
  });

  it('is over when the query runner is released', async () => {
    const runner = open();
    await runner.startTransaction();
    await afterCommit(
      () => Promise.resolve(noteWrittenThrough(runner, undefined)),
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        heard.push('late');
      },
    );
    await runner.commitTransaction();
    expect(heard).toEqual([]);
    await runner.release();
    expect(heard).toEqual(['late']);
  });

  it('runs in the scope of its write', async () => {
    const runner = open();
    await runner.startTransaction();
    await tenancy.run({ organizationId: 7 }, () =>
      afterCommit(
        () => Promise.resolve(noteWrittenThrough(runner, undefined)),
        () => Promise.resolve(void heard.push(JSON.stringify(tenancy.current))),
      ),
    );
    await tenancy.run({ organizationId: 8 }, () => runner.commitTransaction());
    await runner.release();
    expect(heard).toEqual(['{"organizationId":7}']);
  });

  it('is kept by a query runner that is observed again', async () => {
    const runner = open();
    await runner.startTransaction();
    await write(runner, 'a');
    observeTransactions(runner, 'sqlite');
    await write(runner, 'b');
    await runner.commitTransaction();
    await runner.release();
    expect(heard).toEqual(['a', 'b']);
  });

  it('waits for nothing on a query runner without an observer', async () => {
    Object.assign(dataSource.driver, { queryRunner: undefined });
    const runner = dataSource.driver.createQueryRunner('master');
    await runner.startTransaction();
    await fail(runner);
    expect(await write(runner, 'a')).toBe('a');
    await runner.commitTransaction();
    expect(heard).toEqual([]);
  });

  describe('of a savepoint', () => {
    it('waits for the outermost commit', async () => {
      const runner = open();
      await runner.startTransaction();
      await write(runner, 'a');
      await runner.startTransaction();
      await write(runner, 'b');
      await runner.startTransaction();
      await write(runner, 'c');
      await runner.commitTransaction();
      await runner.commitTransaction();
      await write(runner, 'd');
      expect(heard).toEqual([]);
      await runner.commitTransaction();
      await runner.release();
      expect(heard).toEqual(['a', 'b', 'c', 'd']);
    });

    it('is forgotten when the savepoint is rolled back, and nothing else is', async () => {
      const runner = open();
      await runner.startTransaction();
      await write(runner, 'a');
      await runner.startTransaction();
      await write(runner, 'b');
      await runner.startTransaction();
      await write(runner, 'c');
      await runner.commitTransaction();
      await runner.rollbackTransaction();
      await write(runner, 'd');
      await runner.commitTransaction();
      await runner.release();
      expect(heard).toEqual(['a', 'd']);
      expect(await stored()).toEqual(['a', 'd']);
    });
  });

  describe('after a statement that failed', () => {
    it.each<[SqlDialect, string[]]>([
      ['postgres', []],
      ['mysql', ['a', 'b']],
      ['sqlite', ['a', 'b']],
    ])('on %s is %j: PostgreSQL commits nothing then', async (dialect, expected) => {
      const runner = open(dialect);
      await runner.startTransaction();
      await write(runner, 'a');
      await fail(runner);
      await write(runner, 'b');
      await runner.commitTransaction();
      await runner.release();
      expect(heard).toEqual(expected);
    });

    it('runs if the savepoint around the statement was rolled back', async () => {
      const runner = open('postgres');
      await runner.startTransaction();
      await write(runner, 'a');
      await runner.startTransaction();
      await write(runner, 'b');
      await fail(runner);
      await runner.rollbackTransaction();
      await write(runner, 'c');
      await runner.commitTransaction();
      await runner.release();
      expect(heard).toEqual(['a', 'c']);
    });

    it.each(['commitTransaction', 'rollbackTransaction', 'release'] as const)(
      'runs in the next transaction, after %s',
      async (end) => {
        const runner = open('postgres');
        await runner.startTransaction();
        await fail(runner);
        await runner[end]();
        if (end === 'release') await runner.rollbackTransaction();
        await runner.startTransaction();
        await write(runner, 'a');
        await runner.commitTransaction();
        await runner.release();
        expect(heard).toEqual(['a']);
      },
    );

    it('runs if that was before the transaction, or nothing was sent', async () => {
      const runner = open('postgres');
      await fail(runner);
      await runner.startTransaction();
      noteFailedStatement(runner, new Error('refused'));
      await write(runner, 'a');
      await runner.commitTransaction();
      await runner.release();
      expect(heard).toEqual(['a']);
    });
  });

  describe('after a deadlock', () => {
    const victim = (errno: number): QueryFailedError =>
      new QueryFailedError('INSERT', [], Object.assign(new Error('a test'), { errno }));

    it('is forgotten: MySQL has undone the transaction', async () => {
      const runner = open('mysql');
      await runner.startTransaction();
      await write(runner, 'a');
      await runner.startTransaction();
      noteFailedStatement(runner, victim(1213));
      await write(runner, 'b');
      await runner.commitTransaction();
      await runner.commitTransaction();
      await runner.release();
      expect(heard).toEqual([]);
    });

    it('is told from other errors', async () => {
      const runner = open('mysql');
      await runner.startTransaction();
      await write(runner, 'a');
      noteFailedStatement(runner, victim(1205));
      await runner.commitTransaction();
      await runner.release();
      expect(heard).toEqual(['a']);
    });
  });

  describe('where a subscriber fails', () => {
    const subscribe = (when: keyof EntitySubscriberInterface): void => {
      const failing = { [when]: () => Promise.reject(new Error('a subscriber')) };
      dataSource.subscribers.push(failing as EntitySubscriberInterface);
    };
    const failed = (step: Promise<void>): Promise<void> => expect(step).rejects.toThrow('a subscriber');

    it('behind the commit, runs: the rows are stored', async () => {
      subscribe('afterTransactionCommit');
      const runner = open();
      await runner.startTransaction();
      await write(runner, 'a');
      await failed(runner.commitTransaction());
      await runner.release();
      expect(heard).toEqual(['a']);
      expect(await stored()).toEqual(['a']);
    });

    it('before the commit, does not run: nothing is stored', async () => {
      subscribe('beforeTransactionCommit');
      const runner = open();
      await runner.startTransaction();
      await write(runner, 'a');
      await failed(runner.commitTransaction());
      await runner.rollbackTransaction();
      await runner.release();
      expect(heard).toEqual([]);
    });

    it('before the release of a savepoint, waits for what becomes of it', async () => {
      const runner = open();
      await runner.startTransaction();
      await write(runner, 'a');
      await runner.startTransaction();
      await write(runner, 'b');
      subscribe('beforeTransactionCommit');
      await failed(runner.commitTransaction());
      dataSource.subscribers.length = 0;
      await runner.rollbackTransaction();
      await runner.commitTransaction();
      await runner.release();
      expect(heard).toEqual(['a']);
    });

    it('behind the start, waits for the commit', async () => {
      subscribe('afterTransactionStart');
      const runner = open();
      await failed(runner.startTransaction());
      await write(runner, 'a');
      expect(heard).toEqual([]);
      await runner.commitTransaction();
      await runner.release();
      expect(heard).toEqual(['a']);
    });

    it('before the start, runs at once', async () => {
      subscribe('beforeTransactionStart');
      const runner = open();
      await failed(runner.startTransaction());
      await write(runner, 'a');
      expect(heard).toEqual(['a']);
    });

    it('before a rollback, is kept', async () => {
      subscribe('beforeTransactionRollback');
      const runner = open();
      await runner.startTransaction();
      await write(runner, 'a');
      await runner.startTransaction();
      await failed(runner.rollbackTransaction());
      await write(runner, 'b');
      await runner.commitTransaction();
      await runner.commitTransaction();
      await runner.release();
      expect(heard).toEqual(['a', 'b']);
    });
  });

  describe('on the only connection of a database', () => {
    it('waits for the transaction of another query runner that the write has become a part of', async () => {
      const connection = new ConnectionMutex();
      const [outer, inner] = [open('sqlite', connection), open('sqlite', connection)];
      await tenancy.run({ organizationId: 1 }, async () => {
        await outer.startTransaction();
        await write(inner, 'a', connection);
        expect(heard).toEqual([]);
        await outer.commitTransaction();
        await outer.release();
        expect(heard).toEqual(['a']);
        await write(inner, 'b', connection);
        expect(heard).toEqual(['a', 'b']);
      });
    });

    it.each(['commitTransaction', 'rollbackTransaction'] as const)(
      'of a savepoint of that transaction waits too, after %s',
      async (end) => {
        const connection = new ConnectionMutex();
        const [outer, inner] = [open('sqlite', connection), open('sqlite', connection)];
        Object.assign(outer, { manager: dataSource.createEntityManager(outer) });
        await tenancy.run({ organizationId: 1 }, async () => {
          await connection.transaction(outer.manager)(async () => {
            await write(outer, 'a', connection);
            await inner.startTransaction();
            await write(inner, 'b', connection);
            await inner[end]();
            await inner.release();
            await write(inner, 'c', connection);
            expect(heard).toEqual([]);
          });
          await outer.release();
        });
        expect(heard).toEqual(end === 'commitTransaction' ? ['a', 'b', 'c'] : ['a', 'c']);
        expect(await stored()).toEqual(heard);
      },
    );
  });
});
