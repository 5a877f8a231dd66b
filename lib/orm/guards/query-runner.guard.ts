import { AsyncResource } from 'node:async_hooks';
import type { EventEmitter } from 'node:events';
import { EntityNotFoundError, QueryResult } from 'typeorm';
import type { EntityMetadata, QueryRunner } from 'typeorm';
import type { IsolationLevel } from 'typeorm/driver/types/IsolationLevel.js';
import type { ReadStream } from 'typeorm/platform/PlatformTools.js';
import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import { TenantScopeViolationError } from '../../errors/tenant-scope-violation.error.js';
import {
  currentFrame,
  noteWrite,
  runInScope,
  runOutside,
  runUnscoped,
  UnscopedSection,
} from '../../tenancy/context/tenant-context.js';
import { isShared } from '../../tenancy/context/shared-transactions.js';
import { readClosureStatement } from './closure-table-statements.js';
import type { TreeNodes } from './closure-table-statements.js';
import { noteFailedStatement, noteWrittenThrough } from '../execution/commit-callbacks.js';
import { asUniqueConflict, withoutValues } from '../execution/driver-errors.js';
import type { Enforcement, IssuedStatement } from '../enforcement/enforcement.js';
import { isPersisting } from '../writes/save-context.js';
import { selectFromPostgres, selectsDirectly } from '../execution/postgres-executor.js';
import type { SingleConnection } from '../execution/connection-mutex.js';
import { refuseTextValues } from '../sql/sql-values.js';
import { requireOneTenant } from '../lookups/cross-tenant-check.js';
import { requireOwn, requireReferences, seesAll } from '../lookups/foreign-key-check.js';

/** A statement that may be sent. */
interface Admission {
  readonly parameters: unknown[] | undefined;
  readonly writes: readonly EntityMetadata[];
  readonly isSelect: boolean;
  /** What must be looked up before; undefined when nothing has to be. */
  readonly prepare: (() => Promise<void>) | undefined;
}

const NONE: readonly never[] = [];

/** The gate of a query runner, kept on the runner itself: one is made for every statement, and a map of them all is dear. */
const GATE = Symbol('gate');
type GuardedRunner = QueryRunner & { [GATE]?: StatementGate };

/**
 * For a statement that does not go through the gate, because its text was read when it was planned.
 *
 * @throws TenantScopeViolationError when the runner's transaction belongs to another scope
 */
export function requireOneScope(runner: QueryRunner): void {
  (runner as GuardedRunner)[GATE]?.keepToOneScope();
}

/**
 * Puts a gate in front of a query runner, through which every statement of TypeORM and of the application goes. What a query builder
 * issued in the situation that is in force passes unread; everything else is read, and refused where it touches rows of tenants.
 *
 * @param connection the only connection of the database, if its runners share one
 */
export function guardRunner(runner: QueryRunner, enforcement: Enforcement, connection?: SingleConnection): void {
  const guarded: GuardedRunner = runner;
  if (guarded[GATE] !== undefined) return;
  const gate = new StatementGate(runner, enforcement, connection);
  guarded[GATE] = gate;
  runner.query = ((sql: string, parameters?: unknown[], structured?: boolean) =>
    gate.query(sql, parameters, structured)) as QueryRunner['query'];
  runner.stream = (...args) => gate.stream(...args);
  runner.connect = () => gate.connect();
  runner.startTransaction = (isolationLevel) => gate.startTransaction(isolationLevel);
  runner.commitTransaction = () => gate.commitTransaction();
  runner.rollbackTransaction = () => gate.rollbackTransaction();
}

/** Whether statements of a query runner go through a gate. */
export function isGuardedRunner(runner: QueryRunner): boolean {
  return (runner as GuardedRunner)[GATE] !== undefined;
}

type Query = (sql: string, parameters?: unknown[], structured?: boolean) => Promise<unknown>;
type Stock = Pick<
  QueryRunner,
  'stream' | 'connect' | 'startTransaction' | 'commitTransaction' | 'rollbackTransaction'
> & { readonly query: Query };

class StatementGate {
  /** The runner's methods as they were. */
  private readonly stock: Stock;
  /** How many of them are running that control a transaction. */
  private controls = 0;
  /** Whose transaction is open. */
  private transactionOf: string | undefined;

  constructor(
    private readonly runner: QueryRunner,
    private readonly enforcement: Enforcement,
    private readonly connection: SingleConnection | undefined,
  ) {
    // Each is called on the runner: to bind them would cost more than to keep them.
    // eslint-disable-next-line @typescript-eslint/unbound-method
    const { query, stream, connect, startTransaction, commitTransaction, rollbackTransaction } = runner;
    this.stock = { query: query as Query, stream, connect, startTransaction, commitTransaction, rollbackTransaction };
  }

