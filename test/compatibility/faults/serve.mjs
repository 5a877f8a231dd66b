// @ts-check
// Serves the compiled application in a process of its own, and tells its parent the port:
// `node serve.mjs <folder of the compiled application> express|fastify <URL of the database>`
import { pathToFileURL } from 'node:url';
import 'reflect-metadata';

const [, , folder, adapter, url] = process.argv;
const { NestFactory } = await import('@nestjs/core');
const { ExpressAdapter } = await import('@nestjs/platform-express');
const { FastifyAdapter } = await import('@nestjs/platform-fastify');
/** @type {typeof import('./application.js')} */
const { applicationModule } = await import(`${pathToFileURL(folder).href}/application.js`);

const app = await NestFactory.create(
  applicationModule(url),
  adapter === 'fastify' ? new FastifyAdapter() : new ExpressAdapter(),
  { logger: process.env['FAULTS_LOG'] ? undefined : false, abortOnError: false, return503OnClosing: true },
);
app.enableShutdownHooks();
await app.listen(0, '127.0.0.1');
const address = app.getHttpServer().address();
process.send?.(address.port);
// The parent's end must not leave a server behind, and waiting for it must not keep this process.
process.once('disconnect', () => process.exit(1));
process.channel?.unref();
