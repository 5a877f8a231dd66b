import { LaunchError } from './launch-error.mjs';

/**
 * What the environment says, checked.
 *
 * @typedef {object} Settings
 * @property {number} port
 * @property {string} host
 * @property {'express' | 'fastify'} adapter
 * @property {string | undefined} databaseUrl undefined: a PostgreSQL of its own
 * @property {string | undefined} jwtSecret undefined: a random one, kept in the data folder
 */

/**
 * Reads the environment. An empty variable counts as one that is not set.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {Settings}
 * @throws {LaunchError} naming the variable and what it may be
 */
export function readSettings(env) {
  return {
    port: portOf(env.PORT || '3000'),
    // This computer only: the passwords of the demo data are known to everyone.
    host: env.HOST || '127.0.0.1',
    adapter: adapterOf(env.ADAPTER || 'express'),
    databaseUrl: databaseUrlOf(env.DATABASE_URL || undefined),
    jwtSecret: env.JWT_SECRET || undefined,
  };
}

/** @param {string} value */
function portOf(value) {
  const port = Number(value);
  if (/^\d+$/.test(value) && port <= 65_535) return port;
  throw new LaunchError(`PORT is "${value}": it must be a whole number from 0 to 65535 (0 takes a free one).`);
}

/** @param {string} value */
function adapterOf(value) {
  if (value === 'express' || value === 'fastify') return value;
  throw new LaunchError(`ADAPTER is "${value}": it must be express or fastify.`);
}

/**
 * The value is not shown: it holds a password.
 *
 * @param {string | undefined} value
 */
function databaseUrlOf(value) {
  if (value === undefined) return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url && ['postgres:', 'postgresql:'].includes(url.protocol) && url.hostname && url.pathname.length > 1)
    return value;
  throw new LaunchError('DATABASE_URL must look like postgres://user:password@localhost:5432/support_desk.');
}
