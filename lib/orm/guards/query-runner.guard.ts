import { AsyncResource } from 'node:async_hooks';
import type { EventEmitter } from 'node:events';
import { EntityNotFoundError, QueryResult } from 'typeorm';
import type { EntityMetadata, QueryRunner } from 'typeorm';
import type { IsolationLevel, ReadStream } from '../../common/peer-internals.js';
import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import { TenantScopeViolationError } from '../../errors/tenant-scope-violation.error.js';
import {
  currentContext,
  noteWrite,
  runWithScope,
  runWithoutContext,
  runUnscoped,
  UnscopedSection,
} from '../../tenancy/context/tenant-context.js';
import { isShared } from '../../tenancy/context/shared-transactions.js';
import { matchClosureStatement } from './closure-table-statements.js';
import type { ClosureNodes } from './closure-table-statements.js';
import { noteFailedStatement, noteWrittenThrough } from '../execution/commit-callbacks.js';
import { toUniqueConflict, redactValues } from '../execution/driver-errors.js';
import type { Enforcement, VerifiedStatement } from '../enforcement/enforcement.js';
import { isInSave } from '../writes/save-context.js';
import { executeSelect, canBypassQueryRunner } from '../execution/postgres-executor.js';
import type { ConnectionMutex } from '../execution/connection-mutex.js';
import { refuseTextValues } from '../sql/sql-values.js';
import { assertSameTenant } from '../lookups/cross-tenant-check.js';
import { requireOwn, assertReferencesVisible, areAllVisible } from '../lookups/foreign-key-check.js';

/** Statement that may be sent. */
interface Admission {
  readonly parameters: unknown[] | undefined;
  readonly writes: readonly EntityMetadata[];
  readonly isSelect: boolean;
  /** Checks to run before the statement is sent; undefined if there are none. */
  readonly prepare: (() => Promise<void>) | undefined;
}

const NONE: readonly never[] = [];

/**
 * Key of the guard on the query runner itself: one guard is created for every statement, and a map of all is expensive.
 */
const GUARD = Symbol('gate');
type GuardedRunner = QueryRunner & { [GUARD]?: QueryRunnerGuard };

/**
 * Checks the transaction for a statement that bypasses the guard because its SQL was checked when it was planned.
 *
 * @throws TenantScopeViolationError if the runner's transaction belongs to another scope
 */
export function assertTransactionScope(runner: QueryRunner): void {
  (runner as GuardedRunner)[GUARD]?.assertTransactionScope();
}

/**
 * Guards a query runner: every statement of TypeORM and of the application passes the guard. A statement that a query
 * builder issued in the current access context is not parsed. Every other one is parsed, and refused if it touches
 * tenant-scoped rows.
 *
 * @param connection the only connection of the database, if its runners share one
 */
export function guardRunner(runner: QueryRunner, enforcement: Enforcement, connection?: ConnectionMutex): void {
  const guarded: GuardedRunner = runner;
  if (guarded[GUARD] !== undefined) return;
  const gate = new QueryRunnerGuard(runner, enforcement, connection);
  guarded[GUARD] = gate;
  runner.query = ((sql: string, parameters?: unknown[], structured?: boolean) =>
    gate.query(sql, parameters, structured)) as QueryRunner['query'];
  runner.stream = (...args) => gate.stream(...args);
  runner.connect = () => gate.connect();
  runner.startTransaction = (isolationLevel) => gate.startTransaction(isolationLevel);
  runner.commitTransaction = () => gate.commitTransaction();
  runner.rollbackTransaction = () => gate.rollbackTransaction();
}

/** Returns true if a query runner is guarded. */
export function isGuardedRunner(runner: QueryRunner): boolean {
  return (runner as GuardedRunner)[GUARD] !== undefined;
}

type Query = (sql: string, parameters?: unknown[], structured?: boolean) => Promise<unknown>;
type OriginalMethods = Pick<
  QueryRunner,
  'stream' | 'connect' | 'startTransaction' | 'commitTransaction' | 'rollbackTransaction'
> & { readonly query: Query };

class QueryRunnerGuard {
  /** The runner's methods before they were patched. */
  private readonly original: OriginalMethods;
  /** Number of running calls that control a transaction. */
  private controls = 0;
  /** Fingerprint of the scope whose transaction is open. */
  private transactionOf: string | undefined;

  constructor(
    private readonly runner: QueryRunner,
    private readonly enforcement: Enforcement,
    private readonly connection: ConnectionMutex | undefined,
  ) {
    // Called with the runner as `this`, because binding each method would cost more.
    // eslint-disable-next-line @typescript-eslint/unbound-method
    const { query, stream, connect, startTransaction, commitTransaction, rollbackTransaction } = runner;
    this.original = {
      query: query as Query,
      stream,
      connect,
      startTransaction,
      commitTransaction,
      rollbackTransaction,
    };
  }

