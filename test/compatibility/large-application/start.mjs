// @ts-check
// Starts the application once, in a process of its own, and prints how long that took:
// `node start.mjs <folder of the compiled application> plain|crud <SQLite file>`. If there is no file, it makes the schema and writes it there.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import 'reflect-metadata';

const [, , folder, parts, file] = process.argv;
const { NestFactory } = await import('@nestjs/core');
const { ExpressAdapter } = await import('@nestjs/platform-express');
const { DataSource } = await import('typeorm');
/** @type {typeof import('./application.js')} */
const { applicationModule, dataSourceOptions, model } = await import(`${pathToFileURL(folder).href}/application.js`);

if (!existsSync(file)) {
  const dataSource = new DataSource({ type: 'sqljs', ...dataSourceOptions, synchronize: true });
  await dataSource.initialize();
  const { databaseConnection } = /** @type {{ databaseConnection: { export(): Uint8Array } }} */ (
    /** @type {unknown} */ (dataSource.driver)
  );
  writeFileSync(file, databaseConnection.export());
  process.exit();
}
const database = { type: 'sqljs', database: readFileSync(file) };
const before = performance.now();
const module = applicationModule(database, /** @type {'crud' | 'plain'} */ (parts));
const app = await NestFactory.create(module, new ExpressAdapter(), { logger: false, abortOnError: false });
await app.init();
const now = performance.now();
/** @type {{ _router?: { stack: unknown[] }, router?: { stack: { route?: unknown }[] } }} */
const express = app.getHttpAdapter().getInstance();
const routes = (express.router?.stack ?? []).filter(({ route }) => route !== undefined).length;
console.log(JSON.stringify({ entities: model.entities.length, routes, init: now - before, whole: now }));
await app.close();
