import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards, ValidationPipe } from '@nestjs/common';
import { Expose, Transform, Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, ValidateNested } from 'class-validator';
import { CrossTenant, Crud, CrudController, MuckConfigurationError, TenantScoped } from 'nestjs-muck';
import request from 'supertest';
import { adaptersToTest } from '../../../support/adapters.js';
import { databasesToTest } from '../../../support/databases.js';
import {
  Agent,
  Article,
  Bulletin,
  CreateTicketDto,
  openCrudDesk,
  Specimen,
  TestGuard,
  Ticket,
} from '../../../support/crud-desk.js';
import type { Desk } from '../../../support/crud-desk.js';

class TicketResponse {
  @Expose() id!: number;
  @Expose() subject!: string;
  @Expose({ name: 'number' }) orderNumber!: number;
  @Expose() @Transform(({ obj }: { obj: Ticket }) => obj.status.toUpperCase()) status!: string;
  @Expose() @Transform(() => 7) commentCount!: number;
}

class TicketDetail extends TicketResponse {
  @Expose({ name: 'updatedAt' }) changed!: Date;
  @Expose() note!: string | null;
}

class Person {
  @IsString() name!: string;
}

class NestedDto {
  @IsInt() orderNumber!: number;
  @IsString() subject!: string;
  @IsOptional() @IsInt() version?: number;
  @IsOptional() @ValidateNested() @Type(() => Person) person?: Person;
}

@Controller('tickets')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { dto: { create: CreateTicketDto, response: TicketResponse, detail: TicketDetail } })
class TicketsController extends CrudController<Ticket> {}

@Controller('strict')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { dto: { create: CreateTicketDto }, strictPayload: true })
class StrictController extends CrudController<Ticket> {}

@Controller('nested')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { dto: { create: NestedDto } })
class NestedController extends CrudController<Ticket> {}

@Controller('plain')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket)
class PlainController extends CrudController<Ticket> {}

@Controller('specimens')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Specimen)
class SpecimensController extends CrudController<Specimen> {}

@Controller('articles')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Article)
class ArticlesController extends CrudController<Article> {}

@Controller('admin/tickets')
@CrossTenant('the platform imports tickets')
@UseGuards(TestGuard)
@Crud(Ticket, { dto: { create: CreateTicketDto } })
class AdminTicketsController extends CrudController<Ticket> {}

/** Made before the module says that its entity is shared. */
@Controller('bulletins')
@Crud(Bulletin)
class BulletinsController extends CrudController<Bulletin> {}

const places = [
  ...adaptersToTest().map((adapter) => ({ adapter, database: 'sqljs' as const })),
  ...databasesToTest()
    .filter((database) => database !== 'sqljs')
    .map((database) => ({ adapter: adaptersToTest()[0], database })),
];

