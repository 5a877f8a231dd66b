import { DataSource } from 'typeorm';
import type { DataSourceOptions } from 'typeorm';
import type { SqljsDriver } from 'typeorm/driver/sqljs/SqljsDriver.js';
import type { DatabaseKind } from '../../support/databases.js';

type Row = Readonly<Record<string, unknown>>;

/** Reads the tables of a world past TypeORM's entities and past the library. */
export interface Looker {
  /** A value for each table that changes with its rows; none where reading the rows is as quick. */
  checksums(tables: readonly string[]): Promise<ReadonlyMap<string, string>>;
  rows(table: string): Promise<readonly Row[]>;
  close(): Promise<void>;
}

/** Opens a connection of its own to a server; SQLite has the one of the DataSource. */
export async function openLooker(kind: DatabaseKind, dataSource: DataSource, options: object): Promise<Looker> {
  if (kind === 'sqljs') return new FileLooker(dataSource);
  const own = await new DataSource({ ...options, entities: [] } as unknown as DataSourceOptions).initialize();
  return new ServerLooker(own, kind === 'mariadb' ? mariadbChecksums : postgresChecksums);
}

class ServerLooker implements Looker {
  constructor(
    private readonly dataSource: DataSource,
    private readonly readChecksums: (
      dataSource: DataSource,
      tables: readonly string[],
    ) => Promise<ReadonlyMap<string, string>>,
  ) {}

  checksums(tables: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.readChecksums(this.dataSource, tables);
  }

  async rows(table: string): Promise<readonly Row[]> {
    return this.dataSource.query(`SELECT * FROM ${this.dataSource.driver.escape(table)}`);
  }

  close(): Promise<void> {
    return this.dataSource.destroy();
  }
}

async function postgresChecksums(dataSource: DataSource, tables: readonly string[]): Promise<Map<string, string>> {
  const one = (table: string): string =>
    `SELECT '${table}' AS name, coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') AS checksum FROM "${table}" t`;
  const rows: { name: string; checksum: string }[] = await dataSource.query(tables.map(one).join(' UNION ALL '));
  return new Map(rows.map(({ name, checksum }) => [name, checksum]));
}

async function mariadbChecksums(dataSource: DataSource, tables: readonly string[]): Promise<Map<string, string>> {
  const names = tables.map((table) => `\`${table}\``).join(', ');
  const rows: { Table: string; Checksum: unknown }[] = await dataSource.query(`CHECKSUM TABLE ${names} EXTENDED`);
  return new Map(rows.map(({ Table, Checksum }) => [Table.slice(Table.indexOf('.') + 1), String(Checksum)]));
}

/** SQLite in memory. */
class FileLooker implements Looker {
  constructor(private readonly dataSource: DataSource) {}

  checksums(): Promise<ReadonlyMap<string, string>> {
    return Promise.resolve(new Map());
  }

  rows(table: string): Promise<readonly Row[]> {
    const database = (this.dataSource.driver as SqljsDriver).databaseConnection as {
      exec(sql: string): { columns: string[]; values: unknown[][] }[];
    };
    const [found] = database.exec(`SELECT * FROM "${table}"`);
    return Promise.resolve(
      (found?.values ?? []).map((values) => Object.fromEntries(found.columns.map((name, i) => [name, values[i]]))),
    );
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
