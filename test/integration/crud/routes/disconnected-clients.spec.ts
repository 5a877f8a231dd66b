import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Controller, Get, Injectable, Post, UseGuards } from '@nestjs/common';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import type { CrudHooks } from 'nestjs-muck';
import { once } from 'node:events';
import type { EventEmitter } from 'node:events';
import { request } from 'node:http';
import type { ClientRequest, IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { QueryRunner, Repository } from 'typeorm';
import { ConnectionMutex } from '../../../../lib/orm/execution/connection-mutex.js';
import { TestGuard } from '../../../support/crud-desk.js';
import { places } from '../../../support/places.js';
import { openScopedApplication } from '../../../support/scoped-application.js';
import type { ScopedApplication } from '../../../support/scoped-application.js';

@Entity('parcel')
@TenantScoped()
class Parcel {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() label!: string;
}

/** Where the hook and the handlers of the application wait for the test. */
const gate: { reached?: () => void; opened?: Promise<void> } = {};

@Injectable()
class Wait implements CrudHooks<Parcel> {
  async beforeCreate(): Promise<void> {
    gate.reached?.();
    await gate.opened;
  }
}

@Controller('parcels')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Parcel)
class ParcelsController extends CrudController<Parcel> {}

@Controller('slow-parcels')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Parcel, { hooks: [Wait] })
class SlowParcelsController extends CrudController<Parcel> {}

@Controller('own')
@TenantScoped()
@UseGuards(TestGuard)
class OwnController {
  constructor(@InjectRepository(Parcel) private readonly parcels: Repository<Parcel>) {}

  @Get()
  list(): Promise<Parcel[]> {
    return this.parcels.find();
  }

  /** Has done something elsewhere before its first statement. */
  @Post()
  store(): Promise<Parcel> {
    return this.parcels.save({ label: 'paid for' });
  }
}

/** The one connection of a database: the statements that it got, and when a request waits for it. */
interface OneConnection {
  readonly statements: string[];
  waits(): Promise<void>;
  release(): Promise<void>;
}

