import { AsyncResource } from 'node:async_hooks';
import type { EventEmitter } from 'node:events';
import type { QueryRunner } from 'typeorm';
import type { IsolationLevel, PostgresDriver, ReadStream } from '../../common/peer-internals.js';
import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import { TenantScopeViolationError } from '../../errors/tenant-scope-violation.error.js';
import { isShared } from '../../tenancy/context/shared-transactions.js';
import { beginUnitOfWork, currentContext, noteWrite, runWithoutContext } from '../../tenancy/context/tenant-context.js';
import type { Enforcement } from '../enforcement/enforcement.js';
import { noteWrittenThrough } from '../execution/commit-callbacks.js';
import { queryClassOf } from '../execution/postgres-query.js';
import { noteConnectionError } from '../execution/driver-error.parser.js';
import { scopedClient } from '../row-security/scoped-client.js';
import { admit, execute } from './execute-statement.js';
import type { StatementConnection } from './execute-statement.js';

/**
 * Key of the guard on the query runner itself: one guard is created for every statement, and a map of all is expensive.
 */
const GUARD = Symbol('guard');
type GuardedRunner = QueryRunner & { [GUARD]?: QueryRunnerGuard };

/**
 * Guards a query runner: every statement that TypeORM or the application sends on it passes `execute()`.
 */
export function guardRunner(runner: QueryRunner, enforcement: Enforcement): void {
  const guarded: GuardedRunner = runner;
  if (guarded[GUARD] !== undefined) return;
  const guard = new QueryRunnerGuard(runner, enforcement);
  guarded[GUARD] = guard;
  runner.query = ((text: string, values?: unknown[], structured?: boolean) =>
    execute({ text, values }, enforcement, guard, structured)) as QueryRunner['query'];
  runner.stream = (...args) => guard.stream(...args);
  runner.connect = () => guard.connect();
  runner.startTransaction = (isolationLevel) => guard.startTransaction(isolationLevel);
  runner.commitTransaction = () => guard.commitTransaction();
  runner.rollbackTransaction = () => guard.rollbackTransaction();
  runner.release = () => guard.release();
}

/** Returns true if a query runner is guarded. */
export function isGuardedRunner(runner: QueryRunner): boolean {
  return (runner as GuardedRunner)[GUARD] !== undefined;
}

/**
 * Returns the connection of a query runner, for a planned statement.
 *
 * @throws StatementRefusedError if the runner is not guarded: the scope of its transaction is unknown
 */
export function connectionOf(runner: QueryRunner): StatementConnection {
  const guard = (runner as GuardedRunner)[GUARD];
  if (guard === undefined)
    throw new StatementRefusedError(
      'its query runner was not created by the DataSource',
      'Create the query runner with dataSource.createQueryRunner().',
    );
  return guard;
}

type Query = (sql: string, parameters?: unknown[], structured?: boolean) => Promise<unknown>;
type OriginalMethods = Pick<
  QueryRunner,
  'stream' | 'connect' | 'startTransaction' | 'commitTransaction' | 'rollbackTransaction' | 'release'
> & { readonly query: Query };

class QueryRunnerGuard implements StatementConnection {
  /** The runner's methods before they were patched. */
  private readonly original: OriginalMethods;
  /** Number of running calls that control a transaction. */
  private controls = 0;
  /** Fingerprint of the scope whose transaction is open. */
  private transactionOf: string | undefined;
  /** Whether a statement was sent that may have opened a transaction. */
  private hasRawStatement = false;
  /** The connection, whose statements set the scope for row-level security. */
  private scoped: object | undefined;
  /** Ends the transaction of a stream that is still open. */
  private endStream: (() => void) | undefined;

  constructor(
    readonly runner: QueryRunner,
    private readonly enforcement: Enforcement,
  ) {
    // Called with the runner as `this`, because binding each method would cost more.
    // eslint-disable-next-line @typescript-eslint/unbound-method
    const { query, stream, connect, startTransaction, commitTransaction, rollbackTransaction, release } = runner;
    this.original = {
      query: query as Query,
      stream,
      connect,
      startTransaction,
      commitTransaction,
      rollbackTransaction,
      release,
    };
  }

  async stream(...[text, given, onEnd, onError]: Parameters<QueryRunner['stream']>): Promise<ReadStream> {
    const { values, prepare } = admit({ text, values: given }, this.enforcement, this);
    if (prepare !== undefined) throw new StatementRefusedError('a write is sent as a stream', 'Call execute().');
    const ended = await this.openForStream();
    const endThen = (callback: (() => void) | undefined): (() => void) | undefined =>
      ended === undefined
        ? callback
        : () => {
            // Before the callback, which may release the connection.
            ended();
            callback?.();
          };
    const readable = await this.original.stream
      .call(this.runner, text, values, endThen(onEnd as () => void), endThen(onError as () => void))
      .catch((error: unknown) => {
        ended?.();
        throw error;
      });
    if (ended !== undefined) (readable as EventEmitter).once('close', ended);
    // Events of a stream come from the socket, in the context of the code that opened the connection. Binds them to the
    // context of the code that reads the stream.
    const emitter: EventEmitter = readable;
    emitter.emit = AsyncResource.bind(emitter.emit.bind(emitter));
    return readable;
  }