describe.each(places)('a body, on $adapter and $database', ({ adapter, database }) => {
  let desk: Desk;
  let orderNumber = 100;
  const send = (method: 'post' | 'put' | 'patch', path: string, body: unknown) =>
    request(desk.app.getHttpServer())
      [method](path)
      .set('x-user', '1')
      .set('content-type', 'application/json')
      .send(typeof body === 'string' ? body : JSON.stringify(body));
  const get = (path: string) => request(desk.app.getHttpServer()).get(path).set('x-user', '1');
  const ticket = () => ({ orderNumber: ++orderNumber, subject: 'Late' });

  beforeAll(async () => {
    desk = await openCrudDesk(
      [
        TicketsController,
        StrictController,
        NestedController,
        PlainController,
        SpecimensController,
        ArticlesController,
        AdminTicketsController,
      ],
      {
        adapter,
        database,
        // What many applications have; it must not get in the way.
        configure: (app) =>
          app.useGlobalPipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true })),
      },
    );
  });
  afterAll(() => desk?.close());

  it.each([
    ['an array', '[]'],
    ['null', 'null'],
    ['a string', '"x"'],
    ['a number', '5'],
  ])('that is %s is refused', async (_, body) => {
    for (const path of ['/tickets', '/plain', '/articles']) {
      const { status, body: answer } = await send('post', path, body);
      expect(status).toBe(400);
      expect(answer.error).toBe('Bad Request');
    }
  });

  it('that is missing is refused', async () => {
    const { status } = await request(desk.app.getHttpServer()).post('/tickets').set('x-user', '1');
    expect(status).toBe(400);
  });

  it.each(['__proto__', 'constructor', 'prototype'])('with the key %s is refused', async (key) => {
    const { status } = await send('post', '/tickets', `{"orderNumber":1,"subject":"x","${key}":{"organizationId":2}}`);
    expect(status).toBe(400);
  });

  it('nested beyond reason is refused', async () => {
    const deep = `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`;
    const { status, body } = await send('post', '/specimens', `{"meta":${deep}}`);
    expect([status, body.message]).toEqual([400, ['the body is nested deeper than 64 levels']]);
  });

  it('is checked by its DTO, every problem at once, in the shape of a ValidationPipe', async () => {
    const { status, body } = await send('post', '/tickets', { orderNumber: 'x', status: 'lost', stauts: 'open' });
    expect(status).toBe(400);
    expect(body).toEqual({
      statusCode: 400,
      error: 'Bad Request',
      message: [
        'property stauts should not exist',
        'orderNumber must be an integer number',
        'subject must be longer than or equal to 1 characters',
        'subject must be a string',
        'status must be one of the following values: open, closed',
      ],
    });
  });

  it('that passes its DTO must still fit the columns', async () => {
    const tooLong = await send('post', '/tickets', { orderNumber: 1, subject: 'x'.repeat(41) });
    expect(tooLong.body.message).toEqual(['subject must be a string of at most 40 characters']);
    const nul = await send('post', '/tickets', { orderNumber: 1, subject: 'a\0b' });
    expect(nul.status).toBe(400);
    const huge = await send('post', '/tickets', { orderNumber: 1e15, subject: 'x' });
    expect(huge.status).toBe(database === 'sqljs' ? 201 : 400);
  });

  it('is validated by nested DTOs, and their other fields do not get in', async () => {
    const bad = await send('post', '/nested', { ...ticket(), person: { name: 5 } });
    expect(bad.body.message).toEqual(['person.name must be a string']);
    const good = await send('post', '/nested', { ...ticket(), person: { name: 'Ada' }, version: 9 });
    expect(good.status).toBe(201);
    expect(good.body.version).toBe(1);
  });

  it('of PATCH needs nothing that create needs, and sets nothing by itself', async () => {
    const { body } = await send('post', '/plain', { ...ticket(), status: 'closed' });
    const patched = await send('patch', `/tickets/${body.id}`, { subject: 'Later' });
    expect(patched.body).toMatchObject({ subject: 'Later', status: 'CLOSED' });
    expect((await send('patch', `/tickets/${body.id}`, { subject: 5 })).status).toBe(400);
    expect((await send('patch', `/tickets/${body.id}`, {})).status).toBe(200);
    expect((await send('patch', `/tickets/${body.id}`, { orderNumber: null })).body.message).toEqual([
      'orderNumber must not be null',
    ]);
  });

  it('may hold what answers show, which has no effect', async () => {
    const created = await send('post', '/tickets', ticket());
    expect(created.body).toEqual({
      id: expect.any(Number),
      subject: 'Late',
      number: orderNumber,
      status: 'OPEN',
      commentCount: 7,
      note: null,
      updatedAt: expect.any(String),
    });
    const listed = await get(`/tickets?id=${created.body.id}`);
    expect(listed.body.items).toEqual([
      { id: created.body.id, subject: 'Late', number: orderNumber, status: 'OPEN', commentCount: 7 },
    ]);
    const put = await send('put', `/tickets/${created.body.id}`, {
      ...created.body,
      orderNumber,
      status: 'closed',
      commentCount: 99,
    });
    expect(put.body).toEqual({ ...created.body, status: 'CLOSED', updatedAt: expect.any(String) });
    expect((await get('/tickets?status=open')).body.message).toEqual([
      expect.stringContaining("Unknown parameter 'status'"),
    ]);
  });

  it('with strictPayload may repeat what the server owns, and not differ from it', async () => {
    const refused = await send('post', '/strict', { ...ticket(), organizationId: 2 });
    expect(refused.body.message).toEqual(['organizationId is server-owned and must not be set']);
    expect((await send('post', '/strict', { ...ticket(), id: 5 })).status).toBe(400);
    const { status, body } = await send('post', '/strict', { ...ticket(), organizationId: 1 });
    expect(status).toBe(201);
    const put = await send('put', `/strict/${body.id}`, { ...body, subject: 'x' });
    expect([put.status, put.body.version]).toEqual([200, 2]);
    for (const differing of [
      { id: 1 },
      { organizationId: 2 },
      { version: 9 },
      { createdAt: '1999-01-01' },
      { deletedAt: '1999-01-01' },
    ]) {
      expect((await send('patch', `/strict/${body.id}`, differing)).status).toBe(400);
    }
    expect((await get(`/strict/${body.id}`)).body).toEqual(put.body);
  });

  it('without a DTO is checked by the columns', async () => {
    const missing = await send('post', '/plain', { subject: 'x' });
    expect(missing.body.message).toEqual(['orderNumber must be given']);
    const wrong = await send('post', '/plain', {
      orderNumber: { $gt: 0 },
      subject: ['a'],
      status: null,
      assigneeId: { id: 1 },
      organization: { id: 2 },
      organization_id: 2,
      assignee: { id: 1 },
    });
    expect(wrong.status).toBe(400);
    expect(wrong.body.message).toEqual([
      'property organization should not exist',
      'property organization_id should not exist',
      'property assignee should not exist',
      expect.stringMatching(/^orderNumber must be an integer/),
      'subject must be a string of at most 40 characters',
      'status must not be null',
      expect.stringMatching(/^assigneeId must be an integer/),
    ]);
    expect((await send('post', '/plain', { ...ticket(), organizationId: 2 })).body.organizationId).toBe(1);
  });

  it.each([
    [{ code: 'x'.repeat(11) }, /^code must be a string of at most 10 characters$/],
    [{ code: 5 }, /^code must be a string/],
    [{ small: 40_000 }, /^small must be an integer from -32768 to 32767$/],
    [{ small: 1.5 }, /^small must be an integer/],
    [{ big: '9223372036854775808' }, /^big must be a whole number/],
    [{ big: 2 ** 60 }, /^big must be a whole number/],
    [{ big: 1.5 }, /^big must be a whole number/],
    [{ price: 1_000_000 }, /^price must be a decimal number of at most 6 digits before the point$/],
    [{ price: '999999.999' }, /^price must be a decimal/],
    [{ price: 'free' }, /^price must be a decimal/],
    [{ weight: '5' }, /^weight must be a number$/],
    [{ done: 'true' }, /^done must be true or false$/],
    [{ day: '2026-02-30' }, /^day must be a date like/],
    [{ day: 5 }, /^day must be a date like/],
    [{ at: '2026-02-30T00:00:00Z' }, /^at must be a date and time/],
    [{ at: 1_700_000_000 }, /^at must be a date and time/],
    [{ at: {} }, /^at must be a date and time/],
    [{ color: 'blue' }, /^color must be one of red, green$/],
    [{ reference: 'x' }, /^reference must be a UUID$/],
    [{ meta: 'a\0' }, /^meta must not contain the character NUL \(U\+0000\)$/],
    [{ tags: ['a,b'] }, /^tags must be a list of strings/],
    [{ tags: 'a' }, /^tags must be a list of strings/],
    [{ euros: 'x' }, /^euros must be a number$/],
    [{ euros: 1e12 }, /^euros must be a number$/],
    [{ keeper: 'x' }, /^keeper must be an integer/],
    [{ keeper: { name: 'x' } }, /^keeper must be an integer/],
    [{ keeper: 99_999 }, /^keeper(\.id)? refers to a row that does not exist$/],
    [{ keeper: { id: 99_999 } }, /^keeper(\.id)? refers to a row that does not exist$/],
  ])('of %j names the field that does not fit', async (body, message) => {
    const answer = await send('post', '/specimens', body);
    if (database === 'sqljs' && 'euros' in body && body.euros === 1e12) return;
    expect([answer.status, answer.body.message]).toEqual([400, [expect.stringMatching(message)]]);
  });

  it('takes every kind of column, relations by their key', async () => {
    const agents = desk.dataSource.getRepository(Agent);
    const agent = await desk.tenancy.run({ organizationId: 1 }, () => agents.save({ name: 'Ada' }));
    const foreign = await desk.tenancy.run({ organizationId: 2 }, () => agents.save({ name: 'Eve' }));
    const values = { meta: { a: [1, { b: null }] }, tags: ['x', 'y'], price: 999_999.99, big: 5, at: '2026-01-31' };
    const { status, body } = await send('post', '/specimens', { ...values, keeper: agent.id });
    expect(status).toBe(201);
    expect(body).toMatchObject({ ...values, price: '999999.99', big: '5', at: '2026-01-31T00:00:00.000Z' });
    const keeperOf = () =>
      desk.tenancy.run({ organizationId: 1 }, async () => {
        const row = await desk.dataSource
          .getRepository(Specimen)
          .findOne({ where: { id: body.id }, relations: { keeper: true } });
        return row?.keeper?.id ?? null;
      });
    expect(await keeperOf()).toBe(agent.id);
    expect((await send('patch', `/specimens/${body.id}`, { keeper: { id: foreign.id } })).status).toBe(400);
    expect((await send('patch', `/specimens/${body.id}`, { keeper: null, code: 'c' })).status).toBe(200);
    expect(await keeperOf()).toBeNull();
    await send('patch', `/specimens/${body.id}`, { keeper: { id: agent.id } }).expect(200);
    expect(await keeperOf()).toBe(agent.id);
    const put = await send('put', `/specimens/${body.id}`, {
      ...(await get(`/specimens/${body.id}`)).body,
      tags: null,
    });
    expect(put.body).toMatchObject({ ...values, price: '999999.99', big: '5', at: expect.any(String), tags: null });
    expect(await keeperOf()).toBe(agent.id);
  });

  it("without a DTO obeys the entity's own rules, and its listeners", async () => {
    const bad = await send('post', '/articles', { title: 'x'.repeat(21), rank: 'x' });
    expect(bad.body.message).toEqual([
      expect.stringMatching(/^rank must be an integer/),
      'title must be shorter than or equal to 20 characters',
    ]);
    const { status, body, headers } = await send('post', '/articles', { title: 'A Title', featured: true });
    expect([status, headers['location']]).toEqual([201, '/articles/a-title']);
    expect(body).toEqual({
      slug: 'a-title',
      organizationId: 1,
      title: 'A Title',
      rank: 0,
      featured: false,
      origin: 'none',
    });
    const patched = await send('patch', '/articles/a-title', { title: ' Other ', slug: 'b' });
    expect(patched.body).toEqual({ ...body, title: 'Other' });
    expect((await send('patch', '/articles/a-title', { title: '' })).status).toBe(400);
    expect((await send('patch', '/articles/a-title', { origin: 'here', rank: 3 })).body).toMatchObject({
      origin: 'here',
    });
    expect((await send('put', '/articles/a-title', { title: 'Third' })).body).toEqual({ ...body, title: 'Third' });
    expect((await send('put', '/articles/a-title', { rank: 1 })).status).toBe(400);
  });

  it('of a route over all tenants has to name the tenant', async () => {
    const nobody = await send('post', '/admin/tickets', ticket());
    expect([nobody.status, nobody.body.message]).toEqual([400, ['organizationId must be given']]);
    expect((await send('post', '/admin/tickets', { ...ticket(), organizationId: 'x' })).status).toBe(400);
    const { status, body } = await send('post', '/admin/tickets', { ...ticket(), organizationId: 2 });
    expect([status, body.organizationId]).toEqual([201, 2]);
    const patched = await send('patch', `/admin/tickets/${body.id}`, { organizationId: 1, note: 'x' });
    expect(patched.body).toMatchObject({ organizationId: 2, note: 'x' });
    expect((await get(`/tickets/${body.id}`)).status).toBe(404);
  });
});

