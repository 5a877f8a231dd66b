import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import { postgresQueryType } from '../execution/postgres-query.js';
import type { PreludeStatement } from '../execution/postgres-query.js';
import { STALE_STATEMENT_CODES } from '../execution/prepared-statement-names.js';
import type { SessionPrelude } from './session-prelude.js';

/** A connection of `pg`. */
interface Client {
  query(...args: unknown[]): unknown;
}

/** A statement as TypeORM sends it. */
type Sent = readonly [text: string, values?: unknown[]];

/** Statements that control a transaction: they read no rows, and a prelude before BEGIN would have no effect. */
const CONTROL = /^(?:START TRANSACTION|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE SAVEPOINT|SET TRANSACTION)\b/;

/** How a connection sends statements with the access context of the running code. */
export interface ClientOptions {
  /** The class `Query` of `pg`. */
  readonly queryClass: Function;
  readonly prelude: SessionPrelude;
  /** Whether a failed statement may be sent again. */
  readonly isOutsideTransaction: () => boolean;
}

/**
 * Returns a view of a connection whose `query(text, values)` sends the prelude of the running code before each
 * statement. TypeORM's query runner calls that method; queries that are objects are sent as they are.
 */
export function scopedClient(given: object, options: ClientOptions): object {
  const client = given as Client;
  if (postgresQueryType(options.queryClass) === undefined)
    throw new StatementRefusedError(
      'native bindings of pg cannot set the scope for row-level security',
      "Set nativeDriver: undefined in the DataSource's options, and uninstall pg-native.",
    );
  return Object.create(client, {
    query: {
      value: (...args: unknown[]): unknown => {
        const [text, values, callback] = args;
        const prelude =
          typeof text === 'string' && callback === undefined && typeof values !== 'function' && !CONTROL.test(text)
            ? options.prelude.current(true)
            : undefined;
        if (prelude === undefined) return client.query(...args);
        return send(client, args as unknown as Sent, prelude, options);
      },
    },
  }) as Client;
}

async function send(client: Client, sent: Sent, prelude: PreludeStatement, options: ClientOptions): Promise<unknown> {
  try {
    return await submit(client, sent, prelude, options);
  } catch (error) {
    // The prelude alone has a name. A pooler has switched connections: its name is unknown, or in use.
    if (!STALE_STATEMENT_CODES.has((error as { code?: string }).code) || !options.isOutsideTransaction()) throw error;
    return submit(client, sent, { ...prelude, name: undefined }, options);
  }
}

function submit(
  client: Client,
  [text, values = []]: Sent,
  prelude: PreludeStatement,
  { queryClass }: ClientOptions,
): Promise<unknown> {
  const Query = postgresQueryType(queryClass)!;
  return new Promise((resolve, reject) => {
    const query = new Query({ text, values, preludes: [prelude] }, (error, result) =>
      error === undefined || error === null ? resolve(result) : reject(error),
    );
    client.query(query);
  });
}
