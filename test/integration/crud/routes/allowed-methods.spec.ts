import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Delete, Get, Patch, Post, VERSION_NEUTRAL, VersioningType, UseGuards } from '@nestjs/common';
import type { INestApplication, Type } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { adaptersToTest } from '../../../support/adapters.js';
import { CreateTicketDto, openCrudDesk, TestGuard, Ticket } from '../../../support/crud-desk.js';
import type { Desk } from '../../../support/crud-desk.js';
import type { Answer, Message } from '../../../support/transport.js';

@Controller('tickets')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { dto: { create: CreateTicketDto }, also: ['createMany', 'restore'], links: ['tags'] })
class TicketsController extends CrudController<Ticket> {
  @Get('numbers')
  numbers(): number[] {
    return [1];
  }
}

@Controller('read-only')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { only: ['findAll'], problemDetails: true })
class ReadOnlyController extends CrudController<Ticket> {}

/** Serves more methods of the same paths, and is no resource. */
@Controller('read-only')
class ExtrasController {
  @Delete()
  clear(): string {
    return 'cleared';
  }

  @Patch(':name')
  rename(): string {
    return 'renamed';
  }
}

describe.each(adaptersToTest())('methods that a path does not have, on %s', (adapter) => {
  const open: Desk[] = [];
  const openWith = async (controllers: Type[], configure?: (app: INestApplication) => void): Promise<Desk> => {
    const desk = await openCrudDesk(controllers, { adapter, configure });
    open.push(desk);
    return desk;
  };
  const told = ({ status, headers, text }: Answer): unknown[] => [status, headers['allow'], text];
  const ask = async (desk: Desk, method: Message['method'], url: string, headers: Record<string, string> = {}) =>
    desk.transport.send({ method, url, headers });
  const close = () => Promise.all(open.splice(0).map((desk) => desk.close()));
  afterEach(close);
  afterAll(close);

  it('OPTIONS is a 204 with the methods of the path, without a user', async () => {
    const desk = await openWith([TicketsController]);
    const allowed = async (url: string): Promise<unknown> => told(await ask(desk, 'OPTIONS', url));
    expect(await allowed('/tickets')).toEqual([204, 'GET, HEAD, OPTIONS, POST', '']);
    expect(await allowed('/tickets?limit=5')).toEqual([204, 'GET, HEAD, OPTIONS, POST', '']);
    expect(await allowed('/tickets/5')).toEqual([204, 'DELETE, GET, HEAD, OPTIONS, PATCH, PUT', '']);
    expect(await allowed('/tickets/bulk')).toEqual([204, 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT', '']);
    expect(await allowed('/tickets/5/restore')).toEqual([204, 'OPTIONS, POST', '']);
    expect(await allowed('/tickets/5/tags/7')).toEqual([204, 'DELETE, OPTIONS, PUT', '']);
    const patched = await ask(desk, 'OPTIONS', '/tickets/5');
    expect(patched.headers['accept-patch']).toBe('application/json, application/merge-patch+json');
    expect((await ask(desk, 'OPTIONS', '/tickets')).headers).not.toHaveProperty('accept-patch');
  });

  it('any other method is a 405 with them, in the format that the client prefers', async () => {
    const desk = await openWith([TicketsController]);
    for (const [method, url, allow] of [
      ['PUT', '/tickets', 'GET, HEAD, OPTIONS, POST'],
      ['DELETE', '/tickets?a=1', 'GET, HEAD, OPTIONS, POST'],
      ['POST', '/tickets/5', 'DELETE, GET, HEAD, OPTIONS, PATCH, PUT'],
      ['GET', '/tickets/5/restore', 'OPTIONS, POST'],
    ] as const) {
      const message = `${method} is not allowed. Allowed: ${allow}`;
      const plain = await ask(desk, method, url);
      expect([plain.status, plain.headers['allow'], JSON.parse(plain.text)]).toEqual([
        405,
        allow,
        { statusCode: 405, error: 'Method Not Allowed', message },
      ]);
      const problem = await ask(desk, method, url, { accept: 'application/problem+json' });
      expect(problem.headers['content-type']).toMatch(/^application\/problem\+json/);
      expect([problem.status, problem.headers['allow'], JSON.parse(problem.text)]).toEqual([
        405,
        allow,
        { type: 'about:blank', title: 'Method Not Allowed', status: 405, detail: message },
      ]);
    }
    expect((await ask(desk, 'PROPFIND' as 'GET', '/tickets')).status).toBe(405);
    expect((await ask(desk, 'HEAD', '/tickets/5/restore')).headers['allow']).toBe('OPTIONS, POST');
  });

  it('routes that the resource does not have are not told, and those of other controllers are', async () => {
    const desk = await openWith([ReadOnlyController, ExtrasController]);
    expect(told(await ask(desk, 'OPTIONS', '/read-only'))).toEqual([204, 'DELETE, GET, HEAD, OPTIONS', '']);
    expect(told(await ask(desk, 'DELETE', '/read-only'))).toEqual([200, undefined, 'cleared']);
    const refused = await ask(desk, 'POST', '/read-only');
    expect([refused.status, refused.headers['allow']]).toEqual([405, 'DELETE, GET, HEAD, OPTIONS']);
    expect(refused.headers['content-type']).toMatch(/^application\/problem\+json/);
    // No resource serves these paths.
    for (const method of ['OPTIONS', 'GET', 'DELETE'] as const) {
      const missing = await ask(desk, method, '/read-only/5');
      expect([missing.status, missing.headers['allow']]).toEqual([404, undefined]);
      expect((await ask(desk, method, '/elsewhere')).status).toBe(404);
    }
    expect((await ask(desk, 'PATCH', '/read-only/5')).text).toBe('renamed');
  });

  it('a prefix, its exclusions and versions in the path are part of the path', async () => {
    @Controller({ path: 'tickets', version: ['1', VERSION_NEUTRAL] })
    @TenantScoped()
    @Crud(Ticket, { only: ['findAll'] })
    class VersionedController extends CrudController<Ticket> {}

    @Controller('excluded')
    @TenantScoped()
    @Crud(Ticket, { only: ['findAll'] })
    class ExcludedController extends CrudController<Ticket> {}

    const desk = await openWith([VersionedController, ExcludedController], (app) => {
      app.setGlobalPrefix('api', { exclude: ['excluded'] });
      app.enableVersioning({ type: VersioningType.URI });
    });
    for (const url of ['/api/v1/tickets', '/api/tickets', '/excluded']) {
      expect(told(await ask(desk, 'OPTIONS', url))).toEqual([204, 'GET, HEAD, OPTIONS', '']);
      expect((await ask(desk, 'PUT', url)).status).toBe(405);
    }
    for (const url of ['/api/v2/tickets', '/tickets', '/api/excluded', '/v1/tickets']) {
      expect((await ask(desk, 'PUT', url)).status).toBe(404);
    }
  });

  it.each([
    { type: VersioningType.HEADER as const, header: 'X-Version', headers: (v: string) => ({ 'x-version': v }) },
    {
      type: VersioningType.MEDIA_TYPE as const,
      key: 'v=',
      headers: (v: string) => ({ accept: `text/plain, application/json;q=0.5;v="${v}"` }),
    },
    {
      type: VersioningType.CUSTOM as const,
      extractor: (request: unknown) =>
        (request as { headers: Record<string, string | undefined> }).headers['x-custom'] ?? 'none',
      headers: (v: string) => ({ 'x-custom': v }),
    },
  ])('a version in a header selects the routes that are told: %p', async ({ headers, ...versioning }) => {
    @Controller({ path: 'tickets', version: '1' })
    @TenantScoped()
    @Crud(Ticket, { only: ['findAll', 'create'], dto: { create: CreateTicketDto } })
    class FirstController extends CrudController<Ticket> {}

    @Controller({ path: 'tickets', version: '2' })
    @TenantScoped()
    @UseGuards(TestGuard)
    @Crud(Ticket, { only: ['findAll'] })
    class SecondController extends CrudController<Ticket> {}

    const desk = await openWith([FirstController, SecondController], (app) => app.enableVersioning(versioning));
    expect(told(await ask(desk, 'OPTIONS', '/tickets', headers('1')))).toEqual([204, 'GET, HEAD, OPTIONS, POST', '']);
    expect(told(await ask(desk, 'OPTIONS', '/tickets', headers('2')))).toEqual([204, 'GET, HEAD, OPTIONS', '']);
    expect((await ask(desk, 'POST', '/tickets', headers('2'))).status).toBe(405);
    expect((await ask(desk, 'GET', '/tickets', { ...headers('2'), 'x-user': '1' })).status).toBe(200);
    for (const none of [headers('3'), {}]) expect((await ask(desk, 'PUT', '/tickets', none)).status).toBe(404);
  });

  it('a host selects them too', async () => {
    @Controller({ path: 'tickets', host: [':region.desk.example', /^desk\.example$/] })
    @TenantScoped()
    @Crud(Ticket, { only: ['findAll'] })
    class HostedController extends CrudController<Ticket> {}

    const desk = await openWith([HostedController]);
    for (const host of ['eu.desk.example', 'desk.example']) {
      expect((await ask(desk, 'POST', '/tickets', { host })).status).toBe(405);
    }
    expect((await ask(desk, 'POST', '/tickets', { host: 'other.example' })).status).toBe(404);
  });

  it('a preflight is answered by CORS, with or without the headers of one', async () => {
    const desk = await openWith([TicketsController], (app) => app.enableCors({ methods: ['GET', 'PUT'] }));
    const preflight = { origin: 'http://localhost:1', 'access-control-request-method': 'PUT' };
    const answer = await ask(desk, 'OPTIONS', '/tickets', preflight);
    expect([answer.status, answer.headers['allow'], answer.headers['access-control-allow-methods']]).toEqual([
      204,
      undefined,
      expect.stringMatching(/^GET, ?PUT$/),
    ]);
    expect((await ask(desk, 'PUT', '/tickets', { origin: 'http://localhost:1' })).headers).toMatchObject({
      allow: 'GET, HEAD, OPTIONS, POST',
      'access-control-allow-origin': '*',
    });
  });

  it('paths are compared as the router does', async () => {
    const desk = await openWith([TicketsController]);
    const found = adapter === 'express' ? 405 : 404;
    for (const url of ['/tickets/', '/TICKETS']) expect((await ask(desk, 'PUT', url)).status).toBe(found);
    for (const url of ['/tickets//', '/', '/tickets/5/tags', '//tickets', '*']) {
      expect((await ask(desk, 'POST', url)).status).toBe(404);
    }
  });

  it('a route with a pattern of the router, and one that is a wildcard, keep what they serve', async () => {
    @Controller()
    class WildcardController {
      @Post('files/*')
      store(): string {
        return 'stored';
      }

      @Get('tickets/:id.pdf')
      pdf(): string {
        return 'pdf';
      }
    }
    const desk = await openWith([TicketsController, WildcardController]);
    expect((await ask(desk, 'POST', '/files/a/b')).text).toBe('stored');
    expect((await ask(desk, 'PUT', '/files/a/b')).status).toBe(404);
    expect((await ask(desk, 'OPTIONS', '/tickets/5.pdf')).headers['allow']).toBe(
      'DELETE, GET, HEAD, OPTIONS, PATCH, PUT',
    );
  });
});
