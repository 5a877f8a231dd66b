import { AsyncLocalStorage } from 'node:async_hooks';
import { QueryFailedError } from 'typeorm';
import type { QueryRunner } from 'typeorm';
import { bindContext } from '../../tenancy/context/tenant-context.js';
import type { ConnectionMutex } from './connection-mutex.js';
import type { SqlDialect } from '../sql/tokenizer.js';

type Callback = () => Promise<void>;

/** What is to run after the commit of one transaction: a list for it, and one for each savepoint within. */
class CommitCallbacks {
  private levels: Callback[][] = [];
  /** Whether a statement has failed since the innermost savepoint. PostgreSQL turns a COMMIT into a ROLLBACK then. */
  hasFailed = false;

  begin(): void {
    this.levels.push([]);
  }

  add(callback: Callback): void {
    this.levels.at(-1)?.push(callback);
  }

  /** The innermost savepoint is released: what was to run for it now waits for the one around it. */
  release(): void {
    const released = this.levels.pop() ?? [];
    this.levels.at(-1)?.push(...released);
  }

  /** The innermost savepoint, and what was to run for it, is undone. */
  rollBack(): void {
    this.levels.pop();
    this.hasFailed = false;
  }

  /** Forgets everything, and returns what was to run. */
  end(): Callback[] {
    const all = this.levels.flat();
    this.levels = [];
    return all;
  }
}

/** The observer of a query runner, kept on the runner itself. */
const OBSERVER = Symbol('transaction observer');
type ObservedRunner = QueryRunner & { [OBSERVER]?: TransactionObserver };

/**
 * Observes the transactions of a query runner, so that {@link afterCommit} knows when the outermost one is committed.
 *
 * @param connection the only connection of the database, if its runners share one
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

/** Tells the observer of a query runner that a statement has failed: some databases undo the transaction by themselves. */
export function noteFailedStatement(runner: QueryRunner, error: unknown): void {
  (runner as ObservedRunner)[OBSERVER]?.noteFailure(error);
}

/** The query runners whose open transaction the running write has become a part of. */
const joined = new AsyncLocalStorage<Set<QueryRunner>>();

/** Notes that a statement which is not a select goes through a query runner. */
export function noteWrittenThrough(runner: QueryRunner, connection: ConnectionMutex | undefined): void {
  const runners = joined.getStore();
  if (runners === undefined) return;
  const open = connection?.joinedTransaction(runner) ?? (runner.isTransactionActive ? runner : undefined);
  if (open !== undefined) runners.add(open);
}

/**
 * Runs `afterwards` when everything that `write` has written is committed: at once if it is by then, otherwise after the commit of the outermost
 * transaction, in the scope that is in force now. After a rollback it does not run. Which transaction that is its statements tell, whoever has
 * opened it.
 *
 * @param afterwards must not fail
 * @returns what `write` returns
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
  /** Those of the open transaction: another runner's, if this one's is a savepoint of it. */
  callbacks = new CommitCallbacks();
  /** Whether the open transaction is a savepoint of another runner's. */
  private isJoined = false;
  /** The callbacks of the last commit, while they run. */
  private running: Promise<unknown> | undefined;

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
        // Not awaited: they may need the connection that this runner still has.
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
    if (!this.isJoined) this.callbacks.end();
    await release();
    await this.running;
  }

  noteFailure(error: unknown): void {
    if (!this.runner.isTransactionActive || !(error instanceof QueryFailedError)) return;
    this.callbacks.hasFailed = true;
    // MySQL has undone the whole transaction of the victim of a deadlock, and goes on as if there were none.
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

/** ER_LOCK_DEADLOCK of MySQL. */
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
