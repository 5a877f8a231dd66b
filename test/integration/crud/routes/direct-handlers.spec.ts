import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Inject,
  Injectable,
  Param,
  PipeTransform,
  Scope,
  UseGuards,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
} from '@nestjs/common';
import type { ArgumentMetadata, CallHandler, ExecutionContext, NestInterceptor, Type } from '@nestjs/common';
import { APP_PIPE, REQUEST } from '@nestjs/core';
import { Crud, CrudController, TenantScoped, Tenancy } from 'nestjs-muck';
import { map } from 'rxjs';
import type { Observable } from 'rxjs';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { CrudRegistry } from '../../../../lib/crud/crud-registry.js';
import { adaptersToTest } from '../../../support/adapters.js';
import { TestGuard } from '../../../support/crud-desk.js';
import { openScopedApplication } from '../../../support/scoped-application.js';
import type { ScopedApplication } from '../../../support/scoped-application.js';

/* Routes of `@Crud` whose pipes and methods run without Nest, and those that Nest has to run. */

@Entity()
@TenantScoped()
class Chapter {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ length: 20 }) title!: string;
}

/** What pipes of the application were given: the kind of the parameter and the value. */
let seen: string[] = [];

class NotingPipe implements PipeTransform {
  transform(value: unknown, { type, data }: ArgumentMetadata): unknown {
    seen.push(`${type} ${data ?? ''} ${JSON.stringify(value)}`.replaceAll(/\s+/g, ' '));
    return typeof value === 'object' && value !== null && 'title' in value
      ? { ...value, title: `${String(value.title)}!` }
      : value;
  }
}

@Injectable({ scope: Scope.REQUEST })
class RequestPipe extends NotingPipe {
  constructor(@Inject(REQUEST) readonly request: { readonly headers: Readonly<Record<string, string>> }) {
    super();
  }

  override transform(value: unknown, metadata: ArgumentMetadata): unknown {
    seen.push(`of ${this.request.headers['x-user']}`);
    return super.transform(value, metadata);
  }
}

@Injectable()
class Shouting implements NestInterceptor {
  constructor(private readonly tenancy: Tenancy) {}

  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    const tenant = this.tenancy.current?.['organizationId'];
    return next.handle().pipe(map((value) => ({ value, tenant })));
  }
}

@Controller('chapters')
@UseGuards(TestGuard)
@TenantScoped()
@Crud(Chapter, { also: ['createMany'] })
class ChaptersController extends CrudController<Chapter> {}

@Controller('chapters')
@UsePipes(NotingPipe)
@UseGuards(TestGuard)
@TenantScoped()
@Crud(Chapter)
class PipedController extends CrudController<Chapter> {}

@Controller('chapters')
@UseInterceptors(Shouting)
@UseGuards(TestGuard)
@TenantScoped()
@Crud(Chapter)
class InterceptedController extends CrudController<Chapter> {}

@Controller('chapters')
@UseGuards(TestGuard)
@TenantScoped()
@Crud(Chapter)
class OverridingController extends CrudController<Chapter> {
  override findOne(@Param('id') id: number): Promise<Chapter> {
    return super.findOne(id);
  }
}

@Controller({ path: 'chapters', scope: Scope.REQUEST })
@UseGuards(TestGuard)
@TenantScoped()
@Crud(Chapter)
class RequestController extends CrudController<Chapter> {
  static made = 0;

  constructor() {
    super();
    RequestController.made += 1;
  }
}

