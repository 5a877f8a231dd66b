import { Module } from '@nestjs/common';
import type { DynamicModule, INestApplication, LoggerService, Provider, Type } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MuckModule, Tenancy, TenantScoped } from 'nestjs-muck';
import type { TenantResolver } from 'nestjs-muck';
import type { App } from 'supertest/types.js';
import { Column, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { adaptersToTest, createApplication } from '../../support/adapters.js';
import type { Adapter } from '../../support/adapters.js';
import { createDatabase, databasesToTest } from '../../support/databases.js';
import type { DatabaseKind } from '../../support/databases.js';

@Entity('shop_order')
@TenantScoped()
export class Order {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() text!: string;
}

/** Each adapter with each database, for `describe.each(…)('… on %s and %s')`. */
export function adaptersAndDatabases(): [Adapter, DatabaseKind][] {
  return adaptersToTest().flatMap((adapter) =>
    databasesToTest().map((kind): [Adapter, DatabaseKind] => [adapter, kind]),
  );
}

/** Two organizations' orders behind HTTP. */
export interface Shop {
  readonly app: INestApplication<App>;
  /** The statements that have been sent since this was last emptied. */
  readonly statements: string[];
  /** The key of the only order of organization 1, or of organization 2. */
  readonly order: (organizationId: 1 | 2) => number;
  close(): Promise<void>;
}

/** Opens a shop: order 'of acme' belongs to organization 1, order 'of globex' to organization 2. */
export async function openShop(
  adapter: Adapter,
  kind: DatabaseKind,
  parts: {
    readonly resolver: Type<TenantResolver>;
    readonly controllers: Type[];
    readonly providers?: Provider[];
    readonly imports?: DynamicModule[];
    readonly logger?: LoggerService;
  },
): Promise<Shop> {
  const database = await createDatabase(kind);
  const statements: string[] = [];
  const nothing = (): void => undefined;
  const logger = {
    logQuery: (query: string) => void statements.push(query),
    logQueryError: nothing,
    logQuerySlow: nothing,
    logSchemaBuild: nothing,
    logMigration: nothing,
    log: nothing,
  };

  @Module({
    imports: [
      TypeOrmModule.forRoot({
        ...database.options,
        entities: [Order],
        synchronize: true,
        retryAttempts: 0,
        logging: true,
        logger,
      }),
      MuckModule.forRoot({ scope: { organizationId: Number }, resolver: parts.resolver }),
      ...(parts.imports ?? []),
    ],
    controllers: parts.controllers,
    providers: parts.providers ?? [],
  })
  class ShopModule {}

  try {
    const app = await createApplication(ShopModule, { adapter, logger: parts.logger });
    const orders = app.get(DataSource).getRepository(Order);
    const keys = await app.get(Tenancy).unscoped('two organizations', async () => {
      const acme = await orders.save({ organizationId: 1, text: 'of acme' });
      const globex = await orders.save({ organizationId: 2, text: 'of globex' });
      return { 1: acme.id, 2: globex.id };
    });
    statements.length = 0;
    return {
      app,
      statements,
      order: (organizationId) => keys[organizationId],
      close: async () => {
        await app.close();
        await database.drop();
      },
    };
  } catch (error) {
    await database.drop();
    throw error;
  }
}
