// @ts-check
import { dropLeftovers } from './servers.mjs';

/** Runs once, after the last test file. */
export default async function globalTeardown() {
  if (process.env.TEST_SERVERS) await dropLeftovers(JSON.parse(process.env.TEST_SERVERS));
  const { embeddedPostgres } = /** @type {{ embeddedPostgres?: import('./embedded-postgres.mjs').EmbeddedServer }} */ (
    globalThis
  );
  await embeddedPostgres?.stop();
}
