import type { DataSource, EntityMetadata, QueryRunner } from 'typeorm';

/** The tables of a DataSource's entities: each once, and no views. */
export function tablesOf(dataSource: DataSource): EntityMetadata[] {
  return dataSource.entityMetadatas.filter(({ tableType }) => tableType !== 'view' && tableType !== 'entity-child');
}

/** Deletes all rows, whatever refers to what. Called in an unscoped section. */
export function emptyTables(dataSource: DataSource): Promise<void> {
  return withRunner(dataSource, (runner) => deleteRows(dataSource, runner));
}

/**
 * Deletes all rows and lets generated keys begin at 1 again, which is quicker than making the schema anew.
 * Called in an unscoped section.
 */
export function startAfresh(dataSource: DataSource): Promise<void> {
  return withRunner(dataSource, async (runner) => {
    await deleteRows(dataSource, runner);
    await restartKeys(dataSource, runner);
  });
}

async function withRunner(dataSource: DataSource, fn: (runner: QueryRunner) => Promise<void>): Promise<void> {
  const runner = dataSource.createQueryRunner();
  try {
    await fn(runner);
  } finally {
    await runner.release();
  }
}

/** The statements that switch foreign keys off for a connection, and on again. */
export function foreignKeySwitch({ options }: DataSource): readonly [string, string] {
  const switches = {
    postgres: ['SET session_replication_role = replica', 'SET session_replication_role = DEFAULT'],
    mariadb: ['SET foreign_key_checks = 0', 'SET foreign_key_checks = 1'],
    sqljs: ['PRAGMA foreign_keys = OFF', 'PRAGMA foreign_keys = ON'],
  } as const;
  return switches[options.type as keyof typeof switches];
}

/** A table's path as this database writes it. */
export function escapePath({ driver }: DataSource, path: string): string {
  return path
    .split('.')
    .map((part) => driver.escape(part))
    .join('.');
}

async function deleteRows(dataSource: DataSource, runner: QueryRunner): Promise<void> {
  const [off, on] = foreignKeySwitch(dataSource);
  await runner.query(off);
  for (const { tablePath } of tablesOf(dataSource)) {
    await runner.query(`DELETE FROM ${escapePath(dataSource, tablePath)}`);
  }
  await runner.query(on);
}

async function restartKeys(dataSource: DataSource, runner: QueryRunner): Promise<void> {
  switch (dataSource.options.type as 'postgres' | 'mariadb' | 'sqljs') {
    case 'postgres':
      await runner.query(`SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'`);
      break;
    case 'mariadb': {
      const used = (await runner.query(
        'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() AND auto_increment > 1',
      )) as unknown as readonly { readonly name: string }[];
      for (const { name } of used) {
        await runner.query(`ALTER TABLE ${dataSource.driver.escape(name)} AUTO_INCREMENT = 1`);
      }
      break;
    }
    case 'sqljs':
      if (await runner.hasTable('sqlite_sequence')) await runner.query('DELETE FROM sqlite_sequence');
  }
}
