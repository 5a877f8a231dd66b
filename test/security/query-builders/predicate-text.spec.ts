import type { SelectQueryBuilder } from 'typeorm';
import { attacks } from '../../support/attack.js';
import { News, Ticket } from '../../support/desk.js';
import type { World } from '../../support/world.js';

const onlyPostgres = (reason: string): Record<string, string> => ({ sqljs: reason, mariadb: reason });

const tickets = (world: World): SelectQueryBuilder<Ticket> =>
  world.repo(Ticket).createQueryBuilder('t').select('t.subject', 'subject').withDeleted();

const predicate = (world: World): string => tickets(world).getQuery().split(' WHERE ')[1] ?? '1=1';

const selectFrom = (world: World, source: string, parameters: object = {}): Promise<unknown> =>
  world.dataSource
    .createQueryBuilder()
    .select('x.subject', 'subject')
    .from(`(${source})`, 'x')
    .setParameters(parameters)
    .getRawMany();

attacks('G-03 the predicate in the text of a scoped query', {
  'is not cut off on its left by a parameter that is named like a keyword': (world) =>
    selectFrom(world, `SELECT t.subject FROM ticket t WHERE 1=1 OR t.points = :where AND ${predicate(world)}`, {
      where: 1,
    }),
  'is not cut off on its left by a parameter of a join': (world) =>
    selectFrom(
      world,
      world.kind.startsWith('postgres')
        ? `SELECT t.subject FROM (SELECT 1 AS one) n NATURAL INNER JOIN ticket t WHERE 1=1 OR t.points = :on AND ${predicate(world)}`
        : `SELECT t.subject FROM (SELECT 1 AS one) n INNER JOIN ticket t WHERE 1=1 OR t.points = :on AND ${predicate(world)}`,
      { on: 1 },
    ),
  'is not cut off on its right by a parameter that is named like a keyword': (world) =>
    selectFrom(world, `SELECT t.subject FROM ticket t WHERE ${predicate(world)} AND :limit OR 1=1`, { limit: true }),
  'is not cut off on its right by a column that is named like a keyword': (world) =>
    selectFrom(
      world,
      `SELECT t.subject FROM ticket t CROSS JOIN (SELECT 1 AS ${world.escape('offset')}) o WHERE ${predicate(world)} AND o.offset > 0 OR 1=1`,
    ),
  'is not cut off on its right by a function that is named like a keyword': {
    attempt: (world) =>
      selectFrom(world, `SELECT t.subject FROM ticket t WHERE ${predicate(world)} AND LEFT(t.subject, 1) <> '' OR 1=1`),
    not: { sqljs: 'it has no such function' },
  },
  'is not an element of an array that is there in any case': {
    attempt: (world) =>
      selectFrom(world, `SELECT t.subject FROM ticket t WHERE ARRAY[true AND ${predicate(world)} AND true] NOTNULL`),
    not: onlyPostgres('it has no arrays'),
  },
  'is not an element of an array that differs from nothing': {
    attempt: (world) =>
      selectFrom(
        world,
        `SELECT t.subject FROM ticket t WHERE ARRAY[true AND ${predicate(world)} AND true] IS DISTINCT FROM NULL`,
      ),
    not: onlyPostgres('it has no arrays'),
  },
  'does not limit another alias that differs in a capital': {
    attempt: (world) =>
      selectFrom(
        world,
        `SELECT ${world.escape('T')}.subject FROM ticket ${world.escape('T')}, (SELECT 1 AS ${world.escape('organizationId')}) t WHERE ${predicate(world)}`,
      ),
    not: { sqljs: 'capitals make no difference there' },
  },
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
