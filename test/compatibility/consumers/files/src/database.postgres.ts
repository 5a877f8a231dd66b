import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import { DefaultNamingStrategy } from 'typeorm';
import { entities } from './entities.js';

/** camelCase to snake_case, as the common naming strategies do. */
const snake = (name: string): string => name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();

class SnakeNamingStrategy extends DefaultNamingStrategy {
  override tableName(className: string, customName?: string): string {
    return customName || snake(className);
  }
  override columnName(propertyName: string, customName: string | undefined, prefixes: string[]): string {
    return snake(prefixes.join('_')) + (prefixes.length > 0 ? '_' : '') + (customName || snake(propertyName));
  }
  override joinColumnName(relationName: string, referencedColumnName: string): string {
    return snake(`${relationName}_${referencedColumnName}`);
  }
  override joinTableColumnName(tableName: string, propertyName: string, columnName?: string): string {
    return snake(`${tableName.replace(this.prefix, '')}_${columnName || propertyName}`);
  }
  private readonly prefix = 'crm_';
}

/** Tables that were there before: a schema and a prefix of their own, constraints named by PostgreSQL. */
export function dataSourceOptions(): TypeOrmModuleOptions {
  return {
    type: 'postgres',
    url: process.env['DATABASE_URL'],
    schema: 'support',
    entityPrefix: 'crm_',
    namingStrategy: new SnakeNamingStrategy(),
    entities,
  };
}
