import { QueryFailedError } from 'typeorm';

/** The properties of a driver's error that tell about the statement or the schema, and contain no value of a row. */
const LOGGED = new Set([
  ...['code', 'errno', 'sqlState', 'severity', 'schema', 'table', 'column', 'dataType', 'constraint', 'routine'],
]);

/**
 * Hides the statement, its parameters and the driver's error from loggers, which print every enumerable property of an
 * error. Filters can still read them.
 *
 * @returns the same error
 */
export function hideFromLogs(error: unknown): unknown {
  if (!(error instanceof QueryFailedError)) return error;
  for (const key of Object.keys(error)) {
    if (!LOGGED.has(key)) Object.defineProperty(error, key, { enumerable: false });
  }
  return error;
}
