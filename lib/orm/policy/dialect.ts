import type { DataSource } from 'typeorm';
import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import type { SqlDialect } from '../sql/tokenizer.js';

const DIALECTS: Readonly<Record<string, SqlDialect>> = {
  postgres: 'postgres',
  mysql: 'mysql',
  mariadb: 'mysql',
  sqljs: 'sqlite',
  'better-sqlite3': 'sqlite',
  expo: 'sqlite',
  cordova: 'sqlite',
  nativescript: 'sqlite',
  'react-native': 'sqlite',
  capacitor: 'sqlite',
};

/** Returns the dialect of a DataSource's driver; undefined if the database is not supported. */
export function supportedDialect(dataSource: DataSource): SqlDialect | undefined {
  return DIALECTS[dataSource.driver.options.type];
}

/**
 * Returns the dialect of a DataSource. An unsupported database cannot hold tenant-scoped entities; for its shared
 * entities SQLite's SQL fits best.
 */
export function dialectOf(dataSource: DataSource): SqlDialect {
  return supportedDialect(dataSource) ?? 'sqlite';
}

/**
 * Returns the dialect of an instrumented DataSource.
 *
 * @throws StatementRefusedError if its database is not supported
 */
export function requireDialect(dataSource: DataSource): SqlDialect {
  const dialect = supportedDialect(dataSource);
  if (dialect === undefined)
    throw new StatementRefusedError(
      `${dataSource.driver.options.type} is not supported`,
      'Use PostgreSQL, MySQL, MariaDB or SQLite.',
    );
  return dialect;
}
