// @ts-check
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * What a fault can do harm with.
 *
 * @typedef {object} Stage
 * @property {import('../../support/embedded-postgres.mjs').EmbeddedServer} server
 * @property {import('./proxy.mjs').Network} network between the application and the server
 * @property {() => Promise<import('pg').Client>} connect past that network; the caller ends the connection
 */

/**
 * @typedef {object} Scenario
 * @property {string} title
 * @property {'none' | 'touch' | 'count'} [contention]
 * @property {(stage: Stage) => Promise<(() => Promise<void>) | string | void>} [prepare] before there is load. Returns what undoes it, or
 *   why the machine cannot do it
 * @property {(stage: Stage) => Promise<void>} run from the fault to its end
 */

const pause = (/** @type {number} */ milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** @type {readonly Scenario[]} */
export const SCENARIOS = [
  {
    title: 'PostgreSQL killed, and back',
    async run({ server }) {
      await server.kill();
      await pause(1000);
      await server.start();
    },
  },
  {
    title: 'connections cut, also within transactions',
    async run({ connect }) {
      const client = await connect();
      for (let cut = 0; cut < 25; cut += 1) {
        await client.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'faults'
           ORDER BY state = 'idle in transaction' DESC, random() LIMIT 1`,
        );
        await pause(60);
      }
      await client.end();
    },
  },
  {
    title: 'frozen network',
    async run({ network }) {
      network.freeze();
      await pause(2500);
      network.thaw();
    },
  },
  {
    title: 'pool exhausted',
    async run({ connect }) {
      const client = await connect();
      await client.query('BEGIN; LOCK TABLE item IN ACCESS EXCLUSIVE MODE');
      await pause(2500);
      await client.query('ROLLBACK');
      await client.end();
    },
  },
  { title: 'deadlocks', contention: 'touch', run: () => pause(2500) },
  { title: 'serialization failures', contention: 'count', run: () => pause(2500) },
  {
    title: 'time-outs of locks and statements',
    async run({ connect }) {
      const [rows, table] = [await connect(), await connect()];
      // Rows of half of the writes for longer than lock_timeout; then each statement for longer than statement_timeout.
      await rows.query('BEGIN; SELECT id FROM item WHERE id % 2 = 0 FOR UPDATE');
      await pause(1500);
      await rows.query('ROLLBACK');
      await table.query("ALTER ROLE postgres SET lock_timeout = '5s'");
      await table.query(`CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_sleep(2.5) WHERE NEW.id % 3 = 0; RETURN NEW; END'`);
      await table.query('CREATE TRIGGER slow BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION slow()');
      await pause(2500);
      await table.query('DROP TRIGGER slow ON item; DROP FUNCTION slow; ALTER ROLE postgres RESET lock_timeout');
      await Promise.all([rows.end(), table.end()]);
    },
  },
  {
    title: 'disk full',
    async prepare({ server, connect }) {
      const folder = await mkdtemp(join(tmpdir(), 'nestjs-muck-disk-'));
      const { uid, gid } = await stat(server.folder);
      const options = `size=24m,mode=700,uid=${uid},gid=${gid}`;
      const { status, stderr, error } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], {
        encoding: 'utf8',
      });
      const remove = () => rm(folder, { recursive: true, force: true });
      if (status !== 0) {
        await remove();
        return `this machine cannot mount a small disk: ${(error?.message ?? stderr).trim()}`;
      }
      disk = folder;
      const unmount = () => spawnSync('umount', [folder]);
      process.once('exit', unmount);
      const client = await connect();
      await client.query(`CREATE TABLESPACE small LOCATION '${folder}'`);
      await client.query('ALTER TABLE item SET TABLESPACE small');
      await client.end();
      return async () => {
        const client = await connect();
        await client.query('ALTER TABLE item SET TABLESPACE pg_default');
        await client.query('DROP TABLESPACE small');
        await client.end();
        process.off('exit', unmount);
        unmount();
        await remove();
      };
    },
    async run() {
      const { bavail, bsize } = await statfs(disk);
      const filler = join(disk, 'filler');
      // The server writes meanwhile: where it was faster, the disk is full before the filler is whole.
      await writeFile(filler, Buffer.alloc(Math.max(0, bavail - 2) * bsize)).catch((error) => {
        if (error.code !== 'ENOSPC') throw error;
      });
      await pause(2500);
      await rm(filler);
    },
  },
];

/** Where the small disk is. */
let disk = '';
