// @ts-check
import { startEmbeddedPostgres } from './embedded-postgres.mjs';
import { findServers, isQuick } from './servers.mjs';

/** Runs once, before the first test file; the workers inherit what it writes to the environment. */
export default async function globalSetup() {
  if (process.env.TEST_SERVERS) return;
  const embedded = process.env.TEST_PG_URL || isQuick() ? undefined : await startEmbeddedPostgres();
  Object.assign(globalThis, { embeddedPostgres: embedded });
  if (embedded) process.env.TEST_PG_URL = embedded.url;
  try {
    process.env.TEST_SERVERS = JSON.stringify(await findServers());
  } catch (error) {
    // Jest does not tear down what it failed to set up.
    await embedded?.stop();
    throw error;
  }
}
