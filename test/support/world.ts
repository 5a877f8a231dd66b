import { Logger } from '@nestjs/common';
import { Tenancy, declareScope } from 'nestjs-muck';
import { InsertQueryBuilder } from 'typeorm';
import type {
  DataSource,
  EntityMetadata,
  EntityTarget,
  ObjectLiteral,
  QueryRunner,
  Repository,
  TreeRepository,
} from 'typeorm';
import { createDatabase } from './databases.js';
import type { DatabaseKind, TestDatabase } from './databases.js';
import { detach } from './detach.js';
import { openDeskDataSource } from './desk.js';
import { sow } from './desk-rows.js';
import { emptyTables, tablesOf } from './empty-tables.js';
import { statementsSentBy } from './sent.js';
import { StoredRows } from './stored-rows.js';
import type { StoredRow } from './stored-rows.js';

declareScope({ organizationId: Number });
// Refusals are logged, and attempts are refused by the hundred.
Logger.overrideLogger(false);

export const tenancy = new Tenancy();

/** The tenant that attacks. */
export const ACME = { organizationId: 1 } as const;
/** The tenant that is attacked. */
export const GLOBEX = { organizationId: 2 } as const;

/** Keys of Globex's rows: an attacker may guess them. Rows of entities that are not named here have the key 9001. */
export const foreign = {
  member: 9001,
  ticket: 9001,
  otherTicket: 9002,
  note: 9001,
  verdict: 9001,
  label: 9001,
  topic: 9001,
  folder: 9001,
  document: '00000000-0000-4000-8000-000000009001',
} as const;

/** Keys of Acme's rows. Rows of entities that are not named here have the key 1. */
export const own = {
  member: 1,
  ticket: 1,
  otherTicket: 2,
  note: 1,
  verdict: 1,
  label: 1,
  topic: 1,
  childTopic: 2,
  folder: 1,
  childFolder: 2,
  document: '00000000-0000-4000-8000-000000000001',
} as const;

/** How many rows Acme has. */
export const ACME_TICKETS = 3;

/** What is used of TypeORM's driver for SQLite in memory. */
interface SqliteInMemory {
  readonly databaseConnection: { export(): Uint8Array; close(): void };
  load(file: Uint8Array): Promise<unknown>;
}

/** The rows of a world as text: to tell whether any has changed. */
export interface Snapshot {
  readonly all: string;
  /** Those that belong to Globex, or refer to a row that does. */
  readonly globex: string;
}

/** An SQLite database with its rows as they are when nothing has happened yet: worlds are copies of it. */
let sown: { readonly file: Uint8Array; readonly snapshot: Snapshot } | undefined;

/** Two tenants' help desks in one database. */
export class World {
  /** The rows as they are when nothing has happened yet. */
  untouched!: Snapshot;
  private seen: { readonly changes: string | undefined; readonly snapshot: Snapshot } | undefined;
  private readonly stored: StoredRows | undefined;

  private constructor(
    readonly kind: DatabaseKind,
    readonly dataSource: DataSource,
    private readonly database: TestDatabase,
  ) {
    this.stored = StoredRows.of(dataSource);
  }

  /**
   * Makes a world in a database of its own.
   *
   * @param enforced false for a world in which enforcement is taken off: what crosses there proves that an attack is one
   */
  static async open(kind: DatabaseKind, enforced: boolean): Promise<World> {
    const database = await createDatabase(kind);
    const own = kind === 'sqljs' ? { synchronize: sown === undefined } : { poolSize: 5 };
    const dataSource = await openDeskDataSource({ ...database.options, ...own } as never);
    const world = new World(kind, dataSource, database);
    if (kind === 'sqljs' && sown !== undefined) await world.restore(sown);
    else await world.sow();
    if (!enforced) detach(dataSource);
    return world;
  }

  readonly repo = <T extends ObjectLiteral>(entity: EntityTarget<T>): Repository<T> =>
    this.dataSource.getRepository(entity);

  readonly tree = <T extends ObjectLiteral>(entity: EntityTarget<T>): TreeRepository<T> =>
    this.dataSource.getTreeRepository(entity);

  /** Puts a row into a table by TypeORM's own builder, which knows no rules: old bad data, from before anything was enforced. */
  readonly plant = async (entity: EntityTarget<ObjectLiteral>, row: ObjectLiteral): Promise<void> => {
    await new InsertQueryBuilder(this.dataSource).into(entity).values(row).execute();
  };

  /** A table's or column's name as this database writes it. */
  readonly escape = (name: string): string => this.dataSource.driver.escape(name);

  /** The statements that `fn` has sent to the database. */
  readonly sent = (fn: () => Promise<unknown>): Promise<string[]> => statementsSentBy(this.dataSource, fn);

  /** Runs `fn` with a query runner of its own, and releases it. */
  readonly withRunner = async <R>(fn: (runner: QueryRunner) => Promise<R>): Promise<R> => {
    const runner = this.dataSource.createQueryRunner();
    try {
      return await fn(runner);
    } finally {
      if (runner.isTransactionActive) await runner.rollbackTransaction();
      await runner.release();
    }
  };

  async close(): Promise<void> {
    await this.stored?.close();
    await this.dataSource.destroy();
    await this.database.drop();
  }

