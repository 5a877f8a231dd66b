import { describe, expect, it, jest } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { Controller, Get, Injectable, Module, UseGuards } from '@nestjs/common';
import type { CanActivate, DynamicModule, OnModuleInit, Type } from '@nestjs/common';
import { InjectDataSource, TypeOrmModule } from '@nestjs/typeorm';
import { MuckModule, Tenancy, tenantFromUser, TenantScoped, TenantShared } from 'nestjs-muck';
import request from 'supertest';
import {
  ChildEntity,
  Column,
  DataSource,
  Entity,
  Index,
  JoinColumn,
  ManyToOne,
  OneToOne,
  PrimaryGeneratedColumn,
  SelectQueryBuilder,
  TableInheritance,
  ViewColumn,
  ViewEntity,
} from 'typeorm';
import type { DataSourceOptions, Relation } from 'typeorm';
import { createApplication } from '../../support/adapters.js';

type Structure = Pick<DynamicModule, 'providers' | 'controllers'>;

function application(
  entities: readonly Type<object>[],
  structure: Structure = {},
  dataSourceFactory?: (options?: DataSourceOptions) => Promise<DataSource>,
): DynamicModule {
  return {
    module: class {},
    imports: [
      TypeOrmModule.forRootAsync({
        useFactory: () => ({ type: 'sqljs', entities: [...entities], synchronize: true, retryAttempts: 0 }),
        ...(dataSourceFactory && { dataSourceFactory }),
      }),
      MuckModule.forRoot({ scope: { organizationId: Number }, resolver: tenantFromUser('organizationId') }),
    ],
    ...structure,
  };
}

/** What an application says that refuses to start. */
async function refusal(...given: Parameters<typeof application>): Promise<string> {
  try {
    await (await createApplication(application(...given))).close();
    return 'started';
  } catch (error) {
    return (error as Error).message;
  }
}

@Entity()
@TenantScoped()
class Order {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: '' }) text!: string;
}

@Entity()
@TenantShared('the same for all')
class Country {
  @PrimaryGeneratedColumn() id!: number;
}

