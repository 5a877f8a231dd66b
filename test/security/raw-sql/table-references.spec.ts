import type { SelectQueryBuilder } from 'typeorm';
import { attacksAlone } from '../../support/attack.js';
import { News, Ticket } from '../../support/desk.js';
import type { World } from '../../support/world.js';

type Kinds = Record<string, string>;

const onlyPostgres = (reason: string): Kinds => ({ sqljs: reason, mariadb: reason });
const onlyMariadb = (reason: string): Kinds => ({ sqljs: reason, postgres: reason, postgres15: reason });
const notOn = (kind: string, reason: string): Kinds =>
  kind === 'postgres' ? { postgres: reason, postgres15: reason } : { [kind]: reason };

const tickets = (world: World, alias = 't'): SelectQueryBuilder<Ticket> =>
  world.repo(Ticket).createQueryBuilder(alias).select(`${alias}.subject`, 'subject').withDeleted();

/** A sub-select on tickets in raw SQL, in a statement that also reads tickets as it should. */
const beside = (world: World, source: string, parameters: object = {}): Promise<unknown> =>
  tickets(world).select(`(SELECT MAX(x.subject) FROM ${source})`, 'subject').setParameters(parameters).getRawMany();

attacksAlone('G-09 a table in raw SQL beside the same table in a builder', {
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

attacksAlone('G-09 a table in raw SQL', {
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
