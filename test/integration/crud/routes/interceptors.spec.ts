import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Controller, Get, Injectable, UseGuards, UseInterceptors } from '@nestjs/common';
import type { CallHandler, NestInterceptor, Type } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { Crud, CrudController, CrossTenant, Tenancy, TenantScoped } from 'nestjs-muck';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { EMPTY, Subscription } from 'rxjs';
import type { Observable } from 'rxjs';
import { CrudInterceptor } from '../../../../lib/crud/crud.interceptor.js';
import { adaptersToTest } from '../../../support/adapters.js';
import { openScopedApplication } from '../../../support/scoped-application.js';
import type { ScopedApplication } from '../../../support/scoped-application.js';
import { TestGuard } from '../../../support/crud-desk.js';

@Entity()
@TenantScoped()
class Note {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
}

/** The context when the application's own interceptor ran. */
const seen: unknown[] = [];

@Injectable()
class Watcher implements NestInterceptor {
  constructor(private readonly tenancy: Tenancy) {}

  intercept(_: unknown, next: CallHandler): Observable<unknown> {
    seen.push(this.tenancy.current);
    return next.handle();
  }
}

@Controller('above')
@UseGuards(TestGuard)
@UseInterceptors(Watcher)
@TenantScoped()
@Crud(Note)
class AboveBothController extends CrudController<Note> {}

@Controller('between')
@UseGuards(TestGuard)
@TenantScoped()
@UseInterceptors(Watcher)
@Crud(Note)
class BetweenController extends CrudController<Note> {}

@Controller('between-the-other-way')
@UseGuards(TestGuard)
@Crud(Note)
@UseInterceptors(Watcher)
@TenantScoped()
class BetweenTheOtherWayController extends CrudController<Note> {}

@Controller('below')
@UseGuards(TestGuard)
@TenantScoped()
@Crud(Note)
@UseInterceptors(Watcher)
class BelowBothController extends CrudController<Note> {}

@Controller('handlers')
@UseGuards(TestGuard)
@TenantScoped()
@Crud(Note)
class HandlersController extends CrudController<Note> {
  constructor(private readonly tenancy: Tenancy) {
    super();
  }

  @Get('everybody')
  @CrossTenant('a test')
  @UseInterceptors(Watcher)
  everybody(): unknown {
    return { current: this.tenancy.current ?? null };
  }

  @Get('own')
  @TenantScoped()
  @UseInterceptors(Watcher)
  own(): unknown {
    return { current: this.tenancy.current ?? null };
  }
}

/** A controller that extends a resource and says nothing itself. */
@Controller('inherited')
class InheritedController extends BetweenController {}

/** One that says it again. */
@Controller('said-again')
@UseInterceptors(Watcher)
@TenantScoped()
class SaidAgainController extends HandlersController {}

describe.each(adaptersToTest())('the interceptors of a resource, over %s', (adapter) => {
  let application: ScopedApplication;

  beforeAll(async () => {
    const controllers: Type[] = [
      AboveBothController,
      BetweenController,
      BetweenTheOtherWayController,
      BelowBothController,
      HandlersController,
      InheritedController,
      SaidAgainController,
    ];
    application = await openScopedApplication({ database: 'sqljs', adapter, entities: [Note], controllers });
  });

  afterAll(() => application.close());

  const get = async (path: string, user?: string): Promise<{ status: number; body: unknown }> => {
    seen.length = 0;
    const { status, text } = await application.transport.send({
      url: path,
      headers: user === undefined ? {} : { 'x-user': user },
    });
    return { status, body: JSON.parse(text) };
  };

  it.each(['above', 'between', 'between-the-other-way', 'inherited', 'said-again'])(
    'are run within the scope that @TenantScoped() opens: %s',
    async (path) => {
      expect(await get(`/${path}`, '7')).toMatchObject({ status: 200, body: { items: [] } });
      expect(seen).toEqual([{ organizationId: 7 }]);
      expect(await get(`/${path}`)).toMatchObject({ status: 403 });
      expect(seen).toEqual([]);
    },
  );

  it('are run before it where they stand below @Crud()', async () => {
    expect(await get('/below', '7')).toMatchObject({ status: 200 });
    expect(seen).toEqual([undefined]);
    expect(await get('/below')).toMatchObject({ status: 403 });
  });

  it('open what a handler says, not what its class does', async () => {
    expect(await get('/handlers/everybody')).toEqual({ status: 200, body: { current: null } });
    expect(await get('/handlers/own', '7')).toEqual({ status: 200, body: { current: { organizationId: 7 } } });
    expect(seen).toEqual([{ organizationId: 7 }]);
    expect(await get('/handlers/own')).toMatchObject({ status: 403 });
  });
});

it('a handler is not run for a client that has gone while its tenant was checked', async () => {
  const run = jest.fn();
  let found = (_: () => Subscription): void => undefined;
  const looking = new Promise<() => Subscription>((resolve) => (found = resolve));
  const interceptor = new CrudInterceptor(
    { resourceOf: () => ({}) } as never,
    { appliesTo: () => true, openScope: () => looking } as never,
    {} as never,
  );
  const context = new ExecutionContextHost([], HandlersController, () => undefined);
  context.setType('rpc');
  const answer = interceptor.intercept(context, { handle: () => EMPTY });
  answer.subscribe().unsubscribe();
  found(() => {
    run();
    return Subscription.EMPTY;
  });
  await looking;
  expect(run).not.toHaveBeenCalled();
  answer.subscribe();
  await looking;
  expect(run).toHaveBeenCalledTimes(1);
});
