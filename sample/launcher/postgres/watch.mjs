import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

const RETRY_MS = 200;

/**
 * Notices when a server ends: it holds a connection, which breaks then.
 *
 * @param {string} url
 * @param {() => Promise<boolean>} isRunning asked when the connection breaks: a single one may break without the server
 * @param {() => void} ended is called when the server has ended, and never after `close`
 * @returns {Promise<{ close: () => Promise<void> }>}
 */
export async function watch(url, isRunning, ended) {
  let isOver = false;
  let connection = await connect(url);

  async function untilItEnds() {
    for (;;) {
      await connection?.broken;
      if (isOver) return;
      if (!(await isRunning())) return ended();
      connection = await connect(url).catch(() => undefined);
      if (connection === undefined) await sleep(RETRY_MS);
    }
  }

  void untilItEnds();
  return {
    close: async () => {
      isOver = true;
      await connection?.client.end().catch(() => undefined);
    },
  };
}

/**
 * @param {string} url
 * @returns {Promise<{ client: pg.Client, broken: Promise<void> }>}
 */
async function connect(url) {
  const client = new pg.Client({ connectionString: url });
  // An error comes before the end, which is what counts.
  client.on('error', () => undefined);
  /** @type {Promise<void>} */
  const broken = new Promise((resolve) => client.once('end', () => resolve()));
  await client.connect();
  return { client, broken };
}
