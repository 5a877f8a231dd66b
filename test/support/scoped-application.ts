import type { DynamicModule, INestApplication, Type } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MuckModule, Tenancy, tenantFromUser } from 'nestjs-muck';
import type { CrudDefaults, MuckModuleExtras, MuckOptions } from 'nestjs-muck';
import type { App } from 'supertest/types.js';
import { DataSource } from 'typeorm';
import type { DataSourceOptions } from 'typeorm';
import { createApplication } from './adapters.js';
import type { Adapter, ApplicationOptions } from './adapters.js';
import { createDatabase } from './databases.js';
import type { DatabaseKind } from './databases.js';
import { openTransport } from './transport.js';
import type { Transport } from './transport.js';

/** An application over a database of its own, and a client of it that is quick enough for thousands of requests. */
export interface ScopedApplication {
  readonly app: INestApplication<App>;
  readonly dataSource: DataSource;
  readonly tenancy: Tenancy;
  readonly transport: Transport;
  close(): Promise<void>;
}

/** What {@link openScopedApplication} is made of. */
export interface ScopedApplicationParts extends ApplicationOptions {
  /** SQLite in memory by default. */
  readonly database?: DatabaseKind;
  readonly adapter?: Adapter;
  readonly entities: Type[];
  readonly controllers: Type[];
  readonly providers?: Type[];
  readonly imports?: (Type | DynamicModule)[];
  /** Declarations of entities that have none of their own. */
  readonly declarations?: MuckModuleExtras['entities'];
  readonly defaults?: CrudDefaults;
  /** Options of the module that most tests have no need of. */
  readonly logging?: MuckOptions['logging'];
  readonly telemetry?: MuckOptions['telemetry'];
  readonly options?: Partial<DataSourceOptions>;
}

/** The tenant is the `organizationId` of the request's user, whom a guard of the test names. */
export async function openScopedApplication(parts: ScopedApplicationParts): Promise<ScopedApplication> {
  const { entities, controllers, providers = [], imports = [], declarations, defaults, logging, telemetry } = parts;
  const database = await createDatabase(parts.database ?? 'sqljs');
  const options = { ...database.options, ...parts.options, entities, synchronize: true, retryAttempts: 0 };
  const app = await createApplication(
    {
      module: class ScopedModule {},
      imports: [
        TypeOrmModule.forRoot(options as object),
        MuckModule.forRoot({
          scope: { organizationId: Number },
          resolver: tenantFromUser('organizationId'),
          defaults,
          logging,
          telemetry,
          entities: declarations,
        }),
        ...imports,
      ],
      controllers,
      providers,
    },
    parts,
  );
  const transport = await openTransport(app);
  return {
    app,
    dataSource: app.get(DataSource),
    tenancy: app.get(Tenancy),
    transport,
    async close() {
      transport.close();
      await app.close();
      await database.drop();
    },
  };
}