describe('options that do not fit the entity', () => {
  it('stop the application from starting: writing what all tenants share', async () => {
    const error: unknown = await openCrudDesk([BulletinsController]).catch((refusal: unknown) => refusal);
    expect(error).toBeInstanceOf(MuckConfigurationError);
    expect((error as MuckConfigurationError).problems).toEqual([
      expect.stringMatching(
        /^BulletinsController would let clients write Bulletin, .* only: \['findAll', 'findOne'\]\.$/,
      ),
    ]);
  });

  class Ruleless {
    subject!: string;
  }
  const boot = async (options: object): Promise<unknown> => {
    @Controller('wrong')
    @TenantScoped()
    @Crud(Ticket, options)
    class WrongController extends CrudController<Ticket> {}
    return openCrudDesk([WrongController]).then(
      (desk) => desk.close(),
      (error: unknown) => error,
    );
  };

  it.each([
    [{ filter: ['subjct'] }, /filter names 'subjct'/],
    [{ sort: ['secret'] }, /sort names 'secret'/],
    [{ filter: ['organizationId'] }, /filter names 'organizationId'/],
    [{ search: ['orderNumber'] }, /search names 'orderNumber'/],
    [{ limit: { default: 10, max: 5 } }, /limit/],
    [{ dto: { create: Ruleless } }, /dto.create Ruleless has no class-validator rules/],
    [{ dto: { response: Ruleless } }, /dto.response Ruleless exposes no property/],
  ])('stop the application from starting: %j', async (options, message) => {
    const error = await boot(options);
    expect(error).toBeInstanceOf(MuckConfigurationError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toContain('WrongController');
  });
});
