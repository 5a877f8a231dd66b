import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Injectable, UseGuards } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import {
  Crud,
  CrudController,
  tenantFromHeader,
  tenantFromParam,
  tenantFromSubdomain,
  tenantFromUser,
  TenantScoped,
} from 'nestjs-muck';
import type { TenantScope } from 'nestjs-muck';
import request from 'supertest';
import { adaptersAndDatabases, openShop, Order } from './shop.js';
import type { Shop } from './shop.js';

/*
 * A tenant that the path, the host name or a header names is a claim: what the user may do is for `authorize` to say. The user of each
 * request belongs to the organizations that its header names.
 */

interface Employee {
  readonly organizationIds: readonly number[];
}

@Injectable()
class EmployeeGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const call = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined>; user?: unknown }>();
    const organizations = call.headers['x-member-of'];
    if (organizations !== undefined) call.user = { organizationIds: organizations.split(',').map(Number) };
    return true;
  }
}

/** What has been asked of `authorize`. */
const asked: TenantScope[] = [];
const authorize = async (user: Employee | undefined, scope: TenantScope): Promise<boolean> => {
  asked.push(scope);
  await Promise.resolve();
  return user?.organizationIds.includes(scope['organizationId'] as number) ?? false;
};
const FromParam = tenantFromParam('tenant', { authorize });
const FromSubdomain = tenantFromSubdomain('Shop.example.com', { authorize });
const FromHeader = tenantFromHeader('X-Organization', { authorize });

@Controller('t/:tenant/orders')
@TenantScoped({ resolver: FromParam })
@UseGuards(EmployeeGuard)
@Crud(Order)
class ByPathController extends CrudController<Order> {}

@Controller('by-host/orders')
@TenantScoped({ resolver: FromSubdomain })
@UseGuards(EmployeeGuard)
@Crud(Order)
class ByHostController extends CrudController<Order> {}

@Controller('by-header/orders')
@TenantScoped({ resolver: FromHeader })
@UseGuards(EmployeeGuard)
@Crud(Order)
class ByHeaderController extends CrudController<Order> {}

/** The tenant is expected in a parameter that the path does not have. */
@Controller('no-tenant/orders')
@TenantScoped({ resolver: FromParam })
@UseGuards(EmployeeGuard)
@Crud(Order)
class NoTenantController extends CrudController<Order> {}

