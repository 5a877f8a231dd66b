import { RequestMethod } from '@nestjs/common';
import type { INestApplication, LogLevel } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AbstractHttpAdapter } from '@nestjs/core';
import type { AppOptions, HttpAdapterName } from './app-options.js';
import { AppModule } from './app.module.js';
import { serveDocs } from './docs/serve-docs.js';
import { PUBLIC_ROUTES } from './web/public-routes.js';

export type { AppOptions, HttpAdapterName } from './app-options.js';
export { migrate } from './database/migrate.js';
export { seed } from './database/seed.js';

/** The application logs warnings and errors. The launcher says that it runs. */
const LOG_LEVELS: LogLevel[] = ['fatal', 'error', 'warn'];

/**
 * Makes the application, ready for `init()` or `listen()`. The same one is served and tested.
 *
 * @param options its database has been through {@link migrate}
 * @example
 * await migrate(databaseUrl);
 * const app = await createApp({ databaseUrl, jwtSecret: 'only for tests' });
 * await app.init();
 * await seed(app.get(DataSource));
 */
export async function createApp(options: AppOptions): Promise<INestApplication> {
  const app = await NestFactory.create(AppModule.with(options), await adapterOf(options.adapter ?? 'express'), {
    logger: LOG_LEVELS,
    abortOnError: false,
  });
  app.setGlobalPrefix('api', {
    exclude: PUBLIC_ROUTES.map((path) => ({ path, method: RequestMethod.GET })),
  });
  serveDocs(app);
  return app;
}

/** Loads the one that is asked for only: an application that uses Express need not have Fastify. */
async function adapterOf(name: HttpAdapterName): Promise<AbstractHttpAdapter> {
  if (name === 'fastify') {
    const { FastifyAdapter } = await import('@nestjs/platform-fastify');
    return new FastifyAdapter();
  }
  const { ExpressAdapter } = await import('@nestjs/platform-express');
  return new ExpressAdapter();
}
