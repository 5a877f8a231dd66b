import { readFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import type { Client, Notification } from 'pg';
import { attacksAlone, crossedIf } from '../../support/attack.js';
import type { SpecialAttempt } from '../../support/attack.js';
import { Note } from '../../support/desk.js';
import { foreign, GLOBEX, tenancy } from '../../support/world.js';
import type { World } from '../../support/world.js';

/*
 * A pooled connection serves one tenant after the other. What a statement leaves on it, or in a file of the server, is there for the next
 * tenant, in a place without an entity.
 */

type Kinds = Record<string, string>;
const onlyMariadb: Kinds = {
  sqljs: 'MySQL alone has it',
  postgres: 'MySQL alone has it',
  postgres15: 'MySQL alone has it',
};
const onlyPostgres: Kinds = { sqljs: 'PostgreSQL alone has it', mariadb: 'PostgreSQL alone has it' };
const onlyPageinspect: Kinds = { ...onlyPostgres, postgres: 'its server comes without extensions' };

/** Globex runs a query of its own notes with a text in its SELECT. */
const globexSelects = (world: World, text: string): Promise<unknown> =>
  tenancy.run(GLOBEX, () =>
    world.repo(Note).createQueryBuilder('note').select(text).where({ id: foreign.note }).getRawMany(),
  );

/** Asks on several connections, one of which Globex has used. */
async function askAll(world: World, sql: string): Promise<unknown[]> {
  return Promise.all(Array.from({ length: 10 }, () => world.dataSource.query(sql).catch(String)));
}

async function heard(world: World, notify: () => Promise<unknown>): Promise<unknown> {
  return world.withRunner(async (runner) => {
    const client = (await runner.connect()) as Client;
    const messages: Notification[] = [];
    client.on('notification', (message) => messages.push(message));
    await runner.query('LISTEN muck');
    await notify();
    await runner.query('SELECT 1');
    await runner.query('UNLISTEN *');
    return messages.map(({ payload }) => payload);
  });
}

attacksAlone('G-09 what a statement leaves behind for the next tenant', {
  'is no user variable that a builder assigns': {
    attempt: async (world) => {
      await globexSelects(world, '@left := note.body');
      return askAll(world, 'SELECT @left AS body');
    },
    not: onlyMariadb,
  },
  'is no user variable that a condition assigns': {
    attempt: async (world) => {
      await tenancy.run(GLOBEX, () =>
        world.repo(Note).createQueryBuilder('note').where("(@met := note.body) <> ''").getMany(),
      );
      return askAll(world, 'SELECT @met AS body');
    },
    not: onlyMariadb,
  },
  'is no user variable that SELECT INTO sets': {
    attempt: async (world) => {
      await globexSelects(world, 'note.body INTO @kept');
      return askAll(world, 'SELECT @kept AS body');
    },
    not: onlyMariadb,
  },
  'is no user variable that an unscoped section has set': {
    attempt: async (world) => {
      await tenancy.unscoped('why', () =>
        world.dataSource.query("SELECT @set := MAX(body) FROM note WHERE body LIKE '%globex%'"),
      );
      return askAll(world, 'SELECT @set AS body');
    },
    not: onlyMariadb,
  },
  'is no value of LAST_INSERT_ID': {
    attempt: async (world) => {
      await globexSelects(world, 'LAST_INSERT_ID(note.id)');
      const rows = await askAll(world, 'SELECT LAST_INSERT_ID() AS id');
      return crossedIf(rows.flat().some((row) => Number((row as { id: unknown }).id) === foreign.note));
    },
    not: onlyMariadb,
  },
  'is no file that the server writes': {
    attempt: async (world) => {
      const file = `/tmp/muck-${randomUUID()}`;
      await globexSelects(world, `note.body INTO OUTFILE '${file}'`);
      return readFile(file, 'utf8');
    },
    not: onlyMariadb,
  },
  'is no table that SELECT INTO makes': {
    attempt: async (world) => {
      await globexSelects(world, 'note.body INTO copied');
      const rows = await askAll(world, 'SELECT * FROM copied');
      await tenancy.unscoped('cleans up', () => world.dataSource.query('DROP TABLE copied'));
      return rows;
    },
    not: onlyPostgres,
  },
  'is no temporary table that SELECT INTO makes': {
    attempt: async (world) => {
      await globexSelects(world, 'note.body INTO TEMP kept_for_later');
      return askAll(world, 'SELECT * FROM kept_for_later');
    },
    not: onlyPostgres,
  },
  'is no notification of another tenant, selected': {
    attempt: (world) => heard(world, () => globexSelects(world, "pg_notify('muck', note.body)")),
    not: onlyPostgres,
  },
  'is no notification of another tenant, sent as raw SQL': {
    attempt: (world) =>
      heard(world, () => tenancy.run(GLOBEX, () => world.dataSource.query("NOTIFY muck, 'of globex'"))),
    not: onlyPostgres,
  },
});

attacksAlone('G-09 what a server tells of a table that is named in a text', {
  'are no rows of its pages': {
    given: ({ dataSource }) => dataSource.query('CREATE EXTENSION IF NOT EXISTS pageinspect'),
    attempt: ({ dataSource }) =>
      dataSource.query(`SELECT encode(t_data, 'escape') AS row FROM heap_page_items(get_raw_page('no' || 'te', 0))`),
    not: onlyPageinspect,
  },
  'is not how much it holds': {
    attempt: async ({ dataSource }) => {
      const [{ size }] = await dataSource.query<{ size: string }[]>(
        `SELECT pg_total_relation_size('no' || 'te') AS size`,
      );
      return crossedIf(Number(size) > 0);
    },
    not: onlyPostgres,
  },
  'are no counters of its rows': {
    attempt: async ({ dataSource }) =>
      crossedIf(
        (await dataSource.query<unknown[]>(`SELECT n_tup_ins FROM pg_stat_user_tables WHERE relname = 'no' || 'te'`))
          .length > 0,
      ),
    not: onlyPostgres,
  },
});

const postgresOnly = (reason: string): Kinds => ({ sqljs: reason, mariadb: reason });
const mariadbOnly = (reason: string): Kinds => ({ sqljs: reason, postgres: reason, postgres15: reason });

/** Whether Globex's note is gone after it was stored. */
async function lost({ repo }: World, before: () => Promise<unknown>, after: () => Promise<unknown>): Promise<string> {
  await before();
  const stored = await tenancy.run(GLOBEX, () =>
    repo(Note)
      .insert({ body: 'kept', organizationId: 2 })
      .then(
        () => true,
        () => false,
      ),
  );
  await after().catch(() => undefined);
  return tenancy.run(GLOBEX, async () => {
    const found = stored
      ? await repo(Note)
          .countBy({ body: 'kept' })
          .catch(() => 0)
      : 0;
    await repo(Note)
      .delete({ body: 'kept' })
      .catch(() => undefined);
    return crossedIf(found === 0);
  });
}

const byHand = (world: World, sql: string): Promise<unknown> => world.dataSource.query(sql);

/** An attempt whose first statement should be refused. */
const refused = (attempt: (world: World) => Promise<unknown>, not: SpecialAttempt['not'] = {}): SpecialAttempt => ({
  attempt,
  not,
});

attacksAlone('G-09 what a statement leaves behind on a connection', {
  'is no transaction that takes the next tenant along': refused((world) =>
    lost(
      world,
      () => byHand(world, 'BEGIN'),
      () => byHand(world, 'ROLLBACK'),
    ),
  ),
  'is no setting that a function makes': refused(
    (world) =>
      lost(
        world,
        () => byHand(world, `SELECT set_config('search_path', 'pg_catalog', false)`),
        () => tenancy.unscoped('puts it back', () => byHand(world, 'RESET search_path')),
      ),
    postgresOnly('it has no such function'),
  ),
  'is no session that only reads': refused(
    (world) =>
      lost(
        world,
        () => byHand(world, 'SET SESSION TRANSACTION READ ONLY'),
        () => tenancy.unscoped('puts it back', () => byHand(world, 'SET SESSION TRANSACTION READ WRITE')),
      ),
    mariadbOnly('such a setting ends with its transaction there'),
  ),
});

attacksAlone('G-09 what the server is doing', {
  'is not shown by the list of its connections': {
    attempt: (world) =>
      world.withRunner(async (runner) => {
        const running = tenancy
          .run(GLOBEX, () => runner.query("SELECT SLEEP(0.3), 'globex' AS secret"))
          .catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, 100));
        const seen = await byHand(world, 'SHOW FULL PROCESSLIST').finally(() => running);
        return seen;
      }),
    not: mariadbOnly('it has no such list'),
  },
  'is not shown by a function about its connections': {
    attempt: (world) =>
      world.withRunner(async (runner) => {
        await tenancy.run(GLOBEX, () => runner.query("SELECT 'globex' AS secret"));
        return byHand(world, 'SELECT query FROM pg_stat_get_activity(NULL)');
      }),
    not: postgresOnly('it has no such function'),
  },
});

