import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, UseGuards } from '@nestjs/common';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { context, metrics, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { Server } from 'node:http';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { Repository } from 'typeorm';
import { TestGuard } from '../../support/crud-desk.js';
import { places } from '../../support/places.js';
import { openScopedApplication } from '../../support/scoped-application.js';
import type { ScopedApplication } from '../../support/scoped-application.js';

@Entity('crate')
@TenantScoped()
class Crate {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() label!: string;
}

@Controller('crates')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Crate)
class CratesController extends CrudController<Crate> {}

@Controller('own')
@TenantScoped()
@UseGuards(TestGuard)
class OwnController {
  constructor(@InjectRepository(Crate) private readonly crates: Repository<Crate>) {}

  @Get('raw')
  raw(): Promise<unknown> {
    return this.crates.query('SELECT * FROM crate');
  }

  @Get(':label')
  async list(): Promise<Crate[]> {
    // Two of one request belong to it, however they are sent.
    const [crates] = await Promise.all([this.crates.find(), this.crates.count()]);
    return crates;
  }
}

const spans = new InMemorySpanExporter();
const measured = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter: measured, exportIntervalMillis: 2 ** 30 });
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
const contexts = new AsyncLocalStorageContextManager().enable();

const SYSTEMS = { sqljs: 'sqlite', mariadb: 'mariadb', postgres: 'postgresql', postgres15: 'postgresql' };

/** The data points of a metric: its attributes, and the number of what was recorded. */
async function pointsOf(name: string): Promise<{ attributes: object; count: number }[]> {
  await reader.forceFlush();
  const all =
    measured
      .getMetrics()
      .at(-1)
      ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
  const points = all.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? [];
  return points.map(({ attributes, value }) => ({
    attributes,
    count: typeof value === 'number' ? value : (value as { count: number }).count,
  }));
}

function register(): void {
  context.setGlobalContextManager(contexts);
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
}

