import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Inject, Patch, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { Check, Column, DataSource, Entity, ManyToOne, PrimaryGeneratedColumn, QueryFailedError } from 'typeorm';
import type { QueryRunner, Relation } from 'typeorm';
import { databasesToTest } from '../../../support/databases.js';
import { describeEach } from '../../../support/describe-each.js';
import { places } from '../../../support/places.js';
import { openScopedApplication } from '../../../support/scoped-application.js';
import type { ScopedApplication } from '../../../support/scoped-application.js';
import { TestGuard } from '../../../support/crud-desk.js';

@Entity('item')
@TenantScoped()
@Check('item_price', 'price >= 0')
@Check('item_count', 'stock >= 0')
class Item {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: 0 }) price!: number;
  @Column({ default: 0 }) stock!: number;
  @ManyToOne(() => Item, { nullable: true }) parent!: Relation<Item> | null;
}

/** The error that each driver gives for a deadlock. */
const DEADLOCKS = [
  { code: '40P01', message: 'deadlock detected' },
  { code: 'ER_LOCK_DEADLOCK', errno: 1213, message: 'Deadlock found when trying to get lock' },
  { code: 'SQLITE_BUSY', errno: 5, message: 'SQLITE_BUSY: database is locked' },
];

@Controller('items')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Item, { constraints: { item_price: 'price must not be negative' } })
class ItemsController extends CrudController<Item> {
  @Inject(DataSource) private readonly dataSource!: DataSource;

  /** Writes before and after its connection is lost. */
  @Patch('cut')
  async cut(): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      await manager.insert(Item, { price: 4712 });
      await loseConnections();
      while (!manager.queryRunner!.isReleased) await new Promise((resolve) => setImmediate(resolve));
      if (isReading) await manager.find(Item);
      await manager.insert(Item, { price: 4712 });
    });
  }

  @Get('deadlock/:index')
  deadlock(): never {
    const { message, ...told } = DEADLOCKS[next];
    throw new QueryFailedError('UPDATE secret', ['secret'], Object.assign(new Error(message), told));
  }

  @Patch('deadlock/:index')
  change(): never {
    return this.deadlock();
  }

  @Patch('elsewhere')
  elsewhere(): never {
    throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  }
}

let next = 0;
let loseConnections: () => Promise<void>;
let isReading = false;

