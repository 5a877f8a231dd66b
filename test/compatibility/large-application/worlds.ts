import { declareScope, Tenancy } from 'nestjs-muck';
import { DataSource } from 'typeorm';
import type { EntityManager, EntityMetadata, ObjectLiteral } from 'typeorm';
import type { SqljsDriver } from 'typeorm/driver/sqljs/SqljsDriver.js';
import { createDatabase } from '../../support/databases.js';
import type { DatabaseKind, TestDatabase } from '../../support/databases.js';
import { detach } from '../../support/detach.js';
import { Random } from '../../support/random.js';
import { dataSourceOptions, model } from './application.js';
import { ACME, GLOBEX, type Sown, sow } from './rows.js';

declareScope({ tenantId: String });

export const tenancy = new Tenancy();

type Rows = readonly Readonly<Record<string, unknown>>[];

/** What a query builder has in common with others that conditions are added to. */
interface Conditional {
  andWhere(condition: string, parameters?: ObjectLiteral): this;
}

/** A database with the rows of two tenants, of which operations are about those of the first. */
export class World {
  private constructor(
    readonly kind: DatabaseKind,
    readonly dataSource: DataSource,
    readonly sown: Sown,
    /** Whether the library limits it; in the other world the tenant's filter is written by hand. */
    readonly isScoped: boolean,
    /** Options of another DataSource over the same database, without what it holds in memory. */
    readonly options: object,
    private readonly database: TestDatabase,
  ) {}

  /**
   * Opens a world over a database of its own. The same rows are sown in each.
   *
   * @param like a world whose SQLite file is copied, which takes less time than to make the schema again
   */
  static async open(kind: DatabaseKind, isScoped: boolean, like?: World): Promise<World> {
    const database = await createDatabase(kind);
    const connect = (options: object): Promise<DataSource> =>
      new DataSource({ ...database.options, ...dataSourceOptions, ...options }).initialize();
    if (like?.file !== undefined) {
      const own = { ...database.options, database: like.file };
      return new World(kind, await connect(own), like.sown, isScoped, own, database);
    }
    const maker = await connect({ synchronize: true });
    detach(maker);
    const sown = await sow(maker, new Random(8));
    if (!isScoped) return new World(kind, maker, sown, false, database.options, database);
    await maker.destroy();
    return new World(kind, await connect({}), sown, true, database.options, database);
  }

  get manager(): EntityManager {
    return this.dataSource.manager;
  }

  readonly repo = (entity: string) => this.dataSource.getRepository<ObjectLiteral>(model.type(entity));

  readonly metadata = (entity: string): EntityMetadata => this.dataSource.getMetadata(model.type(entity));

  /** The key of the n-th row that the tenant has of an entity. */
  readonly key = (entity: string, n = 0): never => this.sown.key(this.metadata(entity), ACME, n) as never;

  /** Runs an operation: for the tenant in its scope, or over everything. */
  run<R>(fn: () => Promise<R>): Promise<R> {
    return this.isScoped ? tenancy.run({ tenantId: ACME }, fn) : fn();
  }

  /** Conditions of find options, with the tenant's filter beside them where nothing else limits the rows. */
  readonly where = (conditions: ObjectLiteral = {}, owner: ObjectLiteral = { tenantId: ACME }): ObjectLiteral =>
    this.isScoped ? conditions : { ...conditions, ...owner };

  /** As {@link where} for a query builder, by the column of an alias. */
  readonly limit = <B extends Conditional>(builder: B, column: string): B =>
    this.isScoped ? builder : builder.andWhere(`${column} = :owner`, { owner: ACME });

  /** The condition of a join to rows of tenants from a row that they all read; undefined where the library adds it. */
  readonly on = (column: string): string | undefined => (this.isScoped ? undefined : `${column} = '${ACME}'`);

  /** The rows of all tables as texts, those of the other tenant apart. Times of now are the same time. */
  async snapshot(entities: readonly EntityMetadata[] = this.tables()): Promise<Snapshot> {
    return tenancy.unscoped('looks at everything', async () => {
      const own: Record<string, string[]> = {};
      const foreign: Record<string, string[]> = {};
      const runner = this.dataSource.createQueryRunner();
      for (const { tablePath, columns } of entities) {
        const rows = (await runner.query(`SELECT * FROM ${this.dataSource.driver.escape(tablePath)}`)) as Rows;
        const tenant = columns.find(({ propertyPath }) => propertyPath === 'tenantId')?.databaseName;
        const isForeign = (row: Rows[number]): boolean => tenant !== undefined && row[tenant] === GLOBEX;
        own[tablePath] = rows
          .filter((row) => !isForeign(row))
          .map(rowText)
          .sort();
        foreign[tablePath] = rows.filter(isForeign).map(rowText).sort();
      }
      await runner.release();
      return { own, foreign };
    });
  }

  /** Every table, junction and closure tables among them. */
  tables(): EntityMetadata[] {
    const byTable = new Map<string, EntityMetadata>();
    for (const metadata of this.dataSource.entityMetadatas) {
      if (metadata.tableType !== 'view' && metadata.tableType !== 'entity-child')
        byTable.set(metadata.tablePath, metadata);
    }
    return [...byTable.values()];
  }

  /** For SQLite in memory, its file; undefined for a server. */
  get file(): Uint8Array | undefined {
    return this.kind === 'sqljs' ? fileOf(this.dataSource) : undefined;
  }

  async close(): Promise<void> {
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
    await this.database.drop();
  }
}

/** The rows of tables by their names. */
export interface Snapshot {
  readonly own: Readonly<Record<string, readonly string[]>>;
  readonly foreign: Readonly<Record<string, readonly string[]>>;
}

function fileOf(dataSource: DataSource): Uint8Array {
  return (dataSource.driver as SqljsDriver).databaseConnection.export() as Uint8Array;
}

/** Times later than this are those of the run, which no two worlds have in common. */
const RECENT = Date.now() - 24 * 3600_000;

function rowText(row: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(comparable(row));
}

/** A value in which the times of now are the same. */
export function comparable(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, part: unknown) => (typeof part === 'string' && isNow(part) ? '<now>' : part)) ?? 'null',
  );
}

function isNow(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d/.test(text)) return false;
  const time = Date.parse(/Z$|[+-]\d\d:?\d\d$/.test(text) ? text : `${text.replace(' ', 'T')}Z`);
  return time >= RECENT && time <= Date.now() + 24 * 3600_000;
}
