import type { DataSource } from 'typeorm';

/** The statements that `fn` has sent to the database, those that begin and end a transaction included. */
export async function statementsSentBy(dataSource: DataSource, fn: () => Promise<unknown>): Promise<string[]> {
  const statements: string[] = [];
  const { logger } = dataSource;
  const recording = Object.assign(Object.create(logger) as typeof logger, {
    logQuery: (query: string) => void statements.push(query),
  });
  Object.assign(dataSource, { logger: recording });
  try {
    await fn();
  } finally {
    Object.assign(dataSource, { logger });
  }
  return statements;
}
