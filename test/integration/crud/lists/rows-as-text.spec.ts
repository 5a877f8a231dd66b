import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import type { CallHandler, ExecutionContext, INestApplication, NestInterceptor } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Exclude, Expose } from 'class-transformer';
import { Crud, CrudController, TenantScoped, TenantShared } from 'nestjs-muck';
import type { EntityId, ListQuery, Page } from 'nestjs-muck';
import { map } from 'rxjs';
import type { Observable } from 'rxjs';
import {
  Column,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  VersionColumn,
} from 'typeorm';
import { SerializedRow, SerializedRows } from '../../../../lib/crud/response/serialized-rows.js';
import { adaptersToTest } from '../../../support/adapters.js';
import { TestGuard } from '../../../support/crud-desk.js';
import { databasesToTest } from '../../../support/databases.js';
import { describeEach } from '../../../support/describe-each.js';
import { connectTo } from '../../../support/own-connection.js';
import { openScopedApplication } from '../../../support/scoped-application.js';
import type { ScopedApplication } from '../../../support/scoped-application.js';
import type { Answer } from '../../../support/transport.js';

/*
 * Rows that go into a response as text are, byte for byte, what entities are shown as: whatever their columns hold, and whatever an application
 * does with the response on its way.
 */

class Money {
  constructor(readonly cents: number) {}
}
const money = {
  to: (value: Money | null) => value?.cents ?? null,
  from: (cents: number | null) => (cents === null ? new Money(0) : new Money(cents)),
};
const absent = { to: (value: unknown) => value, from: (value: unknown) => value ?? undefined };

@Entity()
@TenantShared('colours are the same for all')
class Tag {
  @PrimaryColumn() code!: string;
  @Column({ type: 'double precision' }) weight!: number;
}

@Entity()
@TenantScoped()
class Owner {
  @PrimaryGeneratedColumn({ type: 'bigint' }) id!: string;
  @Column() organizationId!: number;
  @Column() name!: string;
  @Column({ nullable: true, select: false }) secret?: string;
  @Column({ nullable: true }) @Exclude() hidden?: string;
  @Expose({ name: 'aka' }) @Column({ type: 'text', nullable: true }) nick!: string | null;
  @OneToMany(() => Part, (part) => part.owner) parts!: Part[];
}

@Entity()
@TenantScoped()
class Part {
  @PrimaryColumn({ type: 'timestamptz' }) at!: Date;
  @PrimaryColumn() serial!: string;
  @Column() organizationId!: number;
  @Column({ nullable: true }) ownerId!: string | null;
  @ManyToOne(() => Owner, (owner) => owner.parts) owner!: Owner | null;
  @Column({ type: 'jsonb', nullable: true }) data!: unknown;
}

@Entity()
@TenantScoped()
class Sample {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @VersionColumn() version!: number;
  @Column({ type: 'smallint', nullable: true }) small!: number | null;
  @Column({ type: 'bigint', nullable: true }) big!: string | null;
  @Column({ type: 'numeric', nullable: true }) exact!: string | null;
  @Column({ type: 'real', nullable: true }) single!: number | null;
  @Column({ type: 'double precision', nullable: true }) double!: number | null;
  @Column({ type: 'boolean', nullable: true }) yes!: boolean | null;
  @Column({ type: 'text', nullable: true }) words!: string | null;
  @Column({ type: 'char', length: 5, nullable: true }) padded!: string | null;
  @Column({ type: 'uuid', nullable: true }) reference!: string | null;
  @Column({ type: 'timestamptz', nullable: true }) moment!: Date | null;
  @Column({ type: 'timestamp', nullable: true }) local!: Date | null;
  @Column({ type: 'date', nullable: true }) day!: string | null;
  @Column({ type: 'time', nullable: true }) clock!: string | null;
  @Column({ type: 'timetz', nullable: true }) clockThere!: string | null;
  @Column({ type: 'interval', nullable: true }) span!: unknown;
  @Column({ type: 'bytea', nullable: true }) bytes!: Buffer | null;
  @Column({ type: 'json', nullable: true }) plain!: unknown;
  @Column({ type: 'jsonb', nullable: true }) binary!: unknown;
  @Column({ type: 'enum', enum: ['a', '"b"', '3'], nullable: true }) choice!: string | null;
  @Column({ type: 'enum', enum: ['x', 'y\\'], nullable: true }) word!: string | null;
  @Column({ type: 'int', array: true, nullable: true }) numbers!: number[] | null;
  @Column({ type: 'text', array: true, nullable: true }) texts!: string[] | null;
  @Column({ type: 'timestamptz', array: true, nullable: true }) moments!: Date[] | null;
  @Column({ type: 'int4range', nullable: true }) range!: string | null;
  @Column({ type: 'inet', nullable: true }) address!: string | null;
  @Column({ type: 'point', nullable: true }) point!: unknown;
  @Column({ type: 'simple-array', nullable: true }) list!: string[] | null;
  @Column({ type: 'simple-json', nullable: true }) object!: unknown;
  @Column({ type: 'int', nullable: true, transformer: money }) price!: Money | null;
  @Column({ type: 'text', nullable: true, transformer: absent }) maybe!: string | undefined;
  @Column({ name: 'größe x', type: 'text', nullable: true }) size!: string | null;
  @Column({ nullable: true }) ownerId!: string | null;
  @ManyToOne(() => Owner) owner!: Owner | null;
  @ManyToMany(() => Tag) @JoinTable() tags!: Tag[];
}

