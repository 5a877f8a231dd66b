import { EntityNotFoundError, QueryResult } from 'typeorm';
import type { EntityMetadata, QueryRunner } from 'typeorm';
import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import { currentContext, noteWrite, runUnscoped, runWithScope } from '../../tenancy/context/tenant-context.js';
import { UnscopedSection } from '../../tenancy/context/unscoped-section.js';
import type { Enforcement, VerifiedPlan, VerifiedStatement } from '../enforcement/enforcement.js';
import { noteFailedStatement } from '../execution/commit-callbacks.js';
import { redactValues, toUniqueConflict } from '../execution/driver-errors.js';
import { canBypassQueryRunner, executeOnPostgres } from '../execution/postgres-executor.js';
import { hideFromLogs } from '../execution/loggable-error.js';
import type { StatementObservation } from '../execution/statement-observer.js';
import { isRetried, pauseBeforeRetry } from '../execution/race-retry.js';
import { assertSameTenant } from '../lookups/cross-tenant-check.js';
import { areAllVisible, assertReferencesVisible, assertOwn } from '../lookups/foreign-key-check.js';
import { refuseTextValues } from '../sql/sql-values.js';
import { isInSave } from '../writes/save-context.js';
import type { RowOrder } from '../writes/returned-rows.js';
import { matchClosureStatement } from './closure-table-statements.js';
import type { ClosureNodes } from './closure-table-statements.js';

/** A statement with the driver's placeholders. */
export interface Statement {
  readonly text: string;
  readonly values: unknown[] | undefined;
  /** The verification of a text that was planned before; without it, the statement is verified when it is sent. */
  readonly plan?: VerifiedPlan | undefined;
  /** The name to prepare the statement under on PostgreSQL. */
  readonly name?: string | undefined;
  /** Whether timestamps are returned as ISO strings, as in JSON. */
  readonly isForJson?: boolean;
  /** Whether the rows of a planned statement are returned as {@link TextRows}, where the driver has them. */
  readonly asTexts?: boolean;
}

/** The connection of a query runner. */
export interface StatementConnection {
  readonly runner: QueryRunner;
  /** Whether the statement is one of a method that controls a transaction, as BEGIN is. */
  readonly isControlling: boolean;
  /** Whether a failed statement is undone alone, because it is in no transaction. */
  readonly isOutsideTransaction: boolean;
  /** @throws TenantScopeViolationError if the open transaction belongs to another scope */
  assertTransactionScope(): void;
  /** Records that the statement may change rows. */
  noteWrite(): void;
  /** Records a statement that no query builder has built: it may open a transaction. */
  noteRawStatement(): void;
  /** Sends a statement by TypeORM's own method, past every check. */
  send(text: string, values: unknown[] | undefined, structured: boolean | undefined): Promise<unknown>;
}

/** A statement that may be sent. */
export interface Admission {
  readonly values: unknown[] | undefined;
  readonly writes: readonly EntityMetadata[];
  /** Whether PostgreSQL's client may be sent it without the query runner: a select of a builder, or a planned text. */
  readonly isDirect: boolean;
  /** Whether a query builder has built it, or a plan: it may be repeated if it lost a race. */
  readonly isBuilt: boolean;
  /** The order of the returned rows; undefined to leave them as they are. */
  readonly returned?: RowOrder | undefined;
  /** Checks to run before the statement is sent; undefined if there are none. */
  readonly prepare: (() => Promise<void>) | undefined;
}

const NONE: readonly never[] = [];

/**
 * Sends a statement. Every statement that reaches the driver passes here, so the decision whether it may is made here
 * and nowhere else: a planned text was verified with its plan, a query builder's statement carries its verification,
 * and every other text is parsed and refused if it touches tenant-scoped rows.
 *
 * @param connection by default, any connection of the pool: for a planned statement outside of a transaction
 * @param structured whether a QueryResult is returned instead of rows
 * @returns the rows, as the driver returns them
 * @throws StatementRefusedError if the statement is not limited to the current scope
 * @throws TenantScopeViolationError if the connection's transaction belongs to another scope
 */
