import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, MuckConfigurationError, ProblemDetailsFilter, TenantScoped } from 'nestjs-muck';
import type { CrudOptions } from 'nestjs-muck';
import { createResourceDocument } from 'nestjs-muck/openapi';
import type { JsonSchema, ResourceDocument } from 'nestjs-muck/openapi';
import { UseFilters } from '@nestjs/common';
import request from 'supertest';
import { adaptersToTest } from '../../support/adapters.js';
import { openCrudDesk, TestGuard, Ticket } from '../../support/crud-desk.js';
import type { Desk } from '../../support/crud-desk.js';
import { Contract } from './contract.js';

/** A controller of tickets at a path. */
function ticketsAt(path: string, options: CrudOptions<Ticket>) {
  @Controller(path)
  @TenantScoped()
  @UseGuards(TestGuard)
  @Crud(Ticket, options)
  class TicketsController extends CrudController<Ticket> {}
  return TicketsController;
}

@UseFilters(ProblemDetailsFilter)
@Controller('filtered')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket)
class FilteredController extends CrudController<Ticket> {}

const CONTROLLERS = [
  ticketsAt('any', { include: ['assignee', 'tags'] }),
  ticketsAt('offset', { paging: 'offset' }),
  ticketsAt('cursor', { paging: 'cursor' }),
  ticketsAt('array', { listFormat: 'array' }),
  ticketsAt('problems', { problemDetails: true }),
  FilteredController,
];

