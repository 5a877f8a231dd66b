import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { Controller, UseGuards } from '@nestjs/common';
import { IsInt, IsOptional, IsString } from 'class-validator';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { Column, Entity, ManyToOne, OneToMany, PrimaryGeneratedColumn } from 'typeorm';
import type { Relation } from 'typeorm';
import { TestGuard } from '../../support/crud-desk.js';
import { openScopedApplication } from '../../support/scoped-application.js';
import type { ScopedApplication } from '../../support/scoped-application.js';
import type { Answer, Message } from '../../support/transport.js';
import { adaptersAndDatabases } from './shop.js';

@Entity('parcel')
@TenantScoped()
class Parcel {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() text!: string;
  @OneToMany(() => Item, (item) => item.parcel) items!: Relation<Item>[];
}

@Entity('item')
@TenantScoped()
class Item {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() text!: string;
  @Column({ type: Number, nullable: true }) parcelId!: number | null;
  @ManyToOne(() => Parcel, (parcel) => parcel.items) parcel!: Relation<Parcel> | null;
}

class ItemDto {
  @IsString() text!: string;
  @IsOptional() @IsInt() parcelId?: number | null;
}

@Controller('parcels')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Parcel, { filter: ['id', 'text', 'items.text'], search: ['text'], include: ['items'] })
class ParcelsController extends CrudController<Parcel> {}

@Controller('items')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Item, {
  dto: { create: ItemDto },
  filter: ['id', 'text', 'parcel.text'],
  include: ['parcel'],
  also: ['createMany'],
})
class ItemsController extends CrudController<Item> {}

/** Ends a test whose parser's work grows with the square of the request, or faster: a watchdog, no measure. */
const WATCHDOG = 30_000;

