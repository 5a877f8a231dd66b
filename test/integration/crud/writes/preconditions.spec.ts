import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, MuckConfigurationError, TenantScoped } from 'nestjs-muck';
import request from 'supertest';
import type { Response } from 'supertest';
import { Agent, CreateTicketDto, meantime, openCrudDesk, TestGuard, Ticket } from '../../../support/crud-desk.js';
import type { Desk } from '../../../support/crud-desk.js';
import { places } from '../../../support/places.js';

@Controller('tickets')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { dto: { create: CreateTicketDto }, also: ['restore'] })
class TicketsController extends CrudController<Ticket> {}

@Controller('careful')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { dto: { create: CreateTicketDto }, requireIfMatch: true })
class CarefulController extends CrudController<Ticket> {}

@Controller('agents')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Agent)
class AgentsController extends CrudController<Agent> {}

type Verb = 'get' | 'head' | 'post' | 'put' | 'patch' | 'delete';

describe.each(places)('an entity tag, on $adapter and $database', ({ adapter, database }) => {
  let desk: Desk;
  let orderNumber = 0;
  const send = async (
    verb: Verb,
    path: string,
    headers: Record<string, string> = {},
    body?: object,
    user = '1',
  ): Promise<Response> => {
    const sent = request(desk.app.getHttpServer())[verb](path).set('x-user', user).set(headers);
    return body === undefined ? await sent : await sent.send(body);
  };
  const ticket = (more = {}) => ({ orderNumber: ++orderNumber, subject: 'Late', ...more });
  const make = async (): Promise<{ path: string; tag: string; id: number }> => {
    const made = await send('post', '/tickets', {}, ticket());
    return { path: `/tickets/${made.body.id}`, tag: made.headers['etag'], id: made.body.id as number };
  };

  beforeAll(async () => {
    desk = await openCrudDesk([TicketsController, CarefulController, AgentsController], { adapter, database });
  });
  afterAll(() => desk?.close());
  afterEach(() => {
    delete meantime.happens;
  });

  it('is strong, the same for each answer with the row, and another one for each version', async () => {
    const { path, tag } = await make();
    expect(tag).toMatch(/^"[\w-]{22}"$/);
    expect((await send('get', path)).headers['etag']).toBe(tag);
    const patched = await send('patch', path, {}, { note: 'x' });
    expect(patched.headers['etag']).not.toBe(tag);
    const put = await send('put', path, {}, ticket());
    expect(put.headers['etag']).not.toBe(patched.headers['etag']);
    expect((await send('get', path)).headers['etag']).toBe(put.headers['etag']);
    await send('delete', path);
    const restored = await send('post', `${path}/restore`);
    expect([put.headers['etag'], tag]).not.toContain(restored.headers['etag']);
  });

  it('that the client has spares it the body', async () => {
    const { path, tag } = await make();
    for (const known of [tag, `W/${tag}`, `"a", ${tag}`, '*']) {
      const answer = await send('get', path, { 'if-none-match': known });
      expect([answer.status, answer.text, answer.headers['etag']]).toEqual([304, '', tag]);
      expect(answer.headers['cache-control']).toContain('private');
    }
    expect((await send('head', path, { 'if-none-match': tag })).status).toBe(304);
    for (const other of ['"other"', `"x${tag.slice(1)}`, 'nonsense', tag.slice(1, -1)]) {
      expect((await send('get', path, { 'if-none-match': other })).status).toBe(200);
    }
  });

  it('in If-Match lets a change through only while the row is the same', async () => {
    const { path, tag } = await make();
    const patched = await send('patch', path, { 'if-match': `"old", ${tag}` }, { note: 'x' });
    expect(patched.status).toBe(200);
    const before = await send('get', path);
    for (const stale of [tag, `W/${String(patched.headers['etag'])}`, '"other"', 'nonsense', '']) {
      if (stale === '') continue;
      for (const answer of [
        await send('patch', path, { 'if-match': stale }, { note: 'y' }),
        await send('patch', path, { 'if-match': stale }, {}),
        await send('put', path, { 'if-match': stale }, ticket()),
        await send('delete', path, { 'if-match': stale }),
      ]) {
        expect([answer.status, answer.body.error]).toEqual([412, 'Precondition Failed']);
      }
    }
    expect((await send('get', path)).body).toEqual(before.body);
    expect((await send('put', path, { 'if-match': '*' }, ticket())).status).toBe(200);
    const current = await send('get', path);
    expect((await send('delete', path, { 'if-match': String(current.headers['etag']) })).status).toBe(204);
  });

  it('is asked again by the statement that changes the row', async () => {
    const { path, tag, id } = await make();
    const happenMeantime = (happens: () => Promise<unknown>): void => {
      meantime.happens = async () => {
        delete meantime.happens;
        await desk.tenancy.run({ organizationId: 1 }, happens);
      };
    };
    happenMeantime(() => desk.dataSource.getRepository(Ticket).update({ id }, { note: 'meanwhile' }));
    const late = await send('patch', path, { 'if-match': tag }, { note: 'late' });
    expect([late.status, (await send('get', path)).body.note]).toEqual([412, 'meanwhile']);
    const current = String((await send('get', path)).headers['etag']);
    happenMeantime(() => desk.dataSource.getRepository(Ticket).softDelete({ id }));
    expect((await send('patch', path, { 'if-match': current }, { note: 'late' })).status).toBe(404);
  });

  it('of one of several that change a row at once lets one through', async () => {
    const { path, tag } = await make();
    const answers = await Promise.all(
      ['a', 'b', 'c', 'd'].map((note) => send('patch', path, { 'if-match': tag }, { note })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412]);
  });

  it('of a row of another organization is a 404 as for a missing one, never a 304 or 412', async () => {
    const { path, tag } = await make();
    const careful = path.replace('tickets', 'careful');
    for (const header of [tag, '"other"', '*']) {
      for (const at of [path, '/tickets/999999', careful, '/careful/999999']) {
        const answers = [
          await send('get', at, { 'if-none-match': header }, undefined, '2'),
          await send('put', at, { 'if-match': header }, ticket(), '2'),
          await send('patch', at, { 'if-match': header }, { note: 'x' }, '2'),
          await send('delete', at, { 'if-match': header }, undefined, '2'),
          await send('patch', at, {}, { note: 'x' }, '2'),
        ];
        for (const { status, body, headers } of answers) {
          expect([status, body, headers['etag']]).toEqual([
            404,
            { statusCode: 404, message: 'Not Found' },
            answers[0].headers['etag'],
          ]);
        }
      }
    }
    expect((await send('get', path)).headers['etag']).toBe(tag);
  });

  it('says nothing of one that another organization has', async () => {
    const sameId = await desk.tenancy.unscoped('the same key and version in both', async () => {
      const { id } = await desk.dataSource.getRepository(Ticket).save({ ...ticket(), organizationId: 1 });
      return id;
    });
    const path = `/tickets/${sameId}`;
    const { headers } = await send('get', path);
    await desk.tenancy.unscoped('moves it', () =>
      desk.dataSource.query(
        `UPDATE ticket SET ${desk.dataSource.driver.escape('organizationId')} = 2 WHERE id = ${sameId}`,
      ),
    );
    const theirs = await send('get', path, {}, undefined, '2');
    expect(theirs.status).toBe(200);
    expect(theirs.headers['etag']).not.toBe(headers['etag']);
  });

  it('may be required for every change of a row', async () => {
    const made = await send('post', '/careful', {}, ticket());
    const path = `/careful/${made.body.id}`;
    for (const answer of [
      await send('put', path, {}, ticket()),
      await send('patch', path, {}, { note: 'x' }),
      await send('delete', path),
    ]) {
      expect([answer.status, answer.body]).toEqual([
        428,
        {
          statusCode: 428,
          error: 'Precondition Required',
          message: 'Send If-Match with the ETag of the row as you read it.',
        },
      ]);
    }
    const changed = await send('patch', path, { 'if-match': String(made.headers['etag']) }, { note: 'x' });
    expect(changed.status).toBe(200);
  });

  it('is not there for an entity without versions, of which any tag is a wrong one', async () => {
    const made = await send('post', '/agents', {}, { name: 'Ada' });
    const path = `/agents/${made.body.id}`;
    expect((await send('patch', path, { 'if-match': '"a"' }, { name: 'Eve' })).status).toBe(412);
    expect((await send('patch', path, { 'if-match': '*' }, { name: 'Eve' })).status).toBe(200);
  });

  it('does not keep a body from being sent back with its old version', async () => {
    const { path } = await make();
    const { body, headers } = await send('get', path);
    const put = await send('put', path, { 'if-match': String(headers['etag']) }, { ...body, subject: 'Later' });
    expect([put.status, put.body.version]).toEqual([200, 2]);
    const again = await send('put', path, {}, { ...body, subject: 'Latest' });
    expect([again.status, again.body.version]).toEqual([200, 3]);
  });
});

it('requiring one where there are no versions stops the application from starting', async () => {
  @Controller('wrong')
  @TenantScoped()
  @Crud(Agent, { requireIfMatch: true })
  class WrongController extends CrudController<Agent> {}

  const error: unknown = await openCrudDesk([WrongController]).catch((refusal: unknown) => refusal);
  expect(error).toBeInstanceOf(MuckConfigurationError);
  expect((error as Error).message).toContain('requireIfMatch needs a @VersionColumn() on Agent');
});