  /** The rows as they are now. */
  async look(): Promise<Snapshot> {
    return tenancy.unscoped('looks at everything', async () => {
      const changes = await this.changes();
      if (changes === undefined || changes !== this.seen?.changes) {
        this.seen = { changes, snapshot: await this.read() };
      }
      return this.seen.snapshot;
    });
  }

  /** SQLite counts what is written: while nothing is, the rows need not be read again. */
  private async changes(): Promise<string | undefined> {
    if (this.kind !== 'sqljs') return undefined;
    return JSON.stringify([
      await this.dataSource.query('SELECT total_changes() AS rows'),
      await this.dataSource.query('PRAGMA schema_version'),
    ]);
  }

  private async read(): Promise<Snapshot> {
    const rows = new Map<EntityMetadata, StoredRow[]>();
    // Undefined when an attack has removed a table.
    const stored = await this.stored?.read().catch(() => undefined);
    for (const metadata of tablesOf(this.dataSource)) {
      rows.set(metadata, stored?.get(metadata.tablePath) ?? (await this.rowsOf(metadata)));
    }
    const text = (chosen: (metadata: EntityMetadata, row: StoredRow) => boolean): string =>
      [...rows]
        .map(([metadata, all]) => {
          const lines = all.filter((row) => chosen(metadata, row)).map((row) => JSON.stringify(row));
          return `${metadata.tableName}\n${lines.sort().join('\n')}`;
        })
        .join('\n');
    return { all: text(() => true), globex: text((metadata, row) => touchesGlobex(metadata, row, rows)) };
  }

  private rowsOf({ tableName }: EntityMetadata): Promise<StoredRow[]> {
    const query = `SELECT * FROM ${this.escape(tableName)}`;
    return this.dataSource.query<StoredRow[]>(query).catch(() => [{ id: 'globex has no such table' }]);
  }

  /** Puts the rows back as they were, if `now` differs. */
  async reset(now: Snapshot): Promise<void> {
    await tenancy.unscoped('starts afresh', async () => {
      if (now.all !== this.untouched.all) await this.putBack();
      await this.dataSource.queryResultCache?.clear();
      this.untouched = await this.look();
    });
  }

  private async putBack(): Promise<void> {
    if (sown !== undefined && this.kind === 'sqljs') {
      await this.restore(sown);
      return;
    }
    if (await this.stored?.restore()) return;
    await this.resow().catch(async () => {
      await this.rebuild();
      await this.resow();
    });
    await this.stored?.keep();
  }

  private async sow(): Promise<void> {
    await tenancy.unscoped('two desks', () => sow(this.dataSource));
    await this.stored?.keep();
    this.untouched = await this.look();
    if (this.kind !== 'sqljs') return;
    sown = { file: this.sqlite().databaseConnection.export(), snapshot: this.untouched };
    await this.restore(sown);
  }

  private async restore({ file, snapshot }: NonNullable<typeof sown>): Promise<void> {
    this.sqlite().databaseConnection.close();
    await this.sqlite().load(file);
    this.untouched = snapshot;
    this.seen = { changes: await tenancy.unscoped('starts counting', () => this.changes()), snapshot };
  }

  private sqlite(): SqliteInMemory {
    return this.dataSource.driver as unknown as SqliteInMemory;
  }

  private async resow(): Promise<void> {
    await emptyTables(this.dataSource);
    await sow(this.dataSource);
  }

  /** Makes the tables anew, after an attack that has removed or changed them. */
  private async rebuild(): Promise<void> {
    if (this.dataSource.options.type === 'postgres') {
      await this.dataSource.query('CREATE SCHEMA IF NOT EXISTS public');
      await this.dataSource.query('CREATE EXTENSION IF NOT EXISTS "uuid-ossp"');
    }
    await this.dataSource.synchronize(true);
  }
}

/** Whether a row belongs to Globex, or refers to one that does. */
function touchesGlobex(
  metadata: EntityMetadata,
  row: StoredRow,
  rows: ReadonlyMap<EntityMetadata, StoredRow[]>,
): boolean {
  return (
    belongsToGlobex(metadata, row, rows) ||
    refersTo(metadata, row, rows) ||
    // The path of a row in a tree names the rows above it.
    Object.values(row).some((value) => typeof value === 'string' && /(^|\.)9\d{3}\.|globex/.test(value))
  );
}

function belongsToGlobex(
  metadata: EntityMetadata,
  row: StoredRow,
  rows: ReadonlyMap<EntityMetadata, StoredRow[]>,
): boolean {
  const tenant = metadata.name === 'Organization' ? 'id' : 'organizationId';
  const column = metadata.columns.find(({ propertyName }) => propertyName === tenant);
  return column === undefined ? refersTo(metadata, row, rows) : String(row[column.databaseName]) === '2';
}

function refersTo(metadata: EntityMetadata, row: StoredRow, rows: ReadonlyMap<EntityMetadata, StoredRow[]>): boolean {
  return metadata.foreignKeys.some(({ columns, referencedColumns, referencedEntityMetadata }) =>
    (rows.get(referencedEntityMetadata) ?? []).some(
      (target) =>
        columns.every(
          (column, i) => String(row[column.databaseName]) === String(target[referencedColumns[i].databaseName]),
        ) && belongsToGlobex(referencedEntityMetadata, target, rows),
    ),
  );
}
