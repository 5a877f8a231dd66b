import { beforeEach, describe, expect, it } from '@jest/globals';
import { BadRequestException, ForbiddenException, NotFoundException } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { declareScope, tenantFromHeader, tenantFromParam, tenantFromSubdomain, tenantFromUser } from 'nestjs-muck';
import type { TenantResolver, TenantScope } from 'nestjs-muck';

/*
 * The ready-made resolvers on their own: what each reads of a request, and what it asks `authorize`. The scope's key is a text here, so
 * that what is read shows as it is.
 */

declareScope({ tenant: String });

/** What a resolver answers to a request, or what it throws. */
async function answer(type: Type<TenantResolver>, request: object): Promise<unknown> {
  try {
    return await new type().resolve(new ExecutionContextHost([request]));
  } catch (error) {
    return error;
  }
}

const NO_TENANT = new BadRequestException('The request names no tenant.');
const USER = { name: 'ada' };

describe('a resolver that is ready-made', () => {
  it('is named as it is made', () => {
    const authorize = (): boolean => true;
    expect([
      tenantFromUser('tenant').name,
      tenantFromHeader('x', { authorize }).name,
      tenantFromParam('x', { authorize }).name,
      tenantFromSubdomain('x', { authorize }).name,
    ]).toEqual(['TenantFromUser', 'TenantFromHeader', 'TenantFromParam', 'TenantFromSubdomain']);
  });

  it('says which header it reads, and nothing where it reads none', () => {
    const authorize = (): boolean => true;
    const vary = (type: Type<TenantResolver>): unknown => new type().vary;
    expect(vary(tenantFromHeader('X-Tenant', { authorize }))).toEqual(['X-Tenant']);
    for (const type of [
      tenantFromUser('tenant'),
      tenantFromParam('x', { authorize }),
      tenantFromSubdomain('x', { authorize }),
    ])
      expect(vary(type)).toEqual([]);
  });
});

describe('the tenant of the user', () => {
  const FromUser = tenantFromUser('tenant');
  const FromTwo = tenantFromUser('region', 'tenant');

  it('is what its properties say, and no other ones', async () => {
    expect(await answer(FromUser, { user: { tenant: 'acme', region: 'north' } })).toEqual({ tenant: 'acme' });
    expect(await answer(FromTwo, { user: { tenant: 'acme', region: 'north', role: 'boss' } })).toEqual({
      region: 'north',
      tenant: 'acme',
    });
    // Whether it is one is for the scope to check.
    expect(await answer(FromUser, { user: { tenant: ['acme'] } })).toEqual({ tenant: ['acme'] });
    expect(await answer(FromTwo, { user: { region: '', tenant: 0 } })).toEqual({ region: '', tenant: 0 });
  });

  it.each([
    {},
    { user: undefined },
    { user: null },
    { user: {} },
    { user: { tenant: null } },
    { user: { region: 'n' } },
  ])('is none in %j', async (request) => {
    expect(await answer(FromUser, request)).toBeUndefined();
    expect(await answer(FromTwo, request)).toBeUndefined();
  });

  it('is none where one of several is missing', async () => {
    for (const user of [{ tenant: 'acme' }, { region: 'north' }, { region: null, tenant: 'acme' }])
      expect(await answer(FromTwo, { user })).toBeUndefined();
  });
});

