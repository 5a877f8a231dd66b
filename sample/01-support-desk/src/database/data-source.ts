import { DataSource } from 'typeorm';
import { dataSourceOptions } from './data-source-options.js';

/** The DataSource for command lines: `npx nestjs-muck audit`, `npx typeorm`. The application makes its own. */
export default new DataSource(dataSourceOptions({ databaseUrl: process.env['DATABASE_URL'] ?? '', jwtSecret: '' }));