// Not async, because AsyncLocalStorage follows every promise, so each one costs time.
export function execute(
  statement: Statement,
  enforcement: Enforcement,
  connection: StatementConnection | undefined,
  structured?: boolean,
): Promise<unknown> {
  try {
    const admission = admit(statement, enforcement, connection);
    return submit(statement, admission, enforcement, connection, structured);
  } catch (error) {
    enforcement.observer?.refused(error);
    return Promise.reject(error instanceof Error ? error : new Error(String(error)));
  }
}

/**
 * Decides whether a statement may be sent.
 *
 * @throws StatementRefusedError or TenantScopeViolationError if it may not
 */
export function admit(
  { text, values, plan }: Statement,
  enforcement: Enforcement,
  connection: StatementConnection | undefined,
): Admission {
  if (typeof text !== 'string')
    throw new StatementRefusedError('it is not a string', 'Pass SQL as a string, and values as parameters.');
  connection?.assertTransactionScope();
  if (enforcement.isVerifiedPlan(plan, text)) return admitPlan(values, plan, enforcement, connection);
  if (connection === undefined)
    throw new StatementRefusedError('it was planned for another scope', 'Plan it in the scope that sends it.');
  const { runner } = connection;
  if (enforcement.dialect === 'mysql') refuseTextValues(values);
  const verified = enforcement.findVerified(text, values);
  if (verified !== undefined) {
    if (!verified.isSelect) connection.noteWrite();
    return {
      values: verified.parameters as unknown[],
      writes: verified.writes,
      isDirect: verified.isSelect,
      isBuilt: true,
      returned: verified.returned,
      // Reads need no checks.
      prepare: verified.writes.length === 0 ? undefined : () => checkRows(verified, enforcement, runner),
    };
  }
  const nodes = isInSave() ? matchClosureStatement(text, values, enforcement.dataSource) : undefined;
  if (nodes !== undefined)
    return {
      values,
      writes: NONE,
      isDirect: false,
      isBuilt: false,
      prepare: () => checkNodes(nodes, enforcement, runner),
    };
  if (!connection.isControlling) {
    connection.noteRawStatement();
    if (!/^\s*select\b/i.test(text)) connection.noteWrite();
  }
  enforcement.rawSql.verify(text, {
    isTransactionControl: connection.isControlling,
    inTransaction: runner.isTransactionActive,
    isRowSecured: enforcement.sessionPrelude !== undefined,
  });
  return { values, writes: NONE, isDirect: false, isBuilt: false, prepare: undefined };
}

/** Admits a statement whose text was verified when it was planned. A planned write checks its references itself. */
function admitPlan(
  values: unknown[] | undefined,
  { writes }: VerifiedPlan,
  { dialect }: Enforcement,
  connection: StatementConnection | undefined,
): Admission {
  if (writes.length > 0) {
    if (dialect === 'mysql') refuseTextValues(values);
    if (connection === undefined) noteWrite();
    else connection.noteWrite();
  }
  return { values, writes, isDirect: true, isBuilt: true, prepare: undefined };
}

/**
 * Sends an admitted statement after its checks.
 *
 * @param retries how often it was repeated before, because it lost a race
 */
function submit(
  statement: Statement,
  admission: Admission,
  enforcement: Enforcement,
  connection: StatementConnection | undefined,
  structured: boolean | undefined,
  retries = 0,
): Promise<unknown> {
  const { prepare } = admission;
  if (prepare === undefined) return send(statement, admission, enforcement, connection, structured, retries);
  return prepare().then(() => send(statement, admission, enforcement, connection, structured, retries));
}

