import { DataSource } from 'typeorm';
import type { DataSourceOptions } from 'typeorm';
import { instrumentDataSource } from '../../lib/orm/instrument-data-source.js';

/**
 * A DataSource of a kind of database that need not be there: attached, but never connected. Its builders make the text of statements,
 * and what is refused is refused before anything is sent.
 */
export async function unconnected(
  type: 'postgres' | 'mysql' | 'mariadb' | 'sqljs',
  entities: NonNullable<DataSourceOptions['entities']>,
  options: object = {},
): Promise<DataSource> {
  const own = type === 'mysql' || type === 'mariadb' ? { connectorPackage: 'mysql2', database: 'none' } : {};
  const dataSource = new DataSource({ type, entities, ...own, ...options } as DataSourceOptions);
  await (dataSource as unknown as { buildMetadatas(): Promise<void> }).buildMetadatas();
  instrumentDataSource(dataSource);
  return dataSource;
}
