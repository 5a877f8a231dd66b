import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, ForbiddenException, Get, Injectable, Module, UseGuards } from '@nestjs/common';
import type { CanActivate } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { Crud, CrudController, ProblemDetailsFilter, TenantScoped } from 'nestjs-muck';
import request from 'supertest';
import type { Response } from 'supertest';
import { adaptersToTest } from '../../../support/adapters.js';
import { CreateTicketDto, openCrudDesk, TestGuard, Ticket } from '../../../support/crud-desk.js';
import type { Desk } from '../../../support/crud-desk.js';

const PROBLEM = 'application/problem+json';

@Injectable()
class NobodyGuard implements CanActivate {
  canActivate(): boolean {
    throw new ForbiddenException('agents only');
  }
}

@Controller('tickets')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { dto: { create: CreateTicketDto }, also: ['createMany'] })
class TicketsController extends CrudController<Ticket> {
  @Get('broken')
  broken(): never {
    throw new Error('SELECT secret FROM ticket');
  }
}

@Controller('always')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { dto: { create: CreateTicketDto }, problemDetails: true })
class AlwaysController extends CrudController<Ticket> {
  @Get('broken')
  broken(): never {
    throw new Error('SELECT secret FROM ticket');
  }
}

@Controller('guarded')
@TenantScoped()
@UseGuards(NobodyGuard)
@Crud(Ticket, { problemDetails: 'negotiate' })
class GuardedController extends CrudController<Ticket> {}

@Module({ providers: [{ provide: APP_FILTER, useClass: ProblemDetailsFilter }] })
class FilterModule {}

const controllers = [TicketsController, AlwaysController, GuardedController];

