import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, UseGuards } from '@nestjs/common';
import { Exclude, Expose, Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Length, ValidateNested } from 'class-validator';
import { CrossTenant, Crud, CrudController, TenantScoped, Tenancy } from 'nestjs-muck';
import type { CrudHooks, Page } from 'nestjs-muck';
import {
  Column,
  DataSource,
  DeleteDateColumn,
  Entity,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToOne,
  OneToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
  Unique,
  VersionColumn,
} from 'typeorm';
import { openScopedApplication } from '../../../support/scoped-application.js';
import type { ScopedApplication } from '../../../support/scoped-application.js';
import { TestGuard } from '../../../support/crud-desk.js';
import { places } from '../../../support/places.js';

class Street {
  @Column({ type: String, nullable: true }) name!: string | null;
  @Column({ default: 1 }) number!: number;
}

class Address {
  @Column({ type: String, nullable: true }) city!: string | null;
  @Column({ default: 'DE' }) country!: string;
  @Column({ type: String, nullable: true }) code!: string | null;
  @Column(() => Street) street!: Street;
}

@Entity()
@TenantScoped()
class Customer {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() name!: string;
  @Column({ default: 'internal' }) label!: string;
  @Column(() => Address) address!: Address;
  @Column({ type: 'simple-json', nullable: true }) meta!: Record<string, unknown> | null;
  @Column({ type: 'simple-array', nullable: true }) words!: string[] | null;
  @ManyToMany(() => Mark) @JoinTable() marks!: Relation<Mark>[];
  @OneToMany(() => Order, (order) => order.customer) orders!: Relation<Order>[];
  @VersionColumn() version!: number;
  @DeleteDateColumn() deletedAt!: Date | null;
}

@Entity()
@TenantScoped()
class Mark {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() text!: string;
  @Exclude() @Column({ default: 'hush' }) hidden!: string;
  @Column({ default: 'never', select: false }) secret!: string;
  @DeleteDateColumn() deletedAt!: Date | null;
}

@Entity()
@TenantScoped()
class Order {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: '' }) text!: string;
  @Column({ type: Number, nullable: true }) customerId!: number | null;
  @ManyToOne(() => Customer, (customer) => customer.orders) customer!: Relation<Customer> | null;
  @ManyToOne(() => Mark) mark!: Relation<Mark> | null;
}

/** Its key is a client's word, and so is what it is linked to. */
@Entity()
@TenantScoped()
class Rate {
  @PrimaryColumn({ type: 'decimal', precision: 8, scale: 2 }) amount!: string;
  @Column() organizationId!: number;
  @Column({ default: '' }) text!: string;
  @ManyToMany(() => Mark) @JoinTable() marks!: Relation<Mark>[];
}

@Entity()
@TenantScoped()
class Profile {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: '' }) text!: string;
  @Column() customerId!: number;
  @OneToOne(() => Customer) @JoinColumn() customer!: Relation<Customer>;
}

@Entity()
@TenantScoped()
@Unique(['organizationId', 'number'])
class Ledger {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() number!: number;
  @Column({ default: 0 }) sum!: number;
  @VersionColumn() version!: number;
}

class StreetDto {
  @IsOptional() @IsString() name?: string;
}
class AddressDto {
  @IsOptional() @IsString() city?: string;
  @IsOptional() @IsString() country?: string = 'FR';
  @IsOptional() @ValidateNested() @Type(() => StreetDto) street?: StreetDto;
}
class CustomerDto {
  @IsString() @Length(1, 40) name!: string;
  @IsOptional() @ValidateNested() @Type(() => AddressDto) address?: AddressDto;
  @IsOptional() meta?: Record<string, unknown>;
}
class MarkedDto {
  @IsString() name!: string;
  @IsOptional() @IsInt({ each: true }) marks?: number[];
}
class RateDto {
  @IsString() amount!: string;
  @IsOptional() @IsString() text?: string;
  @IsOptional() @IsInt({ each: true }) marks?: number[];
}

/** Shows a label under the name of another column. */
class CustomerResponse {
  @Expose() id!: number;
  @Expose({ name: 'name' }) label!: string;
}

@Controller('customers')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Customer, {
  also: ['createMany', 'restore'],
  include: ['orders', 'marks', 'orders.mark'],
  links: ['marks'],
  deleted: true,
})
class CustomersController extends CrudController<Customer> {}

