import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Controller,
  ForbiddenException,
  Get,
  Injectable,
  Module,
  Param,
  UseGuards,
  UseInterceptors,
  Version,
  VersioningType,
} from '@nestjs/common';
import type { CallHandler, CanActivate, ExecutionContext, NestInterceptor, Type } from '@nestjs/common';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { Crud, CrudController, MuckModule, Tenancy, TenantScoped, tenantFromUser } from 'nestjs-muck';
import type { CrudOptions } from 'nestjs-muck';
import request from 'supertest';
import { map } from 'rxjs';
import type { DataSource } from 'typeorm';
import { createApplication } from '../../../support/adapters.js';
import { createDatabase } from '../../../support/databases.js';
import { clientOf } from '../../../support/client.js';
import { Agent, CreateTicketDto, openCrudDesk, Tag, TestGuard, Ticket } from '../../../support/crud-desk.js';
import type { Desk } from '../../../support/crud-desk.js';
import { places } from '../../../support/places.js';

@Injectable()
class NobodyGuard implements CanActivate {
  canActivate(): boolean {
    throw new ForbiddenException('not allowed');
  }
}

@Injectable()
class ShoutingInterceptor implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(map((ticket: Ticket) => Object.assign(ticket, { subject: `${ticket.subject}!` })));
  }
}

interface Assigned {
  assigneeId: number | null;
}

/** What several controllers have in common: who asks, a guard, a route, a narrowing. */
@UseGuards(TestGuard)
@TenantScoped()
abstract class OwnRowsController<T extends object & Assigned> extends CrudController<T> {
  @Get('count')
  async count() {
    return { total: (await this.service.findAll({ limit: 1 })).total };
  }

  @UseGuards(NobodyGuard)
  override remove(id: number): Promise<void> {
    return super.remove(id);
  }

  protected override scope(context: ExecutionContext): Partial<T> {
    const { user } = context.switchToHttp().getRequest<{ user: { id: number } }>();
    const mine: Assigned = { assigneeId: user.id };
    return mine as Partial<T>;
  }
}

const SHARED = { dto: { create: CreateTicketDto }, limit: { default: 1 } } satisfies CrudOptions<Ticket>;

@Controller('mine')
@Crud(Ticket, { ...SHARED, search: ['subject'] })
class MyTicketsController extends OwnRowsController<Ticket> {
  @UseInterceptors(ShoutingInterceptor)
  override findOne(id: number): Promise<Ticket> {
    return super.findOne(id);
  }
}

@Controller('mine-to-read')
@Crud(Ticket, { only: ['findAll', 'findOne'] })
class ReadingController extends MyTicketsController {}

@Controller('all')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { ...SHARED, filter: ['status'] })
class AllTicketsController extends CrudController<Ticket> {}

@Controller({ path: 'versioned', version: '1' })
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, SHARED)
class FirstVersionController extends CrudController<Ticket> {
  @Version('3')
  override findOne(id: number): Promise<Ticket> {
    return super.findOne(id);
  }
}

@Controller({ path: 'versioned', version: '2' })
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { ...SHARED, listFormat: 'array', fields: ['id'] })
class SecondVersionController extends CrudController<Ticket> {}

@Controller('tickets')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { parent: { relation: 'assignee' } })
class PrefixedController extends CrudController<Ticket> {
  @Get('who')
  who(@Param('assigneeId') assigneeId: string) {
    return { assigneeId };
  }
}

describe.each(places)('controllers that share a class or an entity, on $adapter and $database', (place) => {
  let desk: Desk;
  const rows = { ada: 0, bob: 0 };
  const ada = () => clientOf(() => desk, `1/${rows.ada}`);

  beforeAll(async () => {
    desk = await openCrudDesk([ReadingController, MyTicketsController, AllTicketsController], place);
    await desk.tenancy.run({ organizationId: 1 }, async () => {
      const agents = desk.dataSource.getRepository(Agent);
      rows.ada = (await agents.save({ name: 'Ada' })).id;
      rows.bob = (await agents.save({ name: 'Bob' })).id;
      let orderNumber = 0;
      for (const assigneeId of [rows.ada, rows.ada, rows.bob]) {
        await desk.dataSource.getRepository(Ticket).save({ orderNumber: ++orderNumber, subject: 'x', assigneeId });
      }
    });
    await desk.tenancy.run({ organizationId: 2 }, async () => {
      await desk.dataSource.getRepository(Ticket).save({ orderNumber: 1, subject: 'x' });
    });
  });
  afterAll(() => desk?.close());

  it('a base class gives its routes, guards, tenant and scope to each of them', async () => {
    for (const path of ['/mine', '/mine-to-read']) {
      expect((await ada().get(`${path}/count`)).body).toEqual({ total: 2 });
      expect((await ada().get(path)).body).toMatchObject({ total: 2 });
    }
    const made = await ada().post('/mine', { orderNumber: 10, subject: 'y', assigneeId: rows.bob });
    expect([made.status, made.body.assigneeId]).toEqual([201, rows.ada]);
    expect((await ada().delete(`/mine/${made.body.id}`)).body.message).toBe('not allowed');
    expect((await clientOf(() => desk, `1/${rows.bob}`).get(`/mine/${made.body.id}`)).status).toBe(404);
    expect((await ada().delete(`/all/${made.body.id}`)).status).toBe(204);
    expect((await request(desk.app.getHttpServer()).get('/mine')).status).toBe(403);
  });

  it('an override keeps its interceptor, in a subclass too', async () => {
    const [first] = (await ada().get('/mine')).body.items as Ticket[];
    expect((await ada().get(`/mine/${first.id}`)).body).toEqual({ ...first, subject: 'x!' });
    expect((await ada().get(`/mine-to-read/${first.id}`)).body).toEqual({ ...first, subject: 'x!' });
    expect((await ada().get(`/all/${first.id}`)).body).toEqual(first);
  });

  it('each has its own options, and inherits none', async () => {
    expect((await ada().get('/mine?search=x')).status).toBe(200);
    expect((await ada().get('/mine-to-read?search=x')).status).toBe(400);
    expect((await ada().get('/all?search=x')).status).toBe(400);
    expect((await ada().get('/all?subject=x')).status).toBe(400);
    expect((await ada().get('/mine?subject=x')).status).toBe(200);
    const limits = ['/mine', '/all', '/mine-to-read'].map(async (path) => (await ada().get(path)).body.limit as number);
    expect(await Promise.all(limits)).toEqual([1, 1, 20]);
    for (const answer of [await ada().post('/mine-to-read', {}), await ada().patch('/mine-to-read/1', {})]) {
      expect([404, 405]).toContain(answer.status);
    }
  });
});

