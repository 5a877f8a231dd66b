import { Injectable } from '@nestjs/common';
import type { ExecutionContext, INestApplication, LoggerService } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { declareScope, MuckConfigurationError, MuckModule, Tenancy } from 'nestjs-muck';
import type { ScopeDeclaration, TenantResolver, TenantScope } from 'nestjs-muck';
import { applyRowSecurity } from 'nestjs-muck/rls';
import { getDataSourceToken } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { EntityMetadata } from 'typeorm';
import { RandomGenerator } from 'typeorm/util/RandomGenerator.js';
import { createApplication } from '../../support/adapters.js';
import { createDatabase } from '../../support/databases.js';
import type { TestDatabase } from '../../support/databases.js';
import { escapePath } from '../../support/empty-tables.js';
import { connectTo } from '../../support/own-connection.js';
import type { OwnConnection, StoredRow } from '../../support/own-connection.js';
import { openTransport } from '../../support/transport.js';
import type { Answer, Message, Transport } from '../../support/transport.js';
import { requireEnforcement } from '../../../lib/orm/enforcement/enforcement.js';
import { makeClasses } from './entity-classes.js';
import type { ModelClasses } from './entity-classes.js';
import { TENANTS, keysOf } from './model.js';
import type { EntityModel, Model, TenantName } from './model.js';
import { plantedRows, Planter, scopeOf } from './rows.js';
import type { Holder } from './rows.js';
import { Answers } from './steps.js';
import { openStore, readCounters, readRows, sendUnchecked, setCounters } from './store.js';

/** The application did not start: a model that the library, TypeORM or the database refuses. */
export class RefusedModel extends Error {}

/** A logger that keeps the last error. */
class LastError implements LoggerService {
  text = '';

  log(): void {}

  warn(): void {}

  error(...parts: readonly unknown[]): void {
    // The line of a failed request follows that of its error, and says less.
    if (parts.at(-1) === 'MuckModule') return;
    this.text = parts.map(textOf).join(' ');
  }
}

function textOf(part: unknown): string {
  if (!(part instanceof Error)) return String(part);
  const { query } = part as { query?: string };
  return `${part.constructor.name}: ${part.message}${query === undefined ? '' : ` in ${query}`}`;
}

/** UUIDs in the order in which they are made, so that two databases make the same. */
const COUNTING_UUIDS = `
  CREATE SEQUENCE IF NOT EXISTS made_uuids;
  CREATE FUNCTION uuid_generate_v4() RETURNS uuid LANGUAGE sql VOLATILE AS
    $$ SELECT ('10000000-0000-4000-8000-' || lpad(to_hex(nextval('public.made_uuids')), 12, '0'))::uuid $$`;

/** A database with rows of some tenants, and the application of a model over it. */
export class World {
  readonly answers = new Answers();
  private uuids = 0;

  private constructor(
    readonly model: Model,
    readonly classes: ModelClasses,
    readonly dataSources: readonly DataSource[],
    readonly tenancy: Tenancy,
    private readonly app: INestApplication,
    private readonly transport: Transport,
    private readonly stores: readonly OwnConnection[],
    private readonly databases: readonly TestDatabase[],
    private readonly errors: LastError,
  ) {}

  /**
   * @param holders whose rows are there
   * @param isRowSecured whether the application connects as a role that row-level security limits
   * @throws RefusedModel when the application does not start
   */
  static async open(model: Model, holders: readonly Holder[], isRowSecured = false): Promise<World> {
    const classes = makeClasses(model);
    const names = model.entities.some(({ second }) => second) ? ['default', 'second'] : ['default'];
    const databases: TestDatabase[] = [];
    try {
      for (const _ of names) databases.push(await createDatabase(model.engine));
      const modules = [];
      for (const [i, name] of names.entries()) {
        await prepare(databases[i]);
        const entities = model.entities.filter(({ second }) => (second === true) === (name === 'second'));
        const options: Record<string, unknown> = {
          ...databases[i].options,
          name,
          entities: entities.map((entity) => classes.entities.get(entity.name)),
          synchronize: true,
          retryAttempts: 0,
          ...(model.prefix && { entityPrefix: model.prefix }),
          ...(model.cache && { cache: { alwaysEnabled: true, duration: 3_600_000 } }),
          ...(model.engine === 'postgres' && { installExtensions: false }),
        };
        modules.push(TypeOrmModule.forRoot(isRowSecured ? await secured(model, options) : options));
      }
      const errors = new LastError();
      const app = await start(model, classes, modules, errors, isRowSecured);
      const dataSources = names.map((name) => app.get<DataSource>(getDataSourceToken(name)));
      const stores: OwnConnection[] = [];
      for (const [i, dataSource] of dataSources.entries())
        stores.push(await (isRowSecured ? connectTo(databases[i].options) : openStore(dataSource)));
      const transport = await openTransport(app);
      const world = new World(model, classes, dataSources, app.get(Tenancy), app, transport, stores, databases, errors);
      await world.plant(holders);
      return world;
    } catch (error) {
      for (const database of databases) await database.drop();
      throw error;
    }
  }