describe('G-10 an application refuses to start', () => {
  it('on a unique index that leaves the tenant column out', async () => {
    @Entity()
    @TenantScoped()
    @Index(['code', 'year'], { unique: true })
    class Invoice {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @Column() code!: string;
      @Column() year!: number;
    }
    expect(await refusal([Invoice])).toMatch(/Invoice.*\(code,year\).*without the tenant column/);
  });

  it('on a one-to-one relation to rows that all tenants share: one of them would take the row', async () => {
    @Entity()
    @TenantScoped()
    class Office {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @OneToOne(() => Country) @JoinColumn() country!: Relation<Country>;
    }
    expect(await refusal([Office, Country])).toMatch(/Office.*without the tenant column/);
  });

  it('on a view without a tenant column', async () => {
    @ViewEntity({ expression: 'SELECT id FROM "order"' })
    @TenantScoped()
    class OrderView {
      @ViewColumn() id!: number;
    }
    expect(await refusal([Order, OrderView])).toMatch(/OrderView has no column 'organizationId'/);
  });

  it('on an entity that shares a scoped table and says that it is shared', async () => {
    @Entity()
    @TenantScoped()
    @TableInheritance({ column: { type: 'varchar', name: 'kind' } })
    class Payment {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
    }
    @ChildEntity()
    @TenantShared('a mistake')
    class CardPayment extends Payment {}
    expect(await refusal([Payment, CardPayment])).toMatch(/Payment and CardPayment map the same table/);
  });

  it('on a parent that is shared', async () => {
    @Entity()
    @TenantScoped({ via: 'country' })
    class City {
      @PrimaryGeneratedColumn() id!: number;
      @ManyToOne(() => Country, { nullable: false }) country!: Relation<Country>;
    }
    expect(await refusal([City, Country])).toMatch(/City is scoped via 'country', but Country is shared/);
  });

  it('on a DataSource whose builders were replaced after it was initialised', async () => {
    const factory = async (options?: DataSourceOptions): Promise<DataSource> => {
      const dataSource = await new DataSource(options!).initialize();
      dataSource.createQueryBuilder = () => new SelectQueryBuilder<never>(dataSource);
      return dataSource;
    };
    expect(await refusal([Order], {}, factory)).toMatch(/was replaced after it was initialised/);
  });

  it('on a DataSource whose parameters were replaced after it was initialised', async () => {
    const factory = async (options?: DataSourceOptions): Promise<DataSource> => {
      const dataSource = await new DataSource(options!).initialize();
      Reflect.deleteProperty(dataSource.driver, 'escapeQueryWithParameters');
      return dataSource;
    };
    expect(await refusal([Order], {}, factory)).not.toBe('started');
  });

  it('on a DataSource whose query runners were replaced after it was initialised', async () => {
    const factory = async (options?: DataSourceOptions): Promise<DataSource> => {
      const dataSource = await new DataSource(options!).initialize();
      Reflect.deleteProperty(dataSource.driver, 'createQueryRunner');
      Object.assign(dataSource.driver, { queryRunner: undefined });
      return dataSource;
    };
    expect(await refusal([Order], {}, factory)).not.toBe('started');
  });

  it('on a DataSource of a second copy of TypeORM, whose statements are not enforced', async () => {
    let copy: { DataSource: typeof DataSource } | undefined;
    await jest.isolateModulesAsync(async () => {
      copy = await import('typeorm');
    });
    expect(copy!.DataSource).not.toBe(DataSource);
    const options: DataSourceOptions = { type: 'sqljs', entities: [Order], synchronize: true };
    const second = {
      provide: 'SECOND_DATA_SOURCE',
      useFactory: () => new copy!.DataSource(options).initialize(),
    };
    expect(await refusal([Order], { providers: [second] })).toMatch(/TypeORM/);
  });

  it('on a seed that does not say for whom', async () => {
    @Injectable()
    class Seed implements OnModuleInit {
      constructor(@InjectDataSource() private readonly dataSource: DataSource) {}
      async onModuleInit(): Promise<void> {
        await this.dataSource.getRepository(Order).insert({ organizationId: 1 });
      }
    }
    expect(await refusal([Order], { providers: [Seed] })).toMatch(/There is no tenant scope: Order/);
  });
});

describe('G-10 an application starts', () => {
  it('with a seed that says for whom', async () => {
    @Injectable()
    class Seed implements OnModuleInit {
      constructor(
        @InjectDataSource() private readonly dataSource: DataSource,
        private readonly tenancy: Tenancy,
      ) {}
      async onModuleInit(): Promise<void> {
        const orders = this.dataSource.getRepository(Order);
        await this.tenancy.run({ organizationId: 1 }, () => orders.save({ text: 'one' }));
        await this.tenancy.unscoped('seeds', () => orders.save({ organizationId: 2, text: 'two' }));
      }
    }
    expect(await refusal([Order], { providers: [Seed] })).toBe('started');
  });

  it('on the releases of TypeORM only that its package names, none before 1.1.1', () => {
    const { peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      peerDependencies: Record<string, string>;
    };
    expect(peerDependencies['typeorm']).toBe('>=1.1.1 <2');
  });
});

describe('G-04 before the scope of a request is known', () => {
  let inGuard: unknown;
  let inHandler: unknown;

  @Injectable()
  class AskingGuard implements CanActivate {
    constructor(@InjectDataSource() private readonly dataSource: DataSource) {}
    async canActivate(): Promise<boolean> {
      inGuard = await this.dataSource
        .getRepository(Order)
        .find()
        .catch((error: Error) => error.name);
      return true;
    }
  }

  @Controller('orders')
  @TenantScoped()
  @UseGuards(AskingGuard)
  class OrdersController {
    @Get()
    orders(): string {
      inHandler = 'ran';
      return 'ran';
    }
  }

  @Module({})
  class Plain {}

  it('a guard reads nothing, and a request without a tenant does not reach its handler', async () => {
    const app = await createApplication({
      module: Plain,
      imports: [application([Order], { controllers: [OrdersController], providers: [AskingGuard] })],
    });
    await request(app.getHttpServer()).get('/orders').expect(403);
    await app.close();
    expect(inGuard).toBe('TenantScopeMissingError');
    expect(inHandler).toBeUndefined();
  });
});
