import { Controller, Injectable } from '@nestjs/common';
import type { ExecutionContext, INestApplication } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { Crud, CrudController, MuckModule, Tenancy, TenantScoped } from 'nestjs-muck';
import type { TenantResolver, TenantScope } from 'nestjs-muck';
import request from 'supertest';
import type { App } from 'supertest/types.js';
import { Column, DataSource, Entity, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import { createApplication } from '../../../support/adapters.js';
import { createDatabase, databasesToTest } from '../../../support/databases.js';
import type { TestDatabase } from '../../../support/databases.js';

@Entity()
@TenantScoped({ omit: ['region'] })
class PriceList {
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
}

@Entity()
@TenantScoped()
class Ticket {
  @PrimaryColumn() id!: number;
  @Column({ type: 'varchar', length: 2 }) region!: string;
  @Column() organizationId!: number;
  @ManyToOne(() => PriceList, { onDelete: 'CASCADE' }) list!: Relation<PriceList>;
}

@Controller('price-lists')
@TenantScoped()
@Crud(PriceList)
class PriceListsController extends CrudController<PriceList> {}

@Controller('tickets')
@TenantScoped()
@Crud(Ticket)
class TicketsController extends CrudController<Ticket> {}

@Injectable()
class FromHeader implements TenantResolver {
  resolve(context: ExecutionContext): TenantScope {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    return { region: headers['x-region'], organizationId: 1 };
  }
}

describe.each(databasesToTest())('G-02 a resource whose rows several scopes share, on %s', (kind) => {
  let app: INestApplication<App>;
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase(kind);
    app = await createApplication({
      module: class ListsModule {},
      imports: [
        TypeOrmModule.forRoot({
          ...database.options,
          entities: [PriceList, Ticket],
          synchronize: true,
          retryAttempts: 0,
        }),
        MuckModule.forRoot({ scope: { region: String, organizationId: Number }, resolver: FromHeader }),
      ],
      controllers: [PriceListsController, TicketsController],
      providers: [FromHeader],
    });
    await new Tenancy().unscoped('fills the tables', async () => {
      const { manager } = app.get(DataSource);
      await manager.insert(PriceList, { id: 1, organizationId: 1 });
      await manager.insert(Ticket, { id: 1, region: 'us', organizationId: 1, list: { id: 1 } });
      await manager.insert(Ticket, { id: 2, region: 'eu', organizationId: 1, list: { id: 1 } });
    });
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  it('the DELETE of a row that would delete rows of another scope by ON DELETE CASCADE is refused', async () => {
    await request(app.getHttpServer()).delete('/price-lists/1').set('x-region', 'eu').expect(500);
    await request(app.getHttpServer()).get('/price-lists/1').set('x-region', 'eu').expect(200);
    await request(app.getHttpServer()).get('/tickets/1').set('x-region', 'us').expect(200);
  });

  it('the DELETE of a row of one scope alone is done', async () => {
    await request(app.getHttpServer()).delete('/tickets/2').set('x-region', 'eu').expect(204);
  });
});