describe('a tenant that is claimed', () => {
  const asked: [user: unknown, scope: TenantScope][] = [];
  const authorize = (user: unknown, scope: TenantScope): Promise<boolean> => {
    asked.push([user, scope]);
    return Promise.resolve(scope['tenant'] !== 'globex');
  };
  let FromHeader: Type<TenantResolver>;
  let FromParam: Type<TenantResolver>;
  let FromSubdomain: Type<TenantResolver>;
  beforeEach(() => {
    FromHeader = tenantFromHeader('X-Tenant', { authorize });
    FromParam = tenantFromParam('tenant', { authorize });
    FromSubdomain = tenantFromSubdomain('Example.com', { authorize });
  });
  const header = (...values: string[]): object => ({ user: USER, headersDistinct: { 'x-tenant': values } });
  const param = (tenant?: string): object => ({ user: USER, params: { tenant } });
  const host = (hostname: string): object => ({ user: USER, hostname });

  it.each<[string, () => Type<TenantResolver>, (tenant: string) => object, Error]>([
    ['a header', () => FromHeader, header, new ForbiddenException('This account does not belong to a tenant.')],
    [
      'a header of Fastify',
      () => FromHeader,
      (tenant) => ({ user: USER, raw: header(tenant) }),
      new ForbiddenException(),
    ],
    ['the path', () => FromParam, param, new NotFoundException()],
    ['the host name', () => FromSubdomain, (tenant) => host(`${tenant}.example.com`), new NotFoundException()],
  ])('in %s counts where the user may work for it', async (_where, made, request, denied) => {
    const type = made();
    asked.length = 0;
    expect(await answer(type, request('acme'))).toEqual({ tenant: 'acme' });
    expect(await answer(type, request('globex'))).toBeInstanceOf(denied.constructor);
    expect(asked.map(([, scope]) => scope)).toEqual([{ tenant: 'acme' }, { tenant: 'globex' }]);
    expect(await answer(type, request(''))).toEqual(NO_TENANT);
    expect(await answer(type, request(' '))).toEqual(NO_TENANT);
    const longest = 'x'.repeat(255);
    expect(await answer(type, request(longest))).toEqual({ tenant: longest });
    expect(await answer(type, request(`${longest}x`))).toEqual(NO_TENANT);
    expect(asked).toHaveLength(3);
  });

  it('in a header is refused as an account without a tenant', async () => {
    expect(await answer(FromHeader, header('globex'))).toEqual(
      new ForbiddenException('This account does not belong to a tenant.'),
    );
  });

  it('is asked about with the user as the guards left it', async () => {
    asked.length = 0;
    await answer(FromHeader, header('acme'));
    await answer(FromParam, { params: { tenant: 'acme' } });
    expect(asked).toEqual([
      [USER, { tenant: 'acme' }],
      [undefined, { tenant: 'acme' }],
    ]);
    expect(asked[0][0]).toBe(USER);
  });

  it('counts without the space around it', async () => {
    expect(await answer(FromParam, param(' acme\t'))).toEqual({ tenant: 'acme' });
  });

  it('in a header is there exactly once', async () => {
    const once = new BadRequestException('Send the header X-Tenant exactly once.');
    for (const request of [header(), header('acme', 'acme'), { headersDistinct: {} }, {}, { raw: {} }, { headers: {} }])
      expect(await answer(FromHeader, request)).toEqual(once);
    // Node joins repeated ones in `headers`, which is therefore not read.
    expect(await answer(FromHeader, { headers: { 'x-tenant': 'acme' } })).toEqual(once);
  });

  it('in the path is the parameter of that name', async () => {
    for (const request of [{}, { params: {} }, { params: { other: 'acme' } }, { query: { tenant: 'acme' } }])
      expect(await answer(FromParam, request)).toEqual(NO_TENANT);
  });

  it('in the host name is the only label before the domain', async () => {
    expect(await answer(FromSubdomain, host('ACME.EXAMPLE.com'))).toEqual({ tenant: 'acme' });
    for (const name of [
      'example.com',
      '.example.com',
      'acme.example.org',
      'acme.example.com.org',
      'acmeexample.com',
      'a.acme.example.com',
      'acme',
      '',
    ])
      expect(await answer(FromSubdomain, host(name))).toEqual(NO_TENANT);
    expect(await answer(FromSubdomain, {})).toEqual(NO_TENANT);
  });
});

describe('a resolver of what is claimed', () => {
  it('takes whatever text the scope takes', async () => {
    const FromParam = tenantFromParam('tenant', { authorize: () => true });
    for (const tenant of ['1', '-1', 'acme corp', '../x', '{}'])
      expect(await answer(FromParam, { params: { tenant } })).toEqual({ tenant });
  });

  it('refuses what `authorize` does not allow, whenever it answers', async () => {
    for (const answered of [false, Promise.resolve(false), undefined, null, 0, '']) {
      const FromParam = tenantFromParam('tenant', { authorize: () => answered as boolean });
      expect(await answer(FromParam, { params: { tenant: 'acme' } })).toEqual(new NotFoundException());
    }
    const error = new Error('the directory is down');
    const FromParam = tenantFromParam('tenant', { authorize: () => Promise.reject(error) });
    expect(await answer(FromParam, { params: { tenant: 'acme' } })).toBe(error);
  });
});