function send(
  statement: Statement,
  admission: Admission,
  enforcement: Enforcement,
  connection: StatementConnection | undefined,
  structured: boolean | undefined,
  retries: number,
): Promise<unknown> {
  const { text, name, isForJson, asTexts } = statement;
  const { values, writes, isBuilt, returned } = admission;
  const observation = enforcement.observer?.begin(text);
  const isDirect = admission.isDirect && canBypassQueryRunner(enforcement);
  if (connection === undefined || isDirect) {
    const prelude = enforcement.sessionPrelude?.current(connection !== undefined);
    const preludes = prelude && [prelude];
    const isWrite = writes.length > 0;
    const direct = { text, values: values ?? [], name, isForJson, asTexts, preludes, isWrite };
    const sent = observed(executeOnPostgres(enforcement, direct, connection, observation), observation);
    const rows = isWrite ? sent.catch(toldByKeys(writes, enforcement, connection)) : sent;
    return structured === true ? rows.then(toQueryResult) : rows;
  }
  const sent =
    observation === undefined
      ? connection.send(text, values, structured)
      : sendObserved(text, values, connection, structured, observation);
  const arranged = returned === undefined ? sent : sent.then((result) => arrange(result, returned));
  return observed(arranged, observation).catch(async (error: unknown) => {
    noteFailedStatement(connection.runner, error);
    if (isBuilt && connection.isOutsideTransaction && isRetried(error, retries)) {
      await pauseBeforeRetry(retries);
      return submit(statement, admission, enforcement, connection, structured, retries + 1);
    }
    throw (
      (await toUniqueConflict(error, writes, enforcement, connection.runner)) ??
      hideFromLogs(redactValues(error, enforcement.dialect))
    );
  });
}

/** Returns a function that throws a unique violation as one that names properties, and any other error as it is. */
function toldByKeys(
  writes: readonly EntityMetadata[],
  enforcement: Enforcement,
  connection: StatementConnection | undefined,
): (error: unknown) => Promise<never> {
  return async (error) => {
    throw (await toUniqueConflict(error, writes, enforcement, connection?.runner)) ?? error;
  };
}

/** Puts returned rows into the order of the inserted ones, in a structured result or alone. */
function arrange(result: unknown, order: RowOrder): unknown {
  if (Array.isArray(result)) return order(result as Record<string, unknown>[]);
  if (result instanceof QueryResult && Array.isArray(result.raw))
    result.raw = order(result.raw as Record<string, unknown>[]);
  return result;
}

/** Acquires the connection first, so that the wait for it is no part of the statement's duration. */
async function sendObserved(
  text: string,
  values: unknown[] | undefined,
  connection: StatementConnection,
  structured: boolean | undefined,
  observation: StatementObservation,
): Promise<unknown> {
  await connection.runner.connect();
  observation.connected();
  return connection.send(text, values, structured);
}

/** Tells an observation how a statement has ended. */
function observed<R>(sent: Promise<R>, observation: StatementObservation | undefined): Promise<R> {
  if (observation === undefined) return sent;
  return sent.then(
    (result) => {
      observation.end(undefined);
      return result;
    },
    (error: unknown) => {
      observation.end(error);
      throw error;
    },
  );
}

/**
 * Checks that the rows that a write references are visible, and that rows of exempt entities stay with their tenant.
 */
async function checkRows(
  { lookups, unscoped }: VerifiedStatement,
  enforcement: Enforcement,
  runner: QueryRunner,
): Promise<void> {
  const scope = currentContext()?.scope;
  const check = (): Promise<void> => assertReferencesVisible(lookups, runner);
  // Checks in the scope itself: even in an unscoped section for some entities, other rows may not reference
  // their foreign rows. Without a scope, only references to shared rows are checked.
  await (scope === undefined ? check() : runWithScope(scope, check));
  // Unscoped for every entity, because the parents of an exempt row may not be exempt.
  for (const write of unscoped) {
    const section = new UnscopedSection('compares tenants');
    await runUnscoped(section, () => assertSameTenant(write, enforcement.policies, runner));
  }
}

async function checkNodes(
  { metadata, columns, keys }: ClosureNodes,
  enforcement: Enforcement,
  runner: QueryRunner,
): Promise<void> {
  if (enforcement.policies.effective(metadata) === undefined) return;
  if (!(await areAllVisible(runner, metadata, columns, keys))) throw new EntityNotFoundError(metadata.target, {});
  const [node] = keys;
  if (enforcement.policies.mayBeShared(metadata)) await assertOwn(runner, metadata, columns, [node]);
}

/** Converts rows to the structured result of a query runner. */
function toQueryResult(sent: unknown): QueryResult {
  const rows = sent as Readonly<Record<string, unknown>>[];
  return Object.assign(new QueryResult(), { raw: rows, records: rows, affected: rows.length });
}
