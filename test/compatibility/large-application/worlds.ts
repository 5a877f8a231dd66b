import { declareScope, Tenancy } from 'nestjs-muck';
import { DataSource } from 'typeorm';
import type { EntityManager, EntityMetadata, ObjectLiteral } from 'typeorm';
import type { SqljsDriver } from 'typeorm/driver/sqljs/SqljsDriver.js';
import { createDatabase } from '../../support/databases.js';
import type { DatabaseKind, TestDatabase } from '../../support/databases.js';
import { detach } from '../../support/detach.js';
import { Random } from '../../support/random.js';
import { dataSourceOptions, model } from './application.js';
import { type Looker, openLooker } from './looker.js';
import { ACME, GLOBEX, type Sown, sow } from './rows.js';

declareScope({ tenantId: String });

export const tenancy = new Tenancy();

type Rows = readonly Readonly<Record<string, unknown>>[];

/** What a query builder has in common with others that conditions are added to. */
interface Conditional {
  andWhere(condition: string, parameters?: ObjectLiteral): this;
}

/** Options by which a server does not wait for its disk at every commit. */
const QUICK: Readonly<Partial<Record<DatabaseKind, object>>> = {
  postgres: { extra: { options: '-c synchronous_commit=off' } },
  postgres15: { extra: { options: '-c synchronous_commit=off' } },
};

/** A database with the rows of two tenants, of which operations are about those of the first. */
export class World {
  private readonly texts = new Map<string, TableRows>();

  private constructor(
    readonly kind: DatabaseKind,
    readonly dataSource: DataSource,
    readonly sown: Sown,
    /** Whether the library limits it; in the other world the tenant's filter is in its own code. */
    readonly isScoped: boolean,
    /** Options of another DataSource over the same database, without what it holds in memory. */
    readonly options: object,
    private readonly database: TestDatabase,
    private readonly looker: Looker,
  ) {}

  /**
   * Opens a world over a database of its own. The same rows are sown in each.
   *
   * @param like a world whose SQLite file is copied, which takes less time than to make the schema again
   */
  static async open(kind: DatabaseKind, isScoped: boolean, like?: World): Promise<World> {
    const database = await createDatabase(kind);
    const options = { ...database.options, ...QUICK[kind] };
    const connect = async (more: object): Promise<DataSource> =>
      new DataSource({ ...options, ...dataSourceOptions, ...more }).initialize();
    const world = async (dataSource: DataSource, sown: Sown, own: object): Promise<World> =>
      new World(kind, dataSource, sown, isScoped, own, database, await openLooker(kind, dataSource, options));
    if (like?.file !== undefined) {
      const own = { ...options, database: like.file };
      return world(await connect(own), like.sown, own);
    }
    const maker = await connect({ synchronize: true });
    detach(maker);
    const sown = await sow(maker, new Random(8));
    if (!isScoped) return world(maker, sown, options);
    await maker.destroy();
    return world(await connect({}), sown, options);
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

  /** The rows of all tables as texts, those of the other tenant apart. Times of now are the same time. Only changed tables are read again. */
  async snapshot(): Promise<Snapshot> {
    const tables = this.tables();
    const checksums = await this.looker.checksums(tables.map(({ tablePath }) => tablePath));
    for (const { tablePath, columns } of tables) {
      const checksum = checksums.get(tablePath);
      const known = this.texts.get(tablePath);
      if (known !== undefined && checksum !== undefined && known.checksum === checksum) continue;
      const rows = await this.looker.rows(tablePath);
      const tenant = columns.find(({ propertyPath }) => propertyPath === 'tenantId')?.databaseName;
      const isForeign = (row: Rows[number]): boolean => tenant !== undefined && row[tenant] === GLOBEX;
      this.texts.set(tablePath, {
        checksum,
        own: rows
          .filter((row) => !isForeign(row))
          .map(rowText)
          .sort(),
        foreign: rows.filter(isForeign).map(rowText).sort(),
      });
    }
    return new Map(this.texts);
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
    await this.looker.close();
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
    await this.database.drop();
  }
}

/** The rows of one table. Tables that have not changed since the last look are the same object. */
export interface TableRows {
  readonly checksum: string | undefined;
  readonly own: readonly string[];
  readonly foreign: readonly string[];
}

/** The rows of tables by their names. */
export type Snapshot = ReadonlyMap<string, TableRows>;

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
