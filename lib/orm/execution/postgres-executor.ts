import { DataSource, QueryFailedError, QueryRunnerAlreadyReleasedError, TypeORMError } from 'typeorm';
import type { QueryRunner } from 'typeorm';
import type { PostgresDriver } from '../../common/peer-internals.js';
import { ClientDisconnectedError } from '../../errors/client-disconnected.error.js';
import { beginUnitOfWork, currentContext, runWithoutContext } from '../../tenancy/context/tenant-context.js';
import { noteFailedStatement } from './commit-callbacks.js';
import { noteConnectionError } from './driver-error.parser.js';
import { hideFromLogs } from './loggable-error.js';
import type { StatementObservation } from './statement-observer.js';
import { redactValues } from './driver-errors.js';
import { isRetried, pauseBeforeRetry } from './race-retry.js';
import { postgresQueryType } from './postgres-query.js';
import type { PostgresQuery, PreludeStatement, QueryDone, TextRows } from './postgres-query.js';
import { timestamptzToIso } from './postgres-timestamps.js';
import type { TypeParsers } from './postgres-timestamps.js';
import { STALE_STATEMENT_CODES } from './prepared-statement-names.js';
import type { PreparedStatementNames } from './prepared-statement-names.js';
import type { SqlDialect } from '../sql/tokenizer.js';

/** A select, or a planned write, with positional parameters for PostgreSQL. */
export interface PostgresStatement {
  readonly text: string;
  readonly values: unknown[];
  /** The name of the prepared statement. */
  readonly name?: string | undefined;
  /** Whether timestamps are returned as ISO strings, as in JSON. */
  readonly isForJson?: boolean | undefined;
  /** Whether rows are returned as texts, unless the driver's native bindings parse them. */
  readonly asTexts?: boolean | undefined;
  /**
   * Statements to send before it, in the same implicit transaction and with the same Sync. Their results are discarded,
   * and an error in one of them is an error of the statement.
   */
  readonly preludes?: readonly PreludeStatement[] | undefined;
  /** Whether it writes rows, so that no replica can run it. */
  readonly isWrite?: boolean | undefined;
}

type Rows = Readonly<Record<string, unknown>>[];
type Done = (error: Error | undefined, rows?: Rows | TextRows) => void;

/** The members of a `pg` client that are used here. */
interface PostgresClient extends TypeParsers {
  query(query: NativeQuery | PostgresQuery): void;
  on(event: 'error', listener: (error: Error) => void): unknown;
  [CONNECTION_ERROR]?: Error | undefined;
  [JSON_TYPES]?: TypeParsers;
}

interface PostgresPool {
  connect(done: (error: Error | undefined, client: PostgresClient, release: (error?: Error) => void) => void): void;
}

/** A query of `pg`, of which native bindings have one of their own. */
interface NativeQuery {
  name: string | undefined;
}
type NativeQueryType = new (text: string, values: unknown[], done: QueryDone) => NativeQuery;

/** The connection of a query runner. */
export interface SelectConnection {
  readonly runner: QueryRunner;
  /** Whether a failed statement is undone alone, because it is in no transaction. */
  readonly isOutsideTransaction: boolean;
}

/** The DataSource that statements are sent to, and the names of its prepared statements. */
export interface ExecutionTarget {
  readonly dataSource: DataSource;
  readonly dialect: SqlDialect;
  readonly prepared: PreparedStatementNames;
}

/** TypeORM's own method, before a library replaces it. */
const createQueryRunner: unknown = Reflect.get(DataSource.prototype, 'createQueryRunner');

/**
 * Checks whether statements may be sent without a query runner. Subscribers to queries need one, and a library that
 * replaces `createQueryRunner` expects all statements on its own.
 */
export function canBypassQueryRunner({ dialect, dataSource }: ExecutionTarget): boolean {
  return (
    dialect === 'postgres' &&
    Reflect.get(dataSource, 'createQueryRunner') === createQueryRunner &&
    !dataSource.subscribers.some((subscriber) => 'beforeQuery' in subscriber || 'afterQuery' in subscriber)
  );
}

/** Checks whether statements may have preludes: native bindings send each statement with a Sync of its own. */
export function canSendPreludes(target: ExecutionTarget): boolean {
  return (
    canBypassQueryRunner(target) &&
    postgresQueryType(queryTypeOf(target.dataSource.driver as PostgresDriver)) !== undefined
  );
}

/**
 * Sends a statement without TypeORM's query runner, whose overhead costs as much as the statement itself. Loggers are
 * still called.
 *
 * @param connection the connection of the transaction; by default any connection is used, for a select one for reading
 * @param retries how often it was repeated before, because it lost a race
 * @returns the rows as objects, or as texts if the statement says so
 * @throws QueryFailedError as a query runner does, without values of rows
 */
