import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { getRepositoryToken, TypeOrmModule } from '@nestjs/typeorm';
import { Crud, CrudController, MuckModule, Tenancy, tenantFromUser, TenantScoped } from 'nestjs-muck';
import request from 'supertest';
import type { App } from 'supertest/types.js';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { Repository } from 'typeorm';
import { adaptersToTest, createApplication } from '../../support/adapters.js';

/** Says nothing of tenants itself. */
@Entity()
class Parcel {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() label!: string;
}

@Controller('parcels')
@Crud(Parcel)
@TenantScoped()
class ParcelsController extends CrudController<Parcel> {}

describe.each(adaptersToTest())('an application that decorates its controllers only, on %s', (adapter) => {
  let app: INestApplication<App>;
  let tenant: number;

  beforeAll(async () => {
    app = await createApplication(
      {
        module: class {},
        imports: [
          TypeOrmModule.forRoot({ type: 'sqljs', entities: [Parcel], synchronize: true, retryAttempts: 0 }),
          TypeOrmModule.forFeature([Parcel]),
          MuckModule.forRoot({ scope: { organizationId: Number }, resolver: tenantFromUser('organizationId') }),
        ],
        controllers: [ParcelsController],
      },
      {
        adapter,
        configure: (application) =>
          application.useGlobalGuards({
            canActivate: (context) => {
              const call = context.switchToHttp().getRequest<{ user?: unknown }>();
              call.user = { organizationId: tenant };
              return true;
            },
          }),
      },
    );
  });
  afterAll(() => app.close());

  it('is scoped in its routes and in its repositories', async () => {
    for (const label of ['of 1', 'of 2']) {
      tenant = Number(label.slice(3));
      await request(app.getHttpServer()).post('/parcels').send({ label }).expect(201);
    }
    const { body } = await request(app.getHttpServer()).get('/parcels').expect(200);
    expect(body.items).toEqual([{ id: 2, organizationId: 2, label: 'of 2' }]);

    const parcels = app.get<Repository<Parcel>>(getRepositoryToken(Parcel));
    await expect(parcels.find()).rejects.toThrow('There is no tenant scope');
    await app.get(Tenancy).run({ organizationId: 1 }, async () => {
      expect(await parcels.find()).toEqual([{ id: 1, organizationId: 1, label: 'of 1' }]);
      expect((await parcels.delete({ id: 2 })).affected).toBe(0);
    });
  });
});
