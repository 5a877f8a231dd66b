import type { SelectQueryBuilder } from 'typeorm';
import { attacks, crossedIf } from '../../support/attack.js';
import type { SpecialAttempt } from '../../support/attack.js';
import { News, Note, Quote, Ticket } from '../../support/desk.js';
import { foreign, GLOBEX, own, tenancy } from '../../support/world.js';
import type { World } from '../../support/world.js';

type Kinds = Record<string, string>;

const onlyPostgres = (reason: string): Kinds => ({ sqljs: reason, mariadb: reason });
const onlyMariadb = (reason: string): Kinds => ({ sqljs: reason, postgres: reason, postgres15: reason });
const notOn = (kind: string, reason: string): Kinds =>
  kind === 'postgres' ? { postgres: reason, postgres15: reason } : { [kind]: reason };

const tickets = (world: World, alias = 't'): SelectQueryBuilder<Ticket> =>
  world.repo(Ticket).createQueryBuilder(alias).select(`${alias}.subject`, 'subject').withDeleted();

const predicate = (world: World, otherwise = '1=1'): string =>
  tickets(world).getQuery().split(' WHERE ')[1] ?? otherwise;

const selectFrom = (world: World, source: string, parameters: object = {}): Promise<unknown> =>
  world.dataSource
    .createQueryBuilder()
    .select('x.subject', 'subject')
    .from(`(${source})`, 'x')
    .setParameters(parameters)
    .getRawMany();

/** A sub-select on tickets in raw SQL, in a statement that also reads tickets as it should. */
const beside = (world: World, source: string, parameters: object = {}): Promise<unknown> =>
  tickets(world).select(`(SELECT MAX(x.subject) FROM ${source})`, 'subject').setParameters(parameters).getRawMany();

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
});

attacks('G-09 a table in raw SQL beside the same table in a builder', {
  'is found behind a parameter that is named like a keyword': (world) =>
    beside(world, 'news n JOIN news m ON m.id <> :where, ticket x', { where: 0 }),
  'is found behind an alias that is a keyword elsewhere': {
    attempt: (world) => beside(world, 'news set, ticket x'),
    not: onlyPostgres('it takes no such alias'),
  },
  'is found behind an alias that is a list elsewhere': {
    attempt: (world) => beside(world, 'news values, ticket x'),
    not: onlyPostgres('it takes no such alias'),
  },
  'is found behind a hint about orders': {
    attempt: (world) => beside(world, 'news n USE INDEX FOR ORDER BY (PRIMARY), ticket x'),
    not: onlyMariadb('it has no hints'),
  },
  'is found behind a function that is named like a keyword': {
    attempt: (world) => beside(world, 'news n JOIN news m ON DEFAULT(n.id) IS NULL OR 1=1, ticket x'),
    not: onlyMariadb('it has no such function'),
  },
  'is found behind a column that is named like a keyword': {
    attempt: (world) => beside(world, `news n JOIN (SELECT 1 AS "offset") o ON offset = 1, ticket x`),
    not: { ...notOn('postgres', 'it takes no such name'), mariadb: 'it takes no such name' },
  },
});

attacks('G-09 a table in raw SQL', {
  'is found beside an alias of its name': {
    attempt: ({ dataSource, kind }) =>
      dataSource.query(
        kind === 'mariadb'
          ? 'SELECT x.subject FROM news ticket USE INDEX FOR ORDER BY (PRIMARY), ticket x'
          : kind === 'sqljs'
            ? 'SELECT x.subject FROM news ticket JOIN (SELECT 1 AS "offset") o ON offset = 1, ticket x'
            : 'SELECT x.subject FROM news ticket, news set, ticket x',
      ),
    not: {},
  },
  'is found when its alias is half of a keyword': {
    attempt: ({ repo }) =>
      repo(News)
        .createQueryBuilder('news')
        .select('(SELECT MAX(subject) FROM news n JOIN news m ON m.id <> :where, ticket by)', 'subject')
        .setParameter('where', 0)
        .getRawMany(),
    not: { mariadb: 'it takes no such alias' },
  },
  'is found when an alias is named like its schema': {
    attempt: ({ repo, kind }) => {
      const schema = kind === 'sqljs' ? 'main' : 'public';
      return repo(News)
        .createQueryBuilder('news')
        .select(
          `(SELECT MAX(x.subject) FROM news ${schema} JOIN news m ON m.id <> :where, ${schema}.ticket x)`,
          'subject',
        )
        .setParameter('where', 0)
        .getRawMany();
    },
    not: { mariadb: 'a schema is a database there' },
  },
});

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

