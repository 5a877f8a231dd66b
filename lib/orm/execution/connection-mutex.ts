import { AsyncLocalStorage } from 'node:async_hooks';
import { EntityManager } from 'typeorm';
import type { QueryRunner } from 'typeorm';
import { beginUnitOfWork, currentContext } from '../../tenancy/context/tenant-context.js';
import { noteConnectionError } from './driver-error.parser.js';

/** How long a unit of work waits for another one's transaction before it fails, in milliseconds. */
const ACQUIRE_TIMEOUT_MS = 30_000;

/**
 * The query runner of the transaction whose callback is running: its statements belong to the transaction, on any query
 * runner.
 */
const transactions = new AsyncLocalStorage<object>();

/**
 * A mutex for databases with a single connection (SQLite): one unit of work at a time uses it.
 *
 * TypeORM returns the same query runner to every caller there. One request's rollback then also undoes another
 * request's writes that were reported as stored. With the mutex, each caller has its own query runner. A transaction
 * holds the connection until it ends, and single statements wait for it.
 */
export class ConnectionMutex {
  private owner?: { readonly runner: QueryRunner; readonly unit: object | undefined };
  private readonly waiting: (() => void)[] = [];

  /** Patches a query runner to wait for the connection. */
  guard(runner: QueryRunner): void {
    const { startTransaction, commitTransaction, rollbackTransaction, release, query } = bound(runner);
    let nested = false;

    runner.startTransaction = async (isolationLevel) => {
      if (this.owner?.runner === runner) return startTransaction(isolationLevel);
      if (this.isInOwnTransaction()) {
        // A transaction inside another one's callback becomes a savepoint of it, as on one query runner.
        if (!nested) Object.assign(runner, { transactionDepth: 1 });
        nested = true;
        return startTransaction(isolationLevel);
      }
      await this.acquire(runner);
      try {
        await startTransaction(isolationLevel);
      } catch (error) {
        this.release(runner);
        throw error;
      }
    };
    const end = async (finish: () => Promise<void>, always: boolean): Promise<void> => {
      try {
        await finish();
        if (nested && depthOf(runner) === 1) {
          nested = false;
          Object.assign(runner, { isTransactionActive: false, transactionDepth: 0 });
        }
      } finally {
        if (always || !runner.isTransactionActive) this.release(runner);
      }
    };
    runner.commitTransaction = () => end(commitTransaction, false);
    runner.rollbackTransaction = () => end(rollbackTransaction, depthOf(runner) <= 1);
    runner.release = async () => {
      if (this.owner?.runner === runner && runner.isTransactionActive) await end(rollbackTransaction, true);
      return release();
    };
    runner.query = async (sql: string, parameters?: unknown[], useStructuredResult?: boolean): Promise<never> => {
      if (this.owner?.runner === runner || this.isInOwnTransaction() || this.isSameUnitOfWork()) {
        return (await query(sql, parameters, useStructuredResult as true)) as never;
      }
      await this.acquire(runner);
      try {
        return (await query(sql, parameters, useStructuredResult as true)) as never;
      } finally {
        this.release(runner);
      }
    };
  }

  /**
   * Returns the query runner whose open transaction a statement of `runner` would join.
   *
   * @returns undefined if the transaction is the runner's own, or there is no open transaction to join
   */
  joinedTransaction(runner: QueryRunner): QueryRunner | undefined {
    const holder = this.owner?.runner;
    if (holder === undefined || holder === runner || !holder.isTransactionActive) return undefined;
    return this.isInOwnTransaction() || this.isSameUnitOfWork() ? holder : undefined;
  }

  /**
   * Wraps `EntityManager.transaction`, or a library's replacement of it, so that its callback is recognised as part of
   * the transaction.
   */
  transaction(manager: EntityManager): EntityManager['transaction'] {
    type Method = (...args: unknown[]) => Promise<never>;
    const own = Object.hasOwn(manager, 'transaction') ? (Reflect.get(manager, 'transaction') as Method) : undefined;
    return (...args: unknown[]) => {
      const inside = args.map((argument) =>
        typeof argument === 'function' ? runInside(argument as Callback) : argument,
      );
      const transaction = own ?? (Reflect.get(EntityManager.prototype, 'transaction') as Method);
      return transaction.apply(manager, inside);
    };
  }

  /** Checks whether the running code is in the callback of the transaction that holds the connection. */
  private isInOwnTransaction(): boolean {
    return this.owner !== undefined && this.owner.runner === transactions.getStore();
  }

  /** Checks whether the running code belongs to the request or job whose transaction holds the connection. */
  private isSameUnitOfWork(): boolean {
    const unit = currentContext()?.unitOfWork;
    return unit !== undefined && this.owner?.unit === unit;
  }

  private async acquire(runner: QueryRunner): Promise<void> {
    while (this.owner !== undefined) await this.waitForTurn();
    const unit = currentContext()?.unitOfWork;
    this.owner = { runner, unit };
    const gone = beginUnitOfWork(unit);
    if (gone === undefined) return;
    this.release(runner);
    throw gone;
  }

  private waitForTurn(): Promise<void> {
    return new Promise((resolve, reject) => {
      const proceed = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.waiting.splice(this.waiting.indexOf(proceed), 1);
        const error = new Error(
          'Timed out waiting for a transaction that holds the only connection of this database. ' +
            'Inside a transaction use its own entity manager.',
        );
        noteConnectionError(error);
        reject(error);
      }, ACQUIRE_TIMEOUT_MS);
      timer.unref();
      this.waiting.push(proceed);
    });
  }

  private release(runner: QueryRunner): void {
    if (this.owner?.runner !== runner) return;
    this.owner = undefined;
    this.waiting.shift()?.();
  }
}

type Callback = (manager: EntityManager) => Promise<unknown>;

function runInside(callback: Callback): Callback {
  return (manager) => transactions.run(transactions.getStore() ?? manager.queryRunner!, () => callback(manager));
}

type Bound = Pick<QueryRunner, 'startTransaction' | 'commitTransaction' | 'rollbackTransaction' | 'release' | 'query'>;

function bound(runner: QueryRunner): Bound {
  return {
    startTransaction: runner.startTransaction.bind(runner),
    commitTransaction: runner.commitTransaction.bind(runner),
    rollbackTransaction: runner.rollbackTransaction.bind(runner),
    release: runner.release.bind(runner),
    query: runner.query.bind<QueryRunner['query']>(runner),
  };
}

function depthOf(runner: QueryRunner): number {
  return (runner as unknown as { transactionDepth: number }).transactionDepth;
}
