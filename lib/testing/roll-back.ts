import type { INestApplicationContext } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { DataSource, QueryRunner } from 'typeorm';
import { dataSourcesOf } from '../crud/data-source.locator.js';
import { shareWhile } from '../tenancy/context/shared-transactions.js';

/**
 * Runs a test in a transaction of each DataSource and rolls it back, also if the test fails. All requests and
 * repositories of the application use that transaction meanwhile, of any tenant; a transaction of theirs becomes a
 * savepoint.
 *
 * Limits: the connection is one, so the test sends one request at a time. What uses another connection (a DataSource
 * that the module does not provide, a driver of its own) is not rolled back, nor are sequences, and `…Committed` hooks
 * do not run. On PostgreSQL a statement that fails outside of a transaction of the application aborts the whole
 * transaction.
 *
 * @param app the application
 * @param test the test
 * @returns the result of `test`
 * @throws the error of `test`
 * @example
 * await rollBack(app, async () => {
 *   await asTenant(acme, request(app.getHttpServer()).post('/tickets')).send({ subject: 'Late' }).expect(201);
 * });
 */
export async function rollBack<R>(app: INestApplicationContext, test: () => Promise<R>): Promise<R> {
  const dataSources = dataSourcesOf(app.get(DiscoveryService, { strict: false }));
  const nested = dataSources.reduce<() => Promise<R>>((run, dataSource) => () => inTransaction(dataSource, run), test);
  return nested();
}

async function inTransaction<R>(dataSource: DataSource, run: () => Promise<R>): Promise<R> {
  const runner = dataSource.createQueryRunner();
  const own = pin(dataSource, runner);
  await runner.startTransaction();
  try {
    return await shareWhile(runner, 'a test that is rolled back', run);
  } finally {
    own.unpin();
    // A transaction that the application left open is a savepoint within this one.
    while (runner.isTransactionActive) await runner.rollbackTransaction();
    await own.release();
  }
}

/** Makes everything on a DataSource use one query runner, which only the test releases. */
function pin(dataSource: DataSource, runner: QueryRunner): { unpin: () => void; release: () => Promise<void> } {
  const release = runner.release.bind(runner);
  const previous = Object.getOwnPropertyDescriptor(dataSource, 'createQueryRunner');
  runner.release = () => Promise.resolve();
  dataSource.createQueryRunner = () => runner;
  const unpin = (): void => {
    if (previous === undefined) Reflect.deleteProperty(dataSource, 'createQueryRunner');
    else Object.defineProperty(dataSource, 'createQueryRunner', previous);
  };
  return { unpin, release };
}
