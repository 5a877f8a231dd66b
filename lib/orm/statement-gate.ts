import { AsyncResource } from 'node:async_hooks';
import type { EventEmitter } from 'node:events';
import { EntityNotFoundError } from 'typeorm';
import type { EntityMetadata, QueryRunner } from 'typeorm';
import { StatementRefusedError } from '../exceptions/statement-refused.error.js';
import { TenantScopeViolationError } from '../exceptions/tenant-scope-violation.error.js';
import { currentFrame, runInScope, runOutside } from '../tenancy/scope-frame.js';
import { readClosureStatement } from './closure-statements.js';
import type { TreeNodes } from './closure-statements.js';
import { asUniqueConflict, withoutValues } from './driver-errors.js';
import type { Enforcement, IssuedStatement } from './enforcement.js';
import { isPersisting } from './persistence.js';
import { requireOneTenant } from './unscoped-references.js';
import { requireReferences, seesAll } from './visible-rows.js';

/** A statement that may be sent. */
interface Admission {
  readonly parameters: unknown[] | undefined;
  readonly writes: readonly EntityMetadata[];
  /** What must be looked up before; undefined when nothing has to be. */
  readonly prepare: (() => Promise<void>) | undefined;
}

const NONE: readonly never[] = [];

/** By the query runner: what holds it to one scope for each transaction. */
const guarded = new WeakMap<QueryRunner, () => void>();

/**
 * For a statement that does not go through the gate, because its text was read when it was planned.
 *
 * @throws TenantScopeViolationError when the runner's transaction belongs to another scope
 */
export function requireOneScope(runner: QueryRunner): void {
  guarded.get(runner)?.();
}

/**
 * Puts a gate in front of a query runner, through which every statement of TypeORM and of the application goes. What a query builder
 * issued in the situation that is in force passes unread; everything else is read, and refused where it touches rows of tenants.
 */
export function guardRunner(runner: QueryRunner, enforcement: Enforcement): void {
  if (guarded.has(runner)) return;
  const query = runner.query.bind(runner) as (
    sql: string,
    parameters?: unknown[],
    structured?: boolean,
  ) => Promise<unknown>;
  const stream = runner.stream.bind(runner);
  const connect = runner.connect.bind(runner);
  let controls = 0;
  const controlling = async (control: () => Promise<void>): Promise<void> => {
    controls += 1;
    try {
      await control();
    } finally {
      controls -= 1;
    }
  };
  const startTransaction = runner.startTransaction.bind(runner);
  const commitTransaction = runner.commitTransaction.bind(runner);
  const rollbackTransaction = runner.rollbackTransaction.bind(runner);
  let transactionOf: string | undefined;

  const keepToOneScope = (): void => {
    const scope = currentFrame()?.scope?.fingerprint;
    if (!runner.isTransactionActive || scope === undefined) return;
    transactionOf ??= scope;
    if (transactionOf !== scope) {
      throw new TenantScopeViolationError(
        'a transaction of one tenant goes on in the scope of another. Use one transaction per scope',
      );
    }
  };
  guarded.set(runner, keepToOneScope);

  const admit = (sql: string, parameters: unknown[] | undefined): Admission => {
    if (typeof sql !== 'string') {
      throw new StatementRefusedError('it is no text', 'Give SQL as a string, and values as parameters.');
    }
    keepToOneScope();
    if (enforcement.dialect === 'mysql') refuseTextValues(parameters);
    const issued = enforcement.issuedAs(sql, parameters);
    if (issued !== undefined) {
      // Reads go straight on.
      const { parameters: sent, writes } = issued;
      return {
        parameters: sent as unknown[],
        writes,
        prepare: writes.length === 0 ? undefined : () => prepare(issued),
      };
    }
    const nodes = isPersisting() ? readClosureStatement(sql, parameters, runner.dataSource) : undefined;
    if (nodes === undefined) {
      enforcement.audit.checkRaw(sql, { controls: controls > 0, inTransaction: runner.isTransactionActive });
      return { parameters, writes: NONE, prepare: undefined };
    }
    return { parameters, writes: NONE, prepare: () => requireNodes(nodes) };
  };

  const prepare = async ({ lookups, unscoped }: IssuedStatement): Promise<void> => {
    const scope = currentFrame()?.scope;
    // In the scope itself: a section for some entities does not make their rows fit for others to refer to.
    if (lookups.length > 0 && scope !== undefined) await runInScope(scope, () => requireReferences(lookups, runner));
    for (const insert of unscoped) await requireOneTenant(insert, enforcement.policies, runner);
  };

  const requireNodes = async ({ metadata, columns, keys }: TreeNodes): Promise<void> => {
    if (enforcement.policies.inForce(metadata) === undefined) return;
    if (!(await seesAll(runner, metadata, columns, keys))) throw new EntityNotFoundError(metadata.target, {});
  };

  const send = (sql: string, { parameters, writes }: Admission, structured?: boolean): Promise<unknown> =>
    query(sql, parameters, structured).catch((error: unknown) => {
      throw asUniqueConflict(error, writes, enforcement.policies) ?? withoutValues(error, enforcement.dialect);
    });

  // Not async: each promise costs, since AsyncLocalStorage follows them all.
  runner.query = ((sql: string, parameters?: unknown[], structured?: boolean): Promise<unknown> => {
    try {
      const admission = admit(sql, parameters);
      if (admission.prepare === undefined) return send(sql, admission, structured);
      return admission.prepare().then(() => send(sql, admission, structured));
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }) as QueryRunner['query'];

  runner.stream = async (sql, parameters, onEnd, onError) => {
    const { parameters: sent, prepare: lookUp } = admit(sql, parameters);
    if (lookUp !== undefined) throw new StatementRefusedError('a write is sent as a stream', 'Call execute().');
    const readable = await stream(sql, sent, onEnd, onError);
    // Events of a stream come from the socket, in the context of whoever opened the connection: give them the one of whoever reads.
    const emitter: EventEmitter = readable;
    emitter.emit = AsyncResource.bind(emitter.emit.bind(emitter));
    return readable;
  };

  // A pooled connection outlives the request that opens it, and its events must not carry that request's tenant.
  runner.connect = () => runOutside(connect) as Promise<never>;

  runner.startTransaction = (isolationLevel) => {
    if (!runner.isTransactionActive) transactionOf = currentFrame()?.scope?.fingerprint;
    return controlling(() => startTransaction(isolationLevel));
  };
  runner.commitTransaction = () => controlling(commitTransaction);
  runner.rollbackTransaction = () => controlling(rollbackTransaction);
}

/** The MySQL drivers paste what `toSqlString()` gives into the statement. */
function refuseTextValues(value: unknown, depth = 0): void {
  if (typeof value !== 'object' || value === null || depth > 8) return;
  if (typeof (value as { toSqlString?: unknown }).toSqlString === 'function') {
    throw new StatementRefusedError('a value brings SQL of its own', 'Give a plain value.');
  }
  if (value instanceof Date || ArrayBuffer.isView(value)) return;
  const parts: readonly unknown[] =
    value instanceof Map || value instanceof Set ? [...value.values()] : Object.values(value);
  for (const part of parts) refuseTextValues(part, depth + 1);
}
