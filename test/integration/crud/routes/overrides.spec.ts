import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Body,
  Controller,
  ForbiddenException,
  Get,
  Header,
  Headers,
  HttpCode,
  Injectable,
  Param,
  ParseIntPipe,
  Post,
  Req,
  Scope,
  StreamableFile,
  UseGuards,
  ValidationPipe,
} from '@nestjs/common';
import type { CanActivate } from '@nestjs/common';
import { Expose } from 'class-transformer';
import { IsInt, IsString } from 'class-validator';
import { Crud, CrudController, CrudService, getCrudToken, InjectCrud, MuckModule, TenantScoped } from 'nestjs-muck';
import type { ListQuery } from 'nestjs-muck';
import { adaptersToTest } from '../../../support/adapters.js';
import { clientOf } from '../../../support/client.js';
import { Agent, CreateTicketDto, openCrudDesk, TestGuard, Ticket } from '../../../support/crud-desk.js';
import type { Desk } from '../../../support/crud-desk.js';

@Injectable()
class NobodyGuard implements CanActivate {
  canActivate(): boolean {
    throw new ForbiddenException('not allowed');
  }
}

abstract class BaseController<T extends object> extends CrudController<T> {
  @Get('about')
  about() {
    return {
      routes: Object.getOwnPropertyNames(Object.getPrototypeOf(this)).length > 0,
      hasService: this.service instanceof CrudService,
    };
  }

  @UseGuards(NobodyGuard)
  override remove(id: number): Promise<void> {
    return super.remove(id);
  }
}

class TicketResponse {
  @Expose() id!: number;
  @Expose() subject!: string;
  @Expose() status!: string;
}

@Controller('tickets')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { dto: { create: CreateTicketDto, response: TicketResponse } })
class TicketsController extends BaseController<Ticket> {
  constructor(@InjectCrud(Agent) private readonly agents: CrudService<Agent>) {
    super();
  }

  override findOne(id: number): Promise<Ticket> {
    expect(typeof id).toBe('number');
    return super.findOne(id);
  }

  @HttpCode(202)
  @Header('X-Own', 'yes')
  override async create(ticket: CreateTicketDto, @Headers('x-user') user?: string): Promise<Ticket> {
    expect(ticket).toBeInstanceOf(CreateTicketDto);
    const agent = await this.agents.create({ name: `agent of ${user}` });
    return super.create({ ...ticket, status: 'pending', assigneeId: agent.id });
  }

  override findAll(query: ListQuery<Ticket>) {
    return super.findAll({ ...query, filters: { ...query.filters, status: 'pending' } });
  }

  @UseGuards(TestGuard)
  override async update(id: number, changes: Partial<CreateTicketDto>): Promise<Ticket> {
    return { ...(await super.update(id, changes)), secret: 'of the override' } as Ticket;
  }

  @Get('stats')
  async stats() {
    const { items, total } = await this.service.findAll();
    return { total, first: items[0]?.subject };
  }

  @Get('newest')
  async newest() {
    return (await this.service.findAll({ sort: [{ property: 'id', direction: 'desc' }], limit: 1 })).items;
  }

  @Get('file')
  file() {
    return new StreamableFile(Buffer.from('a file'));
  }

  @Get('boom/:kind')
  boom(@Param('kind') kind: string) {
    if (kind === 'sql') return this.service.findAll({ filters: { ['nope' as 'subject']: 1 } });
    if (kind === 'empty') return this.service.findAll({ filters: { subject: undefined } });
    throw new Error('secret words');
  }
}

class RawDto {
  @IsInt() orderNumber!: number;
  @IsString() subject!: string;
}

@Controller('own')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { except: ['remove'] })
class OwnDecoratorsController extends CrudController<Ticket> {
  @Get(':id')
  override findOne(@Param('id', ParseIntPipe) id: number, @Req() _request?: unknown): Promise<Ticket> {
    return super.findOne(id);
  }