attacksAlone('G-09 what a function does to the server', {
  'is no setting that is called local by one of its parts': {
    attempt: async (world) => {
      await world.dataSource.query(
        `SELECT set_config(jsonb_build_array('search_path', true)->>0, 'pg_catalog', false)`,
      );
      const found = await tenancy.run(GLOBEX, () => world.repo(Note).count()).catch(() => 0);
      await tenancy.unscoped('puts it back', () => world.dataSource.query('RESET search_path'));
      return crossedIf(found === 0);
    },
    not: postgresOnly('it has no such function'),
  },
  'ends no statement of another tenant': {
    attempt: (world) =>
      world.withRunner(async (runner) => {
        const [{ pid }] = (await tenancy.unscoped('knows the connection', () =>
          runner.query('SELECT pg_backend_pid() AS pid'),
        )) as unknown as readonly { readonly pid: number }[];
        const running = tenancy
          .run(GLOBEX, () => runner.query('SELECT pg_sleep(0.5)'))
          .then(
            () => false,
            () => true,
          );
        await new Promise((resolve) => setTimeout(resolve, 100));
        // That one only: other test files use the same server.
        await world.dataSource
          .query(`SELECT pg_cancel_backend(pid) FROM pg_locks WHERE pid = ${pid}`)
          .catch(() => undefined);
        return crossedIf(await running);
      }),
    not: postgresOnly('it ends statements by a statement of its own'),
  },
});