@Exclude()
class SampleDto {
  @Expose({ name: 'no' }) id!: number;
  @Expose() words!: string;
  @Expose() moment!: Date;
}

const INCLUDE = ['owner', 'owner.parts', 'tags'] as const;
const OPTIONS = { include: INCLUDE, limit: { default: 50, max: 100 } } as const;

@Controller('texts')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Sample, OPTIONS)
class TextsController extends CrudController<Sample> {}

@Controller('entities')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Sample, OPTIONS)
class EntitiesController extends CrudController<Sample> {
  override findAll(query: ListQuery<Sample>): Promise<Page<Sample>> {
    return super.findAll(query);
  }
  override findOne(id: EntityId): Promise<Sample> {
    return super.findOne(id);
  }
}

@Controller('text-arrays')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Sample, { ...OPTIONS, listFormat: 'array' })
class TextArraysController extends CrudController<Sample> {}

@Controller('entity-arrays')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Sample, { ...OPTIONS, listFormat: 'array' })
class EntityArraysController extends CrudController<Sample> {
  override findAll(query: ListQuery<Sample>): Promise<Page<Sample>> {
    return super.findAll(query);
  }
}

@Controller('text-dtos')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Sample, { dto: { response: SampleDto } })
class TextDtosController extends CrudController<Sample> {}

@Controller('entity-dtos')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Sample, { dto: { response: SampleDto } })
class EntityDtosController extends CrudController<Sample> {
  override findAll(query: ListQuery<Sample>): Promise<Page<Sample>> {
    return super.findAll(query);
  }
  override findOne(id: EntityId): Promise<Sample> {
    return super.findOne(id);
  }
}

/** Shows only what it lists, and throws for what lacks a required property. */
const RESPONSE_SCHEMA = {
  type: 'object',
  properties: {
    limit: { type: 'string' },
    items: {
      type: 'array',
      items: { type: 'object', required: ['organizationId'], properties: { organizationId: { type: 'string' } } },
    },
  },
};

type Body = Record<string, unknown> & { items?: Record<string, unknown>[]; total?: number };

/** What an application's interceptors do with a body. */
const TREATMENTS: Readonly<Record<string, (body: Body) => unknown>> = {
  none: (body) => body,
  wrap: (body) => ({ data: body }),
  spread: (body) => ({ ...body, extra: 1 }),
  'add to': (body) => Object.assign(body, { extra: '"1"' }),
  'take from': (body) => {
    delete body.total;
    return body;
  },
  'change a row': (body) => {
    if (body.items?.[0] !== undefined) body.items[0]['words'] = 'changed';
    return body;
  },
  'replace the rows': (body) => {
    if (body.items !== undefined) body.items = [];
    return body;
  },
  'map the rows': (body) => ({ ...body, items: body.items?.map(({ id }) => id) }),
  'only read': (body) => {
    JSON.stringify(body);
    return body;
  },
  stringify: (body) => JSON.stringify(body),
  clone: (body) => structuredClone(body),
  freeze: (body) => Object.freeze(body),
  'give toJSON': (body) => Object.defineProperty(body, 'toJSON', { value: () => 'shown so' }),
  'list keys': (body) => ({ keys: Object.keys(body), values: Object.values(body), is: 'items' in body }),
};

