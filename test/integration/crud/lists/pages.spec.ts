import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import request from 'supertest';
import { adaptersToTest } from '../../../support/adapters.js';
import { databasesToTest } from '../../../support/databases.js';
import { openCrudDesk, Specimen, TestGuard, Ticket } from '../../../support/crud-desk.js';
import type { Desk } from '../../../support/crud-desk.js';

@Controller('tickets')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { search: ['subject', 'note'], ignoreParams: ['utm'] })
class TicketsController extends CrudController<Ticket> {}

@Controller('flat')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { listFormat: 'array', limit: { default: 2, max: 4 }, filter: ['status'], sort: [] })
class FlatController extends CrudController<Ticket> {}

@Controller('specimens')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Specimen)
class SpecimensController extends CrudController<Specimen> {}

const places = [
  ...adaptersToTest().map((adapter) => ({ adapter, database: 'sqljs' as const })),
  ...databasesToTest()
    .filter((database) => database !== 'sqljs')
    .map((database) => ({ adapter: adaptersToTest()[0], database })),
];

describe.each(places)('a list, on $adapter and $database', ({ adapter, database }) => {
  let desk: Desk;
  const get = (path: string) => request(desk.app.getHttpServer()).get(path).set('x-user', '1');
  const numbers = async (path: string) => {
    const { body, status } = await get(path);
    return status === 200 ? (body.items as Ticket[]).map(({ orderNumber }) => orderNumber) : body;
  };

  beforeAll(async () => {
    desk = await openCrudDesk([TicketsController, FlatController, SpecimensController], {
      adapter,
      database,
      defaults: { limit: { default: 5 }, ignoreParams: ['fbclid'] },
    });
    const tickets = desk.dataSource.getRepository(Ticket);
    await desk.tenancy.run({ organizationId: 1 }, () =>
      tickets.insert([
        { orderNumber: 1, subject: 'Late parcel', status: 'open' },
        { orderNumber: 2, subject: 'Broken cup', status: 'closed', note: '100%_sure' },
        { orderNumber: 3, subject: 'LATE again', status: 'open' },
        { orderNumber: 4, subject: 'Wrong size', status: 'open', note: 'late!' },
        { orderNumber: 5, subject: 'Lost', status: 'closed' },
      ]),
    );
    await desk.tenancy.run({ organizationId: 2 }, () =>
      tickets.insert([1, 2, 3].map((orderNumber) => ({ orderNumber, subject: 'Late globex parcel', status: 'open' }))),
    );
  });
  afterAll(() => desk?.close());

  it('has a page of own rows, their number, and links that are references', async () => {
    const { body, headers } = await get('/tickets?limit=2&offset=2&status=open&sort=-orderNumber');
    expect(body).toMatchObject({ total: 3, limit: 2, offset: 2 });
    expect(Object.keys(body)).toEqual(['items', 'total', 'limit', 'offset']);
    expect(body.items.map(({ orderNumber }: Ticket) => orderNumber)).toEqual([1]);
    const url = (offset: number) => `</tickets?limit=2&offset=${offset}&status=open&sort=-orderNumber>`;
    expect(headers['link']).toBe(`${url(0)}; rel="first", ${url(0)}; rel="prev", ${url(2)}; rel="last"`);
    expect(headers['cache-control']).toBe('private');
    const first = await get('/tickets?limit=2');
    expect(first.headers['link']).toBe(
      '</tickets?limit=2&offset=0>; rel="first", </tickets?limit=2&offset=2>; rel="next", </tickets?limit=2&offset=4>; rel="last"',
    );
    expect(first.body.total).toBe(5);
    expect((await get('/tickets?offset=50')).body).toMatchObject({ items: [], total: 5, limit: 5, offset: 50 });
  });

  it('filters by equality, in a parameter of its own or in JSON', async () => {
    expect(await numbers('/tickets?status=closed')).toEqual([2, 5]);
    expect(await numbers('/tickets?status=closed&orderNumber=5')).toEqual([5]);
    expect(await numbers(`/tickets?filters=${encodeURIComponent('{"status":"open","orderNumber":3}')}`)).toEqual([3]);
    expect(await numbers(`/tickets?status=open&filters=${encodeURIComponent('{"orderNumber":2}')}`)).toEqual([]);
    expect(await numbers(`/tickets?filters=${encodeURIComponent('{"status":"open\' OR 1=1 --"}')}`)).toEqual([]);
  });

  it('sorts by allowed columns, either way to say it, and by id last', async () => {
    expect(await numbers('/tickets?sort=-orderNumber')).toEqual([5, 4, 3, 2, 1]);
    expect(await numbers('/tickets?sort=status__desc,orderNumber__asc')).toEqual([1, 3, 4, 2, 5]);
    expect(await numbers('/tickets?sort=status')).toEqual([2, 5, 1, 3, 4]);
  });

  it('searches without regard to case, wildcards taken literally', async () => {
    expect(await numbers('/tickets?search=late')).toEqual([1, 3, 4]);
    expect(await numbers('/tickets?search=0%25_s')).toEqual([2]);
    expect(await numbers('/tickets?search=%25')).toEqual([2]);
    expect(await numbers('/tickets?search=a_b')).toEqual([]);
    expect(await numbers('/tickets?search=globex')).toEqual([]);
    expect(await numbers('/tickets?search=!&status=open')).toEqual([4]);
  });

  it.each([
    [
      'stauts=open',
      /^Unknown parameter 'stauts'\. Known are limit, page, offset, cursor, count, sort, filters, fields, search, id, orderNumber, /,
    ],
    ['organizationId=1', /^Unknown parameter 'organizationId'/],
    ['secret=x', /^Unknown parameter 'secret'/],
    ['audit=x', /^Unknown parameter 'audit'/],
    ['withDeleted=1', /^Unknown parameter/],
    ['__proto__=1', /^Unknown parameter '__proto__'/],
    ['constructor=1', /^Unknown parameter 'constructor'/],
    ['status[]=open', /^Unknown parameter/],
    ['status=open&status=closed', /^'status' must be given once, as text$/],
    ['status__ne=open&status__ne=closed', /^'status__ne' must be given once, as text$/],
    ['sort=id&sort=status', /^'sort' must be given once, as text$/],
    ['orderNumber__in=1&orderNumber__in=x', /^orderNumber__in must be a list of/],
    [
      'orderNumber__between=1&orderNumber__between=2&orderNumber__between=3',
      /^orderNumber__between must be a list of two/,
    ],
    ['limit=1&limit=2', /^'limit' must be given once/],
    ['limit=101', /^limit must be a whole number from 0 to 100$/],
    ['limit=0&count=none', /^limit=0 requests only the total/],
    ['limit=0&cursor=', /^limit=0 requests only the total/],
    ['page=0', /^page must be a whole number from 1 to 1000000$/],
    ['page=2&offset=1', /^page cannot be combined with offset$/],
    ['page=10002&limit=100', /^page must be at most 10001 with a limit of 100$/],
    ['limit=-1', /^limit must be/],
    ['limit=NaN', /^limit must be/],
    ['limit=1e9', /^limit must be/],
    ['offset=1000001', /^offset must be a whole number from 0 to 1000000$/],
    ['orderNumber=abc', /^orderNumber must be an integer/],
    ['orderNumber=', /^orderNumber must be an integer/],
    ['orderNumber=99999999999999999999', /^orderNumber must be an integer/],
    ['createdAt=yesterday', /^createdAt must be a date and time/],
    ['sort=secret', /^sort must name one of id, orderNumber, .*, not 'secret'$/],
    ['sort=organizationId', /^sort must name/],
    ['sort=(CASE WHEN 1=1 THEN 1 END)', /^sort must name/],
    ['sort=orderNumber__sideways', /^sort must name/],
    ['sort=orderNumber,-orderNumber', /^sort must name each column once/],
    ['sort=,', /^sort must name/],
    ['filters=[]', /^filters must be a JSON object/],
    ['filters={', /^filters must be a JSON object/],
    ['filters={"organizationId":2}', /^filters must name one of .*, not 'organizationId'$/],
    ['filters={"status":{"_type":"raw"}}', /^status must be a string/],
    ['filters={"status":["open"]}', /^status must be a string/],
    ['filters={"status":null}', /^status must be a string/],
    ['filters={"__proto__":{}}', /^filters must name/],
    ['filters={"orderNumber":"1"}', /^orderNumber must be an integer/],
    ['filters={"status":"open"}&status=open', /^status must be given once$/],
    [`search=${'x'.repeat(201)}`, /^search must be/],
  ])('refuses ?%s', async (query, message) => {
    const { status, body } = await get(`/tickets?${query.replace(/[{}[\]"]/g, encodeURIComponent)}`);
    expect(status).toBe(400);
    expect(body).toEqual({ statusCode: 400, error: 'Bad Request', message: [expect.stringMatching(message)] });
  });

  it('takes an empty parameter as not given', async () => {
    const names = ['filters', 'sort', 'fields', 'search', 'limit', 'page', 'offset', 'count', 'ignored'];
    const all = (await get('/tickets')).body as object;
    for (const name of names.slice(0, -1)) expect([name, (await get(`/tickets?${name}=`)).body]).toEqual([name, all]);
    expect((await get('/tickets?cursor=&offset=1')).body).toEqual((await get('/tickets?offset=1')).body);
    const id = ((await get('/tickets')).body.items as Ticket[])[0].id;
    expect((await get(`/tickets/${id}?fields=`)).body).toEqual((await get(`/tickets/${id}`)).body);
  });

  it('takes each value of a list as a parameter of its own, too', async () => {
    expect(await numbers('/tickets?status__in=open&status__in=closed')).toEqual([1, 2, 3, 4, 5]);
    expect(await numbers('/tickets?orderNumber__in=2&orderNumber__in=4')).toEqual([2, 4]);
    expect(await numbers('/tickets?orderNumber__between=2&orderNumber__between=4')).toEqual([2, 3, 4]);
    expect(await numbers('/tickets?status__not_in=open&status__not_in=a,b')).toEqual([2, 5]);
  });

  it('pages by number, in the body and the links as well', async () => {
    const { body, headers } = await get('/tickets?limit=2&page=2&fields=orderNumber');
    expect(body).toEqual({ items: [{ orderNumber: 3 }, { orderNumber: 4 }], total: 5, limit: 2, offset: 2, page: 2 });
    const link = (page: number, relation: string) =>
      `</tickets?limit=2&page=${page}&fields=orderNumber>; rel="${relation}"`;
    expect(headers['link']).toBe([link(1, 'first'), link(1, 'prev'), link(3, 'next'), link(3, 'last')].join(', '));
    expect(await numbers('/tickets?page=2')).toEqual([]);
    expect((await get('/tickets?page=1&limit=2')).headers['link']).not.toContain('offset');
  });

  it('counts without reading rows for limit=0, and tells the total in a header', async () => {
    const { body, headers } = await get('/tickets?limit=0&status=open');
    expect(body).toEqual({ items: [], total: 3, limit: 0, offset: 0 });
    expect(headers).toMatchObject({ 'x-total-count': '3' });
    expect(headers).not.toHaveProperty('link');
    expect((await get('/tickets?limit=0&count=capped')).body).toEqual({ items: [], total: 5, limit: 0, offset: 0 });
    expect((await get('/tickets?count=none')).headers).not.toHaveProperty('x-total-count');
    const head = await request(desk.app.getHttpServer()).head('/tickets?status=closed').set('x-user', '1');
    expect([head.status, head.headers['x-total-count'], head.text]).toEqual([200, '2', undefined]);
  });

  it('ignores the parameters that it is told to', async () => {
    expect(await numbers('/tickets?utm=1&utm=2&status=closed')).toEqual([2, 5]);
  });

  it('that is flat is an array unless a part is asked for, and bounded all the same', async () => {
    const flat = await get('/flat');
    expect(flat.body.map(({ orderNumber }: Ticket) => orderNumber)).toEqual([1, 2, 3, 4]);
    expect(flat.headers['link']).toContain('</flat?limit=4&offset=4>; rel="next"');
    expect((await get('/flat?limit=1')).body).toMatchObject({ items: [{ orderNumber: 1 }], total: 5 });
    expect((await get('/flat?offset=4')).body).toMatchObject({ items: [{ orderNumber: 5 }], limit: 2 });
    expect((await get('/flat?limit=5')).status).toBe(400);
    expect((await get('/flat?orderNumber=1')).status).toBe(400);
    expect((await get('/flat?sort=id')).body.message).toEqual(["sort must name no column, not 'id'"]);
    expect((await get('/flat?search=x')).body.message).toEqual([expect.stringContaining("Unknown parameter 'search'")]);
  });

  it('compares values in the type of their column', async () => {
    const specimen = {
      code: 'a b',
      small: -5,
      // sql.js gives numbers for integers: more than 53 bits of one do not arrive.
      big: database === 'sqljs' ? '9007199254740991' : '9007199254740993',
      price: '12.50',
      weight: 0.5,
      done: true,
      day: '2026-02-28',
      at: '2026-02-28T10:00:00.000Z',
      color: 'red',
      reference: 'AAAAAAAA-0000-7000-8000-00000000000A',
      euros: 3,
    };
    const { body } = await request(desk.app.getHttpServer())
      .post('/specimens')
      .set('x-user', '1')
      .send(specimen)
      .expect(201);
    expect(body).toEqual({
      ...specimen,
      reference: specimen.reference.toLowerCase(),
      price: expect.stringMatching(/^12\.50?$/),
      id: expect.any(String),
      organizationId: 1,
      meta: null,
      tags: null,
    });
    for (const query of [
      'code=a+b',
      'small=-5',
      `big=${specimen.big}`,
      'price=12.5',
      'weight=0.5',
      'done=true',
      'day=2026-02-28',
      'at=2026-02-28T11:00:00%2B01:00',
      'color=red',
      `reference=${specimen.reference}`,
      'euros=3',
      `id=${body.id.toUpperCase()}`,
    ]) {
      const found = await get(`/specimens?${query}`);
      expect([query, found.body.total]).toEqual([query, 1]);
    }
    for (const query of [
      'small=40000',
      'big=9223372036854775808',
      'price=1e',
      'weight=x',
      'done=yes',
      'day=2026-02-30',
      'at=2026-02-30',
      'at=2026-01-01T25:00:00Z',
      'color=blue',
      'reference=x',
      'meta={}',
      'tags=a',
      'euros=x',
      'code=%00',
    ]) {
      expect([query, (await get(`/specimens?${query}`)).status]).toEqual([query, 400]);
    }
    expect((await get(`/specimens/${body.id.toUpperCase()}`)).body).toEqual(body);
    expect((await get('/specimens/1')).status).toBe(404);
  });
});