describe.each(adaptersToTest())('the shapes of described responses, on %s', (adapter) => {
  let desk: Desk;
  let document: ResourceDocument;
  let contract: Contract;

  beforeAll(async () => {
    desk = await openCrudDesk(CONTROLLERS, { adapter });
    document = createResourceDocument(desk.app, { title: 'Desk', version: '1' });
    contract = new Contract(document);
    for (const orderNumber of [1, 2, 3]) {
      const call = request(desk.app.getHttpServer()).post('/any').set('x-user', '1');
      await call.send({ orderNumber, subject: `Ticket ${orderNumber}` }).expect(201);
    }
  });
  afterAll(() => desk?.close());

  const get = (path: string) => request(desk.app.getHttpServer()).get(path).set('x-user', '1');
  const schemaOf = (path: string, status = '200'): JsonSchema => {
    const { content = {} } = contract.operation('get', path).operation.responses[status];
    expect(Object.keys(content)).toHaveLength(1);
    const { schema } = Object.values(content)[0];
    return schema.$ref === undefined ? schema : document.components.schemas[schema.$ref.split('/').at(-1)!];
  };
  const parametersOf = (path: string) => contract.operation('get', path).operation.parameters.map(({ name }) => name);
  const responses = (described: ResourceDocument) =>
    new Contract(described).operations().flatMap(({ operation }) => Object.entries(operation.responses));

  it.each([false, true])(
    'every response has one media type and no alternatives; problem details: %s',
    (problemDetails) => {
      const described = createResourceDocument(desk.app, { title: 'Desk', version: '1' }, { problemDetails });
      const mixed = responses(described).filter(([status, { content = {} }]) => {
        // Errors of guards become problem details by a filter only.
        if (status === '403' && Object.keys(content).length > 1) return false;
        return Object.keys(content).length > 1 || Object.values(content).some(({ schema }) => 'anyOf' in schema);
      });
      expect(mixed).toEqual([]);
    },
  );

  it('a client of problem details has them described in place of the errors of Nest', () => {
    const described = createResourceDocument(desk.app, { title: 'Desk', version: '1' }, { problemDetails: true });
    const typesOf = (path: string, status: string) =>
      Object.keys(new Contract(described).operation('get', path).operation.responses[status].content ?? {});
    for (const path of ['/any', '/filtered', '/problems'])
      expect(typesOf(path, '400')).toEqual(['application/problem+json']);
    expect(typesOf('/filtered', '401')).toEqual(['application/problem+json']);
    expect(typesOf('/filtered', '403')).toEqual(['application/problem+json']);
    expect(typesOf('/any', '401')).toEqual(['application/json']);
    expect(typesOf('/any', '403')).toEqual(['application/json', 'application/problem+json']);
  });

  it('the rows of a list and a single row are the same schema, with all its properties', () => {
    const { properties = {} } = schemaOf('/any');
    const row = contract.operation('get', '/any/{id}').operation.responses['200'].content?.['application/json'].schema;
    expect(properties['items']).toEqual({ type: 'array', items: row });
    const { required = [] } = schemaOf('/any/{id}');
    expect(required).toEqual(expect.arrayContaining(['id', 'subject', 'note', 'createdAt']));
    expect(required).not.toContain('assignee');
  });

  it('a list that clients page as they like has one page, with what each mode adds', async () => {
    const { properties = {}, required } = schemaOf('/any');
    expect(required).toEqual(['items', 'limit']);
    expect(Object.keys(properties)).toEqual(
      expect.arrayContaining(['total', 'offset', 'page', 'nextCursor', 'prevCursor']),
    );
    expect(parametersOf('/any')).toEqual(expect.arrayContaining(['cursor', 'offset', 'page', 'count']));
    expect((await get('/any?limit=1')).body).toMatchObject({ total: 3, offset: 0 });
    expect((await get('/any?limit=1&cursor=')).body).toMatchObject({ nextCursor: expect.any(String) });
  });

  it('a list with paging by offset has no cursors', async () => {
    const { properties = {}, required } = schemaOf('/offset');
    expect(required).toEqual(['items', 'limit', 'offset']);
    expect(properties).not.toHaveProperty('nextCursor');
    expect(parametersOf('/offset')).toEqual(expect.arrayContaining(['offset', 'page', 'count']));
    expect(parametersOf('/offset')).not.toContain('cursor');
    expect((await get('/offset?limit=1&page=2')).body).toMatchObject({ total: 3, offset: 1, page: 2 });
    for (const query of ['cursor=', 'cursor=x']) {
      const { status, body } = await get(`/offset?${query}`);
      expect([status, body.message]).toEqual([400, [expect.stringContaining("Unknown parameter 'cursor'")]]);
    }
  });

  it('a list with paging by cursor begins without one, and has neither offset nor total', async () => {
    const { properties = {}, required } = schemaOf('/cursor');
    expect(required).toEqual(['items', 'limit', 'nextCursor', 'prevCursor']);
    expect(properties).not.toHaveProperty('total');
    expect(parametersOf('/cursor')).toContain('cursor');
    expect(parametersOf('/cursor')).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(offset|page|count)$/)]),
    );
    const first = await get('/cursor?limit=2');
    expect(first.body).toEqual({
      items: [expect.objectContaining({ orderNumber: 1 }), expect.objectContaining({ orderNumber: 2 })],
      limit: 2,
      nextCursor: expect.any(String),
      prevCursor: null,
    });
    expect(first.headers['link']).toContain('rel="next"');
    const rest = await get(`/cursor?limit=2&cursor=${encodeURIComponent(first.body.nextCursor as string)}`);
    expect(rest.body).toMatchObject({ items: [{ orderNumber: 3 }], nextCursor: null });
    for (const query of ['offset=0', 'page=1', 'count=none', 'limit=0']) {
      expect(await get(`/cursor?${query}`)).toMatchObject({ status: 400 });
    }
  });

  it('an array has no paging parameters, because they would turn it into a page', async () => {
    expect(schemaOf('/array')).toMatchObject({ type: 'array', items: { $ref: expect.any(String) } });
    expect(parametersOf('/array')).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(limit|offset|page|cursor)$/)]),
    );
    expect((await get('/array')).body).toHaveLength(3);
  });
});

it('a cursor has no place in an array', async () => {
  const opening = openCrudDesk([ticketsAt('both', { listFormat: 'array', paging: 'cursor' })]);
  await expect(opening).rejects.toThrow(MuckConfigurationError);
  await expect(opening).rejects.toThrow("paging: 'cursor' needs listFormat: 'page'");
});
