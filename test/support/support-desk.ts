import type { INestApplication } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import request from 'supertest';
import type { App } from 'supertest/types.js';
import { DataSource } from 'typeorm';
import { createApp, migrate, seed } from '../../sample/01-support-desk/src/app.js';
import type { Adapter } from './adapters.js';
import { createDatabase } from './databases.js';

/** The sample application with its demo data, in a database of its own. */
export interface SupportDesk {
  readonly app: INestApplication<App>;
  readonly dataSource: DataSource;
  /** An access token of a demo user. */
  signIn(email: string): Promise<string>;
  close(): Promise<void>;
}

/** Boots the sample application, without listening unless `listen` is asked for, and without showing statements unless that is. */
export async function openSupportDesk(
  adapter: Adapter,
  { listen = false, showStatements = false } = {},
): Promise<SupportDesk> {
  const database = await createDatabase('postgres');
  const { url: databaseUrl } = database.options as { url: string };
  await migrate(databaseUrl);
  const options = { databaseUrl, adapter, showStatements, jwtSecret: 'only for tests' };
  const app = (await createApp(options)) as INestApplication<App>;
  await app.init();
  const dataSource = app.get(DataSource);
  await seed(dataSource);
  if (adapter === 'fastify') await (app as unknown as NestFastifyApplication).getHttpAdapter().getInstance().ready();
  if (listen) await app.listen(0, '127.0.0.1');
  return {
    app,
    dataSource,
    signIn: async (email) => {
      const answer = await request(app.getHttpServer())
        .post('/api/auth/login')
        .send({ email, password: 'demo' })
        .expect(200);
      return (answer.body as { accessToken: string }).accessToken;
    },
    close: async () => {
      await app.close();
      await database.drop();
    },
  };
}