class Treating implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>();
    const response = context.switchToHttp().getResponse<{ status(code: number): void }>();
    if (headers['x-status'] !== undefined) response.status(Number(headers['x-status']));
    return next.handle().pipe(map((body: Body) => TREATMENTS[headers['x-treatment'] ?? 'none'](body)));
  }
}

/** Values that are hard to write, by column; those of one row are at the same place. */
const HOSTILE: Readonly<Record<string, readonly string[]>> = {
  small: ['-32768', '32767', '0'],
  big: ['9223372036854775807', '-9223372036854775808', '0'],
  exact: ["'NaN'", '0.10', '123456789012345678901234567890.5', "'Infinity'", '-0.0'],
  single: ["'NaN'", "'-0'", "'Infinity'", '1e-30', '16777217'],
  double: ["'-Infinity'", "'-0'", "'NaN'", '1e300', '0.1'],
  yes: ['true', 'false'],
  words: [
    `E'"quotes" \\\\ and \\t\\n\\u0001\\u001f'`,
    `E'\\u2028\\u2029</script>\\u007f'`,
    `'größe 😀 日本'`,
    `''`,
    `repeat('x', 70000)`,
  ],
  padded: [`'a'`, `'"'`, `'é'`],
  reference: [`'00000000-0000-4000-8000-00000000000a'`],
  moment: [
    `'2026-01-31 12:34:56.789012+00'`,
    `'infinity'`,
    `'-infinity'`,
    `'0044-03-15 12:00:00+00 BC'`,
    `'12345-06-07 08:09:10+00'`,
    `'0099-12-31 23:59:59.9999+00'`,
    `'1900-01-01 00:00:00+00'`,
  ],
  local: [`'2026-06-01 12:00:00.5'`, `'infinity'`, `'0044-03-15 12:00:00 BC'`],
  day: [`'2026-01-31'`, `'infinity'`, `'0044-03-15 BC'`, `'12345-06-07'`],
  clock: [`'23:59:59.999999'`, `'24:00'`],
  clockThere: [`'23:59:59+05:30'`],
  span: [`'1 year 2 months -3 days 04:05:06.789'`, `'0'`, `'-00:00:01'`],
  bytes: [`'\\x00ff22'`, `''`],
  plain: [`'{"b":1, "a":[null, -0, 1e2], "2":1, "1":{"__proto__":1}, "constructor":2}'`, `'null'`, `'"text"'`, `'[]'`],
  binary: [`'{"b":1, "a":[null, -0, 1e2], "2":1, "1":2}'`, `'null'`, `'12345678901234567890'`],
  choice: [`'a'`, `'"b"'`, `'3'`],
  word: [`'x'`, `'y\\'`],
  numbers: [`'{1,NULL,-3}'`, `'{}'`, `'{{1,2},{3,4}}'`],
  texts: [`'{a,"b\\"",NULL,"NULL",""}'`, `'{}'`],
  moments: [`'{"2026-01-31 12:34:56.789012+00",NULL,infinity}'`],
  range: [`'[1,5)'`, `'empty'`, `'(,)'`],
  address: [`'192.168.0.1/24'`, `'::1'`],
  point: [`'(1.5,-0)'`],
  list: [`'a,b,"c"'`, `''`],
  object: [`'{"a":"\\"","b":[1]}'`],
  price: ['100', '0'],
  maybe: [`'there'`],
  size: [`'"XL"'`],
};
const ROWS = 7;

const kinds = databasesToTest().filter((kind) => kind.startsWith('postgres'));
const places = kinds.flatMap((database) => adaptersToTest().map((adapter) => ({ database, adapter })));

