import type { DataSourceOptions } from 'typeorm';

const { DATABASE_URL: url, SCHEMA: schema } = process.env as { DATABASE_URL: string; SCHEMA: string };

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