@Controller('checked-customers')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Customer, { dto: { create: CustomerDto } })
class CheckedCustomersController extends CrudController<Customer> {}

@Controller('marked-customers')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Customer, { dto: { create: MarkedDto }, also: ['createMany'], include: ['marks'] })
class MarkedCustomersController extends CrudController<Customer> {}

@Controller('renamed-customers')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Customer, { dto: { response: CustomerResponse } })
class RenamedCustomersController extends CrudController<Customer> {}

@Controller('rates')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Rate, { dto: { create: RateDto }, also: ['createMany'], include: ['marks'] })
class RatesController extends CrudController<Rate> {}

@Injectable()
class Counting implements CrudHooks<Customer> {
  beforeUpdate(customer: Customer): void {
    if (customer.words !== null) customer.words.push('counted');
    if (customer.meta !== null) customer.meta['count'] = Number(customer.meta['count'] ?? 0) + 1;
  }
}

@Controller('counted-customers')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Customer, { hooks: [Counting] })
class CountedCustomersController extends CrudController<Customer> {}

@Controller('marks')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Mark)
class MarksController extends CrudController<Mark> {}

@Controller('orders')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Order, {
  include: ['customer.marks', 'mark'],
  filter: ['id', 'text', 'customer.name', 'mark.text'],
  sort: ['id', 'customer.name'],
})
class OrdersController extends CrudController<Order> {}

@Controller('customers/:customerId/orders')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Order, { parent: { relation: 'customer' }, also: ['createMany'] })
class OrdersBelowController extends CrudController<Order> {}

@Controller('customers/:customerId/profile')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Profile, { oneToOne: true, parent: { relation: 'customer' } })
class ProfileController extends CrudController<Profile> {}

@Controller('ledgers')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ledger, { also: ['createMany'] })
class LedgersController extends CrudController<Ledger> {}

/** The same rows over all tenants by one route, and within one by others. */
@Controller('mixed-ledgers')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ledger, { only: ['findAll', 'findOne'] })
class MixedLedgersController extends CrudController<Ledger> {
  constructor(private readonly tenancy: Tenancy) {
    super();
  }

  @Get('all')
  @CrossTenant('staff')
  all(): Promise<Page<Ledger>> {
    return this.service.findAll({ limit: 20 });
  }

  @Get('section')
  section(): Promise<Page<Ledger>> {
    return this.tenancy.unscoped('a report', () => this.service.findAll({ limit: 20 }));
  }

  @Get('own')
  own(): Promise<Page<Ledger>> {
    return this.service.findAll({ limit: 20 });
  }
}

interface Answered {
  status: number;
  body: any; // eslint-disable-line @typescript-eslint/no-explicit-any
  headers: Readonly<Record<string, unknown>>;
  text: string;
}