describe.each(places)('an error of the database, on $adapter and $database', ({ adapter, database }) => {
  let application: ScopedApplication;
  beforeAll(async () => {
    application = await openScopedApplication({
      database,
      adapter,
      entities: [Item],
      controllers: [ItemsController],
      defaults: { constraints: { item_count: 'stock is too small' } },
    });
  });
  // TypeORM makes no CHECK constraints on MySQL and MariaDB.
  beforeAll(async () => {
    if (database !== 'mariadb') return;
    for (const [name, column] of [
      ['item_price', 'price'],
      ['item_count', 'stock'],
    ])
      await application.tenancy.unscoped('a test', () =>
        application.dataSource.query(`ALTER TABLE item ADD CONSTRAINT ${name} CHECK (${column} >= 0)`),
      );
  });
  afterAll(() => application.close());
  const send = (method: 'GET' | 'POST' | 'PATCH', url: string, body?: object, headers = {}) =>
    application.transport.send({
      method,
      url,
      headers: { 'x-user': '1', ...(body && { 'content-type': 'application/json' }), ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });

  it('about a CHECK constraint is a 400 with the text of the resource, or of the module, without the value', async () => {
    const created = await send('POST', '/items', { price: -4711 });
    expect([created.status, JSON.parse(created.text)]).toEqual([
      400,
      { statusCode: 400, error: 'Bad Request', message: ['price must not be negative'] },
    ]);
    const { id } = JSON.parse((await send('POST', '/items', { stock: 1 })).text) as Item;
    const changed = await send('PATCH', `/items/${id}`, { stock: -4711 });
    expect([changed.status, changed.text]).toEqual([400, expect.stringContaining('stock is too small')]);
    expect(changed.text).not.toContain('4711');
    expect(JSON.parse((await send('GET', `/items/${id}`)).text)).toMatchObject({ stock: 1 });
  });

  it('that is over soon is a 503 with Retry-After, without a word of SQL', async () => {
    for (next = 0; next < DEADLOCKS.length; next += 1) {
      const { status, headers, text } = await send('GET', '/items/deadlock/1');
      expect([status, headers['retry-after'], JSON.parse(text)]).toEqual([
        503,
        '1',
        { statusCode: 503, error: 'Service Unavailable', message: expect.stringMatching(/Try again/) },
      ]);
      expect(text).not.toMatch(/secret|UPDATE|deadlock/i);
    }
    next = 0;
    const { status, headers, text } = await send('GET', '/items/deadlock/1', undefined, {
      accept: 'application/problem+json',
    });
    expect([status, headers['content-type'], JSON.parse(text)]).toEqual([
      503,
      expect.stringContaining('application/problem+json'),
      expect.objectContaining({ status: 503 }),
    ]);
  });

  it('is a 409 for a write that a concurrent transaction has won against', async () => {
    const answers: unknown[] = [];
    for (next = 0; next < DEADLOCKS.length; next += 1) {
      const { status, headers, text } = await send('PATCH', '/items/deadlock/1', {});
      expect(headers['retry-after']).toBe('1');
      expect(text).not.toMatch(/secret|UPDATE|deadlock/i);
      answers.push([status, (JSON.parse(text) as { message: unknown }).message]);
    }
    next = 0;
    expect(answers).toEqual([
      [409, ['the request conflicts with a concurrent one, try again']],
      [409, ['the request conflicts with a concurrent one, try again']],
      [503, expect.stringMatching(/Try again/)],
    ]);
  });

  it('is none where application code failed to reach another server', async () => {
    const { status, headers } = await send('PATCH', '/items/elsewhere');
    expect([status, headers['retry-after']]).toEqual([500, undefined]);
  });
});

describeEach(
  databasesToTest().filter((kind) => kind.startsWith('postgres')),
  'TEST_DATABASES names no PostgreSQL',
)('an outage of %s', (database) => {
  let application: ScopedApplication;
  beforeAll(async () => {
    application = await openScopedApplication({
      database,
      adapter: 'express',
      entities: [Item],
      controllers: [ItemsController],
      options: { extra: { max: 1, connectionTimeoutMillis: 1000, options: '-c lock_timeout=100' } },
    });
  });
  afterAll(() => application.close());
  const statusOf = async (method: 'GET' | 'POST' | 'PATCH', url: string, body?: object): Promise<number> => {
    const headers = { 'x-user': '1', ...(body && { 'content-type': 'application/json' }) };
    const { status } = await application.transport.send({
      method,
      url,
      headers,
      ...(body && { body: JSON.stringify(body) }),
    });
    return status;
  };
  const whileHolding = async <R>(work: (runner: QueryRunner) => Promise<R>): Promise<R> => {
    const runner = application.dataSource.createQueryRunner();
    try {
      await runner.connect();
      return await work(runner);
    } finally {
      await runner.release();
    }
  };

  it('without a free connection is a 503 for reads and writes, and over as soon as there is one', async () => {
    await whileHolding(async () => {
      expect(await statusOf('GET', '/items')).toBe(503);
      expect(await statusOf('POST', '/items', { price: 1 })).toBe(503);
    });
    expect(await statusOf('GET', '/items')).toBe(200);
    expect(await statusOf('POST', '/items', { price: 1 })).toBe(201);
  });

  it('that cuts the connection of a transaction is a 503, and nothing of the transaction is stored', async () => {
    const { url } = application.dataSource.options as { readonly url: string };
    loseConnections = async () => {
      const other = new DataSource({ type: 'postgres', url });
      await other.initialize();
      await other.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
      );
      await other.destroy();
    };
    for (isReading of [false, true]) expect(await statusOf('PATCH', '/items/cut', {})).toBe(503);
    expect(await statusOf('GET', '/items?price=4712&limit=1')).toBe(200);
    const { text } = await application.transport.send({ url: '/items?price=4712', headers: { 'x-user': '1' } });
    expect(JSON.parse(text)).toMatchObject({ items: [] });
  });
});