  @Get('latest/unhidden')
  async unhidden() {
    const { items } = await this.service.findAll({ sort: [{ property: 'id', direction: 'desc' }], limit: 1 });
    return Object.assign(items[0], { secret: 'hush', audit: 'hush' });
  }

  @Post('here')
  override create(@Body() body: RawDto): Promise<Ticket> {
    return super.create(body);
  }
}

@Controller('fewer')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { only: ['findAll'] })
class FewerController extends OwnDecoratorsController {}

@Controller({ path: 'request-scoped', scope: Scope.REQUEST })
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket)
class RequestScopedController extends CrudController<Ticket> {
  protected override scope(): Partial<Ticket> {
    return { status: 'pending' };
  }
}

/** Decorators in another order, an ordinary controller, and a service without a controller. */
@Crud(Agent)
@UseGuards(TestGuard)
@TenantScoped()
@Controller('agents')
class AgentsController extends CrudController<Agent> {}

describe.each(adaptersToTest())('an overridden controller, on %s', (adapter) => {
  let desk: Desk;
  const acme = clientOf(() => desk, '1');
  const globex = clientOf(() => desk, '2');
  let id: number;

  beforeAll(async () => {
    desk = await openCrudDesk(
      [TicketsController, OwnDecoratorsController, FewerController, RequestScopedController, AgentsController],
      {
        adapter,
        imports: [MuckModule.forFeature([Agent])],
        configure: (app) =>
          app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true })),
      },
    );
    await globex.post('/own/here', { orderNumber: 1, subject: 'globex' });
    id = (await acme.post('/tickets', { orderNumber: 1, subject: 'Late', organizationId: 2, id: 7 })).body.id;
  });
  afterAll(() => desk?.close());

  it('keeps the decorators of an override, its DTO and its further parameters', async () => {
    const { status, body, headers } = await acme.post('/tickets', { orderNumber: 2, subject: 'Lost' });
    expect([status, headers['x-own'], headers['location']]).toEqual([202, 'yes', `/tickets/${body.id}`]);
    expect(body).toEqual({ id: body.id, subject: 'Lost', status: 'pending' });
    expect((await acme.get('/agents')).body.items).toContainEqual({
      id: expect.any(Number),
      organizationId: 1,
      name: 'agent of 1',
    });
    expect((await acme.get(`/tickets/${id}`)).body).toEqual({ id, subject: 'Late', status: 'pending' });
    expect((await acme.get('/tickets/x')).status).toBe(404);
    expect((await acme.post('/tickets', { orderNumber: 2 })).status).toBe(400);
  });

  it('keeps what an abstract class in between overrides', async () => {
    expect((await acme.delete(`/tickets/${id}`)).body.message).toBe('not allowed');
    expect(Object.hasOwn(BaseController.prototype, 'findAll')).toBe(false);
    expect(Reflect.getMetadataKeys(CrudController.prototype.findAll)).toEqual([]);
    expect(Reflect.hasMetadata('path', BaseController.prototype.remove)).toBe(false);
  });

  it('serves its own routes, inherited ones too, before any id', async () => {
    expect((await acme.get('/tickets/stats')).body).toMatchObject({ first: 'Late' });
    expect((await globex.get('/tickets/stats')).body).toEqual({ total: 1, first: 'globex' });
    expect((await acme.get('/tickets/about')).body).toEqual({ routes: true, hasService: true });
  });

  it('shapes rows wherever they come from, and leaves alone what is none', async () => {
    const [newest] = (await acme.get('/tickets/newest')).body;
    expect(Object.keys(newest)).toEqual(['id', 'subject', 'status']);
    const file = await acme.get('/tickets/file');
    expect(Buffer.from(file.body).toString()).toBe('a file');
    const unhidden = await acme.get('/own/latest/unhidden');
    expect([typeof unhidden.body.subject, unhidden.text.includes('hush')]).toEqual(['string', false]);
    const patched = await acme.patch(`/tickets/${id}`, { subject: 'Later' });
    expect(patched.body).toEqual({ id, subject: 'Later', status: 'pending' });
  });

  it('narrows what super does', async () => {
    await acme.post('/own/here', { orderNumber: 3, subject: 'open one' });
    expect((await acme.get('/tickets')).body.items.map(({ subject }: Ticket) => subject)).not.toContain('open one');
    expect((await acme.get('/own')).body.items.map(({ subject }: Ticket) => subject)).toContain('open one');
  });

  it('keeps a path and pipes of its own', async () => {
    expect((await acme.get('/own/abc')).status).toBe(400);
    expect((await acme.get(`/own/${id}`)).status).toBe(200);
    expect((await acme.post('/own', { orderNumber: 9, subject: 'x' })).status).toBe(405);
    const { status, body } = await acme.post('/own/here', { orderNumber: 9, subject: 'x' });
    expect([status, body.organizationId]).toEqual([201, 1]);
    expect((await acme.post('/own/here', { orderNumber: 9, subject: 'x', id: 5 })).status).toBe(400);
    expect((await acme.delete(`/own/${id}`)).status).toBe(405);
  });

  it('serves only the routes that are named, inherited ones left out too', async () => {
    expect((await acme.get('/fewer')).status).toBe(200);
    expect((await acme.get(`/fewer/${id}`)).status).toBe(404);
    expect((await acme.post('/fewer/here', { orderNumber: 9, subject: 'x' })).status).toBe(404);
    expect((await acme.get('/own')).status).toBe(200);
  });

  it('may be request-scoped', async () => {
    const { body } = await acme.get('/request-scoped');
    expect(body.items.every(({ status }: Ticket) => status === 'pending')).toBe(true);
    expect(body.total).toBeGreaterThan(0);
  });

  it('answers errors of its own without a word about them', async () => {
    for (const kind of ['sql', 'empty', 'other']) {
      const { status, body } = await acme.get(`/tickets/boom/${kind}`);
      expect([status, body]).toEqual([500, { statusCode: 500, message: 'Internal server error' }]);
    }
  });

  it('has its service outside of requests too, by injection', async () => {
    const agents = desk.app.get<CrudService<Agent>>(getCrudToken(Agent), { strict: false });
    const created = await desk.tenancy.run({ organizationId: 2 }, () => agents.create({ name: 'Eve' }));
    expect(created).toBeInstanceOf(Agent);
    await expect(desk.tenancy.run({ organizationId: 1 }, () => agents.findOne(created.id))).rejects.toMatchObject({
      status: 404,
    });
    await expect(
      desk.tenancy.run({ organizationId: 1 }, () => agents.create({ name: 'Eve', organizationId: 2 })),
    ).rejects.toThrow('tenant');
    await expect(
      desk.tenancy.run({ organizationId: 2 }, () => agents.update(created.id, { organizationId: 1 })),
    ).rejects.toThrow('tenant');
    await expect(agents.findAll()).rejects.toThrow('scope');
    await expect(
      desk.tenancy.run({ organizationId: 2 }, () => agents.create({ name: 'Eve', tickets: [{ id: 1 }] })),
    ).rejects.toThrow('Agent.tickets is a relation');
  });
});

it('what does not fit the entity does not compile', () => {
  const typed = (tickets: CrudService<Ticket>) => {
    // @ts-expect-error no such column
    Crud(Ticket, { search: ['subjct'] });
    // @ts-expect-error no such column
    Crud(Ticket, { filter: ['subject', 'nope'] });
    // @ts-expect-error no such option
    Crud(Ticket, { serach: ['subject'] });
    // @ts-expect-error no such route
    Crud(Ticket, { only: ['list'] });
    // @ts-expect-error a controller of another entity
    Crud(Agent)(TicketsController);
    Crud(Ticket, { filter: ['subject'], sort: ['createdAt'], search: ['note'] })(TicketsController);
    // @ts-expect-error a number is no subject
    void tickets.create({ subject: 5 });
    // @ts-expect-error no such column
    void tickets.findAll({ filters: { subjct: 'x' } });
    void tickets.create({ subject: 'x', deletedAt: '2026-01-01', assignee: { id: 1 } });
  };
  expect(typed).toBeInstanceOf(Function);
});
