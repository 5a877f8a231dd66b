import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Inject, Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext, INestApplication, LoggerService } from '@nestjs/common';
import {
  MuckModule,
  Tenancy,
  tenantFromHeader,
  tenantFromParam,
  tenantFromSubdomain,
  tenantFromUser,
  TenantScoped,
} from 'nestjs-muck';
import type { TenantScope } from 'nestjs-muck';
import request from 'supertest';
import type { App } from 'supertest/types.js';
import { adaptersToTest, createApplication } from '../../support/adapters.js';

/** Nearly as much as Node.js takes for all headers of a request. */
const LARGE = 'x'.repeat(15_000);
/** The longest tenant that there may be. */
const LONGEST = 'x'.repeat(255);

/** How often the application was asked to authorise a tenant. */
let authorized = 0;
const authorize = (): boolean => (authorized += 1) > 0;
const FromHeader = tenantFromHeader('x-tenant', { authorize });
const FromParam = tenantFromParam('tenant', { authorize });
const FromSubdomain = tenantFromSubdomain('example.com', { authorize });
const FromUser = tenantFromUser('tenant');

let handled = 0;

abstract class WhoAmI {
  @Inject() protected readonly tenancy!: Tenancy;

  protected answer(): TenantScope | undefined {
    handled += 1;
    return this.tenancy.current;
  }
}

@Controller('by-header')
@TenantScoped({ resolver: FromHeader })
class ByHeaderController extends WhoAmI {
  @Get() whoAmI(): unknown {
    return this.answer();
  }
}

@Controller('by-path/:tenant')
@TenantScoped({ resolver: FromParam })
class ByPathController extends WhoAmI {
  @Get() whoAmI(): unknown {
    return this.answer();
  }
}

@Controller('by-host')
@TenantScoped({ resolver: FromSubdomain })
class ByHostController extends WhoAmI {
  @Get() whoAmI(): unknown {
    return this.answer();
  }
}

@Controller('by-user')
@TenantScoped()
class ByUserController extends WhoAmI {
  @Get() whoAmI(): unknown {
    return this.answer();
  }
}

/** A guard that believes what it is told. */
@Injectable()
class GullibleGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const call = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined>; user?: unknown }>();
    call.user = { tenant: call.headers['x-user-tenant'] };
    return true;
  }
}

describe.each(adaptersToTest())('G-13 a tenant of thousands of characters, over HTTP with %s,', (adapter) => {
  const logged: string[] = [];
  let app: INestApplication<App>;

  beforeAll(async () => {
    const note = (...parts: unknown[]): void => void logged.push(parts.map(String).join(' '));
    const logger: LoggerService = { log: note, error: note, warn: note, debug: note, verbose: note, fatal: note };
    app = await createApplication(
      {
        module: class {},
        imports: [MuckModule.forRoot({ scope: { tenant: String }, resolver: FromUser })],
        controllers: [ByHeaderController, ByPathController, ByHostController, ByUserController],
        providers: [FromHeader, FromParam, FromSubdomain],
      },
      { adapter, logger, configure: (application) => application.useGlobalGuards(new GullibleGuard()) },
    );
  });
  afterAll(() => app.close());

  it.each([
    ['in a header', (tenant: string) => get('/by-header').set('x-tenant', tenant), [400]],
    // Fastify's router does not take as much for a parameter.
    ['in a path', (tenant: string) => get(`/by-path/${tenant}`), [400, 414]],
    ['in a host name', (tenant: string) => get('/by-host').set('host', `${tenant}.example.com`), [400]],
    ['of a user', (tenant: string) => get('/by-user').set('x-user-tenant', tenant), [403]],
  ])('%s is refused, and not logged', async (_where, ask, refusals) => {
    logged.length = handled = authorized = 0;
    const { status } = await ask(LARGE);
    expect(refusals).toContain(status);
    expect({ handled, authorized }).toEqual({ handled: 0, authorized: 0 });
    expect(logged.join('\n')).not.toContain('xxx');
  });

  it('is the limit, and not shorter ones', async () => {
    for (const ask of [get('/by-header').set('x-tenant', LONGEST), get('/by-user').set('x-user-tenant', LONGEST)]) {
      await ask.expect(200, { tenant: LONGEST });
    }
    await get('/by-header').set('x-tenant', `${LONGEST}x`).expect(400);
    await get('/by-user').set('x-user-tenant', `${LONGEST}x`).expect(403);
  });

  function get(path: string): request.Test {
    return request(app.getHttpServer()).get(path);
  }
});