describeEach(places, 'TEST_DATABASES names no PostgreSQL')(
  'rows as text on $database, over $adapter',
  ({ database, adapter }) => {
    let application: ScopedApplication;
    let hook: 'none' | 'wrap' | 'change' = 'none';

    beforeAll(async () => {
      application = await openScopedApplication({
        database,
        adapter,
        entities: [Sample, Owner, Part, Tag],
        controllers: [
          TextsController,
          EntitiesController,
          TextArraysController,
          EntityArraysController,
          TextDtosController,
          EntityDtosController,
        ],
        configure: (app) => {
          app.useGlobalInterceptors(new Treating());
          if (adapter === 'fastify') hookInto(app as unknown as NestFastifyApplication);
        },
      });
      await fill();
    });
    afterAll(() => application?.close());
    afterEach(() => {
      hook = 'none';
    });

    function hookInto(app: NestFastifyApplication): void {
      const fastify = app.getHttpAdapter().getInstance();
      // The schema of one route, which Nest has no other way to give.
      fastify.addHook('onRoute', (route) => {
        if (/^\/(?:texts|entities)$/.test(route.url)) route.schema = { response: { 202: RESPONSE_SCHEMA } };
      });
      fastify.addHook('preSerialization', (_request, _reply, payload: unknown, done) => {
        const body = payload as Body;
        if (hook === 'change') body.total = 99;
        done(null, hook === 'wrap' ? { hooked: payload } : payload);
      });
      fastify.addHook('onSend', (_request, reply, payload, done) => {
        void reply.header('x-sent', typeof payload);
        done(null, payload);
      });
    }

    async function fill(): Promise<void> {
      const own = await connectTo(application.dataSource.options);
      const insert = (table: string, values: Readonly<Record<string, string>>): string =>
        `INSERT INTO "${table}" (${Object.keys(values)
          .map((name) => `"${name}"`)
          .join()}) VALUES (${Object.values(values).join()})`;
      const columns = application.dataSource.getMetadata(Sample).columns;
      const nameOf = (property: string): string =>
        columns.find(({ propertyName }) => propertyName === property)!.databaseName;
      const statements = [
        ...['1', '2'].map((organizationId) =>
          insert('owner', {
            organizationId,
            name: `'"owner" of ${organizationId}'`,
            secret: `'hush'`,
            hidden: `'hush'`,
          }),
        ),
        insert('owner', { organizationId: '1', name: `'without parts'`, nick: `'tab\t'` }),
        ...[1, 2, 3].map((n) =>
          insert('part', {
            organizationId: '1',
            at: `'2026-01-0${n} 00:00:00.00000${n}+00'`,
            serial: `'"${n}"'`,
            ownerId: '1',
            data: `'{"n":${n}}'`,
          }),
        ),
        insert('tag', { code: `'b"'`, weight: `'NaN'` }),
        insert('tag', { code: `'a'`, weight: '0.5' }),
      ];
      for (let i = 0; i < ROWS; i += 1) {
        const values = Object.entries(HOSTILE).map(([property, texts]) => [nameOf(property), texts[i % texts.length]]);
        statements.push(
          insert('sample', {
            ...(Object.fromEntries(values) as Record<string, string>),
            organizationId: '1',
            version: String(i + 1),
            // The last one is another tenant's.
            ownerId: ['1', '3', 'NULL', '1', '2'][i % 5],
          }),
        );
      }
      statements.push(insert('sample', { organizationId: '1', version: '1' }));
      statements.push(insert('sample', { organizationId: '2', version: '1', words: `'of another tenant'` }));
      statements.push(`INSERT INTO "sample_tags_tag" VALUES (1, 'a'), (1, 'b"'), (2, 'a')`);
      await own.send(statements);
      await own.close();
    }

    const get = (url: string, headers: Readonly<Record<string, string>> = {}, method: 'GET' | 'HEAD' = 'GET') =>
      application.transport.send({ method, url, headers: { 'x-user': '1', ...headers } });

    /** What two answers must have in common: all but the time, and links to their own path. */
    const partsOf = ({ status, headers, text }: Answer): unknown => ({
      status,
      text,
      headers: { ...headers, date: undefined, link: undefined, 'keep-alive': undefined },
    });

    const counted = async (work: () => Promise<unknown>): Promise<{ entities: number; parsed: number }> => {
      const metadata = [Sample, Owner, Part, Tag].map((entity) => application.dataSource.getMetadata(entity));
      const descriptor = Object.getOwnPropertyDescriptor(SerializedRows.prototype, 'objects')!;
      let entities = 0;
      let parsed = 0;
      const created = metadata.map((one) => {
        const { create } = one;
        one.create = ((...args: Parameters<typeof create>) => (
          (entities += 1),
          create.apply(one, args) as unknown
        )) as never;
        return () => (one.create = create);
      });
      Object.defineProperty(SerializedRows.prototype, 'objects', {
        ...descriptor,
        get(this: SerializedRows) {
          parsed += 1;
          return descriptor.get!.call(this) as unknown;
        },
      });
      try {
        await work();
      } finally {
        for (const restore of created) restore();
        Object.defineProperty(SerializedRows.prototype, 'objects', descriptor);
      }
      return { entities, parsed };
    };

    const QUERIES = [
      '?',
      '?count=none',
      '?count=exact&limit=2',
      '?count=capped&offset=3&limit=2',
      '?page=2&limit=3',
      '?limit=0',
      '?id=999999',
      '?cursor=&limit=3',
      '?cursor=&limit=3&sort=-moment,big',
      '?fields=moment,id,maybe',
      '?fields=maybe',
      '?include=owner',
      '?include=tags',
      '?include=owner,owner.parts,tags',
      '?include=owner.parts&fields=words,id',
      '?include=tags&cursor=&limit=2',
    ];

    it.each(QUERIES)('are the bytes of entities for %s', async (query) => {
      const texts = await get(`/texts${query}`);
      expect(partsOf(texts)).toEqual(partsOf(await get(`/entities${query}`)));
      expect(texts.status).toBe(200);
      expect(texts.text).not.toMatch(/hush|of another tenant|owner\\" of 2/);
      expect(partsOf(await get(`/text-arrays${query}`))).toEqual(partsOf(await get(`/entity-arrays${query}`)));
    });

    it('are the bytes of entities on later pages and back', async () => {
      const walk = async (path: string): Promise<string[]> => {
        const bodies: string[] = [];
        let cursor = '';
        for (const direction of ['nextCursor', 'nextCursor', 'prevCursor', 'prevCursor'] as const) {
          const { text } = await get(`/${path}?cursor=${cursor}&limit=3&sort=-moment,big`);
          bodies.push(text);
          cursor = (JSON.parse(text) as Record<typeof direction, string>)[direction];
        }
        return bodies;
      };
      expect(await walk('texts')).toEqual(await walk('entities'));
    });

    it('are written without an entity, and without an object of a row', async () => {
      // The first response of each kind makes one, to see what a row shows.
      for (const path of ['?include=owner,owner.parts,tags', '/1']) await get(`/texts${path}`);
      const read = await counted(async () => {
        for (const query of QUERIES) await get(`/texts${query}`);
        for (const query of ['', '?include=owner', '?fields=id']) await get(`/texts/1${query}`);
      });
      expect(read).toEqual({ entities: 0, parsed: 0 });
      expect((await counted(() => get('/entities?limit=2'))).entities).toBe(2);
      expect((await counted(() => get('/texts?limit=2', { 'x-treatment': 'only read' }))).parsed).toBeGreaterThan(0);
    });

    it('are the bytes of a response DTO', async () => {
      for (const query of ['?', '?fields=no', '?cursor=&limit=2']) {
        expect(partsOf(await get(`/text-dtos${query}`))).toEqual(partsOf(await get(`/entity-dtos${query}`)));
      }
      expect(partsOf(await get('/text-dtos/1'))).toEqual(partsOf(await get('/entity-dtos/1')));
    });

    it('are the bytes of an entity for a single row, with its tag', async () => {
      for (let id = 1; id <= ROWS + 1; id += 1) {
        for (const query of ['', '?include=owner,owner.parts,tags', '?fields=words,moment']) {
          expect(partsOf(await get(`/texts/${id}${query}`))).toEqual(partsOf(await get(`/entities/${id}${query}`)));
        }
      }
      const { headers } = await get('/texts/1');
      expect(headers['etag']).toEqual(expect.stringMatching(/^"/));
      const tag = { 'if-none-match': String(headers['etag']) };
      expect((await get('/texts/1', tag)).status).toBe(304);
      expect((await get('/texts/2', tag)).status).toBe(200);
      for (const foreign of [ROWS + 2, 999]) {
        expect(partsOf(await get(`/texts/${foreign}`))).toEqual(partsOf(await get(`/entities/${foreign}`)));
        expect((await get(`/texts/${foreign}`)).status).toBe(404);
      }
    });

    it.each(Object.keys(TREATMENTS))('are the bytes of entities when interceptors %s', async (treatment) => {
      // An entity has the keys of properties without a value too.
      const rows = treatment === 'list keys' ? [] : ['/1'];
      for (const path of ['?limit=4', '?include=tags&limit=2', '?cursor=&limit=1', ...rows]) {
        const texts = await get(`/texts${path}`, { 'x-treatment': treatment });
        expect(partsOf(texts)).toEqual(partsOf(await get(`/entities${path}`, { 'x-treatment': treatment })));
        expect(texts.status).toBe(200);
      }
      const arrays = ['text-arrays', 'entity-arrays'].map((path) => get(`/${path}`, { 'x-treatment': treatment }));
      const [texts, entities] = await Promise.all(arrays);
      expect(partsOf(texts)).toEqual(partsOf(entities));
    });

    it('have the headers of entities for HEAD, and say how long they are', async () => {
      for (const path of ['?limit=2', '/1']) {
        const [texts, entities] = [await get(`/texts${path}`, {}, 'HEAD'), await get(`/entities${path}`, {}, 'HEAD')];
        expect(partsOf(texts)).toEqual(partsOf(entities));
      }
      const { text, headers } = await get('/texts?limit=3');
      expect(headers['content-length']).toBe(String(Buffer.byteLength(text)));
      expect(headers['content-type']).toBe('application/json; charset=utf-8');
      if (adapter === 'express') {
        const tag = { 'if-none-match': String(headers['etag']) };
        expect((await get('/texts?limit=3', tag)).status).toBe(304);
      } else expect(headers['x-sent']).toBe('string');
    });

    it('are the bytes of entities where the framework writes JSON in another way', async () => {
      const both = async (): Promise<void> => {
        const texts = await get('/texts?limit=2');
        expect(partsOf(texts)).toEqual(partsOf(await get('/entities?limit=2')));
      };
      if (adapter === 'express') {
        const { app } = application as unknown as { app: NestExpressApplication };
        for (const [setting, value] of [
          ['json spaces', 2],
          ['json escape', true],
          ['json replacer', (key: string, value: unknown) => (key === 'words' ? undefined : value)],
        ] as const) {
          app.set(setting, value);
          await both();
          app.set(setting, undefined);
        }
        const response = expressResponse(application.app);
        const { json } = response;
        response.json = function (body) {
          return json.call(this, { replaced: body });
        };
        await both();
        response.json = json;
        return;
      }
      const status = { 'x-status': '202' };
      const texts = await get('/texts?limit=1', status);
      expect(partsOf(texts)).toEqual(partsOf(await get('/entities?limit=1', status)));
      expect(texts).toMatchObject({ status: 202, text: '{"limit":"1","items":[{"organizationId":"1"}]}' });
      for (const kind of ['wrap', 'change'] as const) {
        hook = kind;
        await both();
      }
    });
  },
);

function expressResponse(app: INestApplication): { json: (this: unknown, body: unknown) => unknown } {
  return (app as NestExpressApplication).getHttpAdapter().getInstance().response as never;
}

describe('a row as text', () => {
  it('is an object that is made anew each time', () => {
    const row = new SerializedRow('{"id":1}', {});
    expect(row.toObject()).toEqual({ id: 1 });
    expect(row.toObject()).not.toBe(row.toObject());
  });
});