describe.each(adaptersAndDatabases())('G-08 hostile requests over HTTP with %s on %s', (adapter, database) => {
  let shop: ScopedApplication;
  /** The keys of each organization's parcel and item. */
  const keys = { 1: { parcel: 0, item: 0 }, 2: { parcel: 0, item: 0 } };

  beforeAll(async () => {
    shop = await openScopedApplication({
      adapter,
      database,
      entities: [Parcel, Item],
      controllers: [ParcelsController, ItemsController],
      providers: [TestGuard],
    });
    for (const [organizationId, name] of [
      [1, 'acme'],
      [2, 'globex'],
    ] as const) {
      await shop.tenancy.run({ organizationId }, async () => {
        const parcel = await shop.dataSource.getRepository(Parcel).save({ text: `parcel of ${name}` });
        const item = await shop.dataSource.getRepository(Item).save({ text: `item of ${name}`, parcelId: parcel.id });
        keys[organizationId] = { parcel: parcel.id, item: item.id };
      });
    }
  });
  afterAll(() => shop?.close());

  const send = (message: Message, organization: 1 | 2 = 1): Promise<Answer> =>
    shop.transport.send({ ...message, headers: { 'x-user': String(organization), ...message.headers } });
  const list = (path: string, parameters: Readonly<Record<string, string>>, organization: 1 | 2 = 1): Promise<Answer> =>
    send({ url: `${path}?${new URLSearchParams(parameters).toString()}` }, organization);
  const write = (method: 'POST' | 'PUT' | 'PATCH', url: string, body: unknown): Promise<Answer> =>
    send({ method, url, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  /** The beginning of the answer to a body of so many bytes, of which none is sent. */
  const announce = (bytes: number): Promise<string> =>
    new Promise((resolve, reject) => {
      const { port } = (shop.app.getHttpServer() as unknown as Server).address() as AddressInfo;
      const head = [
        'POST /items HTTP/1.1',
        'Host: localhost',
        'X-User: 1',
        'Content-Type: application/json',
        'Connection: close',
      ];
      const socket = connect(port, '127.0.0.1', () =>
        socket.write([...head, `Content-Length: ${bytes}`, '', ''].join('\r\n')),
      );
      socket.on('error', reject).once('data', (data) => {
        socket.destroy();
        resolve(data.toString());
      });
    });
  const textsIn = ({ text }: Answer): string[] =>
    (JSON.parse(text) as { items: { text: string }[] }).items.map((row) => row.text);
  const stored = () =>
    shop.tenancy.unscoped('looks at all', async () => [
      await shop.dataSource.getRepository(Parcel).find({ order: { id: 'ASC' } }),
      await shop.dataSource.getRepository(Item).find({ order: { id: 'ASC' } }),
    ]);

  it('that put an OR into a filter stay inside the scope', async () => {
    for (const filters of [
      { $or: [{}, { id: keys[2].parcel }] },
      { $or: [{ id: keys[1].parcel }, { id: keys[2].parcel }] },
      { $not: { $and: [{ id: keys[1].parcel }, { id: keys[2].parcel }] } },
      { $not: { id: 0 } },
      { $or: [{ 'items.text__contains': 'o' }, { $not: { 'items.text': 'x' } }] },
    ]) {
      const asked = { filters: JSON.stringify(filters), include: 'items' };
      expect(textsIn(await list('/parcels', asked))).toEqual(['parcel of acme']);
      expect((await list('/parcels', asked)).text).not.toContain('globex');
    }
    const theirs = await list('/parcels', { filters: JSON.stringify({ $not: { id: 0 } }) }, 2);
    expect(textsIn(theirs)).toEqual(['parcel of globex']);
  });

  it('that ask rows of another tenant through a relation are answered as if there were none', async () => {
    const parcel = { 'parcel.text__starts_with': 'parcel of g' };
    expect(textsIn(await list('/items', parcel))).toEqual([]);
    expect(textsIn(await list('/items', parcel, 2))).toEqual(['item of globex']);
    expect(textsIn(await list('/parcels', { 'items.text__contains': 'globex' }))).toEqual([]);
    expect(await list('/items', { 'parcel.organizationId': '2' })).toMatchObject({ status: 400 });
    expect(await list('/items', { filters: '{"parcel.items.text":"x"}' })).toMatchObject({ status: 400 });
  });

  it('that forge the place in a list see own rows only', async () => {
    const { text } = await list('/parcels', { cursor: '', limit: '1' }, 2);
    const first = await list('/parcels', { cursor: '', limit: '1' });
    expect([textsIn(first), JSON.parse(text)]).toMatchObject([['parcel of acme'], { nextCursor: null }]);
    const cursors: string[] = [];
    // A second row, so that there is a cursor to start from.
    await write('POST', '/parcels', { text: 'another of acme' });
    const { nextCursor } = JSON.parse((await list('/parcels', { cursor: '', limit: '1' })).text) as {
      nextCursor: string;
    };
    const [version, fingerprint] = JSON.parse(Buffer.from(nextCursor, 'base64url').toString()) as [number, string];
    for (const key of [0, keys[2].parcel - 1, keys[2].parcel, keys[2].parcel + 1, 1e9]) {
      for (const direction of [0, 1]) {
        const content = JSON.stringify([version, fingerprint, direction, key]);
        cursors.push(Buffer.from(content).toString('base64url'));
      }
    }
    const found = new Set<string>();
    for (const cursor of cursors) {
      const answer = await list('/parcels', { cursor, limit: '1' });
      expect(answer.status).toBe(200);
      for (const row of textsIn(answer)) found.add(row);
    }
    expect([...found].sort()).toEqual(['another of acme', 'parcel of acme']);
  });

  it.each([
    ['a filter ten thousand levels deep', { filters: `{"$or":${'['.repeat(10_000)}${']'.repeat(4_000)}` }],
    ['a closed filter thousands of levels deep', { filters: `{"$or":${'['.repeat(7_000)}${']'.repeat(7_000)}}` }],
    ['thousands of values', { id__in: '1,'.repeat(5_000) + '1' }],
    ['thousands of values in JSON', { filters: `{"id__in":[${'1,'.repeat(5_000)}1]}` }],
    ['thousands of columns to sort by', { sort: 'text,'.repeat(2_000) + 'id' }],
    ['thousands of relations', { include: 'items.parcel,'.repeat(900) + 'items' }],
    ['a text that makes a careless expression backtrack', { sort: `${'-'.repeat(5_000)}!` }],
    ['a number that never ends', { id: '9'.repeat(10_000) }],
  ])(
    'with %s are a 400, at once',
    async (_, parameters) => {
      const query = new URLSearchParams(parameters).toString().replaceAll('%2C', ',').replaceAll('%5B', '[');
      const answer = await send({ url: `/parcels?${query.replaceAll('%5D', ']')}` });
      expect(answer.status).toBe(400);
      expect(answer.text.length).toBeLessThan(2_000);
    },
    WATCHDOG,
  );

  it('that are longer than a server reads are a 431 or 413', async () => {
    const before = await stored();
    const list431 = await send({ url: `/parcels?id__in=${'1,'.repeat(100_000)}1` });
    expect(list431.status).toBe(431);
    // Express answers when it has read everything, Fastify at once.
    if (adapter === 'fastify') expect(await announce(100_000_000)).toMatch(/^HTTP\/1\.1 413 /);
    else expect((await write('POST', '/items', { text: 'x'.repeat(3_000_000) })).status).toBe(413);
    expect(await stored()).toEqual(before);
  });

  it('that repeat themselves get no more headers than a client reads', async () => {
    const long: Readonly<Record<string, string>>[] = [
      { include: 'items,'.repeat(1_500) + 'items' },
      { text__contains: '"'.repeat(200) },
    ];
    for (const parameters of long) {
      const { status, headers } = await list('/parcels', { ...parameters, limit: '1' });
      expect(status).toBe(200);
      expect(JSON.stringify(headers).length).toBeLessThan(16_000);
    }
  });

  it('that search for wildcards find those, and no others', async () => {
    for (const search of ['%_%_%', '%'.repeat(200), '_'.repeat(16), '\\', '!%', '[a-z]', '.*']) {
      expect(textsIn(await list('/parcels', { search }))).toEqual([]);
    }
  });

  it('that put rows of another tenant into a list of a body are a 400, and change nothing', async () => {
    const before = await stored();
    const path = `/parcels/${keys[1].parcel}`;
    for (const items of [
      [{ id: keys[2].item, text: 'taken' }],
      [keys[2].item],
      [{ text: 'new', organizationId: 2 }],
      [],
    ]) {
      expect(await write('PATCH', path, { items })).toMatchObject({ status: 400 });
      expect(await write('PUT', path, { text: 'x', items })).toMatchObject({ status: 400 });
      expect(await write('POST', '/parcels', { text: 'x', items })).toMatchObject({ status: 400 });
    }
    for (const parcel of [{ id: keys[2].parcel, text: 'taken' }, { organizationId: 2 }]) {
      expect(await write('PATCH', `/items/${keys[1].item}`, { parcel })).toMatchObject({ status: 400 });
    }
    expect(await stored()).toEqual(before);
  });

  it('that do not fit are told why, and never what they held or what it was read into', async () => {
    const bodies = [{ text: { secret: 'mine' } }, { text: ['mine'], parcelId: 'mine' }, { mine: 1 }];
    for (const body of [...bodies, [bodies[0], bodies[1]]]) {
      const answer = await write('POST', Array.isArray(body) ? '/items/bulk' : '/items', body);
      expect(answer.status).toBe(400);
      expect(Object.keys(JSON.parse(answer.text) as object).sort()).toEqual(['error', 'message', 'statusCode']);
      expect(answer.text).not.toMatch(/target|constraints|ItemDto|secret|"mine"/);
    }
  });
});