  // Not async, because AsyncLocalStorage follows every promise, so each one costs time.
  query(sql: string, parameters?: unknown[], structured?: boolean): Promise<unknown> {
    try {
      const admission = this.admit(sql, parameters);
      if (admission.prepare === undefined) return this.send(sql, admission, structured);
      return admission.prepare().then(() => this.send(sql, admission, structured));
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async stream(...[sql, parameters, onEnd, onError]: Parameters<QueryRunner['stream']>): Promise<ReadStream> {
    const { parameters: sent, prepare: lookUp } = this.admit(sql, parameters);
    if (lookUp !== undefined) throw new StatementRefusedError('a write is sent as a stream', 'Call execute().');
    const readable = await this.original.stream.call(this.runner, sql, sent, onEnd, onError);
    // Events of a stream come from the socket, in the context of the code that opened the connection. Binds them to the
    // context of the code that reads the stream.
    const emitter: EventEmitter = readable;
    emitter.emit = AsyncResource.bind(emitter.emit.bind(emitter));
    return readable;
  }

  /**
   * Connects without a context: a pooled connection outlives the request that opens it, and its events must not carry
   * that request's tenant.
   */
  connect(): Promise<never> {
    return runWithoutContext(() => this.original.connect.call(this.runner)) as Promise<never>;
  }

  async startTransaction(isolationLevel?: IsolationLevel): Promise<void> {
    if (!this.runner.isTransactionActive) {
      this.joinedGate()?.assertTransactionScope();
      this.transactionOf = currentContext()?.scope?.fingerprint;
    }
    await this.whileControlling(() => this.original.startTransaction.call(this.runner, isolationLevel));
  }

  commitTransaction(): Promise<void> {
    return this.whileControlling(() => this.original.commitTransaction.call(this.runner));
  }

  rollbackTransaction(): Promise<void> {
    return this.whileControlling(() => this.original.rollbackTransaction.call(this.runner));
  }

  assertTransactionScope(): void {
    const joined = this.joinedGate();
    joined?.assertTransactionScope();
    if (isShared(joined?.runner ?? this.runner)) return;
    const scope = currentContext()?.scope?.fingerprint;
    if (!this.runner.isTransactionActive || scope === undefined) return;
    this.transactionOf ??= scope;
    if (this.transactionOf !== scope) {
      throw new TenantScopeViolationError(
        'a transaction of one tenant goes on in the scope of another. Use one transaction per scope',
      );
    }
  }

  /**
   * Returns the guard of the runner whose transaction this runner's statements join: its rollback would undo them too.
   */
  private joinedGate(): QueryRunnerGuard | undefined {
    const joined: GuardedRunner | undefined = this.connection?.joinedTransaction(this.runner);
    return joined?.[GUARD];
  }

  private noteWrite(): void {
    noteWrite();
    noteWrittenThrough(this.runner, this.connection);
  }

  private async whileControlling(control: () => Promise<void>): Promise<void> {
    this.controls += 1;
    try {
      await control();
    } finally {
      this.controls -= 1;
    }
  }

  private admit(sql: string, parameters: unknown[] | undefined): Admission {
    if (typeof sql !== 'string') {
      throw new StatementRefusedError('it is no text', 'Give SQL as a string, and values as parameters.');
    }
    this.assertTransactionScope();
    const { runner, enforcement } = this;
    if (enforcement.dialect === 'mysql') refuseTextValues(parameters);
    const issued = enforcement.findVerified(sql, parameters);
    if (issued !== undefined) {
      const { parameters: sent, writes, isSelect } = issued;
      if (!isSelect) this.noteWrite();
      return {
        parameters: sent as unknown[],
        writes,
        isSelect,
        // Reads need no checks.
        prepare: writes.length === 0 ? undefined : () => this.prepare(issued),
      };
    }
    const nodes = isInSave() ? matchClosureStatement(sql, parameters, runner.dataSource) : undefined;
    if (nodes === undefined) {
      if (this.controls === 0 && !/^\s*select\b/i.test(sql)) this.noteWrite();
      enforcement.audit.verifyRaw(sql, {
        isTransactionControl: this.controls > 0,
        inTransaction: runner.isTransactionActive,
      });
      return { parameters, writes: NONE, isSelect: false, prepare: undefined };
    }
    return { parameters, writes: NONE, isSelect: false, prepare: () => this.requireNodes(nodes) };
  }

  private async prepare({ lookups, unscoped }: VerifiedStatement): Promise<void> {
    const scope = currentContext()?.scope;
    // Checks in the scope itself: even in a section that is unscoped for some entities, other rows may not reference
    // their foreign rows.
    if (scope !== undefined) await runWithScope(scope, () => assertReferencesVisible(lookups, this.runner));
    // Without a scope, only references to shared rows are checked.
    else if (lookups.length > 0) await assertReferencesVisible(lookups, this.runner);
    // Unscoped for every entity, because the parents of an exempt row may not be exempt.
    for (const write of unscoped) {
      const section = new UnscopedSection('compares tenants');
      await runUnscoped(section, () => assertSameTenant(write, this.enforcement.policies, this.runner));
    }
  }

  private async requireNodes({ metadata, columns, keys }: ClosureNodes): Promise<void> {
    if (this.enforcement.policies.effective(metadata) === undefined) return;
    if (!(await areAllVisible(this.runner, metadata, columns, keys)))
      throw new EntityNotFoundError(metadata.target, {});
    const [node] = keys;
    if (this.enforcement.policies.mayBeShared(metadata)) await requireOwn(this.runner, metadata, columns, [node]);
  }

  private send(sql: string, { parameters, writes, isSelect }: Admission, structured?: boolean): Promise<unknown> {
    const { runner, enforcement } = this;
    if (isSelect && canBypassQueryRunner(enforcement)) {
      const rows = executeSelect(enforcement, { text: sql, values: parameters ?? [] }, runner);
      return structured === true ? rows.then(toQueryResult) : rows;
    }
    return this.original.query.call(runner, sql, parameters, structured).catch((error: unknown) => {
      noteFailedStatement(runner, error);
      throw toUniqueConflict(error, writes, enforcement.policies) ?? redactValues(error, enforcement.dialect);
    });
  }
}

/** Converts rows to the structured result of a query runner. */
function toQueryResult(rows: Readonly<Record<string, unknown>>[]): QueryResult {
  return Object.assign(new QueryResult(), { raw: rows, records: rows, affected: rows.length });
}
