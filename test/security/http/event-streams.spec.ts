import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Injectable, Post, Sse, UseGuards } from '@nestjs/common';
import type { CanActivate, ExecutionContext, MessageEvent } from '@nestjs/common';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { CrossTenant, Tenancy, tenantFromUser, TenantScoped } from 'nestjs-muck';
import { setTimeout as delay } from 'node:timers/promises';
import type { AddressInfo } from 'node:net';
import { concatMap, interval, map, Subject, take } from 'rxjs';
import type { Observable } from 'rxjs';
import { Repository } from 'typeorm';
import { adaptersAndDatabases, openShop, Order } from './shop.js';
import type { Shop } from './shop.js';

@Injectable()
class OrganizationGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const call = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined>; user?: unknown }>();
    call.user = { organizationId: Number(call.headers['x-organization']) };
    return true;
  }
}

const toEvent = (rows: Order[]): MessageEvent => ({ data: rows.map(({ text }) => text).join() });

@Controller('orders')
@TenantScoped()
@UseGuards(OrganizationGuard)
class OrdersController {
  /** What everybody's requests set off. */
  private readonly changes = new Subject<string>();

  constructor(
    @InjectRepository(Order) private readonly orders: Repository<Order>,
    private readonly tenancy: Tenancy,
  ) {}

  @Sse('ticking')
  ticking(): Observable<MessageEvent> {
    return interval(5).pipe(
      take(6),
      concatMap(() => this.orders.find()),
      map(toEvent),
    );
  }

  @Sse('endless')
  endless(): Observable<MessageEvent> {
    return interval(5).pipe(
      concatMap(() => this.orders.find()),
      map(toEvent),
    );
  }

  @Sse('changes')
  unbound(): Observable<MessageEvent> {
    return this.changes.pipe(
      concatMap(() => this.orders.find()),
      map(toEvent),
    );
  }

  @Sse('bound-changes')
  bound(): Observable<MessageEvent> {
    return this.tenancy.bind(this.changes).pipe(
      concatMap(() => this.orders.find()),
      map(toEvent),
    );
  }

  @Sse('announcements')
  announcements(): Observable<MessageEvent> {
    return this.changes.pipe(map((data) => ({ data })));
  }

  @Post('change')
  change(): void {
    this.changes.next('changed');
  }

  @Post('announce')
  announce(): void {
    this.tenancy.unscoped('an announcement to all tenants', () => this.changes.next('announced'));
  }
}

@Controller('all-orders')
@CrossTenant('the platform looks on')
@UseGuards(OrganizationGuard)
class AllOrdersController {
  constructor(@InjectRepository(Order) private readonly orders: Repository<Order>) {}

  @Sse()
  ticking(): Observable<MessageEvent> {
    return interval(5).pipe(
      take(3),
      concatMap(() => this.orders.find({ order: { id: 'ASC' } })),
      map(toEvent),
    );
  }
}

describe.each(adaptersAndDatabases())('G-08 a stream of events over HTTP with %s on %s', (adapter, kind) => {
  let shop: Shop;
  let url: string;
  const open: AbortController[] = [];

  beforeAll(async () => {
    shop = await openShop(adapter, kind, {
      resolver: tenantFromUser('organizationId'),
      controllers: [OrdersController, AllOrdersController],
      imports: [TypeOrmModule.forFeature([Order])],
    });
    await shop.app.listen(0, '127.0.0.1');
    const { port } = (shop.app.getHttpServer() as unknown as { address(): AddressInfo }).address();
    url = `http://127.0.0.1:${port}`;
  });
  afterEach(() => open.splice(0).forEach((stream) => stream.abort()));
  afterAll(() => shop.close());

  const post = (path: string, organization: number): Promise<Response> =>
    fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'x-organization': String(organization), connection: 'close' },
    });
  /** Opens a stream, and gives what has come of it so far, growing, and its end. */
  const listen = async (path: string, organization: number): Promise<{ heard: string[]; ended: Promise<void> }> => {
    const stream = new AbortController();
    open.push(stream);
    const headers = { 'x-organization': String(organization), connection: 'close' };
    const { body } = await fetch(`${url}${path}`, { headers, signal: stream.signal });
    const heard: string[] = [];
    const read = async (): Promise<void> => {
      for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
        heard.push(...[...chunk.matchAll(/^(?:data|event): (.*)$/gm)].map(([, text]) => text));
      }
    };
    return { heard, ended: read().catch(() => undefined) };
  };
  const until = async (condition: () => boolean): Promise<void> => {
    for (let i = 0; i < 400 && !condition(); i += 1) await delay(5);
  };

  it('keeps its scope to its end, beside another one', async () => {
    const [acme, globex] = await Promise.all([listen('/orders/ticking', 1), listen('/orders/ticking', 2)]);
    await Promise.all([acme.ended, globex.ended]);
    expect(acme.heard).toEqual(Array(6).fill('of acme'));
    expect(globex.heard).toEqual(Array(6).fill('of globex'));
  });

  it('over all tenants keeps that to its end', async () => {
    const { heard, ended } = await listen('/all-orders', 1);
    await ended;
    expect(heard).toEqual(Array(3).fill('of acme,of globex'));
  });

  it('ends with its client, and reads no more', async () => {
    const { heard } = await listen('/orders/endless', 1);
    await until(() => heard.length > 1);
    open[0].abort();
    await delay(100);
    shop.statements.length = 0;
    await delay(50);
    expect(shop.statements).toEqual([]);
  });

  it('sends nothing that a request of another tenant made it read', async () => {
    const { heard } = await listen('/orders/changes', 1);
    await post('/orders/change', 1);
    await until(() => heard.length > 0);
    expect(heard).toEqual(['of acme']);
    await post('/orders/change', 2);
    await until(() => heard.length > 1);
    expect(heard).toEqual(['of acme', 'error', 'This account may not access this.']);
  });

  it('reads in its own scope what is bound to it, whatever sets it off', async () => {
    const { heard } = await listen('/orders/bound-changes', 1);
    for (const organization of [1, 2]) await post('/orders/change', organization);
    await until(() => heard.length > 1);
    expect(heard).toEqual(['of acme', 'of acme']);
  });

  it('passes on what another tenant sends to all, where it says so', async () => {
    const { heard } = await listen('/orders/announcements', 1);
    await post('/orders/announce', 2);
    await until(() => heard.length > 0);
    expect(heard).toEqual(['announced']);
  });
});
