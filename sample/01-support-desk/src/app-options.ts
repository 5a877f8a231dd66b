import type { DatabaseUrl } from './database/data-source-options.js';

/** What the application needs to be told. Nothing in it reads the environment. */
export interface AppOptions {
  /** A database that `migrate` has run on. */
  readonly databaseUrl: DatabaseUrl;
  /** Signs access tokens. With it, tokens for any account can be made. */
  readonly jwtSecret: string;
  /** The HTTP server underneath; express unless given. */
  readonly adapter?: HttpAdapterName;
  /** Lets signed-in users see the SQL of their own requests, for the page on isolation; off unless given. For demonstrations only. */
  readonly showStatements?: boolean;
}

export type HttpAdapterName = 'express' | 'fastify';

/** Where the {@link AppOptions} are injected from. */
export const APP_OPTIONS = Symbol('APP_OPTIONS');
