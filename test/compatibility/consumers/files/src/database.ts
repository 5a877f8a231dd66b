import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import { entities } from './entities.js';

/** SQLite in memory, made by TypeORM. */
export function dataSourceOptions(): TypeOrmModuleOptions {
  return { type: 'sqljs', entities, synchronize: true };
}
