import type { DataSource } from 'typeorm';

/** Whether attempts are tried without enforcement too. Mutation testing, which runs them after this has been seen, only asks what is held. */
export const provesAttempts = process.env['TEST_ATTEMPTS'] !== 'held';

/**
 * Takes enforcement off a DataSource: what attaching put over TypeORM's own methods. An attack that fails here too proves nothing.
 */
export function detach(dataSource: DataSource): void {
  const { driver, manager, queryResultCache } = dataSource;
  for (const [object, methods] of [
    [
      dataSource,
      ['createEntityManager', 'runMigrations', 'undoLastMigration', 'showMigrations', 'synchronize', 'dropDatabase'],
    ],
    [driver, ['escapeQueryWithParameters', 'createQueryRunner', 'createSchemaBuilder']],
    [
      manager,
      ['save', 'remove', 'softRemove', 'recover', 'transaction', 'exportDatabase', 'loadDatabase', 'saveDatabase'],
    ],
    [queryResultCache ?? {}, ['getFromCache', 'storeInCache', 'remove']],
  ] as const) {
    for (const method of methods) Reflect.deleteProperty(object, method);
  }
  for (const mark of Object.getOwnPropertySymbols(dataSource))
    if (mark.description === 'attached DataSource') Reflect.deleteProperty(dataSource, mark);
  // SQLite's driver keeps one query runner, which is a guarded one.
  if (Object.hasOwn(driver, 'queryRunner')) Object.assign(driver, { queryRunner: undefined });
}