describe.each(places)('what is recorded, on $adapter and $database', ({ adapter, database }) => {
  let application: ScopedApplication;
  const open = (telemetry?: boolean | { statementSpans: boolean }): Promise<ScopedApplication> =>
    openScopedApplication({
      database,
      adapter,
      entities: [Crate],
      imports: [TypeOrmModule.forFeature([Crate])],
      controllers: [CratesController, OwnController],
      ...(telemetry !== undefined && { telemetry }),
    });
  beforeAll(async () => {
    application = await open();
  });
  afterAll(async () => {
    await application.close();
    trace.disable();
    context.disable();
  });
  beforeEach(() => {
    register();
    spans.reset();
  });
  const send = async (method: 'GET' | 'POST', url: string, body?: object, to = application): Promise<number> => {
    const headers = { 'x-user': '7', ...(body && { 'content-type': 'application/json' }) };
    const { status } = await to.transport.send({ method, url, headers, ...(body && { body: JSON.stringify(body) }) });
    return status;
  };
  const finished = (): ReadableSpan[] => spans.getFinishedSpans();
  const requestSpan = (): ReadableSpan => finished().find(({ kind }) => kind === SpanKind.INTERNAL)!;

  it('of a request is a span with its route and tenant, and one for each of its statements within', async () => {
    expect(await send('POST', '/crates', { label: 'confidential' })).toBe(201);
    const request = requestSpan();
    expect(request.name).toBe('POST /crates');
    expect(request.attributes).toEqual({
      'http.request.method': 'POST',
      'http.route': '/crates',
      'http.response.status_code': 201,
      'code.function.name': 'CratesController.create',
      'muck.tenant.organizationId': 7,
    });
    const statements = finished().filter(({ kind }) => kind === SpanKind.CLIENT);
    expect(statements.map(({ name }) => name)).toContain('INSERT crate');
    for (const statement of statements) {
      expect(statement.parentSpanContext?.spanId).toBe(request.spanContext().spanId);
      expect(statement.attributes).toMatchObject({ 'db.system.name': SYSTEMS[database] });
      expect(statement.status.code).toBe(SpanStatusCode.UNSET);
    }
    const insert = statements.find(({ name }) => name === 'INSERT crate')!;
    expect(insert.attributes).toMatchObject({
      'db.operation.name': 'INSERT',
      'db.collection.name': 'crate',
      'db.query.summary': 'INSERT crate',
      'db.query.text': expect.stringMatching(/^INSERT INTO .crate./),
      'muck.statement.fingerprint': expect.stringMatching(/^[\da-f]{12}$/),
    });
    expect(JSON.stringify(finished().map(({ attributes, events }) => [attributes, events]))).not.toContain(
      'confidential',
    );
  });

  it('of statements that are sent at once belongs to their request', async () => {
    expect(await send('GET', '/own/confidential')).toBe(200);
    const request = requestSpan();
    expect([request.name, request.attributes['muck.tenant.organizationId']]).toEqual(['GET /own/:label', 7]);
    const statements = finished().filter(({ kind }) => kind === SpanKind.CLIENT);
    expect(statements.map(({ name }) => name)).toEqual(['SELECT crate', 'SELECT crate']);
    for (const { parentSpanContext } of statements)
      expect(parentSpanContext?.spanId).toBe(request.spanContext().spanId);
  });

  it('of a failed request is its status and the class of its error', async () => {
    expect(await send('GET', '/crates/4711')).toBe(404);
    expect(requestSpan().attributes).toMatchObject({
      'http.route': '/crates/:id',
      'http.response.status_code': 404,
      'error.type': 'NotFoundException',
    });
    // The client's error is none of the server.
    expect(requestSpan().status.code).toBe(SpanStatusCode.UNSET);
    spans.reset();
    expect(await send('GET', '/own/raw')).toBe(500);
    expect(requestSpan().status).toEqual({ code: SpanStatusCode.ERROR });
    expect(requestSpan().attributes).toMatchObject({ 'error.type': 'StatementRefusedError' });
    expect(finished().flatMap(({ events }) => events)).toEqual([]);
  });

  it('of a statement that fails is the code of the database', async () => {
    const failing = application.tenancy.unscoped('a test', () => application.dataSource.query('SELECT missing()'));
    await expect(failing).rejects.toThrow();
    const [span] = finished();
    expect([span.name, span.status.code]).toEqual(['SELECT', SpanStatusCode.ERROR]);
    expect(span.attributes['error.type']).toBe(
      { sqljs: 'QueryFailedError', mariadb: 'ER_SP_DOES_NOT_EXIST', postgres: '42883', postgres15: '42883' }[database],
    );
  });

  it('tells the span around a request its tenant', async () => {
    // What the instrumentation of the server does.
    const tracer = trace.getTracer('server');
    const server = application.app.getHttpServer() as Server;
    const listeners = server.listeners('request') as ((...args: unknown[]) => void)[];
    server.removeAllListeners('request');
    const around = tracer.startSpan('GET');
    server.on('request', (...args) =>
      context.with(trace.setSpan(context.active(), around), () => listeners.forEach((listener) => listener(...args))),
    );
    try {
      await send('GET', '/crates');
    } finally {
      server.removeAllListeners('request');
      for (const listener of listeners) server.on('request', listener);
      around.end();
    }
    expect(requestSpan().parentSpanContext?.spanId).toBe(around.spanContext().spanId);
    expect((around as unknown as ReadableSpan).attributes).toEqual({ 'muck.tenant.organizationId': 7 });
  });

  it('as metrics are requests, statements, waits, cached plans and refusals, without a tenant', async () => {
    await send('GET', '/crates?label=first');
    await send('GET', '/crates?label=second');
    await send('GET', '/own/raw');
    expect(await pointsOf('muck.request.duration')).toContainEqual({
      attributes: { 'http.request.method': 'GET', 'http.route': '/crates', 'http.response.status_code': 200 },
      count: expect.any(Number),
    });
    expect(await pointsOf('db.client.operation.duration')).toContainEqual({
      attributes: expect.objectContaining({
        'db.system.name': SYSTEMS[database],
        'db.operation.name': 'SELECT',
        'db.collection.name': 'crate',
      }),
      count: expect.any(Number),
    });
    const [waits] = await pointsOf('db.client.connection.wait_time');
    expect(waits.count).toBeGreaterThan(0);
    const plans = await pointsOf('muck.plan_cache.lookups');
    expect(plans.map(({ attributes }) => attributes)).toEqual(
      expect.arrayContaining([{ 'muck.plan_cache.result': 'miss' }, { 'muck.plan_cache.result': 'hit' }]),
    );
    const refused = async (): Promise<number> =>
      (await pointsOf('muck.refusals')).find(
        ({ attributes }) => (attributes as Record<string, unknown>)['error.type'] === 'StatementRefusedError',
      )?.count ?? 0;
    const before = await refused();
    await send('GET', '/own/raw');
    expect(await refused()).toBe(before + 1);
    expect(JSON.stringify(measured.getMetrics().at(-1))).not.toMatch(/organizationId|first|second/);
  });

  it('of a pool is its connections by state and how many wait for one', async () => {
    const points = await pointsOf('db.client.connection.count');
    const states = points.map(
      ({ attributes }) => (attributes as Record<string, unknown>)['db.client.connection.state'],
    );
    expect(new Set(states)).toEqual(new Set(database === 'sqljs' ? states : ['idle', 'used']));
    if (database !== 'sqljs') {
      expect(points.reduce((total, { count }) => total + count, 0)).toBeGreaterThan(0);
      expect((await pointsOf('db.client.connection.max')).map(({ count }) => count)).toContain(10);
    }
  });

  it('is nothing without a provider, or if the application wants nothing', async () => {
    trace.disable();
    expect(await send('GET', '/crates')).toBe(200);
    expect(finished()).toEqual([]);
    register();
    const quiet = await open(false);
    expect(await send('GET', '/crates', undefined, quiet)).toBe(200);
    await quiet.close();
    expect(finished()).toEqual([]);
    const withoutStatements = await open({ statementSpans: false });
    expect(await send('GET', '/crates', undefined, withoutStatements)).toBe(200);
    await withoutStatements.close();
    expect(finished().map(({ name }) => name)).toEqual(['GET /crates']);
  });
});
