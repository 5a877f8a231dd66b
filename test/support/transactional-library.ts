import { AsyncLocalStorage } from 'node:async_hooks';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';

const inTransaction = new AsyncLocalStorage<EntityManager>();

/**
 * Makes everything that goes through a DataSource part of the transaction that {@link transactional} has opened around the running code, as
 * typeorm-transactional does: it replaces `manager` and `createQueryBuilder`, and calls the methods of the prototype.
 */
export function patchForTransactions(dataSource: DataSource): DataSource {
  let manager = dataSource.manager;
  Object.defineProperty(dataSource, 'manager', {
    configurable: true,
    get: () => inTransaction.getStore() ?? manager,
    set: (next: EntityManager) => (manager = next),
  });
  const stock = Reflect.get(DataSource.prototype, 'createQueryBuilder') as (...args: unknown[]) => never;
  if (stock.length !== 3) throw new Error('This release of TypeORM is not known.');
  dataSource.createQueryBuilder = (...args: unknown[]) => {
    const { queryRunner } = dataSource.manager;
    const given = args.length === 0 ? [queryRunner] : [args[0], args[1], args[2] ?? queryRunner];
    return stock.apply(dataSource, given);
  };
  return dataSource;
}

/** Runs `fn` in a transaction of a DataSource that {@link patchForTransactions} has patched; within one in a savepoint of it. */
export function transactional<R>(dataSource: DataSource, fn: () => Promise<R>): Promise<R> {
  return dataSource.manager.transaction((manager) => inTransaction.run(manager, fn));
}