  private async plant(holders: readonly Holder[]): Promise<void> {
    const planter = new Planter(this.model, (entity) => this.dataSourceOf(entity));
    const rows = plantedRows(this.model, holders);
    for (const [i, dataSource] of this.dataSources.entries()) {
      await sendUnchecked(dataSource, this.stores[i], planter.statements(dataSource, rows));
      const counters = await readCounters(dataSource, this.stores[i]);
      await setCounters(dataSource, this.stores[i], new Map([...counters.keys()].map((name) => [name, 1000])));
    }
  }

  dataSourceOf(entity: EntityModel): DataSource {
    return this.dataSources[entity.second ? 1 : 0];
  }

  /** Takes row-level security off a world that began without, although another one of the process has it. */
  leaveRowSecurity(): void {
    for (const dataSource of this.dataSources)
      Object.defineProperty(requireEnforcement(dataSource), 'sessionPrelude', { value: undefined });
  }

  /** Takes the predicates off the query builders' statements, and their verification, so that policies alone limit them. */
  leavePredicates(): void {
    for (const dataSource of this.dataSources) {
      const { policies, builtSql } = requireEnforcement(dataSource);
      Object.defineProperty(builtSql, 'verify', { value: () => undefined });
      Object.defineProperty(policies, 'predicateFor', {
        value: (metadata: EntityMetadata) => {
          // As ever, it throws without a scope and for an undeclared entity.
          policies.effective(metadata);
          return '';
        },
      });
    }
  }

  /** What the application logged as an error last. */
  get lastError(): string {
    return this.errors.text;
  }

  /** Sends a request in the name of a tenant's user. */
  async send(tenant: TenantName, { headers, ...message }: Message): Promise<Answer> {
    this.enter();
    return this.transport.send({ ...message, headers: { ...headers, 'x-tenant': tenant } });
  }

  /** Runs code in a tenant's scope. */
  async run<R>(tenant: TenantName, fn: () => Promise<R>): Promise<R> {
    this.enter();
    return this.tenancy.run(scopeOf(this.model, tenant), fn);
  }

  /** All rows, by the path of their table. */
  async rows(): Promise<Map<string, readonly StoredRow[]>> {
    const all = new Map<string, readonly StoredRow[]>();
    for (const [i, dataSource] of this.dataSources.entries())
      for (const [path, rows] of await readRows(dataSource, this.stores[i])) all.set(path, rows);
    return all;
  }

  /** Whether a row is there. */
  async has(entity: EntityModel, key: Readonly<Record<string, unknown>>): Promise<boolean> {
    const dataSource = this.dataSourceOf(entity);
    const { driver } = dataSource;
    const metadata = dataSource.entityMetadatas.find(({ name }) => name === entity.name)!;
    const conditions = Object.entries(key).map(([property, value]) => {
      const { databaseName } = metadata.findColumnWithPropertyName(property)!;
      return `${driver.escape(databaseName)} = '${String(value).replaceAll("'", "''")}'`;
    });
    const store = this.stores[this.dataSources.indexOf(dataSource)];
    const [rows] = await store.send([
      `SELECT 1 FROM ${escapePath(dataSource, metadata.tablePath)} WHERE ${conditions.join(' AND ')}`,
    ]);
    return rows.length > 0;
  }

  /** Lets generated keys go on from where those of another world are. */
  async countLike(other: World): Promise<void> {
    this.uuids = other.uuids;
    for (const [i, dataSource] of this.dataSources.entries()) {
      const now = await readCounters(dataSource, this.stores[i]);
      const wanted = await readCounters(other.dataSources[i], other.stores[i]);
      const moved = [...wanted].filter(([name, last]) => now.get(name) !== last);
      await setCounters(dataSource, this.stores[i], new Map(moved));
    }
  }