describe.each(adaptersAndDatabases())('G-13 a tenant that is claimed over HTTP with %s on %s', (adapter, kind) => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await openShop(adapter, kind, {
      resolver: tenantFromUser('organizationId'),
      controllers: [ByPathController, ByHostController, ByHeaderController, NoTenantController],
      providers: [FromParam, FromSubdomain, FromHeader],
    });
  });
  afterAll(() => shop.close());
  beforeEach(() => {
    shop.statements.length = asked.length = 0;
  });

  type Method = 'get' | 'post' | 'patch' | 'put' | 'delete';
  type Ask = (tenant: string, path: string, method?: Method) => request.Test;
  const send = (method: Method, url: string): request.Test => {
    const call = request(shop.app.getHttpServer())[method](url).set('x-member-of', '1');
    return method === 'get' || method === 'delete' ? call : call.send({ text: 'taken by acme' });
  };
  const claims: [where: string, denied: number, ask: Ask][] = [
    ['the path', 404, (tenant, path, method = 'get') => send(method, `/t/${tenant}/orders${path}`)],
    [
      'the host name',
      404,
      (tenant, path, method = 'get') =>
        send(method, `/by-host/orders${path}`).set('host', `${tenant}.shop.example.com`),
    ],
    [
      'a header',
      403,
      (tenant, path, method = 'get') => send(method, `/by-header/orders${path}`).set('x-organization', tenant),
    ],
  ];
  const verbs: [Method, byKey: boolean][] = [
    ['get', false],
    ['post', false],
    ['get', true],
    ['patch', true],
    ['put', true],
    ['delete', true],
  ];

  it.each(claims)('in %s counts where the user belongs to it', async (_where, _denied, ask) => {
    const own = await ask('1', '').expect(200);
    expect(own.body).toMatchObject({ total: 1, items: [{ text: 'of acme' }] });
    await ask('1', `/${shop.order(1)}`).expect(200);
    await ask('1', `/${shop.order(2)}`).expect(404);
    const both = await ask('2', '').set('x-member-of', '1,2').expect(200);
    expect(both.body).toMatchObject({ total: 1, items: [{ text: 'of globex' }] });
    expect(asked).toEqual([1, 1, 1, 2].map((organizationId) => ({ organizationId })));
  });

  it.each(claims)(
    'in %s is refused where the user does not belong to it, whatever is asked',
    async (_, denied, ask) => {
      for (const [method, byKey] of verbs) {
        const path = byKey ? `/${shop.order(2)}` : '';
        const foreign = await ask('2', path, method).expect(denied);
        const missing = await ask('777', path, method).expect(denied);
        // Whether there is such a tenant does not show.
        expect(foreign.text.replaceAll('/t/2/', '/t/777/')).toBe(missing.text);
        expect(foreign.text).not.toContain('globex');
      }
      expect(shop.statements).toEqual([]);
    },
  );

  it.each(claims)('in %s is refused to a client that has not signed in', async (_where, denied, ask) => {
    await ask('2', '').unset('x-member-of').expect(denied);
    expect(asked).toEqual([{ organizationId: 2 }]);
    expect(shop.statements).toEqual([]);
  });

  it.each(claims)('in %s is one whole number, or the resolver is not asked about it', async (where, _denied, ask) => {
    const notOne = ['1,2', '1e0', '0x1', '1.0', '--1', 'null', '1 2', '9007199254740993', '99999999999999999999'];
    for (const tenant of notOne) {
      // No host name, and a server may say so itself.
      if (where === 'the host name' && /[ ,]/.test(tenant)) continue;
      const { status } = await ask(where === 'the path' ? encodeURIComponent(tenant) : tenant, '');
      expect([tenant, status]).toEqual([tenant, 400]);
    }
    expect(asked).toEqual([]);
    expect(shop.statements).toEqual([]);
  });

  it('in the path is not outdone by one that is said elsewhere', async () => {
    for (const query of ['?tenant=2', '?tenant=2&tenant=1', '?tenant[]=2', '?organizationId=2']) {
      const { text } = await send('get', `/t/1/orders${query}`).set('x-organization', '2').set('x-tenant', '2');
      expect(text).not.toContain('globex');
    }
    expect(asked).toEqual(Array(4).fill({ organizationId: 1 }));
    const made = await send('post', '/t/1/orders').send({ text: 'made by acme', tenant: 2, organizationId: 2 });
    expect(made.body).not.toMatchObject({ organizationId: 2 });
    if (made.status === 201) await send('delete', `/t/1/orders/${(made.body as Order).id}`).expect(204);
  });

  it('in a body or a query is none where the path has no parameter for it', async () => {
    for (const url of ['/no-tenant/orders', '/no-tenant/orders?tenant=2'])
      for (const method of ['get', 'post'] as const) await send(method, url).expect(400);
    await send('post', '/no-tenant/orders').send({ tenant: '2' }).expect(400);
    expect(asked).toEqual([]);
    expect(shop.statements).toEqual([]);
  });

  it.each([
    ['of another domain', '2.example.org'],
    ['that ends like the domain', '2.workshop.example.com'],
    ['that only begins like one', '2.shop.example.com.attacker.example'],
    ['of two labels', '2.1.shop.example.com'],
    ['with a label before it', '1.2.shop.example.com'],
    ['with no label', 'shop.example.com'],
    ['with an empty label', '.shop.example.com'],
    ['that is an address', '127.0.0.1'],
    ['that is joined to the domain', '2shop.example.com'],
  ])('in a host name %s is none', async (_what, host) => {
    await send('get', '/by-host/orders').set('host', host).set('x-member-of', '1,2').expect(400);
    expect(asked).toEqual([]);
    expect(shop.statements).toEqual([]);
  });

  it('in the host name is read whatever its letters and its port are, and no proxy is believed', async () => {
    const own = await send('get', '/by-host/orders').set('host', '1.SHOP.Example.com:8080').expect(200);
    expect(own.body).toMatchObject({ items: [{ text: 'of acme' }] });
    const forwarded = { 'x-forwarded-host': '2.shop.example.com', forwarded: 'host=2.shop.example.com' };
    const { body } = await send('get', '/by-host/orders')
      .set('host', '1.shop.example.com')
      .set(forwarded)
      .set('x-member-of', '1,2')
      .expect(200);
    expect(body).toMatchObject({ total: 1, items: [{ text: 'of acme' }] });
    expect(asked).toEqual([{ organizationId: 1 }, { organizationId: 1 }]);
  });
});
