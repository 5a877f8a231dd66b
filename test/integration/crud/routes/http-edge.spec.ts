import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { deflateSync, gzipSync } from 'node:zlib';
import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import {
  Column,
  DeleteDateColumn,
  Entity,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
  Unique,
  VersionColumn,
} from 'typeorm';
import { openScopedApplication } from '../../../support/scoped-application.js';
import type { ScopedApplication } from '../../../support/scoped-application.js';
import type { Answer, Message } from '../../../support/transport.js';
import { adaptersToTest } from '../../../support/adapters.js';
import { databasesToTest } from '../../../support/databases.js';
import { TestGuard } from '../../../support/crud-desk.js';

@Entity()
@TenantScoped()
@Unique(['organizationId', 'slug'])
class Page {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ length: 60 }) slug!: string;
  @Column({ default: '' }) text!: string;
  @Column({ type: String, nullable: true }) note!: string | null;
  @Column({ type: Number, nullable: true }) aboveId!: number | null;
  @ManyToOne(() => Page, (page) => page.below) above!: Relation<Page> | null;
  @OneToMany(() => Page, (page) => page.above) below!: Relation<Page>[];
  @VersionColumn() version!: number;
  @DeleteDateColumn() deletedAt!: Date | null;
}

/** Its key is a client's word. */
@Entity()
@TenantScoped()
class Voucher {
  @PrimaryColumn({ length: 40 }) code!: string;
  @Column() organizationId!: number;
  @Column({ default: '' }) text!: string;
}

@Controller('pages')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Page, {
  search: ['text'],
  include: ['above', 'below'],
  filter: ['id', 'slug', 'text', 'note', 'aboveId', 'above.text', 'below.text', 'version'],
  sort: ['id', 'slug', 'text', 'note', 'above.text'],
  also: ['createMany', 'restore'],
})
class PagesController extends CrudController<Page> {}

@Controller('slugs')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Page, { id: 'slug' })
class SlugsController extends CrudController<Page> {}

@Controller('vouchers')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Voucher, { also: ['createMany'] })
class VouchersController extends CrudController<Voucher> {}

const places = [
  ...adaptersToTest().map((adapter) => ({ adapter, database: 'sqljs' as const })),
  ...databasesToTest()
    .filter((database) => database !== 'sqljs')
    .map((database) => ({ adapter: adaptersToTest()[1] ?? adaptersToTest()[0], database })),
];

