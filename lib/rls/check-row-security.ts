import type { DataSource, QueryRunner } from 'typeorm';
import { MuckConfigurationError } from '../errors/muck-configuration.error.js';
import { getRowLevelSecurity } from '../orm/row-security/row-security-options.js';
import type { RowLevelSecurityOptions } from '../orm/row-security/row-security-options.js';
import { runUnscoped } from '../tenancy/context/tenant-context.js';
import { UnscopedSection } from '../tenancy/context/unscoped-section.js';
import { compareSecurity } from './compare-security.js';
import type { TableDifference } from './compare-security.js';
import { tableSecurityOf } from './table-security.js';

/**
 * Compares the row-level security of a database with the declarations of its entities. It changes nothing and locks no
 * table: its transaction is rolled back.
 *
 * @param dataSource initialised
 * @param options by default those of `MuckModule.forRoot`
 * @returns the tables that differ; empty if the database is as declared
 * @throws MuckConfigurationError if the database is not PostgreSQL, or row-level security is not configured
 * @example
 * expect(await checkRowSecurity(dataSource)).toEqual([]);
 */
export async function checkRowSecurity(
  dataSource: DataSource,
  options: RowLevelSecurityOptions = configured(),
): Promise<TableDifference[]> {
  const declared = tableSecurityOf(dataSource, options);
  return inTransaction(dataSource, 'compares row-level security', async (runner) => {
    const differences = await compareSecurity(declared, options, (sql, values) => runner.query(sql, values));
    await runner.rollbackTransaction();
    return differences;
  });
}

/**
 * Gives the tables of a DataSource their policies, as a migration of `npx nestjs-muck rls generate` does. For a
 * database that `synchronize` has made, e.g. that of a test.
 *
 * @param dataSource initialised, and connected as the owner of the tables
 * @param options by default those of `MuckModule.forRoot`
 * @throws MuckConfigurationError if the database is not PostgreSQL, or row-level security is not configured
 * @example
 * await applyRowSecurity(ownerDataSource);
 */
export async function applyRowSecurity(
  dataSource: DataSource,
  options: RowLevelSecurityOptions = configured(),
): Promise<void> {
  const differences = await checkRowSecurity(dataSource, options);
  await inTransaction(dataSource, 'applies row-level security', async (runner) => {
    for (const statement of differences.flatMap(({ up }) => up)) await runner.query(statement);
    await runner.commitTransaction();
  });
}

/** Runs `fn` in a transaction that keeps the connection's role, and rolls it back if `fn` has not committed it. */
export async function inTransaction<R>(
  dataSource: DataSource,
  why: string,
  fn: (runner: QueryRunner) => Promise<R>,
): Promise<R> {
  const runner = dataSource.createQueryRunner('master');
  try {
    return await runUnscoped(new UnscopedSection(why, undefined, true), async () => {
      await runner.startTransaction();
      return fn(runner);
    });
  } finally {
    if (runner.isTransactionActive) await runner.rollbackTransaction();
    await runner.release();
  }
}

function configured(): RowLevelSecurityOptions {
  const options = getRowLevelSecurity();
  if (options === undefined)
    throw new MuckConfigurationError([
      "row-level security is not configured. Set MuckModule.forRoot({ rowLevelSecurity: { unscopedRole: 'app_unscoped' } }), and import that module",
    ]);
  return options;
}