describe.each(adaptersToTest())('routes of @Crud over %s', (adapter) => {
  let application: ScopedApplication;
  afterEach(async () => {
    seen = [];
    await application.close();
  });

  const open = async (controller: Type, ...pipes: PipeTransform[]): Promise<void> => {
    application = await openScopedApplication({
      adapter,
      entities: [Chapter],
      controllers: [controller],
      configure: (app) => void app.useGlobalPipes(...pipes),
    });
  };
  const send = async (method: 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT', url: string, body?: object) => {
    const headers = { 'x-user': '1/1', 'content-type': 'application/json' };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const { status, text } = await application.transport.send({ method, url, headers, ...sent });
    return { status, text };
  };
  /** The routes that run without Nest. */
  const direct = (
    controller: Type,
    names = ['findAll', 'findOne', 'create', 'update', 'replace', 'remove'],
  ): string[] => {
    const methods = controller.prototype as Readonly<Record<string, () => unknown>>;
    const registry = application.app.get(CrudRegistry, { strict: false });
    return names.filter((name) => registry.directHandlerOf(controller, methods[name]) !== undefined);
  };
  /** What every route responds to good and bad requests. */
  const responses = async (): Promise<string[]> => {
    const told: string[] = [];
    for (const [method, url, body] of [
      ['POST', '/chapters', { title: 'one' }],
      ['POST', '/chapters', { title: 'x'.repeat(30), surprise: 1 }],
      ['POST', '/chapters/bulk', [{ title: 'two' }, { title: 'three' }]],
      ['POST', '/chapters/bulk', [{ title: 4 }]],
      ['GET', '/chapters?sort=-id&limit=2'],
      ['GET', '/chapters?sort=nothing'],
      ['GET', '/chapters/1'],
      ['GET', '/chapters/99'],
      ['GET', '/chapters/x'],
      ['PATCH', '/chapters/1', { title: 'uno' }],
      ['PATCH', '/chapters/x', { title: 1 }],
      ['PUT', '/chapters/2', { title: 'due' }],
      ['PUT', '/chapters/2', {}],
      ['DELETE', '/chapters/3'],
      ['DELETE', '/chapters/3'],
      ['GET', '/chapters?count=exact'],
    ] as const) {
      const { status, text } = await send(method, url, body);
      told.push(`${method} ${url} ${status} ${text}`);
    }
    return told;
  };

  it('respond the same whether Nest runs them or not', async () => {
    await open(ChaptersController);
    expect(direct(ChaptersController)).toHaveLength(6);
    const without = await responses();
    await application.close();
    await open(ChaptersController, { transform: (value: unknown) => value });
    expect(direct(ChaptersController)).toEqual([]);
    expect(await responses()).toEqual(without);
  });

  it("run without Nest behind Nest's own ValidationPipe, which leaves their values alone", async () => {
    await open(
      ChaptersController,
      new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true }),
    );
    expect(direct(ChaptersController)).toHaveLength(6);
    expect(await send('POST', '/chapters', { title: 'one' })).toMatchObject({ status: 201 });
  });

  it('are run by Nest if a ValidationPipe expects a type, or is a subclass', async () => {
    class OwnPipe extends ValidationPipe {}
    for (const pipe of [new OwnPipe(), new ValidationPipe({ expectedType: Chapter })]) {
      await open(ChaptersController, pipe);
      expect(direct(ChaptersController)).toEqual([]);
      if (pipe instanceof OwnPipe) await application.close();
    }
  });

  it("show their values to the application's own pipes first", async () => {
    await open(ChaptersController, new NotingPipe());
    expect(await send('POST', '/chapters', { title: 'one' })).toMatchObject({ text: expect.stringContaining('one!') });
    await send('GET', '/chapters/1?fields=title');
    await send('GET', '/chapters?limit=1');
    expect(seen).toEqual(['body {"title":"one"}', 'param id "1"', 'query {"limit":"1"}']);
  });

  it('show them to the pipes of their controller, and to those of a request', async () => {
    await open(PipedController);
    expect(direct(PipedController)).toEqual([]);
    expect(await send('POST', '/chapters', { title: 'one' })).toMatchObject({ text: expect.stringContaining('one!') });
    await application.close();
    seen = [];
    application = await openScopedApplication({
      adapter,
      entities: [Chapter],
      controllers: [ChaptersController],
      imports: [{ module: class PipesModule {}, providers: [{ provide: APP_PIPE, useClass: RequestPipe }] }],
    });
    expect(direct(ChaptersController)).toEqual([]);
    await send('GET', '/chapters/1');
    expect(seen).toEqual(['of 1/1', 'param id "1"']);
  });

  it('run within the interceptors of their controller', async () => {
    await open(InterceptedController);
    const { text } = await send('POST', '/chapters', { title: 'one' });
    expect(JSON.parse(text)).toMatchObject({ value: { title: 'one' }, tenant: 1 });
  });

  it('are run by Nest if the controller overrides them or exists for one request', async () => {
    await open(OverridingController);
    await send('POST', '/chapters', { title: 'one' });
    expect(await send('GET', '/chapters/1')).toMatchObject({ status: 200 });
    await application.close();
    await open(RequestController);
    expect(direct(RequestController)).toEqual([]);
    const before = RequestController.made;
    await send('GET', '/chapters');
    await send('GET', '/chapters');
    expect(RequestController.made).toBe(before + 2);
  });
});