  /** What TypeORM makes in this process from now on, it makes for this world. */
  private enter(): void {
    RandomGenerator.uuidv4 = () => `20000000-0000-4000-8000-${String(++this.uuids).padStart(12, '0')}`;
  }

  async close(): Promise<void> {
    this.transport.close();
    for (const store of this.stores) await store.close();
    await this.app.close();
    for (const database of this.databases) await database.drop();
  }
}

async function prepare({ kind, options }: TestDatabase): Promise<void> {
  if (kind === 'sqljs' || kind === 'mariadb') return;
  const store = await connectTo(options);
  await store.send([COUNTING_UUIDS, 'CREATE SCHEMA crm']);
  await store.close();
}

/** The role of unscoped code. A process has one, and others of the same server may have it at the same time. */
const UNSCOPED_ROLE = 'muck_worlds_unscoped';
const APPLICATION_ROLE = 'muck_worlds_application';

/**
 * Makes the tables of a database, as a superuser, and gives them their policies.
 *
 * @returns the options of the application, which connects as a role that they limit
 */
async function secured(model: Model, options: Record<string, unknown>): Promise<Record<string, unknown>> {
  declareScope(scopeDeclarationOf(model));
  const { url } = options as { readonly url: string };
  const owner = await new DataSource(options as never).initialize().catch((error: Error) => {
    throw new RefusedModel(error.message, { cause: error });
  });
  const store = await connectTo(options as never);
  try {
    // Roles are the server's, and several processes make them.
    await store.send([
      `SELECT pg_advisory_lock(4711)`,
      ...[`${APPLICATION_ROLE} LOGIN NOINHERIT PASSWORD 'secret'`, UNSCOPED_ROLE].map(
        (role) => `DO $$ BEGIN CREATE ROLE ${role}; EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
      ),
      `GRANT ${UNSCOPED_ROLE} TO ${APPLICATION_ROLE}`,
      `SELECT pg_advisory_unlock(4711)`,
    ]);
    try {
      await applyRowSecurity(owner, { unscopedRole: UNSCOPED_ROLE });
    } catch (error) {
      throw error instanceof MuckConfigurationError ? new RefusedModel(error.message, { cause: error }) : error;
    }
    for (const schema of ['public', 'crm'])
      for (const role of [APPLICATION_ROLE, UNSCOPED_ROLE])
        await store.send([
          `GRANT USAGE, CREATE ON SCHEMA ${schema} TO ${role}`,
          `GRANT ALL ON ALL TABLES IN SCHEMA ${schema} TO ${role}`,
          `GRANT ALL ON ALL SEQUENCES IN SCHEMA ${schema} TO ${role}`,
        ]);
  } finally {
    await store.close();
    await owner.destroy();
  }
  const limited = new URL(url);
  limited.username = APPLICATION_ROLE;
  limited.password = 'secret';
  return { ...options, url: limited.href, synchronize: false };
}

function scopeDeclarationOf(model: Model): ScopeDeclaration {
  const types = { number: Number, text: String, uuid: String, bigint: BigInt };
  return Object.fromEntries(
    keysOf(model.scope).map((key) => [
      key,
      model.scope === 'pair' ? (key === 'region' ? String : Number) : types[model.scope],
    ]),
  );
}

async function start(
  model: Model,
  classes: ModelClasses,
  modules: readonly ReturnType<typeof TypeOrmModule.forRoot>[],
  errors: LastError,
  isRowSecured: boolean,
): Promise<INestApplication> {
  class HeaderResolver implements TenantResolver {
    resolve(context: ExecutionContext): TenantScope | undefined {
      const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>();
      const tenant = TENANTS.find((name) => name === headers['x-tenant']);
      return tenant && scopeOf(model, tenant);
    }
  }
  Injectable()(HeaderResolver);
  const scope = scopeDeclarationOf(model);
  try {
    return await createApplication(
      {
        module: class WorldModule {},
        imports: [
          ...modules,
          MuckModule.forRoot({
            scope,
            resolver: HeaderResolver,
            entities: classes.listed,
            ...(isRowSecured && { rowLevelSecurity: { unscopedRole: UNSCOPED_ROLE } }),
          }),
        ],
        controllers: [...classes.controllers],
        providers: [...classes.providers],
      },
      { adapter: model.adapter, logger: errors },
    );
  } catch (error) {
    throw new RefusedModel(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
