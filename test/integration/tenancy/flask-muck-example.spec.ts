import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Injectable, UseGuards } from '@nestjs/common';
import type { CanActivate, ExecutionContext, INestApplication } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Crud, CrudController, MuckModule, Tenancy, tenantFromUser, TenantScoped, TenantShared } from 'nestjs-muck';
import request from 'supertest';
import type { App } from 'supertest/types.js';
import { Column, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { adaptersToTest, createApplication } from '../../support/adapters.js';

/*
 * Flask-Muck's example of logical data separation, view by view: two base classes, one of which returns the keyword arguments that are
 * applied to every query and write, and the two resources built on them.
 */

@Entity()
@TenantScoped()
class SupportTicket {
  @PrimaryGeneratedColumn() id!: number;
  @Column() orderNumber!: number;
  @Column() organizationId!: number;
}

@Entity()
@TenantShared('platform information, available to all users regardless of organization')
class NewsfeedItem {
  @PrimaryGeneratedColumn() id!: number;
  @Column() text!: string;
}

interface SignedIn {
  user?: { organizationId: number };
  readonly headers: Readonly<Record<string, string | undefined>>;
}

@Injectable()
class LoginRequired implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const call = context.switchToHttp().getRequest<SignedIn>();
    const organizationId = Number(call.headers['x-organization']);
    call.user = organizationId > 0 ? { organizationId } : undefined;
    return call.user !== undefined;
  }
}

@UseGuards(LoginRequired)
abstract class BaseApiController<T extends object> extends CrudController<T> {}

@TenantScoped()
abstract class OrganizationResourceController<T extends { organizationId: number }> extends BaseApiController<T> {
  protected override scope(context: ExecutionContext): Partial<T> {
    const { user } = context.switchToHttp().getRequest<SignedIn>();
    return { organizationId: user!.organizationId } as Partial<T>;
  }
}

@Controller('support-tickets')
@Crud(SupportTicket)
class SupportTicketsController extends OrganizationResourceController<SupportTicket> {}

@Controller('newsfeed')
@Crud(NewsfeedItem)
class NewsfeedController extends BaseApiController<NewsfeedItem> {}

describe.each(adaptersToTest())('the views of the example on %s', (adapter) => {
  let app: INestApplication<App>;

  beforeAll(async () => {
    app = await createApplication(
      {
        module: class {},
        imports: [
          TypeOrmModule.forRoot({
            type: 'sqljs',
            entities: [SupportTicket, NewsfeedItem],
            synchronize: true,
            retryAttempts: 0,
          }),
          MuckModule.forRoot({ scope: { organizationId: Number }, resolver: tenantFromUser('organizationId') }),
        ],
        controllers: [SupportTicketsController, NewsfeedController],
      },
      { adapter },
    );
    const dataSource = app.get(DataSource);
    await dataSource.getRepository(NewsfeedItem).insert({ text: 'released' });
    await app.get(Tenancy).unscoped('two organizations', () =>
      dataSource.getRepository(SupportTicket).insert([
        { organizationId: 1, orderNumber: 10 },
        { organizationId: 2, orderNumber: 10 },
      ]),
    );
  });
  afterAll(() => app.close());

  const as = (organizationId: number, verb: 'get' | 'post' | 'put' | 'patch' | 'delete', path: string): request.Test =>
    request(app.getHttpServer())[verb](path).set('x-organization', String(organizationId));

  it('filter a resource of the organization by it, and stamp it on what is written', async () => {
    const { body } = await as(1, 'get', '/support-tickets').expect(200);
    expect(body.items).toEqual([{ id: 1, orderNumber: 10, organizationId: 1 }]);
    const created = await as(1, 'post', '/support-tickets').send({ orderNumber: 11, organizationId: 2 }).expect(201);
    expect(created.body).toMatchObject({ orderNumber: 11, organizationId: 1 });
    await as(2, 'patch', `/support-tickets/${created.body.id}`).send({ orderNumber: 12 }).expect(404);
    await as(1, 'patch', `/support-tickets/${created.body.id}`).send({ orderNumber: 12 }).expect(200);
    await as(2, 'delete', `/support-tickets/${created.body.id}`).expect(404);
    await as(1, 'delete', `/support-tickets/${created.body.id}`).expect(204);
  });

  it('show a resource of the platform to every signed-in user, and let none of them write it', async () => {
    for (const organizationId of [1, 2]) {
      const { body } = await as(organizationId, 'get', '/newsfeed').expect(200);
      expect(body.items).toEqual([{ id: 1, text: 'released' }]);
    }
    await as(1, 'post', '/newsfeed').send({ text: 'mine' }).expect(405);
    await request(app.getHttpServer()).get('/newsfeed').expect(403);
  });
});