describe.each(places)('paths that Nest makes longer, on $adapter and $database', (place) => {
  let desk: Desk;
  let agent = 0;
  let ticket: Ticket;
  const acme = clientOf(() => desk, '1');

  beforeAll(async () => {
    desk = await openCrudDesk([FirstVersionController, SecondVersionController, PrefixedController], {
      ...place,
      configure: (app) => {
        app.setGlobalPrefix('api/:assigneeId');
        app.enableVersioning({ type: VersioningType.URI });
      },
    });
    await desk.tenancy.run({ organizationId: 1 }, async () => {
      agent = (await desk.dataSource.getRepository(Agent).save({ name: 'Ada' })).id;
      ticket = await desk.dataSource.getRepository(Ticket).save({ orderNumber: 1, subject: 'x', assigneeId: agent });
    });
  });
  afterAll(() => desk?.close());

  it('versions of a resource lie beside each other', async () => {
    expect((await acme.get('/api/x/v1/versioned')).body).toMatchObject({ items: [{ id: ticket.id }], limit: 1 });
    expect((await acme.get('/api/x/v2/versioned?fields=id')).body).toEqual([{ id: ticket.id }]);
    expect((await acme.get(`/api/x/v1/versioned/${ticket.id}`)).status).toBe(405);
    expect((await acme.get(`/api/x/v3/versioned/${ticket.id}`)).body.id).toBe(ticket.id);
    const { headers } = await acme.post('/api/x/v1/versioned', { orderNumber: 7, subject: 'y' });
    expect(headers['location']).toMatch(/^\/api\/x\/v1\/versioned\/\d+$/);
  });

  it('a parent may be named by what all paths begin with', async () => {
    expect((await acme.get(`/api/${agent}/tickets`)).body.items).toMatchObject([{ id: ticket.id }]);
    expect((await acme.get(`/api/${agent}/tickets/who`)).body).toEqual({ assigneeId: String(agent) });
    expect((await acme.get('/api/999999/tickets')).status).toBe(404);
    expect((await clientOf(() => desk, '2').get(`/api/${agent}/tickets`)).status).toBe(404);
  });
});

@Controller('tags')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Tag, { dataSource: 'east' })
class EastController extends CrudController<Tag> {}

@Controller('west/tags')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Tag, { dataSource: 'west' })
class WestController extends CrudController<Tag> {}

@Controller('undecided')
@TenantScoped()
@Crud(Tag)
class UndecidedController extends CrudController<Tag> {}

async function openTwo(controllers: Type[], kind: (typeof places)[number]): Promise<Omit<Desk, 'transport'>> {
  const databases = [await createDatabase(kind.database), await createDatabase(kind.database)];

  @Module({
    imports: [
      ...['east', 'west'].map((name, index) =>
        TypeOrmModule.forRoot({
          ...databases[index].options,
          name,
          entities: [Tag],
          synchronize: true,
          retryAttempts: 0,
        }),
      ),
      MuckModule.forRoot({ scope: { organizationId: Number }, resolver: tenantFromUser('organizationId') }),
    ],
    controllers,
  })
  class TwoModule {}

  const drop = async () => void (await Promise.all(databases.map((database) => database.drop())));
  try {
    const app = await createApplication(TwoModule, { adapter: kind.adapter });
    return {
      app,
      dataSource: app.get<DataSource>(getDataSourceToken('east')),
      tenancy: app.get(Tenancy),
      close: async () => {
        await app.close();
        await drop();
      },
    };
  } catch (error) {
    await drop();
    throw error;
  }
}

describe.each(places)('an entity of two DataSources, on $adapter and $database', (place) => {
  it('is served from the one that the option names', async () => {
    const desk = await openTwo([EastController, WestController], place);
    try {
      const [acme, globex] = [clientOf(() => desk, '1'), clientOf(() => desk, '2')];
      const { body } = await acme.post('/tags', { name: 'of the east' });
      expect((await acme.get('/tags')).body.items).toEqual([body]);
      expect((await acme.get('/west/tags')).body.items).toEqual([]);
      expect((await acme.post('/west/tags', { name: 'of the west' })).status).toBe(201);
      expect((await acme.get('/tags')).body.items).toEqual([body]);
      for (const path of ['/tags', '/west/tags']) {
        expect((await globex.get(path)).body.items).toEqual([]);
        expect((await globex.get(`${path}/${body.id}`)).status).toBe(404);
      }
    } finally {
      await desk.close();
    }
  });

  it('is refused where none is named', async () => {
    await expect(openTwo([UndecidedController], place)).rejects.toThrow(
      "UndecidedController: several DataSources hold Tag. Name one: @Crud(Tag, { dataSource: '…' }).",
    );
  });
});
