import { AsyncLocalStorage } from 'node:async_hooks';
import { EntityManager } from 'typeorm';
import type { QueryRunner } from 'typeorm';
import { currentFrame } from '../../tenancy/context/tenant-context.js';

/** How long a unit of work waits for another one's transaction before it gives up, in milliseconds. */
const PATIENCE = 30_000;

/** A transaction that is given to a callback: what runs inside belongs to it, on whichever query runner. */
const transactions = new AsyncLocalStorage<object>();

/**
 * Lets one unit of work at a time use a database that has one connection for all (SQLite).
 *
 * TypeORM gives every caller the same query runner there, so that one request's rollback takes along what another one has written and
 * been told is stored. Here each caller has a query runner of its own, a transaction has the connection to itself until it ends, and single statements wait for it.
 */
export class SingleConnection {
  private holder?: { readonly runner: QueryRunner; readonly unit: object | undefined };
  private readonly waiting: (() => void)[] = [];

  /** Makes a query runner keep to its turn. */
  guard(runner: QueryRunner): void {
    const { startTransaction, commitTransaction, rollbackTransaction, release, query } = bound(runner);
    let nested = false;

    runner.startTransaction = async (isolationLevel) => {
      if (this.holder?.runner === runner) return startTransaction(isolationLevel);
      if (this.isInside()) {
        // A transaction inside another one's callback: a savepoint of it, as on one query runner.
        if (!nested) Object.assign(runner, { transactionDepth: 1 });
        nested = true;
        return startTransaction(isolationLevel);
      }
      await this.take(runner);
      try {
        await startTransaction(isolationLevel);
      } catch (error) {
        this.give(runner);
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
        if (always || !runner.isTransactionActive) this.give(runner);
      }
    };
    runner.commitTransaction = () => end(commitTransaction, false);
    runner.rollbackTransaction = () => end(rollbackTransaction, depthOf(runner) <= 1);
    runner.release = async () => {
      if (this.holder?.runner === runner && runner.isTransactionActive) await end(rollbackTransaction, true);
      return release();
    };
    runner.query = async (sql: string, parameters?: unknown[], useStructuredResult?: boolean): Promise<never> => {
      if (this.holder?.runner === runner || this.isInside() || this.sharesUnit()) {
        return (await query(sql, parameters, useStructuredResult as true)) as never;
      }
      await this.take(runner);
      try {
        return (await query(sql, parameters, useStructuredResult as true)) as never;
      } finally {
        this.give(runner);
      }
    };
  }

  /**
   * Returns the query runner whose open transaction a statement of `runner` would become a part of.
   *
   * @returns undefined if it is the runner's own, or there is none
   */
  joinedTransaction(runner: QueryRunner): QueryRunner | undefined {
    const holder = this.holder?.runner;
    if (holder === undefined || holder === runner || !holder.isTransactionActive) return undefined;
    return this.isInside() || this.sharesUnit() ? holder : undefined;
  }

  /** `EntityManager.transaction`, or what a library has put in its place, whose callback is known to run inside the transaction. */
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

  /** Whether the running code is in the callback of the transaction that has the connection. */
  private isInside(): boolean {
    return this.holder !== undefined && this.holder.runner === transactions.getStore();
  }

  /** Whether the running code belongs to the request or job whose transaction has the connection. */
  private sharesUnit(): boolean {
    const unit = currentFrame()?.unit;
    return unit !== undefined && this.holder?.unit === unit;
  }

  private async take(runner: QueryRunner): Promise<void> {
    while (this.holder !== undefined) await this.turn();
    this.holder = { runner, unit: currentFrame()?.unit };
  }

  private turn(): Promise<void> {
    return new Promise((resolve, reject) => {
      const proceed = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.waiting.splice(this.waiting.indexOf(proceed), 1);
        reject(
          new Error(
            'Waited too long for a transaction that has the only connection of this database. ' +
              'Inside a transaction use its own entity manager.',
          ),
        );
      }, PATIENCE);
      timer.unref();
      this.waiting.push(proceed);
    });
  }

  private give(runner: QueryRunner): void {
    if (this.holder?.runner !== runner) return;
    this.holder = undefined;
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
