import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Inject, Injectable, Scope } from '@nestjs/common';
import type { ExecutionContext, INestApplication, Type } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Crud, CrudController, MuckModule, Tenancy, tenantFromHeader, tenantFromUser, TenantScoped } from 'nestjs-muck';
import type { TenantResolver } from 'nestjs-muck';
import request from 'supertest';
import type { App } from 'supertest/types.js';
import { Column, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { adaptersToTest, createApplication } from '../../support/adapters.js';
import type { Adapter } from '../../support/adapters.js';

@Entity()
@TenantScoped()
class Item {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() name!: string;
}

interface Call {
  readonly headers: Readonly<Record<string, string | undefined>>;
}

@Injectable()
class FromContext implements TenantResolver {
  resolve(context: ExecutionContext): { organizationId: number } | undefined {
    return read(context.switchToHttp().getRequest<Call>());
  }
}

/** Made anew for each request, as a resolver is that injects the request. */
@Injectable({ scope: Scope.REQUEST })
class FromRequest implements TenantResolver {
  constructor(@Inject(REQUEST) private readonly call: Call) {}

  resolve(): { organizationId: number } | undefined {
    return read(this.call);
  }
}

function read({ headers }: Call): { organizationId: number } | undefined {
  const value = headers['x-organization'];
  // JSON, so that a test can send what a careless resolver would let through.
  return value === undefined ? undefined : { organizationId: JSON.parse(value) as number };
}

@Controller('items')
@TenantScoped()
@Crud(Item)
class ItemsController extends CrudController<Item> {}

@Controller('by-header')
@TenantScoped({
  resolver: tenantFromHeader('x-tenant', { authorize: (_user, { organizationId }) => organizationId === 1 }),
})
class ByHeaderController {
  constructor(private readonly tenancy: Tenancy) {}

  @Get()
  whoAmI(): unknown {
    return this.tenancy.current;
  }
}

describe.each(adaptersToTest())('G-13 the resolver on %s', (adapter) => {
  let app: INestApplication<App>;
  afterEach(() => app.close());

  const open = async (resolver: Type<TenantResolver>, on: Adapter): Promise<void> => {
    app = await createApplication(
      {
        module: class {},
        imports: [
          TypeOrmModule.forRoot({ type: 'sqljs', entities: [Item], synchronize: true, retryAttempts: 0 }),
          MuckModule.forRoot({ scope: { organizationId: Number }, resolver }),
        ],
        controllers: [ItemsController],
      },
      { adapter: on },
    );
    const items = app.get(DataSource).getRepository(Item);
    for (const organizationId of [1, 2]) {
      await app.get(Tenancy).run({ organizationId }, () => items.insert({ name: `of ${organizationId}` }));
    }
  };
  const list = (organization?: string): request.Test => {
    const call = request(app.getHttpServer()).get('/items');
    return organization === undefined ? call : call.set('x-organization', organization);
  };

  it.each([
    ['a singleton', FromContext],
    ['one that is made for each request', FromRequest],
  ])('as %s gives each request its own tenant', async (_kind, resolver) => {
    await open(resolver, adapter);
    for (const organizationId of [1, 2, 1]) {
      const { body } = await list(String(organizationId)).expect(200);
      expect(body).toMatchObject({ total: 1, items: [{ organizationId, name: `of ${organizationId}` }] });
    }
    await list('3').expect(200, { items: [], total: 0, limit: 20, offset: 0 });
    await list().expect(403);
  });

  it.each([
    ['null', 'null'],
    ['a string of digits', '"1"'],
    ['an empty string', '""'],
    ['a list', '[1,2]'],
    ['an object', '{"_type":"not","_value":1}'],
    ['a boolean', 'true'],
    ['an unsafe integer', '9007199254740993'],
  ])('that gives %s for the tenant is a 403, always the same one', async (_what, value) => {
    await open(FromContext, adapter);
    const refused = await list(value).expect(403);
    expect(refused.body).toEqual((await list().expect(403)).body);
  });

  it('ready-made from the user gives no tenant where there is no user', async () => {
    await open(tenantFromUser('organizationId'), adapter);
    await list().expect(403);
  });
});

describe.each(adaptersToTest())('G-13 a tenant that the client claims on %s', (adapter) => {
  let app: INestApplication<App>;
  afterEach(() => app.close());

  it('counts only when it is authorised, and claimed exactly once', async () => {
    const resolver = Reflect.getMetadata('nestjs-muck:tenant-route', ByHeaderController) as {
      resolver: Type<TenantResolver>;
    };
    app = await createApplication(
      {
        module: class {},
        imports: [MuckModule.forRoot({ scope: { organizationId: Number }, resolver: FromContext })],
        controllers: [ByHeaderController],
        providers: [resolver.resolver],
      },
      { adapter },
    );
    const ask = (): request.Test => request(app.getHttpServer()).get('/by-header');
    await ask().set('x-tenant', '1').expect(200, { organizationId: 1 });
    await ask().set('x-tenant', '2').expect(403);
    await ask().expect(400);
    for (const value of ['', ' ', 'null', 'undefined', ',', '1,2', '1e3', '__proto__'])
      await ask().set('x-tenant', value).expect(400);
    await ask()
      .set('x-tenant', ['1', '1'] as never)
      .expect(400);
  });
});
