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

/** The dialect of a DataSource's driver; undefined for databases that cannot be kept inside a scope. */
export function supportedDialect(dataSource: DataSource): SqlDialect | undefined {
  return DIALECTS[dataSource.driver.options.type];
}

/**
 * The SQL that a DataSource's database understands. One that is not supported cannot hold scoped entities; SQLite's SQL suits shared ones best.
 */
export function dialectOf(dataSource: DataSource): SqlDialect {
  return supportedDialect(dataSource) ?? 'sqlite';
}

/**
 * The dialect of a DataSource that is kept inside the tenant scope.
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