attacks('G-09 what a statement leaves behind on a connection', {
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
    onlyPostgres('it has no such function'),
  ),
  'is no session that only reads': refused(
    (world) =>
      lost(
        world,
        () => byHand(world, 'SET SESSION TRANSACTION READ ONLY'),
        () => tenancy.unscoped('puts it back', () => byHand(world, 'SET SESSION TRANSACTION READ WRITE')),
      ),
    onlyMariadb('such a setting ends with its transaction there'),
  ),
});

attacks('G-09 what the server is doing', {
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
    not: onlyMariadb('it has no such list'),
  },
  'is not shown by a function about its connections': {
    attempt: (world) =>
      world.withRunner(async (runner) => {
        await tenancy.run(GLOBEX, () => runner.query("SELECT 'globex' AS secret"));
        return byHand(world, 'SELECT query FROM pg_stat_get_activity(NULL)');
      }),
    not: onlyPostgres('it has no such function'),
  },
});

attacks('G-09 a value that is an object', {
  'is no SQL when it is asked again': {
    attempt: async (world) => {
      const answers: unknown[] = [];
      for (let honest = 0; honest < 12; honest += 1) {
        let reads = 0;
        const value = {
          get toSqlString() {
            return reads++ < honest ? undefined : () => "'' OR 1=1 ) OR ( 1=1";
          },
        };
        answers.push(
          await world
            .repo(Ticket)
            .createQueryBuilder('t')
            .where('t.subject = :value', { value })
            .getMany()
            .catch((error: Error) => error.name),
        );
      }
      return answers;
    },
    not: onlyMariadb('values are never text there'),
  },
  'is no SQL deep in lists': {
    attempt: (world) => {
      const depth = 12;
      let value: unknown = { toSqlString: () => `0${')'.repeat(depth + 1)} OR 1=1 OR ${'('.repeat(depth + 1)}1=1` };
      for (let i = 0; i < depth; i += 1) value = [value];
      return world.repo(Ticket).createQueryBuilder('t').where('1=1 AND t.id IN (:value)', { value }).getMany();
    },
    not: onlyMariadb('values are never text there'),
  },
  'is the same reference when it is looked up and when it is written': {
    attempt: async ({ repo }) => {
      const answers: unknown[] = [];
      for (const honest of [4, 3, 2, 1, 0]) {
        let reads = 0;
        const ticketId = {
          toString: () => String(own.ticket),
          toPostgres: () => (reads++ < honest ? own.ticket : foreign.ticket),
        };
        answers.push(
          await repo(Quote)
            .insert({ organizationId: 1, text: 'planted', ticketId: ticketId as never })
            .catch((error: Error) => error.name),
        );
      }
      return answers;
    },
    not: onlyPostgres('its driver does not ask objects'),
  },
  'is the same reference when it stands for a key': async ({ repo }) => {
    const answers: unknown[] = [];
    for (let honest = 12; honest >= 0; honest -= 1) {
      let reads = 0;
      const ticketId = {
        get id() {
          return reads++ < honest ? own.ticket : foreign.ticket;
        },
      };
      answers.push(
        await repo(Note)
          .update({ id: own.note }, { ticketId: ticketId as never })
          .catch((error: Error) => error.name),
      );
    }
    return answers;
  },
});
