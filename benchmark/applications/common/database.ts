import type { DataSourceOptions } from 'typeorm';

const { DATABASE_URL, SCHEMA: schema } = process.env as { DATABASE_URL: string; SCHEMA: string };

/** The roles of an application with row-level security. */
export const APPLICATION_ROLE = 'muck_benchmark_app';
export const UNSCOPED_ROLE = 'muck_benchmark_unscoped';
export const ROLE_PASSWORD = 'secret';
export const isSecured = process.env['ROW_SECURITY'] === 'on';

const url = isSecured ? urlAs(APPLICATION_ROLE) : DATABASE_URL;

function urlAs(role: string): string {
  const own = new URL(DATABASE_URL);
  own.username = role;
  own.password = ROLE_PASSWORD;
  return own.href;
}

/** Connections of each contestant. They stay open while others are measured. */
export const POOL = { max: 10, idleTimeoutMillis: 0 };

/** Where `pg` connects. */
export const DRIVER_OPTIONS = { connectionString: url, options: `-c search_path=${schema}`, ...POOL };

/** How TypeORM connects; the entities are the caller's. */
export const ORM_OPTIONS = {
  type: 'postgres',
  url,
  schema,
  poolSize: POOL.max,
  extra: POOL,
} satisfies DataSourceOptions;
