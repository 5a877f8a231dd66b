import type { SelectQueryBuilder } from 'typeorm';
import { attacks, crossedIf } from '../../support/attack.js';
import { News, Note, Ticket } from '../../support/desk.js';
import { GLOBEX, tenancy } from '../../support/world.js';
import type { World } from '../../support/world.js';

const onlyPostgres = (reason: string): Record<string, string> => ({ sqljs: reason, mariadb: reason });

const tickets = (world: World): SelectQueryBuilder<Ticket> =>
  world.repo(Ticket).createQueryBuilder('t').select('t.subject', 'subject').withDeleted();

const predicate = (world: World): string => tickets(world).getQuery().split(' WHERE ')[1] ?? '1=1';

const selectFrom = (world: World, source: string): Promise<unknown> =>
  world.dataSource.createQueryBuilder().select('x.subject', 'subject').from(`(${source})`, 'x').getRawMany();

attacks('G-03 the predicate in the text of a scoped query', {
  'is not cut off by an aggregate that has an order of its own': {
    attempt: (world) =>
      world
        .repo(News)
        .createQueryBuilder('news')
        .select(
          `(SELECT MAX(t.subject) FROM ticket t WHERE ${predicate(world)} AND percentile_disc(0.5) WITHIN GROUP (ORDER BY news.id) IS NOT NULL OR 1=1)`,
          'subject',
        )
        .groupBy('news.text')
        .getRawMany(),
    not: onlyPostgres('it has no such aggregates'),
  },
  'does not limit a join of another part of a union': (world) => {
    const tenant = world.escape('organizationId');
    const second = {
      postgres: `SELECT DISTINCT ON (${predicate(world)}) 'x' FROM (SELECT 1 AS ${tenant}) t`,
      mariadb: `SELECT m.text FROM (SELECT 1 AS ${tenant}) t STRAIGHT_JOIN news m ON ${predicate(world)}`,
      sqljs: `SELECT m.text FROM (SELECT 1 AS ${tenant}) t, news m ON ${predicate(world)}`,
    }[world.kind === 'postgres15' ? 'postgres' : world.kind];
    const first = world.kind.startsWith('postgres')
      ? 'SELECT t.subject FROM (SELECT 1 AS one) n NATURAL INNER JOIN ticket t'
      : 'SELECT t.subject FROM (SELECT 1 AS one) n INNER JOIN ticket t';
    return selectFrom(world, `${first} UNION ALL ${second}`);
  },
});

attacks('G-03 what a function does to the server', {
  'is no setting that is called local by one of its parts': {
    attempt: async (world) => {
      await world.dataSource.query(
        `SELECT set_config(jsonb_build_array('search_path', true)->>0, 'pg_catalog', false)`,
      );
      const found = await tenancy.run(GLOBEX, () => world.repo(Note).count()).catch(() => 0);
      await tenancy.unscoped('puts it back', () => world.dataSource.query('RESET search_path'));
      return crossedIf(found === 0);
    },
    not: onlyPostgres('it has no such function'),
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
    not: onlyPostgres('it ends statements by a statement of its own'),
  },
});
