import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, HttpException, Injectable } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import type { ListQuery, Page, TenantResolver, TenantScope } from 'nestjs-muck';
import request from 'supertest';
import { setTimeout as delay } from 'node:timers/promises';
import { EntityNotFoundError, QueryFailedError } from 'typeorm';
import { adaptersAndDatabases, openShop, Order } from './shop.js';
import type { Shop } from './shop.js';

/** What the resolver does next. */
let answer: (context: ExecutionContext) => TenantScope | undefined | Promise<TenantScope | undefined>;
/** How often a handler has run. */
let handled = 0;

@Injectable()
class Scripted implements TenantResolver {
  resolve(context: ExecutionContext): TenantScope | undefined | Promise<TenantScope | undefined> {
    return answer(context);
  }
}

@Controller('orders')
@TenantScoped()
@Crud(Order)
class OrdersController extends CrudController<Order> {
  override findAll(query: ListQuery<Order>): Promise<Page<Order>> {
    handled += 1;
    return super.findAll(query);
  }
}

describe.each(adaptersAndDatabases())('G-13 a resolver over HTTP with %s on %s', (adapter, kind) => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await openShop(adapter, kind, { resolver: Scripted, controllers: [OrdersController] });
  });
  afterAll(() => shop.close());
  beforeEach(() => {
    handled = 0;
    shop.statements.length = 0;
  });

  const list = (): request.Test => request(shop.app.getHttpServer()).get('/orders');
  const nothingHappened = (): void => expect({ handled, sent: shop.statements }).toEqual({ handled: 0, sent: [] });

  it('that finds no tenant lets no handler run and no statement be sent', async () => {
    answer = () => undefined;
    await list().expect(403);
    nothingHappened();
  });

  it.each([401, 404, 503])(
    'that rejects with an answer of its own, a %d, gives that and nothing else happens',
    async (status) => {
      answer = () => Promise.reject(new HttpException({ statusCode: status, message: 'not now' }, status));
      const { body } = await list().expect(status);
      expect(body).toEqual({ statusCode: status, message: 'not now' });
      nothingHappened();
    },
  );

  it.each([
    ['an error', () => Promise.reject(new Error('the password of globex'))],
    [
      'an error at once',
      () => {
        throw new TypeError('the password of globex');
      },
    ],
    [
      'what is no error',
      async () => {
        await Promise.resolve();
        // eslint-disable-next-line @typescript-eslint/only-throw-error
        throw 'the password of globex';
      },
    ],
    [
      'an error of the database',
      () => Promise.reject(new QueryFailedError('SELECT globex', ['globex'], new Error('globex'))),
    ],
    ['a row that it did not find', () => Promise.reject(new EntityNotFoundError(Order, { text: 'globex' }))],
  ] satisfies [string, typeof answer][])(
    'that fails with %s is a 500 that tells nothing, and nothing else happens',
    async (_what, fail) => {
      answer = fail;
      const { body } = await list().expect(500);
      expect(body).toEqual({ statusCode: 500, message: 'Internal server error' });
      nothingHappened();
    },
  );

  it('that has not answered yet lets no handler run and no statement be sent, and keeps no other request waiting', async () => {
    let decide: ((scope: TenantScope) => void) | undefined;
    answer = () => new Promise((resolve) => (decide = resolve));
    const waiting = list().then((response) => response);
    while (decide === undefined) await delay(1);
    await delay(30);
    nothingHappened();
    answer = () => ({ organizationId: 2 });
    expect((await list().expect(200)).body).toMatchObject({ items: [{ text: 'of globex' }] });
    decide({ organizationId: 1 });
    expect((await waiting).body).toMatchObject({ items: [{ text: 'of acme' }], total: 1 });
  });

  it.each([
    ['answers', (): Promise<TenantScope> => Promise.resolve({ organizationId: 2 })],
    ['fails', (): Promise<TenantScope> => Promise.reject(new Error('too late'))],
  ])('that %s after the client has hung up leaves nothing to the next request', async (_what, late) => {
    let asked = false;
    let decide: () => void = () => undefined;
    answer = async () => {
      asked = true;
      await new Promise<void>((resolve) => (decide = resolve));
      return late();
    };
    const hanging = list();
    const gone = hanging.then(
      () => 'answered',
      () => 'gone',
    );
    while (!asked) await delay(1);
    hanging.abort();
    answer = () => ({ organizationId: 1 });
    decide();
    for (let i = 0; i < 3; i += 1) {
      expect((await list().expect(200)).body).toMatchObject({ items: [{ text: 'of acme' }], total: 1 });
    }
    expect(await Promise.race([gone, delay(20, 'gone')])).toBe('gone');
  });
});