describe.each(places)('bodies, shapes and plans, on $adapter and $database', (place) => {
  let world: ScopedApplication;

  const send = async (
    method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE',
    url: string,
    body?: unknown,
    { user = '1', headers: more = {} }: { user?: string; headers?: Record<string, string> } = {},
  ): Promise<Answered> => {
    const { status, headers, text } = await world.transport.send({
      method,
      url,
      headers: { 'x-user': user, ...(body !== undefined && { 'content-type': 'application/json' }), ...more },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status, headers, text, body: text === '' ? undefined : JSON.parse(text) };
  };
  const get = (url: string, user = '1'): Promise<Answered> => send('GET', url, undefined, { user });
  const made = async (path: string, body: unknown, user = '1'): Promise<Answered['body']> => {
    const answer = await send('POST', path, body, { user });
    if (answer.status !== 201) throw new Error(answer.text);
    return answer.body;
  };

  beforeAll(async () => {
    world = await openScopedApplication({
      ...place,
      entities: [Customer, Mark, Order, Rate, Profile, Ledger],
      controllers: [
        OrdersBelowController,
        ProfileController,
        CustomersController,
        CheckedCustomersController,
        MarkedCustomersController,
        RenamedCustomersController,
        RatesController,
        CountedCustomersController,
        MarksController,
        OrdersController,
        LedgersController,
        MixedLedgersController,
      ],
      providers: [Counting],
    });
  });
  afterAll(() => world?.close());

  const full = { city: 'Bonn', country: 'AT', code: '5', street: { name: 'Weg', number: 7 } };

  it('PATCH keeps what an embedded object does not mention', async () => {
    const { id } = await made('/customers', { name: 'a', address: full });
    expect((await send('PATCH', `/customers/${id}`, { address: { city: 'Ulm' } })).body.address).toEqual({
      ...full,
      city: 'Ulm',
    });
    expect((await send('PATCH', `/customers/${id}`, { address: { street: { name: null } } })).body.address).toEqual({
      ...full,
      city: 'Ulm',
      street: { name: null, number: 7 },
    });
  });

  it('PATCH keeps what an embedded object of a DTO does not mention, whatever the DTO begins with', async () => {
    const { id } = await made('/customers', { name: 'a', address: full });
    expect((await send('PATCH', `/checked-customers/${id}`, { address: { city: 'Ulm' } })).body.address).toEqual({
      ...full,
      city: 'Ulm',
    });
  });

  it('PUT leaves alone what the DTO of an embedded object cannot say', async () => {
    const { id } = await made('/customers', { name: 'a', address: full });
    const put = await send('PUT', `/checked-customers/${id}`, { name: 'b', address: { city: 'Ulm', country: 'AT' } });
    expect(put.status).toBe(200);
    expect(put.body.address).toMatchObject({ code: '5', street: { number: 7 } });
  });

  it('PUT resets what an embedded object leaves out', async () => {
    const { id } = await made('/customers', { name: 'a', address: full, words: ['x'], meta: { a: 1 } });
    const { body } = await send('PUT', `/customers/${id}`, { name: 'b', address: { city: 'Ulm' } });
    expect(body).toMatchObject({
      address: { city: 'Ulm', country: 'DE', code: null, street: { name: null, number: 1 } },
      words: null,
      meta: null,
    });
    expect((await get(`/customers/${id}`)).body).toEqual(body);
  });

  it('a hook changes what it is given in place, and previous stays', async () => {
    const { id } = await made('/customers', { name: 'a', words: ['x'], meta: { count: 1 } });
    expect((await send('PATCH', `/counted-customers/${id}`, { name: 'b' })).body).toMatchObject({
      words: ['x', 'counted'],
      meta: { count: 2 },
    });
    expect((await get(`/customers/${id}`)).body).toMatchObject({ words: ['x', 'counted'], meta: { count: 2 } });
  });

  it('a response DTO that calls a column as another one shows that column, and not the other', async () => {
    const { id } = await made('/customers', { name: 'confidential', label: 'public' });
    const shown = await get(`/renamed-customers/${id}`);
    expect(shown.text).not.toContain('confidential');
    expect(shown.body).toEqual({ id, name: 'public' });
    const listed = (await get('/renamed-customers?limit=100')).body.items.find((row: { id: number }) => row.id === id);
    expect(listed).toEqual({ id, name: 'public' });
  });

  it('rows made at once are linked to their own, whatever their keys look like', async () => {
    const marks = [await made('/marks', { text: 'one' }), await made('/marks', { text: 'two' })];
    const { status, body } = await send('POST', '/rates/bulk', [
      { amount: '11', text: 'first', marks: [marks[0].id] },
      { amount: '12.00', text: 'second', marks: [marks[1].id] },
    ]);
    expect(status).toBe(201);
    const { items } = (await get('/rates?include=marks')).body;
    expect(items.map(({ text, marks: linked }: Rate) => [text, linked.map((mark) => mark.text)])).toEqual([
      ['first', ['one']],
      ['second', ['two']],
    ]);
    expect(body).toHaveLength(2);
  });

  it('a reference to a row that is deleted is one to none', async () => {
    const customer = await made('/customers', { name: 'gone' });
    const mark = await made('/marks', { text: 'gone' });
    await send('DELETE', `/customers/${customer.id}`);
    await send('DELETE', `/marks/${mark.id}`);
    const missing = await send('POST', '/orders', { customerId: 99_999_999 });
    const deleted = await send('POST', '/orders', { customerId: customer.id });
    expect([missing.status, deleted.status]).toEqual([400, 400]);
    expect(deleted.body).toEqual(missing.body);
    expect((await send('POST', '/orders', { mark: mark.id })).status).toBe(400);
  });

  it('a link to a row that is deleted is one to none', async () => {
    const mark = await made('/marks', { text: 'gone' });
    await send('DELETE', `/marks/${mark.id}`);
    const own = await made('/marked-customers', { name: 'x' });
    expect((await send('PATCH', `/marked-customers/${own.id}`, { marks: [mark.id] })).status).toBe(400);
    expect((await send('POST', '/marked-customers/bulk', [{ name: 'y', marks: [mark.id] }])).status).toBe(400);
    expect((await send('PUT', `/customers/${own.id}/marks/${mark.id}`)).status).toBe(404);
  });

  it('a list of links replaces those to rows that are deleted for the moment too', async () => {
    const mark = await made('/marks', { text: 'comes back' });
    const own = await made('/marked-customers', { name: 'x', marks: [mark.id] });
    await send('DELETE', `/marks/${mark.id}`);
    expect((await send('PATCH', `/marked-customers/${own.id}`, { marks: [] })).status).toBe(200);
    await world.tenancy.run({ organizationId: 1 }, () => world.dataSource.getRepository(Mark).restore(mark.id));
    expect((await get(`/marked-customers/${own.id}?include=marks`)).body.marks).toEqual([]);
  });

  it('fields and include show no hidden columns of any level', async () => {
    const mark = await made('/marks', { text: 'm' });
    const customer = await made('/customers', { name: 'c' });
    await send('PUT', `/customers/${customer.id}/marks/${mark.id}`);
    const order = await made('/orders', { text: 'o', customerId: customer.id, mark: mark.id });
    for (const url of [
      `/orders/${order.id}?include=customer.marks,mark&fields=id`,
      `/orders?include=customer.marks,mark&fields=id,text&id=${order.id}`,
      `/customers/${customer.id}?include=orders.mark,marks&fields=name`,
      `/customers?include=orders.mark,marks&fields=name&id=${customer.id}`,
    ]) {
      const { status, text } = await get(url);
      expect(status).toBe(200);
      expect(text).toContain('"text":"m"');
      expect(text).not.toMatch(/hush|never|secret|hidden/);
    }
    for (const url of [
      '/marks?fields=hidden',
      '/marks?fields=secret',
      '/marks?secret=never',
      '/marks?hidden=hush',
      '/marks?sort=hidden',
    ]) {
      expect((await get(url)).status).toBe(400);
    }
  });

  it('a list by cursor of one parent is none of another', async () => {
    const parents = [await made('/customers', { name: 'p' }), await made('/customers', { name: 'q' })];
    for (const { id } of parents) await made(`/customers/${id}/orders/bulk`, [{ text: 'a' }, { text: 'b' }]);
    const [one, two] = parents.map(({ id }) => `/customers/${id}/orders`);
    const { nextCursor } = (await get(`${one}?limit=1&cursor=`)).body;
    expect((await get(`${one}?limit=1&cursor=${nextCursor}`)).body.items).toMatchObject([{ text: 'b' }]);
    expect((await get(`${two}?limit=1&cursor=${nextCursor}`)).status).toBe(400);
  });

  it('plans asked by two tenants at once give each their own rows, totals and links', async () => {
    for (const [user, count] of [
      ['1', 3],
      ['2', 7],
    ] as const) {
      await made(
        '/ledgers/bulk',
        Array.from({ length: count }, (_, i) => ({ number: i + 1, sum: Number(user) })),
        user,
      );
    }
    const urls = [
      '/ledgers?limit=2',
      '/ledgers?limit=2&offset=2',
      '/ledgers?limit=2&count=capped&sort=-number',
      '/ledgers?limit=2&cursor=',
    ];
    const asked = Array.from({ length: 160 }, (_, i) => ({
      user: `${(i % 2) + 1}`,
      url: urls[(i >> 1) % urls.length],
    }));
    const answers = await Promise.all(
      asked.map(async ({ url, user }) => ({ url, user, answer: await get(url, user) })),
    );
    for (const { url, user, answer } of answers) {
      expect(answer.status).toBe(200);
      expect(answer.body.items.every(({ sum }: Ledger) => sum === Number(user))).toBe(true);
      expect(answer.body.items).toHaveLength(url.includes('offset') && user === '1' ? 1 : 2);
      if (!url.includes('cursor')) {
        expect(answer.body.total).toBe(user === '1' ? 3 : 7);
        expect(String(answer.headers['link'])).toContain(`offset=${user === '1' ? 2 : 6}>; rel="last"`);
      }
    }
  });

  it('one route over all tenants lends its plan to none within one', async () => {
    const organizations = async (path: string, user: string): Promise<number[]> => {
      const { status, body } = await get(`/mixed-ledgers${path}`, user);
      expect(status).toBe(200);
      return [...new Set<number>(body.items.map(({ sum }: Ledger) => sum))].sort();
    };
    for (let i = 0; i < 4; i += 1) {
      const found = await Promise.all([
        organizations('/all', '1'),
        organizations('?limit=20', '1'),
        organizations('/section', '2'),
        organizations('/own', '2'),
        organizations('?limit=20', '2'),
        organizations('/own', '1'),
      ]);
      expect(found).toEqual([[1, 2], [1], [1, 2], [2], [2], [1]]);
    }
  });

  it('a subscriber that comes late is heard in lists as in single rows', async () => {
    const { id } = await made('/ledgers', { number: 900, sum: 1 });
    await get('/ledgers?number=900');
    const subscriber = {
      listenTo: () => Ledger,
      afterLoad: (ledger: Ledger) => {
        ledger.sum = -1;
      },
    };
    const { subscribers } = world.app.get(DataSource);
    (subscribers as object[]).push(subscriber);
    try {
      expect((await get(`/ledgers/${id}`)).body.sum).toBe(-1);
      expect((await get('/ledgers?number=900')).body.items).toMatchObject([{ sum: -1 }]);
    } finally {
      subscribers.pop();
    }
  });

  it('of many changes with one If-Match one gets through, by whichever method', async () => {
    const { id } = await made('/ledgers', { number: 500, sum: 0 });
    for (let round = 0; round < 3; round += 1) {
      const tag = String((await get(`/ledgers/${id}`)).headers['etag']);
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          send(
            i % 2 ? 'PATCH' : 'PUT',
            `/ledgers/${id}`,
            { number: 500, sum: round * 100 + i + 1 },
            { headers: { 'if-match': tag } },
          ),
        ),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(7).fill(412)]);
      const won = answers.find(({ status }) => status === 200)!;
      expect((await get(`/ledgers/${id}`)).body.sum).toBe(won.body.sum);
    }
  });

  it('a tag is of one representation: none with include, fields or in another tenant', async () => {
    const { id } = await made('/customers', { name: 'tagged' });
    const plain = await get(`/customers/${id}`);
    for (const query of ['?include=orders', '?fields=id', '?include=orders&fields=id']) {
      const partly = await get(`/customers/${id}${query}`);
      expect(partly.headers['etag']).not.toBe(plain.headers['etag']);
      const stale = await send(
        'PATCH',
        `/customers/${id}`,
        { name: 'x' },
        { headers: { 'if-match': (partly.headers['etag'] as string | undefined) ?? '""' } },
      );
      expect(stale.status).toBe(412);
    }
    const order = { 'if-none-match': String(plain.headers['etag']) };
    expect((await send('GET', `/customers/${id}?include=orders`, undefined, { headers: order })).status).toBe(200);
    const foreign = await send('GET', `/customers/${id}`, undefined, { user: '2', headers: order });
    const missing = await send('GET', '/customers/99999999', undefined, { user: '2', headers: order });
    expect([foreign.status, foreign.text]).toEqual([404, missing.text]);
  });

  it('many rows at once: one that is twice in the list undoes all, and is named', async () => {
    const before = (await get('/ledgers?limit=1')).body.total;
    const twice = await send('POST', '/ledgers/bulk', [{ number: 701 }, { number: 702 }, { number: 701 }]);
    expect([twice.status, twice.body.message]).toEqual([409, ['[2] number must be unique']]);
    const mixed = await send('POST', '/ledgers/bulk', [
      { number: 703 },
      { number: 'x' },
      null,
      [],
      7,
      { number: 1e300 },
    ]);
    expect(mixed.status).toBe(400);
    expect((await get('/ledgers?limit=1')).body.total).toBe(before);
    expect((await send('POST', '/ledgers/bulk', [])).body).toEqual([]);
    expect((await send('POST', '/ledgers/bulk', { 0: { number: 1 }, length: 1 })).status).toBe(400);
  });

  it('one of two tenants at once takes no number from the other, and each number once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        send('POST', '/ledgers/bulk', [{ number: 801 }, { number: 802 }], { user: `${(i % 2) + 1}` }),
      ),
    );
    const statuses = [0, 1].map((tenant) =>
      answers
        .filter((_, i) => i % 2 === tenant)
        .map(({ status }) => status)
        .sort(),
    );
    expect(statuses).toEqual([
      [201, 409, 409, 409, 409, 409],
      [201, 409, 409, 409, 409, 409],
    ]);
  });

  it('below a foreign parent each method is as below a missing one', async () => {
    const { id } = await made('/customers', { name: 'theirs' }, '2');
    const profile = await made(`/customers/${id}/profile`, { text: 'p' }, '2');
    expect(profile.customerId).toBe(id);
    for (const [method, path, body] of [
      ['GET', '/profile', undefined],
      ['POST', '/profile', { text: 'x' }],
      ['PUT', '/profile', { nonsense: 1 }],
      ['PATCH', '/profile', []],
      ['DELETE', '/profile', undefined],
      ['GET', '/orders?nonsense=1', undefined],
      ['GET', '/orders/1', undefined],
      ['POST', '/orders', { nonsense: 1 }],
      ['POST', '/orders/bulk', 7],
      ['PUT', '/marks/1', undefined],
      ['DELETE', '/marks/1', undefined],
      ['POST', '/restore', undefined],
    ] as const) {
      const [foreign, missing] = [
        await send(method, `/customers/${id}${path}`, body),
        await send(method, `/customers/99999999${path}`, body),
      ];
      const comparable = ({ status, text, headers: { date, ...rest } }: Answered) => [status, text, rest, typeof date];
      expect(comparable(foreign)).toEqual(comparable(missing));
      if (body !== 7) expect(foreign.status).toBe(404);
    }
    expect((await get(`/customers/${id}/profile`, '2')).body).toEqual(profile);
  });

  it('at most one below a parent, of many at once', async () => {
    const { id } = await made('/customers', { name: 'one' });
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => send('POST', `/customers/${id}/profile`, { text: 'x' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409]);
  });

  it('links of many at once end as one, and unlink as none', async () => {
    const [mark, customer] = [await made('/marks', { text: 'l' }), await made('/customers', { name: 'l' })];
    const path = `/customers/${customer.id}/marks/${mark.id}`;
    const linked = await Promise.all(Array.from({ length: 6 }, () => send('PUT', path)));
    expect(linked.map(({ status }) => status)).toEqual(Array(6).fill(204));
    expect((await get(`/customers/${customer.id}?include=marks`)).body.marks).toHaveLength(1);
    const unlinked = await Promise.all(Array.from({ length: 6 }, () => send('DELETE', path)));
    expect(unlinked.map(({ status }) => status)).toEqual(Array(6).fill(204));
    expect((await get(`/customers/${customer.id}?include=marks`)).body.marks).toEqual([]);
  });

  it('deleting and changing at once leaves no half', async () => {
    for (let i = 0; i < 4; i += 1) {
      const { id } = await made('/customers', { name: 'race' });
      const answers = await Promise.all([
        send('DELETE', `/customers/${id}`),
        send('PATCH', `/customers/${id}`, { name: 'late' }),
        send('DELETE', `/customers/${id}`),
        send('PUT', `/customers/${id}`, { name: 'later' }),
      ]);
      expect(answers.map(({ status }) => status).filter((status) => ![200, 204, 404].includes(status))).toEqual([]);
      expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
      expect((await get(`/customers/${id}`)).status).toBe(404);
    }
  });

  it('deleted rows are listed for their tenant alone, and restored by it alone', async () => {
    const { id } = await made('/customers', { name: 'bin' }, '2');
    await send('DELETE', `/customers/${id}`, undefined, { user: '2' });
    for (const deleted of ['only', 'include']) {
      expect((await get(`/customers?deleted=${deleted}&id=${id}`)).body.total).toBe(0);
      expect((await get(`/customers?deleted=${deleted}&id=${id}`, '2')).body.total).toBe(1);
    }
    const [foreign, missing] = [
      await send('POST', `/customers/${id}/restore`),
      await send('POST', '/customers/99999999/restore'),
    ];
    expect([foreign.status, foreign.text]).toEqual([404, missing.text]);
    expect((await send('POST', `/customers/${id}/restore`, undefined, { user: '2' })).status).toBe(200);
  });
});
