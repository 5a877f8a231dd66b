import { type DynamicModule, type INestApplication, type LoggerService, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { App } from 'supertest/types.js';

export type Adapter = 'express' | 'fastify';

export interface ApplicationOptions {
  readonly adapter?: Adapter;
  /** Silent by default; a test of what is logged gives its own. */
  readonly logger?: LoggerService;
  /** What a main.ts would do between create and listen: global pipes, a prefix. */
  readonly configure?: (app: INestApplication<App>) => void;
}

/**
 * The HTTP adapters that a promise must hold on: both, or the one that the environment variable TEST_ADAPTER names.
 *
 * @example
 * describe.each(adaptersToTest())('on %s', (adapter) => { … });
 */
export function adaptersToTest(): Adapter[] {
  const name = process.env['TEST_ADAPTER'];
  if (name === undefined) return ['express', 'fastify'];
  if (name !== 'express' && name !== 'fastify') throw new Error(`TEST_ADAPTER: "${name}" is none of express, fastify`);
  return [name];
}

/**
 * Boots a module as a real application, without listening; supertest takes its server. Rejects when it refuses to boot.
 *
 * @example
 * const app = await createApplication(AppModule, { adapter: 'fastify' });
 * await request(app.getHttpServer()).get('/tickets').expect(200);
 * await app.close();
 */
export async function createApplication(
  module: Type | DynamicModule,
  { adapter = adaptersToTest()[0], logger, configure }: ApplicationOptions = {},
): Promise<INestApplication<App>> {
  const app = await NestFactory.create<INestApplication<App>>(
    module,
    adapter === 'fastify' ? new FastifyAdapter() : new ExpressAdapter(),
    { abortOnError: false, logger: logger ?? false },
  );
  try {
    configure?.(app);
    await app.init();
    if (adapter === 'fastify') await (app as unknown as NestFastifyApplication).getHttpAdapter().getInstance().ready();
    return app;
  } catch (error) {
    // An application that refuses to start has connected to its database by then.
    await app.close().catch(() => undefined);
    throw error;
  }
}
