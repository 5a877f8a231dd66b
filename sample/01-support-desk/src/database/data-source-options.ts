import type { DataSourceOptions } from 'typeorm';
import type { AppOptions } from '../app-options.js';
import { statementLogger } from '../isolation/statement-log.js';
import { entities } from './entities.js';
import { ReadableNames } from './readable-names.js';

/** Where the data lives: `postgres://user:password@host:port/database`. */
export type DatabaseUrl = string;

/** The application's DataSource. The tables are made by {@link migrate}, never by `synchronize`. */
export function dataSourceOptions({ databaseUrl: url, showStatements = false }: AppOptions): DataSourceOptions {
  return {
    type: 'postgres',
    url,
    entities,
    namingStrategy: new ReadableNames(),
    synchronize: false,
    logging: showStatements,
    ...(showStatements && { logger: statementLogger }),
  };
}
