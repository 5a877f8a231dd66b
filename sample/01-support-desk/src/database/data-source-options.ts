import type { DataSourceOptions } from 'typeorm';
import { entities } from './entities.js';
import { ReadableNames } from './readable-names.js';

/** Where the data lives: `postgres://user:password@host:port/database`. */
export type DatabaseUrl = string;

/** The application's DataSource. The tables are made by {@link migrate}, never by `synchronize`. */
export function dataSourceOptions(url: DatabaseUrl): DataSourceOptions {
  return {
    type: 'postgres',
    url,
    entities,
    namingStrategy: new ReadableNames(),
    synchronize: false,
    logging: false,
  };
}
