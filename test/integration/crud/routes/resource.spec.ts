import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import request from 'supertest';
import { adaptersToTest } from '../../../support/adapters.js';
import { databasesToTest } from '../../../support/databases.js';
import { Agent, CreateTicketDto, News, openCrudDesk, TestGuard, Ticket } from '../../../support/crud-desk.js';
import type { Desk } from '../../../support/crud-desk.js';

@Controller('tickets')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { dto: { create: CreateTicketDto } })
class TicketsController extends CrudController<Ticket> {}

@Controller('news')
@Crud(News)
class NewsController extends CrudController<News> {}

@Controller('editors/news')
@Crud(News, { only: ['create', 'update', 'remove', 'findAll', 'findOne'] })
class EditorsNewsController extends CrudController<News> {}

const NOT_FOUND = { statusCode: 404, message: 'Not Found' };
const UNKNOWN_UUID = '00000000-0000-4000-8000-000000000000';

const places = [
  ...adaptersToTest().map((adapter) => ({ adapter, database: 'sqljs' as const })),
  ...databasesToTest()
    .filter((database) => database !== 'sqljs')
    .map((database) => ({ adapter: adaptersToTest()[0], database })),
];

describe.each(places)('a resource, on $adapter and $database', ({ adapter, database }) => {
  let desk: Desk;
  const server = () => desk.app.getHttpServer();
  const as = (user: string) => ({
    get: (path: string) => request(server()).get(path).set('x-user', user),
    post: (path: string, body: object) => request(server()).post(path).set('x-user', user).send(body),
    put: (path: string, body: object) => request(server()).put(path).set('x-user', user).send(body),
    patch: (path: string, body: object) => request(server()).patch(path).set('x-user', user).send(body),
    delete: (path: string) => request(server()).delete(path).set('x-user', user),
  });
  const acme = as('1');
  const globex = as('2');

  beforeAll(async () => {
    desk = await openCrudDesk([TicketsController, NewsController, EditorsNewsController], { adapter, database });
  });
  afterAll(() => desk?.close());
  beforeEach(async () => {
    await desk.tenancy.unscoped('empty the tables', async () => {
      await desk.dataSource.getRepository(Ticket).deleteAll();
      await desk.dataSource.getRepository(Agent).deleteAll();
      await desk.dataSource.getRepository(News).updateAll({ followsId: null });
      await desk.dataSource.getRepository(News).deleteAll();
    });
  });

  const agentOf = (organizationId: number) =>
    desk.tenancy.run({ organizationId }, () => desk.dataSource.getRepository(Agent).save({ name: 'Ada' }));

  it('a created row is answered with 201, its place, and nothing hidden', async () => {
    const created = await acme.post('/tickets', { orderNumber: 1, subject: 'Late', secret: 'hush' });
    expect(created.status).toBe(201);
    expect(created.headers['location']).toBe(`/tickets/${created.body.id}`);
    expect(created.body).toEqual({
      id: expect.any(Number),
      organizationId: 1,
      orderNumber: 1,
      subject: 'Late',
      status: 'open',
      note: null,
      assigneeId: null,
      version: 1,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updatedAt: expect.any(String),
      deletedAt: null,
    });
    const read = await acme.get(created.headers['location']);
    expect(read.status).toBe(200);
    expect(read.body).toEqual(created.body);
    expect(read.headers['cache-control']).toBe('private');
  });

  it('a row of another organization reads as missing on every verb', async () => {
    const { body } = await acme.post('/tickets', { orderNumber: 1, subject: 'Late' });
    const path = `/tickets/${body.id}`;
    for (const answer of [
      await globex.get(path),
      await globex.put(path, { orderNumber: 9, subject: 'x' }),
      await globex.patch(path, { subject: 'x' }),
      await globex.delete(path),
      await acme.get('/tickets/999999'),
      await acme.get('/tickets/abc'),
      await acme.get(`/tickets/0${body.id}`),
      await acme.get('/tickets/1e3'),
      await acme.delete('/tickets/99999999999999999999'),
      await acme.patch(`/tickets/${UNKNOWN_UUID}`, {}),
    ]) {
      expect(answer.status).toBe(404);
      expect(answer.body).toEqual(NOT_FOUND);
    }
    expect((await acme.get(path)).body).toEqual(body);
    expect((await globex.get('/tickets')).body.items).toEqual([]);
  });

  it('PATCH changes what is sent, null clears, absent stays', async () => {
    const agent = await agentOf(1);
    const { body } = await acme.post('/tickets', { orderNumber: 1, subject: 'Late', note: 'n', assigneeId: agent.id });
    const patched = await acme.patch(`/tickets/${body.id}`, { note: null, status: 'closed' });
    expect(patched.status).toBe(200);
    expect(patched.body).toEqual({ ...body, note: null, status: 'closed', version: 2, updatedAt: expect.any(String) });
    expect((await acme.patch(`/tickets/${body.id}`, { subject: null })).body.message).toEqual([
      'subject must not be null',
    ]);
    const unchanged = await acme.patch(`/tickets/${body.id}`, { status: 'closed' });
    expect(unchanged.body.version).toBe(2);
  });

  it('PUT puts what is absent back to its default, and leaves alone what no answer shows', async () => {
    const { body } = await acme.post('/tickets', {
      orderNumber: 1,
      subject: 'Late',
      note: 'n',
      status: 'closed',
      secret: 'hush',
    });
    const put = await acme.put(`/tickets/${body.id}`, { orderNumber: 2, subject: 'Later' });
    expect(put.status).toBe(200);
    expect(put.body).toMatchObject({ orderNumber: 2, subject: 'Later', note: null, status: 'open' });
    const secret = await desk.tenancy.run({ organizationId: 1 }, () =>
      desk.dataSource.getRepository(Ticket).findOne({ where: { id: body.id }, select: { secret: true } }),
    );
    expect(secret?.secret).toBe('hush');
    expect((await acme.put(`/tickets/${body.id}`, { subject: 'x' })).status).toBe(400);
  });

  it('a body from GET can be put back, and what the server owns has no effect', async () => {
    const { body } = await acme.post('/tickets', { orderNumber: 1, subject: 'Late' });
    const put = await acme.put(`/tickets/${body.id}`, {
      ...body,
      id: 12345,
      organizationId: 2,
      version: 99,
      createdAt: '1999-01-01T00:00:00Z',
      subject: 'Later',
    });
    expect(put.status).toBe(200);
    expect(put.body).toEqual({ ...body, subject: 'Later', version: 2, updatedAt: expect.any(String) });
    const posted = await acme.post('/tickets', { ...body, organizationId: 2, orderNumber: 2 });
    expect(posted.status).toBe(201);
    expect(posted.body.id).not.toBe(body.id);
    expect(posted.body.organizationId).toBe(1);
  });

  it('DELETE answers 204 and the row is gone, softly', async () => {
    const { body } = await acme.post('/tickets', { orderNumber: 1, subject: 'Late' });
    const removed = await acme.delete(`/tickets/${body.id}`);
    expect(removed.status).toBe(204);
    expect(removed.text).toBe('');
    expect((await acme.get(`/tickets/${body.id}`)).body).toEqual(NOT_FOUND);
    expect((await acme.patch(`/tickets/${body.id}`, { note: 'x' })).body).toEqual(NOT_FOUND);
    expect((await acme.delete(`/tickets/${body.id}`)).body).toEqual(NOT_FOUND);
    const stored = await desk.tenancy.run({ organizationId: 1 }, () =>
      desk.dataSource.getRepository(Ticket).findOne({ where: { id: body.id }, withDeleted: true }),
    );
    expect(stored?.deletedAt).toBeInstanceOf(Date);
  });

  it('a unique conflict names the fields, not the tenant and no value', async () => {
    await acme.post('/tickets', { orderNumber: 1, subject: 'Late' }).expect(201);
    await globex.post('/tickets', { orderNumber: 1, subject: 'Late' }).expect(201);
    const conflict = await acme.post('/tickets', { orderNumber: 1, subject: 'Again' });
    expect(conflict.status).toBe(409);
    expect(conflict.body).toEqual({ statusCode: 409, error: 'Conflict', message: ['orderNumber must be unique'] });
    const { body } = await acme.post('/tickets', { orderNumber: 2, subject: 'Late' });
    expect((await acme.patch(`/tickets/${body.id}`, { orderNumber: 1 })).body).toEqual(conflict.body);
  });

  it('a reference to a foreign row is answered like one to a row that never existed', async () => {
    const foreign = await agentOf(2);
    const bad = await acme.post('/tickets', { orderNumber: 1, subject: 'Late', assigneeId: foreign.id });
    const missing = await acme.post('/tickets', { orderNumber: 1, subject: 'Late', assigneeId: 99999 });
    expect(bad.status).toBe(400);
    expect(bad.body).toEqual({
      statusCode: 400,
      error: 'Bad Request',
      message: ['assigneeId refers to a row that does not exist'],
    });
    expect(missing.text).toBe(bad.text);
    const own = await agentOf(1);
    const { body } = await acme.post('/tickets', { orderNumber: 1, subject: 'Late', assigneeId: own.id });
    expect((await acme.patch(`/tickets/${body.id}`, { assigneeId: foreign.id })).text).toBe(bad.text);
    expect((await acme.put(`/tickets/${body.id}`, { orderNumber: 1, subject: 'x', assigneeId: foreign.id })).text).toBe(
      bad.text,
    );
  });

  it('a user without an organization is refused everywhere', async () => {
    for (const answer of [
      await as('').get('/tickets'),
      await as('').post('/tickets', { orderNumber: 1, subject: 'x' }),
    ]) {
      expect(answer.status).toBe(403);
    }
  });

  it('a shared entity is read by all, and written only where the routes are named', async () => {
    await request(server()).post('/news').send({ code: 'a' }).expect(405);
    await request(server()).delete('/news/1').expect(405);
    const { body } = await request(server()).post('/editors/news').send({ code: 'a' }).expect(201);
    expect((await globex.get('/news')).body.items).toEqual([{ id: body.id, code: 'a', text: '', followsId: null }]);
    const conflict = await request(server()).post('/editors/news').send({ code: 'a' });
    expect(conflict.body).toEqual({ statusCode: 409, error: 'Conflict', message: ['code must be unique'] });
    const reference = await request(server()).post('/editors/news').send({ code: 'b', followsId: 99999 });
    expect(reference.body.message).toEqual(['followsId refers to a row that does not exist']);
    await request(server()).put(`/editors/news/${body.id}`).send({ code: 'c' }).expect(405);
    await request(server()).post('/editors/news').send({ code: 'b', followsId: body.id }).expect(201);
    const kept = await request(server()).delete(`/editors/news/${body.id}`);
    expect(kept.status).toBe(409);
  });
});