  /**
   * Sets the scope for row-level security, which must hold until the stream has ended: outside of a transaction, in one
   * of the stream's own.
   *
   * @returns ends that transaction; undefined if there is none to end
   */
  private async openForStream(): Promise<(() => void) | undefined> {
    const prelude = this.enforcement.sessionPrelude?.current(true);
    if (prelude === undefined) return undefined;
    await this.connect();
    // Not the view of the connection that sends the prelude before each statement.
    const client = (await this.original.connect.call(this.runner)) as {
      query(text: string, values?: readonly unknown[]): Promise<unknown>;
    };
    const isOwn = !this.runner.isTransactionActive;
    if (isOwn) await client.query('START TRANSACTION');
    let isOpen = isOwn;
    const end = (): void => {
      // The connection sends it after the stream, and before the statements of its next user.
      if (isOpen) void client.query('COMMIT').catch(() => undefined);
      isOpen = false;
    };
    await client.query(prelude.text, prelude.values).catch((error: unknown) => {
      end();
      throw error;
    });
    if (!isOwn) return undefined;
    this.endStream = end;
    return end;
  }

  /**
   * Connects without a context: a pooled connection outlives the request that opens it, and its events must not carry
   * that request's tenant.
   *
   * @throws ClientDisconnectedError if the client of a request that was not begun has disconnected
   */
  async connect(): Promise<never> {
    const connection = (await runWithoutContext(() => this.original.connect.call(this.runner)).catch(
      (error: unknown) => {
        noteConnectionError(error);
        throw error;
      },
    )) as never;
    const gone = beginUnitOfWork(currentContext()?.unitOfWork);
    if (gone !== undefined) throw gone;
    const { sessionPrelude: prelude, dataSource } = this.enforcement;
    if (prelude === undefined) return connection;
    return (this.scoped ??= scopedClient(connection, {
      queryClass: queryClassOf(dataSource.driver as PostgresDriver),
      prelude,
      isOutsideTransaction: () => this.isOutsideTransaction,
    })) as never;
  }

  async startTransaction(isolationLevel?: IsolationLevel): Promise<void> {
    if (!this.runner.isTransactionActive) {
      this.joinedGuard()?.assertTransactionScope();
      this.transactionOf = currentContext()?.scope?.fingerprint;
    }
    await this.whileControlling(() => this.original.startTransaction.call(this.runner, isolationLevel));
  }

  release(): Promise<void> {
    // A stream that is abandoned ends later than the use of its connection.
    this.endStream?.();
    return this.original.release.call(this.runner);
  }

  commitTransaction(): Promise<void> {
    return this.whileControlling(() => this.original.commitTransaction.call(this.runner));
  }

  rollbackTransaction(): Promise<void> {
    return this.whileControlling(() => this.original.rollbackTransaction.call(this.runner));
  }

  assertTransactionScope(): void {
    const joined = this.joinedGuard();
    joined?.assertTransactionScope();
    if (isShared(joined?.runner ?? this.runner)) return;
    const scope = currentContext()?.scope?.fingerprint;
    if (!this.runner.isTransactionActive || scope === undefined) return;
    this.transactionOf ??= scope;
    if (this.transactionOf !== scope) {
      throw new TenantScopeViolationError(
        'a transaction of one tenant continues in the scope of another. Use one transaction per scope',
      );
    }
  }

  /**
   * Returns the guard of the runner whose transaction this runner's statements join: its rollback would undo them too.
   */
  private joinedGuard(): QueryRunnerGuard | undefined {
    const joined: GuardedRunner | undefined = this.enforcement.connection?.joinedTransaction(this.runner);
    return joined?.[GUARD];
  }

  get isControlling(): boolean {
    return this.controls > 0;
  }

  get isOutsideTransaction(): boolean {
    return !this.runner.isTransactionActive && !this.hasRawStatement && this.joinedGuard() === undefined;
  }

  noteRawStatement(): void {
    this.hasRawStatement = true;
  }

  noteWrite(): void {
    noteWrite();
    noteWrittenThrough(this.runner, this.enforcement.connection);
  }

  send(text: string, values: unknown[] | undefined, structured: boolean | undefined): Promise<unknown> {
    return this.original.query.call(this.runner, text, values, structured);
  }

  private async whileControlling(control: () => Promise<void>): Promise<void> {
    this.controls += 1;
    try {
      await control();
    } finally {
      this.controls -= 1;
    }
  }
}