describe.each(places)('unusual requests, on $adapter and $database', (place) => {
  let world: ScopedApplication;
  let own: number;
  let foreign: number;
  const missing = 99_999_999;

  const send = (message: Message, user = '1'): Promise<Answer> =>
    world.transport.send({ ...message, headers: { 'x-user': user, ...message.headers } });
  const json = (
    method: Message['method'],
    url: string,
    body: string,
    headers: Record<string, string> = {},
    user = '1',
  ) => send({ method, url, body, headers: { 'content-type': 'application/json', ...headers } }, user);
  const comparable = ({ status, headers: { date, ...headers }, text }: Answer): unknown => {
    const plain = text.replaceAll(/\/pages\/\d+/g, '/pages/:id');
    const { etag, 'content-length': length, ...rest } = headers;
    // What names the path itself is as long as the path is.
    return plain === text ? [status, headers, text, typeof date] : [status, rest, plain, typeof etag, typeof length];
  };
  const stored = () =>
    world.tenancy.unscoped('looks at all', () =>
      world.dataSource.getRepository(Page).find({ order: { id: 'ASC' }, withDeleted: true }),
    );
  /** Bytes as they are, and the whole answer. */
  const raw = (bytes: Buffer | string, patience = 4000): Promise<string> =>
    new Promise((resolve, reject) => {
      const { port } = (world.app.getHttpServer() as unknown as Server).address() as AddressInfo;
      let received = '';
      const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
      const timer = setTimeout(() => socket.destroy(), patience);
      socket.on('data', (data) => (received += data.toString('latin1')));
      socket.on('error', reject).on('close', () => {
        clearTimeout(timer);
        resolve(received);
      });
    });
  const head = (line: string, headers: Record<string, string>): string =>
    [
      line,
      'Host: localhost',
      'Connection: close',
      'X-User: 1',
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      '',
      '',
    ].join('\r\n');

  beforeAll(async () => {
    world = await openScopedApplication({
      ...place,
      entities: [Page, Voucher],
      controllers: [PagesController, SlugsController, VouchersController],
    });
    own = JSON.parse((await json('POST', '/pages', '{"slug":"ours","text":"of acme"}')).text).id;
    foreign = JSON.parse((await json('POST', '/pages', '{"slug":"theirs","text":"of globex"}', {}, '2')).text).id;
    await json('POST', '/pages', `{"slug":"below","text":"below","aboveId":${own}}`);
  });
  afterAll(() => world?.close());

  it('a foreign id and a missing one are one, by each method and under each header', async () => {
    const headers: Record<string, string>[] = [
      {},
      { accept: 'application/problem+json' },
      { 'if-match': '*' },
      { 'if-match': '"x"' },
      { 'if-none-match': '*' },
      { range: 'bytes=0-10' },
      { 'if-modified-since': 'Mon, 01 Jan 2035 00:00:00 GMT' },
      { 'x-http-method-override': 'DELETE', 'x-method-override': 'DELETE' },
    ];
    const before = await stored();
    for (const more of headers) {
      for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS'] as const) {
        for (const tail of ['', '?include=below', '?fields=id', '?nonsense=1', '?include=nonsense']) {
          const [one, other] = [
            await send({ method, url: `/pages/${foreign}${tail}`, headers: more }),
            await send({ method, url: `/pages/${missing}${tail}`, headers: more }),
          ];
          expect(comparable(one)).toEqual(comparable(other));
          if (method !== 'OPTIONS') expect(one.status).toBeGreaterThanOrEqual(400);
          expect(one.status).toBeLessThan(500);
        }
      }
      for (const method of ['PUT', 'PATCH'] as const) {
        for (const body of [
          '{}',
          '{"text":"x"}',
          '{"slug":"ours"}',
          '{"slug":"theirs"}',
          '{"nonsense":1}',
          '{"aboveId":null}',
        ]) {
          const [one, other] = [
            await json(method, `/pages/${foreign}`, body, more),
            await json(method, `/pages/${missing}`, body, more),
          ];
          expect(comparable(one)).toEqual(comparable(other));
          expect([400, 404]).toContain(one.status);
        }
      }
    }
    expect(await stored()).toEqual(before);
  });

  it('slugs that another tenant has are free, and its rows by that name are not there', async () => {
    const free = await json('POST', '/pages', '{"slug":"theirs","text":"of acme too"}');
    expect(free.status).toBe(201);
    expect(JSON.parse((await send({ url: '/slugs/theirs' })).text).text).toBe('of acme too');
    expect((await json('PUT', '/slugs/theirs', '{"slug":"renamed","text":"x"}')).status).toBe(200);
    expect(JSON.parse((await send({ url: '/slugs/theirs' }, '2')).text).text).toBe('of globex');
    expect((await send({ url: '/slugs/theirs' })).status).toBe(404);
    expect((await send({ method: 'DELETE', url: '/slugs/renamed' })).status).toBe(204);
  });

  it('HEAD is a GET without a body, and changes nothing', async () => {
    for (const url of ['/pages', `/pages/${own}`, '/pages?limit=1&cursor=', '/pages?nonsense=1', `/pages/${missing}`]) {
      const [got, asked] = [await send({ url }), await send({ method: 'HEAD', url })];
      expect([asked.status, asked.text, asked.headers['link'], asked.headers['cache-control']]).toEqual([
        got.status,
        '',
        got.headers['link'],
        got.headers['cache-control'],
      ]);
    }
  });

  it('methods that headers or parameters claim have no effect', async () => {
    const before = await stored();
    for (const headers of [
      { 'x-http-method-override': 'DELETE' },
      { 'x-http-method': 'DELETE' },
      { 'x-method-override': 'PUT' },
    ]) {
      expect((await send({ url: `/pages/${own}`, headers: headers as never })).status).toBe(200);
      expect((await json('POST', `/pages/${own}`, '{}', headers as never)).status).toBe(405);
    }
    expect((await send({ url: `/pages/${own}?_method=DELETE` })).status).toBeLessThan(500);
    expect(await stored()).toEqual(before);
  });

  it.each([
    'abc',
    '%00',
    '1%00',
    '%2F',
    '..%2F1',
    '%2e%2e',
    '+1',
    '1e0',
    '0x1',
    '%201',
    '1%20',
    '-0',
    '1.0',
    '01',
    '%EF%BC%91',
    '1,2',
    '1;2',
    '9'.repeat(30),
    '-1',
    'NaN',
    'Infinity',
    'null',
    'undefined',
    '[object%20Object]',
    '__proto__',
    'constructor',
    '%F0%9F%92%A9',
    'true',
    "1'--",
    '1%20OR%201=1',
    '*',
    '9007199254740993',
    '2147483648',
    '~',
    '%7E0',
    ':id',
    '%E0%A4%A',
    '%',
    '%FF',
    '%C0%AF',
    '1%0d%0aX-Evil:1',
  ])('the id %s is none', async (id) => {
    const expected = ['%E0%A4%A', '%', '%FF', '%C0%AF'].includes(id) ? [400, 404] : [404];
    for (const message of [
      { url: `/pages/${id}` },
      { method: 'DELETE', url: `/pages/${id}` },
      { method: 'PATCH', url: `/pages/${id}`, body: '{"text":"x"}', headers: { 'content-type': 'application/json' } },
      { method: 'POST', url: `/pages/${id}/restore` },
    ] as const) {
      const { status, text, headers } = await send(message);
      expect(expected).toContain(status);
      expect(headers).not.toHaveProperty('x-evil');
      expect(text).not.toMatch(/SELECT|sqlite|QueryFailed|node_modules|\.ts:/i);
    }
  });

  it('an id may be encoded, and is the same row', async () => {
    const encoded = [...String(own)].map((digit) => `%3${digit}`).join('');
    expect(JSON.parse((await send({ url: `/pages/${encoded}` })).text).id).toBe(own);
    expect((await send({ url: '/slugs/%6Furs' })).status).toBe(200);
  });

  it('very long ids are none, at once', async () => {
    for (const length of [90, 101, 1000]) {
      for (const path of ['/pages/', '/slugs/', '/vouchers/']) {
        expect([404, 414]).toContain((await send({ url: `${path}${'7'.repeat(length)}` })).status);
      }
    }
  });

  it.each([
    'limit=1&limit=2',
    'limit[]=1',
    'limit[0]=1',
    'limit[a]=1',
    'sort[]=id',
    'filters[id]=1',
    'filters=%7B%7D&filters=%7B%7D',
    'id=1&id=2',
    'id[$ne]=1',
    'id[]=1',
    'text[contains]=a',
    '__proto__=1',
    '__proto__[limit]=1',
    'constructor=1',
    'constructor[prototype][limit]=1',
    'toString=1',
    'hasOwnProperty=1',
    'valueOf',
    '__proto__.text=1',
    'above.__proto__=1',
    'above.constructor=x',
    'above.organizationId=2',
    'organizationId=2',
    'organizationId__ne=1',
    'below.organizationId=2',
    'above.above.text=x',
    'id__constructor=1',
    'id____proto__=1',
    'filters=null',
    'filters=[]',
    'filters=1',
    'filters=%22x%22',
    'filters=%7B%22__proto__%22:%7B%22id%22:1%7D%7D',
    'filters=%7B%22constructor%22:1%7D',
    'filters=%7B%22id%22:%7B%22$ne%22:1%7D%7D',
    'filters=%7B%22$where%22:%221%22%7D',
    'filters=%7B%22id__in%22:%7B%22length%22:1%7D%7D',
    'sort=organizationId',
    'sort=__proto__',
    'sort=constructor',
    'sort=,',
    'sort=,',
    'sort=id,id',
    'sort=-id,id',
    'sort=--id',
    'sort=id__desc__asc',
    'sort=id%20DESC',
    'include=organization',
    'include=__proto__',
    'include=below.',
    'fields=__proto__',
    'fields=constructor',
    'fields=toString',
    'cursor=__proto__',
    'cursor=%00',
    'cursor=W10',
    'cursor=bnVsbA',
    'limit=0&count=none',
    'limit=-1',
    'limit=1e1',
    'limit=101',
    'limit=%EF%BC%91',
    'offset=-1',
    'offset=1000001',
    'offset=0.5',
    'count=yes',
    'deleted=only',
    'search[]=x',
    'text__contains=',
    'text__contains=%00',
    'text=%00',
    'id=1.5',
    'id=9e99',
    'id=%201',
    'version__between=1',
    'version__between=1,2,3',
    'version__in=1,',
    'id__is_null=TRUE',
    'note__is_null=1',
    'limit=,',
    'filters=1',
  ])('the query ?%s is a 400 that tells nothing', async (query) => {
    const { status, text } = await send({ url: `/pages?${query}` });
    expect(status).toBe(400);
    expect(text).not.toMatch(/SELECT |sqlite|QueryFailed|node_modules|globex|\.ts:/i);
    expect(text.length).toBeLessThan(3000);
  });

  it.each([
    '',
    '?',
    '?&',
    '?&&limit=5',
    '?=',
    '?search=',
    '?search=%20',
    '?filters=%7B%7D',
    '?filters=%7B%22$not%22:%7B%22id%22:0%7D%7D',
  ])('the list %s shows own rows alone', async (query) => {
    const { status, text } = await send({ url: `/pages${query}` });
    expect([200, 400]).toContain(status);
    expect(text).not.toContain('globex');
    if (status === 200) expect(JSON.parse(text).items.length).toBeGreaterThan(0);
  });

  it('forms, texts and other bodies make no rows by another rule', async () => {
    const before = await stored();
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const answers = [
      await send({ method: 'POST', url: '/pages', headers: form, body: 'slug=form&organizationId=2&id=77' }),
      await send({ method: 'POST', url: '/pages', headers: form, body: 'slug[toString]=x&slug[valueOf]=y' }),
      await send({
        method: 'POST',
        url: '/pages',
        headers: form,
        body: '__proto__[slug]=x&constructor[prototype][slug]=y',
      }),
      await send({
        method: 'POST',
        url: '/pages',
        headers: { 'content-type': 'text/plain' },
        body: '{"slug":"plain"}',
      }),
      await send({ method: 'POST', url: '/pages', headers: { 'content-type': 'text/json' }, body: '{"slug":"tj"}' }),
      await send({
        method: 'POST',
        url: '/pages',
        headers: { 'content-type': 'multipart/form-data; boundary=x' },
        body: '--x--',
      }),
      await send({
        method: 'POST',
        url: '/pages',
        headers: { 'content-type': 'application/json; charset=bogus' },
        body: '{"slug":"c"}',
      }),
      await send({ method: 'POST', url: '/pages', headers: {}, body: '{"slug":"none"}' }),
      await send({ method: 'POST', url: '/pages', headers: { 'content-type': '' }, body: '{"slug":"empty"}' }),
    ];
    for (const { status, text } of answers) {
      expect(status).toBeLessThan(500);
      expect(text).not.toMatch(/node_modules|\.ts:/);
    }
    const after = await stored();
    const fresh = after.filter(({ id }) => before.every((row) => row.id !== id));
    expect(fresh.every(({ organizationId, id }) => organizationId === 1 && id !== 77)).toBe(true);
  });

  it.each([
    ' ',
    'null',
    '1',
    '"x"',
    'true',
    '[]',
    '[[]]',
    '[{}]',
    '{',
    '{"slug":"a"',
    '\ufeff{',
    '{"slug":1}',
    '{"slug":null}',
    '{"slug":["a"]}',
    '{"slug":{"toString":"a"}}',
    '{"slug":"a","__proto__":{"text":"x"}}',
    '{"slug":"a","constructor":{}}',
    '{"slug":"a","above":{"id":1,"__proto__":{}}}',
    '{"slug":"a\\u0000"}',
    '{"slug":"a","below":[]}',
    '{"slug":"a","aboveId":"1"}',
    '{"slug":"a","aboveId":1.5}',
    '{"slug":"a","aboveId":1e99}',
    '{"slug":"a","aboveId":true}',
    '{"slug":"a","above":{"id":{}}}',
    `{"slug":"${'x'.repeat(61)}"}`,
    `{"slug":"a","x":${'['.repeat(3000)}${']'.repeat(3000)}}`,
  ])('the body %s makes nothing', async (body) => {
    const before = await stored();
    for (const [method, url] of [
      ['POST', '/pages'],
      ['PUT', `/pages/${own}`],
      ['PATCH', `/pages/${own}`],
    ] as const) {
      const { status, text } = await json(method, url, body);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
      expect(text).not.toMatch(/node_modules|\.ts:|SELECT /);
    }
    expect(await stored()).toEqual(before);
  });

  it('a tenant, an id and a version that a body names have no effect', async () => {
    const made = await json(
      'POST',
      '/pages',
      `{"slug":"claims","organizationId":2,"id":${foreign},"version":9,"deletedAt":"2026-01-01"}`,
    );
    expect(made.status).toBe(201);
    const row = JSON.parse(made.text);
    expect(row).toMatchObject({ organizationId: 1, version: 1, deletedAt: null });
    expect(row.id).not.toBe(foreign);
    const patched = await json(
      'PATCH',
      `/pages/${row.id}`,
      `{"organizationId":2,"id":${foreign},"version":9,"text":"t","deletedAt":"2026-01-01"}`,
    );
    expect(JSON.parse(patched.text)).toMatchObject({
      id: row.id,
      organizationId: 1,
      version: 2,
      deletedAt: null,
      text: 't',
    });
    const twice = await json('POST', '/pages', '{"slug":"first","slug":"last","organizationId":1,"organizationId":2}');
    expect(JSON.parse(twice.text)).toMatchObject({ slug: 'last', organizationId: 1 });
    await send({ method: 'DELETE', url: `/pages/${row.id}` });
  });

  it('bodies that are packed are read as they are, or refused', async () => {
    const body = Buffer.from('{"slug":"packed"}');
    for (const [encoding, bytes] of [
      ['gzip', gzipSync(body)],
      ['deflate', deflateSync(body)],
      ['gzip', Buffer.from('not gzip')],
      ['br', body],
      ['bogus', body],
      ['gzip, gzip', gzipSync(gzipSync(body))],
    ] as const) {
      const answer = await raw(
        Buffer.concat([
          Buffer.from(
            head('POST /pages HTTP/1.1', {
              'Content-Type': 'application/json',
              'Content-Encoding': encoding,
              'Content-Length': String(bytes.length),
            }),
          ),
          bytes,
        ]),
      );
      const status = Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
      expect([201, 400, 409, 415]).toContain(status);
      expect(answer).not.toMatch(/node_modules|\.ts:/);
    }
  });

  it('a body that is packed into little is not unpacked into much', async () => {
    const bytes = gzipSync(Buffer.from(`{"slug":"${'x'.repeat(20_000_000)}"}`));
    const answer = await raw(
      Buffer.concat([
        Buffer.from(
          head('POST /pages HTTP/1.1', {
            'Content-Type': 'application/json',
            'Content-Encoding': 'gzip',
            'Content-Length': String(bytes.length),
          }),
        ),
        bytes,
      ]),
    );
    expect(Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])).toBeGreaterThanOrEqual(400);
    expect(Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])).toBeLessThan(500);
  });

  it('the target of a request cannot put a host or a header into links and places', async () => {
    const answer = await raw(head('GET http://evil.example/pages?limit=1 HTTP/1.1', {}));
    expect(answer).not.toMatch(/^link:.*evil/im);
    for (const line of [
      'GET /pages?limit=1&text__ne=%0d%0aX-Evil:%201 HTTP/1.1',
      'GET /pages?limit=1&text__ne=%3E;rel=%22evil%22 HTTP/1.1',
      'GET /pages?limit=1&text__ne=a>;rel="evil",<b HTTP/1.1',
    ]) {
      const linked = await raw(head(line, {}));
      expect(linked).not.toMatch(/^x-evil/im);
      expect(linked).not.toMatch(/rel="evil"/);
    }
  });

  it('a row with others has no tag that a write could name', async () => {
    const included = await send({ url: `/pages/${own}?include=below` });
    // Express gives each answer a weak one.
    expect(String(included.headers['etag'] ?? 'W/')).toMatch(/^W\//);
  });

  it('a tag that is known is a 304, and a changed row is not', async () => {
    const url = `/pages/${own}`;
    const { headers } = await send({ url });
    const tag = String(headers['etag']);
    expect((await send({ url, headers: { 'if-none-match': `"a", W/${tag}` } })).status).toBe(304);
    const below = JSON.parse((await json('POST', '/pages', '{"slug":"tagged"}')).text).id;
    expect((await json('PATCH', url, `{"note":"new"}`, { 'if-match': `"a" , ${tag}` })).status).toBe(200);
    expect((await send({ url, headers: { 'if-none-match': tag } })).status).toBe(200);
    for (const stale of [tag, `W/${tag}`, `""${tag}""`, tag.slice(1, -1), `${tag}x`]) {
      expect((await json('PATCH', url, '{"note":"lost"}', { 'if-match': stale })).status).toBe(412);
    }
    expect(
      (
        await json('PATCH', `/pages/${below}`, '{"note":"x"}', {
          'if-match': String((await send({ url })).headers['etag']),
        })
      ).status,
    ).toBe(412);
  });

  it('a cursor that is forged is a 400 or own rows, whatever is in it', async () => {
    for (const [sort, count] of [
      ['id', 1],
      ['text', 2],
      ['note', 2],
      ['above.text', 2],
      ['-version,text', 0],
    ] as const) {
      if (count === 0) continue;
      const { text } = await send({ url: `/pages?sort=${sort}&limit=1&cursor=` });
      const [version, print] = JSON.parse(
        Buffer.from((JSON.parse(text) as { nextCursor: string }).nextCursor, 'base64url').toString(),
      );
      for (const value of [
        null,
        true,
        1e308,
        -1,
        '',
        'x',
        "'; DROP TABLE page; --",
        '\ud800',
        '9'.repeat(40),
        '2026-01-01',
        'NaN',
        {},
        [],
        { toString: 'x' },
      ]) {
        for (const direction of [0, 1, 2]) {
          const cursor = Buffer.from(JSON.stringify([version, print, direction, ...Array(count).fill(value)])).toString(
            'base64url',
          );
          const answer = await send({ url: `/pages?sort=${sort}&limit=5&cursor=${cursor}` });
          expect([200, 400]).toContain(answer.status);
          expect(answer.text).not.toMatch(/globex|SELECT |QueryFailed/);
        }
      }
    }
  });

  it('deep and wide filters at their limits are answered', async () => {
    const deep = `${'{"$not":'.repeat(8)}{"id":0}${'}'.repeat(8)}`;
    expect((await send({ url: `/pages?filters=${encodeURIComponent(deep)}` })).status).toBe(200);
    const wide = JSON.stringify({ $or: Array.from({ length: 31 }, (_, i) => ({ 'below.text__icontains': `x${i}` })) });
    expect((await send({ url: `/pages?filters=${encodeURIComponent(wide)}` })).status).toBe(200);
    const empties = JSON.stringify({ $or: Array.from({ length: 600 }, () => ({})) });
    const answer = await send({ url: `/pages?filters=${encodeURIComponent(empties)}` });
    expect([200, 400]).toContain(answer.status);
    const empty = JSON.stringify({ $and: [{ $or: [{ $and: [{}] }] }, { $not: { $not: {} } }] });
    expect(JSON.parse((await send({ url: `/pages?filters=${encodeURIComponent(empty)}&limit=50` })).text).total).toBe(
      JSON.parse((await send({ url: '/pages?limit=50' })).text).total,
    );
  });

  it('the same names twice in a filter are refused or both hold', async () => {
    const filters = encodeURIComponent('{"id__gt":0,"id__gt":99999999}');
    expect(JSON.parse((await send({ url: `/pages?filters=${filters}` })).text).total).toBe(0);
    const and = encodeURIComponent(JSON.stringify({ $and: [{ id__gt: 0 }, { id__gt: 99999999 }] }));
    expect(JSON.parse((await send({ url: `/pages?filters=${and}` })).text).total).toBe(0);
    const or = encodeURIComponent(JSON.stringify({ $or: [{ id: own }, { id: 0 }] }));
    for (let i = 0; i < 3; i += 1) {
      expect(JSON.parse((await send({ url: `/pages?filters=${or}&$or=1` })).text).statusCode).toBe(400);
      expect(JSON.parse((await send({ url: `/pages?filters=${or}` })).text).items.map(({ id }: Page) => id)).toEqual([
        own,
      ]);
    }
  });

  it('requests in one packet are each answered for their own account', async () => {
    const one = (user: number, url: string, last = false): string =>
      [
        `GET ${url} HTTP/1.1`,
        'Host: localhost',
        `X-User: ${user}`,
        ...(last ? ['Connection: close'] : []),
        '',
        '',
      ].join('\r\n');
    const answer = await raw([1, 2, 1, 2, 1].map((user, i) => one(user, '/pages?limit=1', i === 4)).join(''));
    expect(answer.match(/of (acme|globex)/g)).toEqual(['of acme', 'of globex', 'of acme', 'of globex', 'of acme']);
  });

  it('a request without an account is told nothing of ids', async () => {
    const ask = (url: string) => world.transport.send({ url });
    const [one, other] = [await ask(`/pages/${own}`), await ask(`/pages/${missing}`)];
    expect(comparable(one)).toEqual(comparable(other));
    expect(one.status).toBe(403);
  });
});
