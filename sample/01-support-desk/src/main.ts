import type { INestApplication } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { createApp, migrate, seed, type AppOptions } from './app.js';

/** The application's options and where it listens. */
export interface ServerOptions extends AppOptions {
  readonly host: string;
  readonly port: number;
}

/**
 * Brings the database up to date, fills it if it is empty, and serves the application.
 *
 * @param report is told what is going on, one line at a time
 * @returns the running application; the caller closes it
 */
export async function main(options: ServerOptions, report: (line: string) => void): Promise<INestApplication> {
  const migrations = await migrate(options.databaseUrl);
  report(migrations.length === 0 ? 'Tables are up to date' : `Tables made by ${migrations.join(', ')}`);
  const app = await createApp(options);
  try {
    await app.init();
    report((await seed(app.get(DataSource))) ? 'Demo data written' : 'Data kept from last time');
    await app.listen(options.port, options.host);
    return app;
  } catch (error) {
    await app.close();
    throw error;
  }
}