describe.each(places)('a client that disconnects, on $adapter and $database', ({ adapter, database }) => {
  let application: ScopedApplication;
  let server: Server;
  const errors = jest.fn();
  beforeAll(async () => {
    application = await openScopedApplication({
      database,
      adapter,
      entities: [Parcel],
      imports: [TypeOrmModule.forFeature([Parcel])],
      controllers: [ParcelsController, SlowParcelsController, OwnController],
      providers: [Wait],
      ...(database !== 'sqljs' && { options: { poolSize: 1 } }),
      logger: { log: () => undefined, warn: () => undefined, error: errors },
    });
    server = application.app.getHttpServer() as Server;
  });
  afterAll(() => application.close());
  beforeEach(() => void errors.mockClear());

  const stored = (): Promise<number> =>
    application.tenancy.unscoped('a test', () => application.dataSource.getRepository(Parcel).count());
  /** Sends a request whose client can disconnect; `seen` is when the server has noticed. */
  const send = (method: string, path: string, body?: object): { sent: ClientRequest; seen: Promise<void> } => {
    const text = body && JSON.stringify(body);
    const sent = request({
      port: (server.address() as AddressInfo).port,
      host: '127.0.0.1',
      method,
      path,
      headers: {
        'x-user': '1',
        ...(text && { 'content-type': 'application/json', 'content-length': String(text.length) }),
      },
    });
    sent.on('error', () => undefined);
    const seen = once(server, 'request').then(async ([, response]: unknown[]) => {
      await once(response as ServerResponse, 'close');
    });
    sent.end(text);
    return { sent, seen };
  };
  /** Takes the connection that all requests need. */
  const hold = async (): Promise<OneConnection> => {
    const { dataSource } = application;
    const runner = dataSource.createQueryRunner();
    const connection = (await runner.connect()) as Record<'query', (...args: unknown[]) => unknown> | undefined;
    if (database === 'sqljs') await runner.startTransaction();
    const { statements, stop } = record(database === 'sqljs' ? runner : connection!);
    return {
      statements,
      waits: () => waiting(runner),
      release: async () => {
        if (database === 'sqljs') await runner.commitTransaction();
        await runner.release();
        // Comes after all that waited for the connection.
        await stored();
        stop();
      },
    };
  };
  const record = (connection: object): { statements: string[]; stop: () => void } => {
    const statements: string[] = [];
    const [owner, method] =
      database === 'sqljs'
        ? [Reflect.get(application.dataSource.driver, 'databaseConnection') as object, 'prepare']
        : [connection, 'query'];
    const original = Reflect.get(owner, method) as (...args: unknown[]) => unknown;
    Object.assign(owner, {
      [method]: (...args: unknown[]) => {
        const [query] = args as [string | { text?: string; sql?: string }];
        statements.push(typeof query === 'string' ? query : (query.text ?? query.sql ?? ''));
        return original.apply(owner, args);
      },
    });
    return { statements, stop: () => Object.assign(owner, { [method]: original }) };
  };
  /** Resolves when something waits for the connection. */
  const waiting = async (runner: QueryRunner): Promise<void> => {
    if (database === 'sqljs') {
      await new Promise<void>((resolve) => {
        const spy = jest
          .spyOn(ConnectionMutex.prototype as unknown as { waitForTurn(): Promise<void> }, 'waitForTurn')
          .mockImplementationOnce(function (this: ConnectionMutex) {
            spy.mockRestore();
            resolve();
            return (this as unknown as { waitForTurn(): Promise<void> }).waitForTurn();
          });
      });
      return;
    }
    const { driver } = runner.connection;
    if (database === 'mariadb') {
      await once(Reflect.get(driver, 'pool') as EventEmitter, 'enqueue');
      return;
    }
    const pool = Reflect.get(driver, 'master') as { connect: (...args: unknown[]) => unknown };
    const { connect } = pool;
    await new Promise<void>((resolve) => {
      pool.connect = (...args: unknown[]) => {
        pool.connect = connect;
        const asked = connect.apply(pool, args);
        resolve();
        return asked;
      };
    });
  };
  const body = { label: 'late' };

  it.each([
    ['GET', '/parcels', undefined],
    ['GET', '/parcels/1', undefined],
    ['GET', '/own', undefined],
    ['POST', '/parcels', body],
    ['POST', '/slow-parcels', body],
    ['PUT', '/parcels/1', body],
    ['PATCH', '/parcels/1', body],
    ['DELETE', '/parcels/1', undefined],
  ])('while its request %s %s waits for a connection has nothing done for it', async (method, path, sentBody) => {
    await application.tenancy.run({ organizationId: 1 }, () =>
      application.dataSource.getRepository(Parcel).save({ label: 'there' }),
    );
    const before = await stored();
    const connection = await hold();
    const waits = connection.waits();
    const { sent, seen } = send(method, path, sentBody);
    await waits;
    sent.destroy();
    await seen;
    await connection.release();
    expect(connection.statements.filter((statement) => /parcel/.test(statement))).toEqual([
      expect.stringMatching(/COUNT/i),
    ]);
    expect(await stored()).toBe(before);
    expect(errors).not.toHaveBeenCalled();
    expect((await application.transport.send({ url: '/parcels', headers: { 'x-user': '1' } })).status).toBe(200);
  });

  it('while its handler waits for its first statement, after work of its own, has its request finished', async () => {
    const before = await stored();
    const connection = await hold();
    const waits = connection.waits();
    const { sent, seen } = send('POST', '/own');
    await waits;
    sent.destroy();
    await seen;
    await connection.release();
    expect(await stored()).toBe(before + 1);
  });

  it('after the first statement of its request has its request finished', async () => {
    const before = await stored();
    let open!: () => void;
    gate.opened = new Promise((resolve) => (open = resolve));
    const reached = new Promise<void>((resolve) => (gate.reached = resolve));
    const { sent, seen } = send('POST', '/slow-parcels', body);
    await reached;
    sent.destroy();
    await seen;
    open();
    // Waits for the transaction on a database with one connection.
    expect(await stored()).toBe(before + 1);
  });

  it('before the tenant is resolved has its request not begun', async () => {
    const before = await stored();
    const arrived = once(server, 'request') as Promise<[IncomingMessage, ServerResponse]>;
    server.once('request', (_: IncomingMessage, response: ServerResponse) => response.destroy());
    const { seen } = send('POST', '/own');
    await arrived;
    await seen;
    expect(await stored()).toBe(before);
  });
});
