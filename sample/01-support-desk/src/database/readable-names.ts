import { DefaultNamingStrategy, type Table } from 'typeorm';

type TableOrName = Table | string;

/**
 * Names constraints and indexes as PostgreSQL does when it is not told a name (`support_ticket_assigneeId_fkey`), so that
 * a migration is plain SQL and an error names something that can be read. TypeORM's own names are hashes.
 */
export class ReadableNames extends DefaultNamingStrategy {
  override primaryKeyName(table: TableOrName): string {
    return `${this.nameOf(table)}_pkey`;
  }

  override uniqueConstraintName(table: TableOrName, columns: string[]): string {
    return this.join(table, columns, 'key');
  }

  override relationConstraintName(table: TableOrName, columns: string[]): string {
    return this.join(table, columns, 'key');
  }

  override foreignKeyName(table: TableOrName, columns: string[]): string {
    return this.join(table, columns, 'fkey');
  }

  override indexName(table: TableOrName, columns: string[]): string {
    return this.join(table, columns, 'idx');
  }

  private join(table: TableOrName, columns: string[], ending: string): string {
    return [this.nameOf(table), ...columns, ending].join('_');
  }

  private nameOf(table: TableOrName): string {
    return this.getTableName(table).split('.').at(-1)!;
  }
}
