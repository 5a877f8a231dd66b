import type { DataSource } from 'typeorm';
import { supportedDialect } from '../enforcement.js';
import type { SqlDialect } from '../sql/tokens.js';

/** The SQL that a DataSource's database speaks. Databases that cannot be kept inside a scope hold shared entities only. */
export function dialectOf(dataSource: DataSource): SqlDialect {
  return supportedDialect(dataSource) ?? 'sqlite';
}
