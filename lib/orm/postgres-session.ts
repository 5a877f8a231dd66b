import { QueryFailedError, QueryRunnerAlreadyReleasedError } from 'typeorm';
import type { DataSource, QueryRunner } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { runOutside } from '../tenancy/scope-frame.js';
import { withoutValues } from './driver-errors.js';
import type { Enforcement } from './enforcement.js';

/** A select as PostgreSQL takes it. */
export interface PostgresStatement {
  readonly text: string;
  readonly values: unknown[];
  /** What the server shall keep it as. */
  readonly name?: string | undefined;
}

type Rows = Readonly<Record<string, unknown>>[];
type Done = (error: Error | undefined, result: { readonly rows: Rows }) => void;

/** What is used of a connection of `pg`. */
interface PostgresClient {
  query(text: string, values: unknown[], done: Done): void;
  query(statement: PostgresStatement, values: undefined, done: Done): void;
  on(event: 'error', listener: (error: Error) => void): unknown;
  removeListener(event: 'error', listener: (error: Error) => void): unknown;
}

/** The table has another form than when the statement was named; the name is not known, or is taken: a pooler has changed the connection. */
const NAME_IS_STALE = new Set(['0A000', '26000', '42P05']);

/** Whether selects may go straight to a connection: subscribers that want to hear of statements need a query runner. */
export function selectsDirectly({ dialect, dataSource }: Enforcement): boolean {
  return (
    dialect === 'postgres' &&
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
export async function selectFromPostgres(
  enforcement: Enforcement,
  statement: PostgresStatement,
  runner: QueryRunner | undefined,
): Promise<Rows> {
  if (runner !== undefined) {
    if (runner.isReleased) throw new QueryRunnerAlreadyReleasedError();
    return select(enforcement, statement, (await runner.connect()) as PostgresClient, runner);
  }
  const [client, release] = await obtain(enforcement.dataSource);
  let lost: Error | undefined;
  const lose = (error: Error): void => void (lost = error);
  client.on('error', lose);
  try {
    return await select(enforcement, statement, client);
  } finally {
    client.removeListener('error', lose);
    // The pool gives a connection that is lost to nobody else.
    release(lost);
  }
}

/** A connection that is opened must not carry the tenant of whoever happens to be first to need it. */
function obtain(dataSource: DataSource): Promise<[PostgresClient, (error?: Error) => void]> {
  const driver = dataSource.driver as PostgresDriver;
  const isForReplica = driver.isReplicated && dataSource.defaultReplicationModeForReads() === 'slave';
  return runOutside(() => (isForReplica ? driver.obtainSlaveConnection() : driver.obtainMasterConnection())) as Promise<
    [PostgresClient, (error?: Error) => void]
  >;
}

async function select(
  enforcement: Enforcement,
  statement: PostgresStatement,
  client: PostgresClient,
  runner?: QueryRunner,
): Promise<Rows> {
  const { logger, driver } = enforcement.dataSource;
  const { text, values } = statement;
  const { maxQueryExecutionTime } = driver.options;
  logger.logQuery(text, values, runner);
  try {
    const start = maxQueryExecutionTime === undefined ? 0 : Date.now();
    const rows = await send(client, statement);
    const took = maxQueryExecutionTime === undefined ? 0 : Date.now() - start;
    if (maxQueryExecutionTime && took > maxQueryExecutionTime) logger.logQuerySlow(took, text, values, runner);
    return rows;
  } catch (error) {
    if (statement.name !== undefined && NAME_IS_STALE.has((error as { code?: string }).code ?? '')) {
      enforcement.prepared.forget(text);
      // In a transaction nothing more can be asked after an error.
      if (runner?.isTransactionActive !== true) return select(enforcement, { text, values }, client, runner);
    }
    logger.logQueryError(error as Error, text, values, runner);
    throw withoutValues(new QueryFailedError(text, values, error as Error), 'postgres');
  }
}

/** By a callback: of the two promises that `pg` would make none is needed, and a text costs less than an object, which it copies. */
function send(client: PostgresClient, statement: PostgresStatement): Promise<Rows> {
  return new Promise((resolve, reject) => {
    const done: Done = (error, result) => (error ? reject(error) : resolve(result.rows));
    if (statement.name === undefined) client.query(statement.text, statement.values, done);
    else client.query(statement, undefined, done);
  });
}
