import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  Catch,
  ConsoleLogger,
  Controller,
  ForbiddenException,
  Get,
  HttpException,
  Param,
  Post,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import type { ExceptionFilter, LoggerService } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { ArgumentsHost } from '@nestjs/common';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { Crud, CrudController, TenantScoped, TenantScopeViolationError } from 'nestjs-muck';
import type { LoggingOptions } from 'nestjs-muck';
import { Column, Entity, PrimaryGeneratedColumn, QueryFailedError, Unique } from 'typeorm';
import type { Repository } from 'typeorm';
import { TestGuard } from '../../support/crud-desk.js';
import { places } from '../../support/places.js';
import { openScopedApplication } from '../../support/scoped-application.js';
import type { ScopedApplication } from '../../support/scoped-application.js';

@Entity('letter')
@TenantScoped()
@Unique(['organizationId', 'code'])
class Letter {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() code!: string;
}

class PaymentRequired extends Error {}

@Catch(PaymentRequired)
class PaymentFilter implements ExceptionFilter {
  constructor(private readonly host: HttpAdapterHost) {}
  catch(_: unknown, host: ArgumentsHost): void {
    this.host.httpAdapter.reply(host.getArgByIndex(1), { paid: false }, 402);
  }
}

const outage = (): QueryFailedError =>
  new QueryFailedError(
    'UPDATE "letter" SET "code" = $1 WHERE "id" = 4711',
    ['confidential'],
    Object.assign(new Error('deadlock detected'), { code: '40P01', errno: 1213 }),
  );

@Controller('letters')
@TenantScoped()
@UseGuards(TestGuard)
@UseFilters(PaymentFilter)
@Crud(Letter)
class LettersController extends CrudController<Letter> {
  @Get('outage/:secret')
  outage(): never {
    throw outage();
  }
}

@Controller('plain')
@TenantScoped()
@UseGuards(TestGuard)
@UseFilters(PaymentFilter)
class PlainController {
  constructor(@InjectRepository(Letter) private readonly letters: Repository<Letter>) {}

  @Get('teapot/:secret')
  teapot(): never {
    throw new HttpException('short and stout', 418);
  }

  @Get('forbidden/:secret')
  forbidden(): never {
    throw new ForbiddenException();
  }

  @Get('other-tenant')
  otherTenant(): never {
    throw new TenantScopeViolationError('confidential');
  }

  @Get('paid')
  paid(): never {
    throw new PaymentRequired('confidential');
  }

  @Post('broken/:code')
  async broken(@Param('code') code: string): Promise<void> {
    await this.letters.createQueryBuilder('l').where('l.code = :code AND l.id = missing(1)', { code }).getMany();
  }

  @Get('fine')
  fine(): string {
    return 'fine';
  }
}

interface Line {
  readonly level: string;
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What the module has logged about requests, and everything that was logged as text. */
class Recorded extends ConsoleLogger implements LoggerService {
  readonly lines: Line[] = [];

  private note(level: string, [text, fields, context]: unknown[]): void {
    if (context === 'MuckModule' && typeof fields === 'object')
      this.lines.push({ level, text: String(text), fields: fields as Line['fields'] });
  }

