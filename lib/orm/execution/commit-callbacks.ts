import { AsyncLocalStorage } from 'node:async_hooks';
import { QueryFailedError, QueryRunnerAlreadyReleasedError } from 'typeorm';
import type { QueryRunner } from 'typeorm';
import { bindContext } from '../../tenancy/context/tenant-context.js';
import type { ConnectionMutex } from './connection-mutex.js';
import type { SqlDialect } from '../sql/tokenizer.js';
import { noteConnectionError } from './driver-error.parser.js';

type Callback = () => Promise<void>;

/**
 * The callbacks to run after the commit of one transaction: a list for the transaction, and one for each open
 * savepoint.
 */
class CommitCallbacks {
  private levels: Callback[][] = [];
  /** Whether a statement has failed since the innermost savepoint. PostgreSQL then executes COMMIT as ROLLBACK. */
  hasFailed = false;

  begin(): void {
    this.levels.push([]);
  }

  add(callback: Callback): void {
    this.levels.at(-1)?.push(callback);
  }

  /** Releases the innermost savepoint: its callbacks move to the level around it. */
  release(): void {
    const released = this.levels.pop() ?? [];
    this.levels.at(-1)?.push(...released);
  }

  /** Rolls back the innermost savepoint and discards its callbacks. */
  rollBack(): void {
    this.levels.pop();
    this.hasFailed = false;
  }

  /** Removes and returns all callbacks. */
  end(): Callback[] {
    const all = this.levels.flat();
    this.levels = [];
    return all;
  }
}

/** The property of a query runner that holds its observer. */
const OBSERVER = Symbol('transaction observer');
type ObservedRunner = QueryRunner & { [OBSERVER]?: TransactionObserver };

/**
 * Observes the transactions of a query runner, so that {@link afterCommit} knows when the outermost one is committed.
 *
 * @param connection the mutex of the only connection, if the runners share one
 */
export function observeTransactions(runner: QueryRunner, dialect: SqlDialect, connection?: ConnectionMutex): void {
  const observed: ObservedRunner = runner;
  if (observed[OBSERVER] !== undefined) return;
  const observer = new TransactionObserver(runner, dialect, connection);
  observed[OBSERVER] = observer;
  const { startTransaction, commitTransaction, rollbackTransaction, release } = boundTo(runner);
  runner.startTransaction = (isolationLevel) => observer.starting(() => startTransaction(isolationLevel));
  runner.commitTransaction = () => observer.committing(commitTransaction);
  runner.rollbackTransaction = () => observer.rollingBack(rollbackTransaction);
  runner.release = () => observer.releasing(release);
}

/**
 * Reports a failed statement to the observer of a query runner: some databases then roll back the transaction
 * themselves.
 */
export function noteFailedStatement(runner: QueryRunner, error: unknown): void {
  (runner as ObservedRunner)[OBSERVER]?.noteFailure(error);
}

/** The query runners whose open transaction the running write has joined. */
const joined = new AsyncLocalStorage<Set<QueryRunner>>();

/** Records that a statement other than a select is sent through a query runner. */
export function noteWrittenThrough(runner: QueryRunner, connection: ConnectionMutex | undefined): void {
  const runners = joined.getStore();
  if (runners === undefined) return;
  const open = connection?.joinedTransaction(runner) ?? (runner.isTransactionActive ? runner : undefined);
  if (open !== undefined) runners.add(open);
}

/**
 * Runs `afterwards` once everything that `write` has written is committed: immediately if it is, otherwise after the
 * commit of the outermost transaction, in the current scope. After a rollback it does not run. The transaction is found
 * by the statements of `write`, so it does not matter which code has opened it.
 *
 * @param afterwards must not fail
 * @returns the result of `write`
 */
export async function afterCommit<R>(write: () => Promise<R>, afterwards: (result: R) => Promise<void>): Promise<R> {
  const runners = new Set<QueryRunner>();
  const result = await joined.run(runners, write);
  const open: ObservedRunner | undefined = [...runners].find(({ isTransactionActive }) => isTransactionActive);
  if (open === undefined) await afterwards(result);
  else open[OBSERVER]?.callbacks.add(bindContext(() => afterwards(result)));
  return result;
}

class TransactionObserver {
  /** The callbacks of the open transaction: another runner's if this one's is a savepoint of it. */
  callbacks = new CommitCallbacks();
  /** Whether the open transaction is a savepoint of another runner's. */
  private isJoined = false;
  /** The running callbacks of the last commit. */
  private running: Promise<unknown> | undefined;
  /** Whether the code that uses the runner has released it. */
  private isReleased = false;

  constructor(
    private readonly runner: QueryRunner,
    private readonly dialect: SqlDialect,
    private readonly connection: ConnectionMutex | undefined,
  ) {}

  async starting(start: () => Promise<void>): Promise<void> {
    const depth = this.depth;
    try {
      await start();
    } finally {
      if (depth === 0) this.join();
      // A subscriber may fail after the statement was sent.
      if (this.depth > depth) this.callbacks.begin();
    }
  }

  async committing(commit: () => Promise<void>): Promise<void> {
    const isUndone = this.callbacks.hasFailed && this.dialect === 'postgres';
    const depth = this.depth;
    try {
      await commit();
    } finally {
      // A subscriber may fail after the statement was sent.
      const isSent = this.depth < depth;
      if (this.depth > 0 || this.isJoined) {
        if (isSent) this.callbacks.release();
      } else {
        const callbacks = this.callbacks.end();
        // Not awaited: they may need the connection that this runner still holds.
        if (isSent && !isUndone) this.running = runAll(callbacks);
      }
    }
  }

  async rollingBack(rollBack: () => Promise<void>): Promise<void> {
    const depth = this.depth;
    try {
      await rollBack();
    } finally {
      if (this.depth < depth) this.callbacks.rollBack();
    }
  }

  async releasing(release: () => Promise<void>): Promise<void> {
    this.isReleased = true;
    if (!this.isJoined) this.callbacks.end();
    await release();
    await this.running;
  }

  noteFailure(error: unknown): void {
    // TypeORM releases a runner whose connection to PostgreSQL is lost.
    if (error instanceof QueryRunnerAlreadyReleasedError && !this.isReleased) noteConnectionError(error);
    if (!this.runner.isTransactionActive || !(error instanceof QueryFailedError)) return;
    this.callbacks.hasFailed = true;
    // MySQL has rolled back the whole transaction of the deadlock's victim, and runs its later statements outside of a
    // transaction.
    if ((error.driverError as { readonly errno?: number }).errno === DEADLOCK) this.callbacks.end();
  }

  private join(): void {
    const outer: ObservedRunner | undefined = this.connection?.joinedTransaction(this.runner);
    this.isJoined = outer !== undefined;
    this.callbacks = outer === undefined ? new CommitCallbacks() : outer[OBSERVER]!.callbacks;
  }

  private get depth(): number {
    return (this.runner as unknown as { readonly transactionDepth: number }).transactionDepth;
  }
}

/** MySQL's ER_LOCK_DEADLOCK. */
const DEADLOCK = 1213;

async function runAll(callbacks: readonly Callback[]): Promise<void> {
  for (const callback of callbacks) await callback();
}

type Bound = Pick<QueryRunner, 'startTransaction' | 'commitTransaction' | 'rollbackTransaction' | 'release'>;

function boundTo(runner: QueryRunner): Bound {
  return {
    startTransaction: runner.startTransaction.bind(runner),
    commitTransaction: runner.commitTransaction.bind(runner),
    rollbackTransaction: runner.rollbackTransaction.bind(runner),
    release: runner.release.bind(runner),
  };
}
