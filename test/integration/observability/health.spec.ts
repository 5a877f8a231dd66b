import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import type { HealthCheckResult } from '@nestjs/terminus';
import { TenantScoped } from 'nestjs-muck';
import { MuckHealthIndicator } from 'nestjs-muck/terminus';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { places } from '../../support/places.js';
import { openScopedApplication } from '../../support/scoped-application.js';
import type { ScopedApplication } from '../../support/scoped-application.js';

@Entity('box')
@TenantScoped()
class Box {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
}

const options = { timeout: 10_000 };

@Controller('health')
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly muck: MuckHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  check(): Promise<HealthCheckResult> {
    return this.health.check([() => this.muck.check('database', options)]);
  }
}

@Module({ imports: [TerminusModule], controllers: [HealthController], providers: [MuckHealthIndicator] })
class HealthModule {}

describe.each(places)('the health indicator, on $adapter and $database', ({ adapter, database }) => {
  let application: ScopedApplication;
  beforeAll(async () => {
    application = await openScopedApplication({
      database,
      adapter,
      entities: [Box],
      controllers: [],
      imports: [HealthModule],
      ...(database !== 'sqljs' && { options: { poolSize: 2 } }),
    });
  });
  afterAll(() => application.close());
  const check = async (): Promise<[number, { status: string; details: Record<string, unknown> }]> => {
    const { status, text } = await application.transport.send({ url: '/health' });
    return [status, JSON.parse(text) as never];
  };

  it('is up with the state of the pools while the database responds', async () => {
    const [status, { details }] = await check();
    const pool = { total: expect.any(Number), idle: expect.any(Number), waiting: 0, max: 2 };
    expect([status, details]).toEqual([
      200,
      { database: expect.objectContaining({ status: 'up', pools: database === 'sqljs' ? [] : [pool] }) },
    ]);
  });

  it('is down when no connection is free in time', async () => {
    const { dataSource } = application;
    const runners = [1, 2].map(() => dataSource.createQueryRunner());
    if (database === 'sqljs') await runners[0].startTransaction();
    else await Promise.all(runners.map((runner) => runner.connect()));
    options.timeout = 1;
    try {
      const [status, { details }] = await check();
      expect([status, details]).toEqual([
        503,
        { database: expect.objectContaining({ status: 'down', reason: 'timeout' }) },
      ]);
    } finally {
      options.timeout = 10_000;
      if (database === 'sqljs') await runners[0].rollbackTransaction();
      for (const runner of runners) await runner.release();
    }
    expect((await check())[0]).toBe(200);
  });

  it('is down when a library has replaced what isolation rests on', async () => {
    const { driver } = application.dataSource;
    const { escapeQueryWithParameters } = driver;
    const original = (Object.getPrototypeOf(driver) as typeof driver).escapeQueryWithParameters;
    driver.escapeQueryWithParameters = (...args) => original.apply(driver, args);
    try {
      const [status, { details }] = await check();
      expect([status, details]).toEqual([
        503,
        {
          database: expect.objectContaining({
            status: 'down',
            reason: 'isolation',
            replaced: ['escapeQueryWithParameters'],
          }),
        },
      ]);
    } finally {
      driver.escapeQueryWithParameters = escapeQueryWithParameters;
    }
  });

  it('is down when the database is gone, and tells no host and no text', async () => {
    await application.dataSource.destroy();
    try {
      const [status, body] = await check();
      expect([status, body.details]).toEqual([
        503,
        { database: expect.objectContaining({ status: 'down', reason: 'unreachable' }) },
      ]);
      expect(JSON.stringify(body)).not.toMatch(/127\.0\.0\.1|localhost|postgres|not connected/i);
    } finally {
      await application.dataSource.initialize();
    }
  });
});
