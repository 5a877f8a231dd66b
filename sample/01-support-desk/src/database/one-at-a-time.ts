import type { QueryRunner } from 'typeorm';

/** Any number will do, as long as nothing else in the database uses the same. */
const LOCK = 7_205_001;

/**
 * Runs `fn` while no other process that has the same database does the same: two servers that start together must not both
 * create the tables. The lock is the connection's, so it goes when the connection goes, whatever becomes of the process.
 */
export async function oneAtATime<R>(runner: QueryRunner, fn: () => Promise<R>): Promise<R> {
  await runner.query('SELECT pg_advisory_lock($1)', [LOCK]);
  try {
    return await fn();
  } finally {
    await runner.query('SELECT pg_advisory_unlock($1)', [LOCK]);
  }
}
