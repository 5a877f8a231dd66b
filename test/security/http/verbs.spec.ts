import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Injectable, UseGuards } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Crud, CrudController, Tenancy, tenantFromUser, TenantScoped } from 'nestjs-muck';
import request from 'supertest';
import { DataSource } from 'typeorm';
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

@Controller('orders')
@TenantScoped()
@UseGuards(OrganizationGuard)
@Crud(Order)
class OrdersController extends CrudController<Order> {}

type Verb = 'get' | 'head' | 'put' | 'patch' | 'delete';

/** A key that no row has ever had, as long as those of the rows. */
const MISSING = 9;

describe.each(adaptersAndDatabases())('G-07 rows of another tenant over HTTP with %s on %s', (adapter, kind) => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await openShop(adapter, kind, {
      resolver: tenantFromUser('organizationId'),
      controllers: [OrdersController],
    });
  });
  afterAll(() => shop.close());
  beforeEach(() => void (shop.statements.length = 0));

  const ask = (verb: Verb, key: number): request.Test => {
    const call = request(shop.app.getHttpServer())[verb](`/orders/${key}`).set('x-organization', '1');
    return verb === 'put' || verb === 'patch' ? call.send({ text: 'taken' }) : call;
  };
  /** Everything of an answer, and what was sent to the database for it. */
  const heard = async (verb: Verb, key: number): Promise<unknown> => {
    shop.statements.length = 0;
    const { status, headers, text } = await ask(verb, key);
    const { date: _date, ...others } = headers as Record<string, string>;
    return { status, headers: others, text, sent: [...shop.statements] };
  };

  it.each(['get', 'head', 'put', 'patch', 'delete'] as const)(
    'are for %s as missing ones: status, headers, body and statements',
    async (verb) => {
      // Of the first write of a table, PostgreSQL is asked for its triggers.
      await heard(verb, MISSING);
      const missing = await heard(verb, MISSING);
      expect(missing).toMatchObject({ status: 404 });
      expect(await heard(verb, shop.order(2))).toEqual(missing);
    },
  );

  it('are as they were afterwards, and the own one is there for each verb', async () => {
    for (const verb of ['head', 'get', 'put', 'patch', 'delete'] as const) await ask(verb, shop.order(2)).expect(404);
    const { tenancy, orders } = {
      tenancy: shop.app.get(Tenancy),
      orders: shop.app.get(DataSource).getRepository(Order),
    };
    const stored = await tenancy.unscoped('looks at all', () => orders.find({ order: { id: 'ASC' } }));
    expect(stored.map(({ text }) => text)).toEqual(['of acme', 'of globex']);

    const head = await ask('head', shop.order(1)).expect(200);
    const get = await ask('get', shop.order(1)).expect(200);
    expect(head.text ?? '').toBe('');
    expect(head.headers['content-length']).toBe(get.headers['content-length']);
    await ask('put', shop.order(1)).expect(200);
    await ask('patch', shop.order(1)).expect(200);
    await ask('delete', shop.order(1)).expect(204);
  });
});
