import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, isBuilt, LIBRARY, SUPPORT_DESK } from './build.mjs';
import { requireDatabase } from './database-url.mjs';
import { waitForLock } from './lock.mjs';
import { DATA } from './paths.mjs';
import { portProblem, requireFreePort } from './port.mjs';
import { reserveData, startEmbeddedPostgres } from './postgres/embedded.mjs';
import { keptSecret } from './secret.mjs';

/**
 * All that comes before the first request: what can be refused at once, then the build, the database, the application.
 *
 * @param {import('./run.mjs').Run} run
 * @param {import('./settings.mjs').Settings} settings
 * @param {(line: string) => void} report
 * @returns {Promise<string>} where it is served
 */
export async function serve(run, settings, report) {
  // What is made here is read by the user that PostgreSQL runs as, whatever this user's habits are.
  process.umask(0o022);
  mkdirSync(DATA, { recursive: true });
  await run.step(() => requireFreePort(settings.host, settings.port));
  if (settings.databaseUrl === undefined) reserveData(run);
  else await run.step(() => requireDatabase(settings.databaseUrl));

  await run.step(() => buildAll(run.signal, report));
  const databaseUrl = settings.databaseUrl ?? (await startEmbeddedPostgres(run, report));
  return run.step(() => startServer(run, settings, databaseUrl, report));
}

/**
 * @param {AbortSignal} signal
 * @param {(line: string) => void} report
 */
async function buildAll(signal, report) {
  const lock = await waitForLock(join(DATA, 'build.lock'), signal);
  try {
    for (const target of [LIBRARY, SUPPORT_DESK]) {
      if (isBuilt(target)) continue;
      report(`Building ${target.name}`);
      await build(target, signal);
    }
  } finally {
    lock.release();
  }
}

/**
 * Runs the built application in this process.
 *
 * @param {import('./run.mjs').Run} run
 * @param {import('./settings.mjs').Settings} settings
 * @param {string} databaseUrl
 * @param {(line: string) => void} report
 * @returns {Promise<string>} where it is served
 */
async function startServer(run, { host, port, adapter, jwtSecret }, databaseUrl, report) {
  const { main } = await import(pathToFileURL(join(SUPPORT_DESK.output, 'main.js')).href);
  const options = {
    host,
    port,
    adapter,
    databaseUrl,
    showStatements: true,
    jwtSecret: jwtSecret ?? keptSecret(join(DATA, 'jwt-secret')),
  };
  try {
    const app = await main(options, report);
    run.closeAtEnd('the server', () => app.close());
    return urlOf(app.getHttpServer().address());
  } catch (error) {
    // Another process may have taken the port since it was looked at.
    throw portProblem(error, host, port);
  }
}

/** @param {{ address: string, port: number }} address */
function urlOf({ address, port }) {
  const isLocal = ['127.0.0.1', '0.0.0.0', '::', '::1'].includes(address);
  return `http://${isLocal ? 'localhost' : address}:${port}`;
}