describe.each(adaptersToTest())('a problem document, on %s', (adapter) => {
  let desk: Desk;
  let filtered: Desk;
  const ask = async (
    path: string,
    { accept, user = '1', body, on = desk }: { accept?: string; user?: string; body?: unknown; on?: Desk } = {},
  ): Promise<Response> => {
    const server = request(on.app.getHttpServer());
    const sent = (body === undefined ? server.get(path) : server.post(path)).set('x-user', user);
    if (accept !== undefined) sent.set('accept', accept);
    return body === undefined
      ? await sent
      : await sent.set('content-type', 'application/json').send(typeof body === 'string' ? body : JSON.stringify(body));
  };
  const documentOf = ({ headers, text }: Response): Record<string, unknown> => {
    expect(headers['content-type']).toMatch(/^application\/problem\+json/);
    return JSON.parse(text) as Record<string, unknown>;
  };

  beforeAll(async () => {
    desk = await openCrudDesk(controllers, { adapter });
    filtered = await openCrudDesk(controllers, { adapter, imports: [FilterModule] });
  });
  afterAll(async () => {
    await desk?.close();
    await filtered?.close();
  });

  it('says what is wrong where in the body', async () => {
    const wrong = { orderNumber: 'x', subject: 'a', status: 'lost', 'st/auts': 1, assigneeId: 3 };
    const answer = await ask('/tickets', { accept: PROBLEM, body: wrong });
    expect(answer.status).toBe(400);
    expect(documentOf(answer)).toEqual({
      type: 'about:blank',
      title: 'Bad Request',
      status: 400,
      detail: expect.stringContaining('orderNumber must be an integer number; '),
      errors: [
        { detail: "property 'st/auts' should not exist", code: 'unknown', pointer: '/st~1auts' },
        { detail: 'orderNumber must be an integer number', code: 'isInt', pointer: '/orderNumber' },
        {
          detail: 'status must be one of the following values: open, closed',
          code: 'isIn',
          pointer: '/status',
        },
      ],
    });
    const unknown = await ask('/tickets', { accept: PROBLEM, body: { orderNumber: 1, subject: 'a', assigneeId: 99 } });
    expect(documentOf(unknown)['errors']).toEqual([
      { detail: 'assigneeId refers to a row that does not exist', code: 'reference', pointer: '/assigneeId' },
    ]);
    const bulk = await ask('/tickets/bulk', {
      accept: PROBLEM,
      body: [{ orderNumber: 1, subject: 'a', assigneeId: 99 }],
    });
    expect(documentOf(bulk)['errors']).toEqual([
      { detail: '[0] assigneeId refers to a row that does not exist', code: 'reference', pointer: '/0/assigneeId' },
    ]);
  });

  it('says which values are taken, which row is not there, and which parameter is none', async () => {
    const made = { orderNumber: 77, subject: 'a' };
    await ask('/tickets', { body: made });
    const conflict = await ask('/tickets', { accept: PROBLEM, body: made });
    expect([conflict.status, documentOf(conflict)]).toEqual([
      409,
      {
        type: 'about:blank',
        title: 'Conflict',
        status: 409,
        detail: 'orderNumber must be unique',
        errors: [{ detail: 'orderNumber must be unique', code: 'unique', pointer: '/orderNumber' }],
      },
    ]);
    const missing = await ask('/tickets/999', { accept: PROBLEM });
    expect(documentOf(missing)).toEqual({ type: 'about:blank', title: 'Not Found', status: 404 });
    const parameter = await ask('/tickets?stauts=open', { accept: PROBLEM });
    expect(documentOf(parameter)).toMatchObject({
      status: 400,
      errors: [{ detail: expect.stringContaining('stauts'), code: 'parameter', parameter: 'stauts' }],
    });
    expect(documentOf(await ask('/tickets', { accept: PROBLEM, user: '' }))).toMatchObject({ status: 403 });
  });

  it.each([
    [undefined, false],
    ['*/*', false],
    ['application/json', false],
    [`application/json, ${PROBLEM};q=0.5`, false],
    [`${PROBLEM};q=0`, false],
    [`application/json;q=0.5, ${PROBLEM}`, true],
    [`application/json, ${PROBLEM}`, true],
    [`text/html, Application/Problem+JSON ; Q=0.1`, true],
  ])('goes to a client that prefers it: %s', async (accept, isWanted) => {
    const { headers, body } = await ask('/tickets/999', { accept });
    expect(String(headers['content-type']).startsWith(PROBLEM)).toBe(isWanted);
    if (!isWanted) expect(body).toEqual({ statusCode: 404, message: 'Not Found' });
  });

  it('goes to everybody where the resource says so', async () => {
    expect(documentOf(await ask('/always/999'))).toEqual({ type: 'about:blank', title: 'Not Found', status: 404 });
    expect((await ask('/always')).headers['content-type']).toMatch(/^application\/json/);
  });

  it('answers what guards throw where the resource or a filter of the application says so', async () => {
    const refused = await ask('/guarded', { accept: PROBLEM });
    expect([refused.status, documentOf(refused)]).toEqual([
      403,
      { type: 'about:blank', title: 'Forbidden', status: 403, detail: 'agents only' },
    ]);
    expect((await ask('/guarded')).body).toEqual({ statusCode: 403, error: 'Forbidden', message: 'agents only' });
    expect(documentOf(await ask('/nowhere', { accept: PROBLEM, on: filtered }))).toMatchObject({ status: 404 });
    expect(documentOf(await ask('/tickets', { accept: PROBLEM, body: '{', on: filtered }))).toMatchObject({
      status: 400,
    });
    expect(documentOf(await ask('/tickets/999', { accept: PROBLEM, on: filtered }))).toMatchObject({ status: 404 });
    expect((await ask('/nowhere', { on: filtered })).headers['content-type']).toMatch(/^application\/json/);
  });

  it('tells nothing of what went wrong inside', async () => {
    for (const answer of [
      await ask('/always/broken'),
      await ask('/tickets/broken', { accept: PROBLEM, on: filtered }),
    ]) {
      expect([answer.status, documentOf(answer)]).toEqual([
        500,
        { type: 'about:blank', title: 'Internal Server Error', status: 500 },
      ]);
    }
    expect((await ask('/tickets/broken', { accept: PROBLEM })).text).not.toContain('SELECT');
  });
});