  override log(): void {}
  override error(...args: [unknown, ...unknown[]]): void {
    this.note('error', args);
    super.error(...args);
  }
  override warn(...args: [unknown, ...unknown[]]): void {
    this.note('warn', args);
    super.warn(...args);
  }
  override debug(...args: [unknown, ...unknown[]]): void {
    this.note('debug', args);
    super.debug(...args);
  }
  override fatal(...args: [unknown, ...unknown[]]): void {
    this.note('fatal', args);
    super.fatal(...args);
  }
}

function captureOutput(): { text: () => string; stop: () => void } {
  const written: string[] = [];
  const spies = [process.stdout, process.stderr].map((stream) =>
    jest.spyOn(stream, 'write').mockImplementation((chunk) => {
      written.push(String(chunk));
      return true;
    }),
  );
  return { text: () => written.join(''), stop: () => spies.forEach((spy) => spy.mockRestore()) };
}

const FINGERPRINT = expect.stringMatching(/^[\da-f]{12}$/) as unknown;

describe.each(places)('the log of failed requests, on $adapter and $database', ({ adapter, database }) => {
  let application: ScopedApplication | undefined;
  let logger: Recorded;
  let output: ReturnType<typeof captureOutput>;
  const open = async (logging?: LoggingOptions, json = false): Promise<ScopedApplication> => {
    logger = new Recorded({ json, colors: false });
    output = captureOutput();
    application = await openScopedApplication({
      database,
      adapter,
      entities: [Letter],
      imports: [TypeOrmModule.forFeature([Letter])],
      controllers: [LettersController, PlainController],
      logger,
      ...(logging && { logging }),
    });
    return application;
  };
  afterEach(async () => {
    output.stop();
    await application?.close();
    application = undefined;
  });
  const send = async (
    method: 'GET' | 'POST',
    url: string,
    { body, user = '7' }: { body?: object; user?: string } = {},
  ) => {
    const { status } = await application!.transport.send({
      method,
      url,
      headers: { 'x-user': user, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    return status;
  };

  it('has one line for each, at the level of its status, with the pattern of its route and its tenant', async () => {
    await open();
    expect(await send('GET', '/letters/4711')).toBe(404);
    expect(await send('POST', '/letters', { body: { code: 5 } })).toBe(400);
    expect(await send('POST', '/letters', { body: { code: 'confidential' } })).toBe(201);
    expect(await send('POST', '/letters', { body: { code: 'confidential' } })).toBe(409);
    expect(await send('GET', '/letters?filters=%7B')).toBe(400);
    expect(await send('GET', '/plain/teapot/confidential')).toBe(418);
    expect(await send('GET', '/plain/forbidden/confidential')).toBe(403);
    expect(await send('GET', '/plain/other-tenant')).toBe(403);
    expect(await send('GET', '/plain/paid')).toBe(402);
    expect(await send('GET', '/plain/fine')).toBe(200);
    const line = (level: string, method: string, route: string, status: number, error: string, more = {}): Line => ({
      level,
      text: `${method} ${route} failed with ${status}`,
      fields: {
        ...{ method, route, tenant: { organizationId: 7 }, status, error, duration: expect.any(Number) },
        ...more,
      },
    });
    expect(logger.lines).toEqual([
      line('debug', 'GET', '/letters/:id', 404, 'NotFoundException'),
      line('debug', 'POST', '/letters', 400, 'InvalidRequestException'),
      line('debug', 'POST', '/letters', 409, 'UniqueConflictError'),
      line('debug', 'GET', '/letters', 400, expect.stringMatching(/Exception$/) as never),
      line('debug', 'GET', '/plain/teapot/:secret', 418, 'HttpException'),
      line('warn', 'GET', '/plain/forbidden/:secret', 403, 'ForbiddenException'),
      line('warn', 'GET', '/plain/other-tenant', 403, 'TenantScopeViolationError'),
      line('debug', 'GET', '/plain/paid', 402, 'PaymentRequired'),
    ]);
    expect(output.text()).not.toMatch(/confidential|4711/);
  });

  it('says that a request has no tenant', async () => {
    await open();
    expect(await send('GET', '/letters', { user: '' })).toBe(403);
    expect(logger.lines).toEqual([
      {
        level: 'warn',
        text: 'GET /letters failed with 403',
        fields: expect.objectContaining({ status: 403, error: 'TenantScopeMissingError' }),
      },
    ]);
    expect(logger.lines[0].fields).not.toHaveProperty('tenant');
  });

  it('names the code and the fingerprint of a statement that failed, and no value', async () => {
    await open();
    expect(await send('POST', '/plain/broken/confidential')).toBe(500);
    expect(logger.lines).toEqual([
      {
        level: 'error',
        text: 'POST /plain/broken/:code failed with 500',
        fields: expect.objectContaining({ status: 500, error: 'QueryFailedError', statement: FINGERPRINT }),
      },
    ]);
    const [first] = logger.lines;
    expect(first.fields['code']).toBe(
      { sqljs: undefined, mariadb: 'ER_SP_DOES_NOT_EXIST', postgres: '42883', postgres15: '42883' }[database],
    );
    await send('POST', '/plain/broken/another-secret');
    expect(logger.lines[1].fields['statement']).toBe(first.fields['statement']);
    expect(output.text()).not.toMatch(/confidential|another-secret/);
  });

  it('counts an outage after its first request, and tells the number at the end', async () => {
    await open();
    for (let i = 0; i < 5; i += 1) expect(await send('GET', '/letters/outage/confidential')).toBe(503);
    expect(logger.lines).toEqual([
      {
        level: 'error',
        text: 'GET /letters/outage/:secret failed with 503',
        fields: expect.objectContaining({
          ...{ status: 503, error: 'QueryFailedError', code: '40P01', reason: 'deadlock detected' },
          ...{ statement: FINGERPRINT, tenant: { organizationId: 7 } },
        }),
      },
    ]);
    await application!.close();
    application = undefined;
    expect(logger.lines.slice(1)).toEqual([
      { level: 'error', text: '4 more requests failed with 40P01', fields: { code: '40P01', count: 4 } },
    ]);
    expect(output.text()).not.toMatch(/confidential|4711|UPDATE/);
  });

  it('has the levels of the application, and no line for what it leaves out', async () => {
    await open({ failures: { 404: false, 418: 'fatal', '4xx': 'warn' } });
    await send('GET', '/letters/1');
    await send('GET', '/plain/teapot/1');
    await send('GET', '/plain/paid');
    expect(logger.lines.map(({ level, fields }) => [level, fields['status']])).toEqual([
      ['fatal', 418],
      ['warn', 402],
    ]);
  });

  it('is empty if the application wants no such lines', async () => {
    await open({ failures: false });
    await send('GET', '/letters/1');
    await send('GET', '/plain/other-tenant');
    expect(logger.lines).toEqual([]);
  });

  it('is one JSON object for each line in the JSON mode of Nest', async () => {
    await open(undefined, true);
    await send('GET', '/letters/1');
    const [line] = output
      .text()
      .split('\n')
      .filter((text) => text.includes('failed with'));
    expect(JSON.parse(line)).toMatchObject({
      level: 'debug',
      context: 'MuckModule',
      message: 'GET /letters/:id failed with 404',
      params: { method: 'GET', route: '/letters/:id', status: 404, tenant: { organizationId: 7 } },
    });
  });
});

describe.each(places)('a slow statement, on $adapter and $database', ({ adapter, database }) => {
  let application: ScopedApplication;
  let logger: Recorded;
  let output: ReturnType<typeof captureOutput>;
  beforeAll(async () => {
    logger = new Recorded({ colors: false });
    output = captureOutput();
    application = await openScopedApplication({
      database,
      adapter,
      entities: [Letter],
      imports: [TypeOrmModule.forFeature([Letter])],
      controllers: [LettersController, PlainController],
      logger,
      // Every statement takes as long.
      logging: { slowStatement: 0 },
    });
  });
  afterAll(async () => {
    output.stop();
    await application.close();
  });

  it('is logged with its route, tenant, text and wait, without values', async () => {
    const body = JSON.stringify({ code: 'confidential' });
    const headers = { 'x-user': '7', 'content-type': 'application/json' };
    await application.transport.send({ method: 'POST', url: '/letters', headers, body });
    await application.transport.send({ method: 'GET', url: '/letters?code=confidential', headers: { 'x-user': '7' } });
    await application.tenancy.run({ organizationId: 7 }, () =>
      application.dataSource.query("SELECT 'confidential' AS x"),
    );
    const told = logger.lines.filter(({ text }) => text.startsWith('SELECT letter took'));
    expect(told.at(-1)).toMatchObject({
      level: 'warn',
      fields: {
        method: 'GET',
        route: '/letters',
        tenant: { organizationId: 7 },
        statement: FINGERPRINT,
        text: expect.stringMatching(/^SELECT .*letter/),
        duration: expect.any(Number),
        wait: expect.any(Number),
      },
    });
    expect(logger.lines.map(({ text }) => text)).toContainEqual(expect.stringMatching(/^INSERT letter took/));
    expect(logger.lines.at(-1)).toMatchObject({ fields: { text: 'SELECT ? AS x' } });
    expect(logger.lines.at(-1)!.fields).not.toHaveProperty('route');
    expect(output.text()).not.toContain('confidential');
  });
});
