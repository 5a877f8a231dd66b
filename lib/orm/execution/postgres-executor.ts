import { DataSource, QueryFailedError, QueryRunnerAlreadyReleasedError, TypeORMError } from 'typeorm';
import type { QueryRunner } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { runWithoutContext } from '../../tenancy/context/tenant-context.js';
import { noteFailedStatement } from './commit-callbacks.js';
import { redactValues } from './driver-errors.js';
import { timestamptzToIso } from './postgres-timestamps.js';
import type { TypeParsers } from './postgres-timestamps.js';
import type { PreparedStatementNames } from './prepared-statement-names.js';
import type { SqlDialect } from '../sql/tokenizer.js';

/** A select as PostgreSQL takes it. */
export interface PostgresStatement {
  readonly text: string;
  readonly values: unknown[];
  /** What the server shall keep it as. */
  readonly name?: string | undefined;
  /** Whether instants are wanted in the form that they have in JSON. */
  readonly isForJson?: boolean | undefined;
}

type Rows = Readonly<Record<string, unknown>>[];
type Done = (error: Error | undefined, result: { readonly rows: Rows }) => void;

/** What is used of a connection of `pg`. */
interface PostgresClient extends TypeParsers {
  query(query: PostgresQuery): void;
  on(event: 'error', listener: (error: Error) => void): unknown;
  [CONNECTION_ERROR]?: Error | undefined;
  [JSON_TYPES]?: TypeParsers;
}

interface PostgresPool {
  connect(done: (error: Error | undefined, client: PostgresClient, release: (error?: Error) => void) => void): void;
}

/** A query of `pg`, which can be handed to a connection as it is. */
interface PostgresQuery {
  name: string | undefined;
  /** Not there with bindings that read rows themselves. */
  readonly _result?: { _types?: TypeParsers };
}
type PostgresQueryType = new (text: string, values: unknown[], done: Done) => PostgresQuery;

/** The table has another form than when the statement was named; the name is not known, or is taken: a pooler has changed the connection. */
const STALE_STATEMENT_CODES = new Set<string | undefined>(['0A000', '26000', '42P05']);

/** The DataSource that statements are sent to, and the names of its prepared statements. */
export interface ExecutionTarget {
  readonly dataSource: DataSource;
  readonly dialect: SqlDialect;
  readonly prepared: PreparedStatementNames;
}

/** TypeORM's own method, as it is before libraries replace it. */
const createQueryRunner: unknown = Reflect.get(DataSource.prototype, 'createQueryRunner');

/**
 * Whether selects may go straight to a connection: subscribers that want to hear of statements need a query runner, and what makes the query
 * runners in TypeORM's place wants all statements on them.
 */
export function canBypassQueryRunner({ dialect, dataSource }: ExecutionTarget): boolean {
  return (
    dialect === 'postgres' &&
    Reflect.get(dataSource, 'createQueryRunner') === createQueryRunner &&
    !dataSource.subscribers.some((subscriber) => 'beforeQuery' in subscriber || 'afterQuery' in subscriber)
  );
}

/**
 * Sends a select straight to a connection: what TypeORM's query runner does around a statement costs as much as the statement itself. Loggers
 * hear of it as ever.
 *
 * @param runner of the transaction that it belongs to; by default any connection for reading
 * @throws QueryFailedError as a query runner does, without the values of rows
 */
export async function executeSelect(
  target: ExecutionTarget,
  statement: PostgresStatement,
  runner: QueryRunner | undefined,
): Promise<Rows> {
  const { logger, driver } = target.dataSource;
  const { text, values, isForJson } = statement;
  const { maxQueryExecutionTime } = driver.options;
  if (runner?.isReleased === true) throw new QueryRunnerAlreadyReleasedError();
  const own = runner && ((await runner.connect()) as PostgresClient);
  logger.logQuery(text, values, runner);
  try {
    const start = maxQueryExecutionTime === undefined ? 0 : Date.now();
    const rows = await acquireAndSubmit(target.dataSource, statement, own);
    const took = maxQueryExecutionTime === undefined ? 0 : Date.now() - start;
    if (maxQueryExecutionTime && took > maxQueryExecutionTime) logger.logQuerySlow(took, text, values, runner);
    return rows;
  } catch (error) {
    if (error instanceof NoConnectionError) throw error.cause;
    if (statement.name !== undefined && STALE_STATEMENT_CODES.has((error as { code?: string }).code)) {
      target.prepared.evict(text);
      // In a transaction nothing more can be asked after an error.
      if (runner?.isTransactionActive !== true) return executeSelect(target, { text, values, isForJson }, runner);
    }
    logger.logQueryError(error as Error, text, values, runner);
    const failure = new QueryFailedError(text, values, error as Error);
    if (runner !== undefined) noteFailedStatement(runner, failure);
    throw redactValues(failure, 'postgres');
  }
}

/**
 * By callbacks, in one promise: of the half dozen that pool and connection would make none is needed.
 *
 * @param own the connection to use; by default one of the pool
 */
function acquireAndSubmit(
  dataSource: DataSource,
  statement: PostgresStatement,
  own: PostgresClient | undefined,
): Promise<Rows> {
  const driver = dataSource.driver as PostgresDriver;
  return new Promise((resolve, reject) => {
    const done: Done = (error, result) => (error ? reject(error) : resolve(result.rows));
    if (own !== undefined) return submit(driver, own, statement, done);
    const connected = (error: Error | undefined, client: PostgresClient, release: (error?: Error) => void): void => {
      if (error) return reject(new NoConnectionError(error));
      trackConnectionLoss(client);
      submit(driver, client, statement, (failure, result) => {
        // The pool gives a connection that is lost to nobody else.
        release(client[CONNECTION_ERROR]);
        done(failure, result);
      });
    };
    // A connection that is opened must not carry the tenant of whoever happens to be first to need it.
    const pool = poolOf(dataSource);
    if (pool === undefined) reject(new NoConnectionError(new TypeORMError('Driver not Connected')));
    else runWithoutContext(() => pool.connect(connected));
  });
}

/** There was no connection to send it on. */
class NoConnectionError extends Error {
  constructor(cause: Error) {
    super(undefined, { cause });
  }
}

function poolOf(dataSource: DataSource): PostgresPool | undefined {
  const driver = dataSource.driver as PostgresDriver;
  const isForReplica = driver.isReplicated && dataSource.defaultReplicationModeForReads() === 'slave';
  const pools = (isForReplica ? driver.slaves : [driver.master]) as (PostgresPool | undefined)[];
  return pools[Math.floor(Math.random() * pools.length)];
}

/** As a query that is made already: `pg` would copy what it is given otherwise. */
function submit(
  driver: PostgresDriver,
  client: PostgresClient,
  { text, values, name, isForJson }: PostgresStatement,
  done: Done,
): void {
  const { Query } = driver.postgres as { readonly Query: PostgresQueryType };
  const query = new Query(text, values, done);
  query.name = name;
  if (isForJson === true && query._result !== undefined) {
    query._result._types = client[JSON_TYPES] ??= timestamptzToIso(client);
  }
  client.query(query);
}

/** Why a connection was lost. */
const CONNECTION_ERROR = Symbol('lost');
/** The type parsers of a connection for answers in JSON. */
const JSON_TYPES = Symbol('json types');

/** Sees to it that the loss of a connection is heard of: a statement that waits for it fails by itself, the process must not. */
function trackConnectionLoss(client: PostgresClient): void {
  if (CONNECTION_ERROR in client) return;
  client[CONNECTION_ERROR] = undefined;
  client.on('error', (error) => (client[CONNECTION_ERROR] = error));
}