export async function executeOnPostgres(
  target: ExecutionTarget,
  statement: PostgresStatement,
  connection: SelectConnection | undefined,
  observation?: StatementObservation,
  retries = 0,
): Promise<Rows | TextRows> {
  const { logger, driver } = target.dataSource;
  const { text, values } = statement;
  const runner = connection?.runner;
  const { maxQueryExecutionTime } = driver.options;
  if (runner?.isReleased === true) {
    const released = new QueryRunnerAlreadyReleasedError();
    noteFailedStatement(runner, released);
    throw released;
  }
  const own = runner && ((await runner.connect()) as PostgresClient);
  logger.logQuery(text, values, runner);
  try {
    const start = maxQueryExecutionTime === undefined ? 0 : Date.now();
    const rows = await acquireAndSubmit(target.dataSource, statement, own, observation);
    const took = maxQueryExecutionTime === undefined ? 0 : Date.now() - start;
    if (maxQueryExecutionTime && took > maxQueryExecutionTime) logger.logQuerySlow(took, text, values, runner);
    return rows;
  } catch (error) {
    if (error instanceof ClientDisconnectedError) throw error;
    if (error instanceof NoConnectionError) {
      noteConnectionError(error.cause);
      throw error.cause;
    }
    if (statement.name !== undefined && STALE_STATEMENT_CODES.has((error as { code?: string }).code)) {
      for (const stale of [statement, ...(statement.preludes ?? [])]) target.prepared.evict(stale.text);
      // In a transaction, PostgreSQL refuses every statement after an error.
      if (runner?.isTransactionActive !== true)
        return executeOnPostgres(target, withoutNames(statement), connection, observation);
    }
    logger.logQueryError(error as Error, text, values, runner);
    const failure = new QueryFailedError(text, values, error as Error);
    if (connection?.isOutsideTransaction !== false && isRetried(failure, retries)) {
      await pauseBeforeRetry(retries);
      return executeOnPostgres(target, statement, connection, observation, retries + 1);
    }
    if (runner !== undefined) noteFailedStatement(runner, failure);
    throw hideFromLogs(redactValues(failure, 'postgres'));
  }
}

/**
 * Sends a statement with callbacks and one promise, instead of the half dozen that pool and client would create.
 *
 * @param own the connection to use; by default one of the pool
 */
function acquireAndSubmit(
  dataSource: DataSource,
  statement: PostgresStatement,
  own: PostgresClient | undefined,
  observation: StatementObservation | undefined,
): Promise<Rows | TextRows> {
  const driver = dataSource.driver as PostgresDriver;
  const unit = currentContext()?.unitOfWork;
  return new Promise((resolve, reject) => {
    const done: Done = (error, rows) => (error ? reject(error) : resolve(rows!));
    if (own !== undefined) {
      observation?.connected();
      return submit(driver, own, statement, done);
    }
    const connected = (error: Error | undefined, client: PostgresClient, release: (error?: Error) => void): void => {
      if (error) return reject(new NoConnectionError(error));
      trackConnectionLoss(client);
      const gone = beginUnitOfWork(unit);
      if (gone !== undefined) {
        release();
        return reject(gone);
      }
      observation?.connected();
      submit(driver, client, statement, (failure, rows) => {
        // With an error, the pool discards the connection.
        release(client[CONNECTION_ERROR]);
        done(failure, rows);
      });
    };
    // A new connection must not capture the tenant context of its first user.
    const pool = poolOf(dataSource, statement);
    if (pool === undefined) reject(new NoConnectionError(new TypeORMError('Driver not Connected')));
    else runWithoutContext(() => pool.connect(connected));
  });
}

/** Signals that no connection was available, so the statement was not sent. */
class NoConnectionError extends Error {
  constructor(cause: Error) {
    super(undefined, { cause });
  }
}

function poolOf(dataSource: DataSource, { isWrite }: PostgresStatement): PostgresPool | undefined {
  const driver = dataSource.driver as PostgresDriver;
  const isForReplica =
    driver.isReplicated && isWrite !== true && dataSource.defaultReplicationModeForReads() === 'slave';
  const pools = (isForReplica ? driver.slaves : [driver.master]) as (PostgresPool | undefined)[];
  return pools[Math.floor(Math.random() * pools.length)];
}

/** Submits a query object, because `pg` would copy a plain configuration. */
function submit(driver: PostgresDriver, client: PostgresClient, statement: PostgresStatement, done: Done): void {
  const base = queryTypeOf(driver);
  const Query = postgresQueryType(base);
  if (Query === undefined) return submitNatively(base, client, statement, done);
  const query = new Query(statement, (error, result) =>
    done(error, statement.asTexts === true ? query.texts : result?.rows),
  );
  if (statement.isForJson === true) query._result._types = client[JSON_TYPES] ??= timestamptzToIso(client);
  client.query(query);
}

function submitNatively(
  Query: NativeQueryType,
  client: PostgresClient,
  { text, values, name, preludes = [] }: PostgresStatement,
  done: Done,
): void {
  // Without its preludes, the statement would run under the settings that these replace.
  if (preludes.length > 0) return done(new TypeORMError('Native bindings of pg cannot send preludes'));
  const query = new Query(text, values, (error, result) => done(error, result?.rows));
  query.name = name;
  client.query(query);
}

function queryTypeOf(driver: PostgresDriver): NativeQueryType {
  return (driver.postgres as { readonly Query: NativeQueryType }).Query;
}

function withoutNames(statement: PostgresStatement): PostgresStatement {
  const preludes = statement.preludes?.map((prelude) => ({ ...prelude, name: undefined }));
  return { ...statement, name: undefined, preludes };
}

/** The property of a client that holds the error of its lost connection. */
const CONNECTION_ERROR = Symbol('lost');
/** The property of a client that holds its type parsers for JSON. */
const JSON_TYPES = Symbol('json types');

/**
 * Handles the `error` event of a client. A waiting statement fails by itself, but an unhandled event would end the
 * process.
 */
function trackConnectionLoss(client: PostgresClient): void {
  if (CONNECTION_ERROR in client) return;
  client[CONNECTION_ERROR] = undefined;
  client.on('error', (error) => (client[CONNECTION_ERROR] = error));
}