  // Not async: each promise costs, since AsyncLocalStorage follows them all.
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
    const readable = await this.stock.stream.call(this.runner, sql, sent, onEnd, onError);
    // Events of a stream come from the socket, in the context of whoever opened the connection: give them the one of whoever reads.
    const emitter: EventEmitter = readable;
    emitter.emit = AsyncResource.bind(emitter.emit.bind(emitter));
    return readable;
  }

  /** A pooled connection outlives the request that opens it, and its events must not carry that request's tenant. */
  connect(): Promise<never> {
    return runOutside(() => this.stock.connect.call(this.runner)) as Promise<never>;
  }

  async startTransaction(isolationLevel?: IsolationLevel): Promise<void> {
    if (!this.runner.isTransactionActive) {
      this.joinedGate()?.keepToOneScope();
      this.transactionOf = currentFrame()?.scope?.fingerprint;
    }
    await this.controlling(() => this.stock.startTransaction.call(this.runner, isolationLevel));
  }

  commitTransaction(): Promise<void> {
    return this.controlling(() => this.stock.commitTransaction.call(this.runner));
  }

  rollbackTransaction(): Promise<void> {
    return this.controlling(() => this.stock.rollbackTransaction.call(this.runner));
  }

  keepToOneScope(): void {
    const joined = this.joinedGate();
    joined?.keepToOneScope();
    if (isShared(joined?.runner ?? this.runner)) return;
    const scope = currentFrame()?.scope?.fingerprint;
    if (!this.runner.isTransactionActive || scope === undefined) return;
    this.transactionOf ??= scope;
    if (this.transactionOf !== scope) {
      throw new TenantScopeViolationError(
        'a transaction of one tenant goes on in the scope of another. Use one transaction per scope',
      );
    }
  }

  /** The gate of the runner whose transaction this one's statements are part of: its rollback would undo them too. */
  private joinedGate(): StatementGate | undefined {
    const joined: GuardedRunner | undefined = this.connection?.joinedTransaction(this.runner);
    return joined?.[GATE];
  }

  private noteWrite(): void {
    noteWrite();
    noteWrittenThrough(this.runner, this.connection);
  }

  private async controlling(control: () => Promise<void>): Promise<void> {
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
    this.keepToOneScope();
    const { runner, enforcement } = this;
    if (enforcement.dialect === 'mysql') refuseTextValues(parameters);
    const issued = enforcement.issuedAs(sql, parameters);
    if (issued !== undefined) {
      const { parameters: sent, writes, isSelect } = issued;
      if (!isSelect) this.noteWrite();
      return {
        parameters: sent as unknown[],
        writes,
        isSelect,
        // Reads go straight on.
        prepare: writes.length === 0 ? undefined : () => this.prepare(issued),
      };
    }
    const nodes = isPersisting() ? readClosureStatement(sql, parameters, runner.dataSource) : undefined;
    if (nodes === undefined) {
      if (this.controls === 0 && !/^\s*select\b/i.test(sql)) this.noteWrite();
      enforcement.audit.checkRaw(sql, { controls: this.controls > 0, inTransaction: runner.isTransactionActive });
      return { parameters, writes: NONE, isSelect: false, prepare: undefined };
    }
    return { parameters, writes: NONE, isSelect: false, prepare: () => this.requireNodes(nodes) };
  }

  private async prepare({ lookups, unscoped }: IssuedStatement): Promise<void> {
    const scope = currentFrame()?.scope;
    // In the scope itself: a section for some entities does not make their rows fit for others to refer to.
    if (scope !== undefined) await runInScope(scope, () => requireReferences(lookups, this.runner));
    // Without a scope only shared rows are named.
    else if (lookups.length > 0) await requireReferences(lookups, this.runner);
    // Over everything: of a row that is exempt its parents need not be.
    for (const write of unscoped) {
      const section = new UnscopedSection('compares tenants');
      await runUnscoped(section, () => requireOneTenant(write, this.enforcement.policies, this.runner));
    }
  }

  private async requireNodes({ metadata, columns, keys }: TreeNodes): Promise<void> {
    if (this.enforcement.policies.inForce(metadata) === undefined) return;
    if (!(await seesAll(this.runner, metadata, columns, keys))) throw new EntityNotFoundError(metadata.target, {});
    const [node] = keys;
    if (this.enforcement.policies.mayBeShared(metadata)) await requireOwn(this.runner, metadata, columns, [node]);
  }

  private send(sql: string, { parameters, writes, isSelect }: Admission, structured?: boolean): Promise<unknown> {
    const { runner, enforcement } = this;
    if (isSelect && selectsDirectly(enforcement)) {
      const rows = selectFromPostgres(enforcement, { text: sql, values: parameters ?? [] }, runner);
      return structured === true ? rows.then(asResult) : rows;
    }
    return this.stock.query.call(runner, sql, parameters, structured).catch((error: unknown) => {
      noteFailedStatement(runner, error);
      throw asUniqueConflict(error, writes, enforcement.policies) ?? withoutValues(error, enforcement.dialect);
    });
  }
}

/** What a query runner answers to those who want more than the rows. */
function asResult(rows: Readonly<Record<string, unknown>>[]): QueryResult {
  return Object.assign(new QueryResult(), { raw: rows, records: rows, affected: rows.length });
}
