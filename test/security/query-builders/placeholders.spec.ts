import { QueryFailedError } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { attacks } from '../../support/attack.js';
import type { SpecialAttempt } from '../../support/attack.js';
import { Note, Ticket } from '../../support/desk.js';
import { foreign, own } from '../../support/world.js';
import type { World } from '../../support/world.js';

const tickets = (world: World, alias = 't') => world.repo(Ticket).createQueryBuilder(alias);

/** For text that is one statement with what stands in for its parameters, and none without. */
const orNothing = (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.catch((error: Error) => (error instanceof QueryFailedError ? 'nothing' : Promise.reject(error)));

/** What TypeORM puts in the place of a parameter is not what the parameter's name looked like. */
attacks('G-03 what stands in for a parameter', {
  'an empty list does not spell a comment that closes a bracket': (world) =>
    orNothing(tickets(world).where('1=1 -:...none- ( \n ) OR (1=1 -:...none- ) \n AND 1=1', { none: [] }).getMany()),

  'a negative number does not spell a comment that closes a bracket': {
    attempt: (world) => orNothing(tickets(world).where('1=1 -:n ( \n ) OR (1=1 -:n ) \n AND 1=1', { n: -1 }).getMany()),
    not: numbersArePassed('a number stays a parameter'),
  },

  'an empty list does not finish the name of a table in a sub-select': (world) =>
    orNothing(
      tickets(world)
        .select(`(SELECT MAX(x.subject) FROM ${world.escape('ticket:...none')} x)`, 'subject')
        .setParameter('none', [])
        .getRawMany(),
    ),

  'something that maps like a list does not bring SQL of its own': (world) =>
    tickets(world)
      .where('t.id IN (:...ids)', { ids: { map: () => ['0) OR 1=1 ) OR ( t.id IN (1'] } })
      .getMany(),

  'a list that joins itself to something else does not bring SQL of its own': (world) => {
    class Ids extends Array<number> {
      override map(): never {
        return { join: () => '0) OR 1=1 ) OR ( t.id IN (1' } as never;
      }
    }
    return tickets(world)
      .where('t.id IN (:...ids)', { ids: Ids.from([1]) })
      .getMany();
  },

  'a record of parameters that answers differently when read again brings no SQL': async ({ dataSource }) => {
    const answers: unknown[] = [];
    for (const harmless of [0, 1, 2, 3]) {
      let reads = 0;
      const parameters = {
        get n() {
          return reads++ < harmless ? 1 : () => '1 UNION SELECT subject FROM ticket';
        },
      };
      try {
        const [sql, values] = dataSource.driver.escapeQueryWithParameters(
          'SELECT text FROM news WHERE id = :n',
          parameters,
        );
        answers.push(await dataSource.query(sql, values));
      } catch (error) {
        answers.push((error as Error).name);
      }
    }
    return answers;
  },

  'a route that is named in a comment does not move the tenant to another value': (world) =>
    tickets(world).comment('GET /tickets/:points').where('t.points = :points', { points: 2 }).getMany(),

  'a parameter that is named inside a literal does not move the tenant to another value': {
    attempt: (world) => tickets(world).where("t.subject <> ':n'", { n: 2 }).getMany(),
    not: postgres('a parameter that no code uses is an error there'),
  },

  'a parameter that is named inside an alias does not move the tenant to another value': {
    attempt: (world) =>
      tickets(world).select('t.subject', 'subject').addSelect('1', 'n:n').setParameter('n', 2).getRawMany(),
    not: postgres('a parameter that no code uses is an error there'),
  },

  'a bare question mark does not move the tenant to another value': {
    attempt: (world) =>
      tickets(world).select('t.subject', 'subject').addSelect('?', 'n').having("'' <> ':n'", { n: 2 }).getRawMany(),
    not: { ...postgres('a question mark is an operator there'), sqljs: 'numbers are written into the text there' },
  },

  'a value that writes itself as SQL does not leave its place in a builder': {
    attempt: (world) =>
      tickets(world)
        .where('t.subject = :s', { s: { toSqlString: () => "'' OR 1=1 ) OR ( 1=1" } })
        .getMany(),
    not: { ...postgres('values are never text there'), sqljs: 'values are never text there' },
  },

  'a value that writes itself as SQL does not name a table in a raw SQL query': {
    attempt: ({ dataSource }) => dataSource.query('SELECT ?', [{ toSqlString: () => 'subject FROM ticket' }]),
    not: { ...postgres('values are never text there'), sqljs: 'values are never text there' },
  },
});

/** A statement is admitted by the array of its parameters: the array must stay what it was. */
attacks('G-03 what happens to the parameters of an admitted statement', {
  'the tenant cannot be changed before the statement is sent': {
    attempt: async (world) => {
      const [sql, parameters] = tickets(world).where('t.points > :zero', { zero: 0 }).getQueryAndParameters();
      parameters.forEach((value, i) => {
        if (value === 1) parameters[i] = 2;
      });
      return world.dataSource.query(sql, parameters);
    },
    not: numbersAreText(),
  },

  'a reference cannot be changed after it was checked': {
    attempt: async (world) => {
      const [sql, parameters] = world.dataSource
        .createQueryBuilder()
        .insert()
        .into(Note)
        .values({ organizationId: 1, body: 'planted', ticketId: own.otherTicket })
        .getQueryAndParameters();
      parameters.splice(parameters.indexOf(own.otherTicket), 1, foreign.ticket);
      return world.dataSource.query(sql, parameters);
    },
    not: numbersAreText(),
  },

  'a subscriber cannot change the tenant on the way to the driver': {
    attempt: ({ dataSource, repo }) => {
      const subscriber = { beforeQuery: ({ parameters }: { parameters?: unknown[] }) => swap(parameters) };
      dataSource.subscribers.push(subscriber as never);
      return repo(Ticket)
        .findBy({ points: 2 })
        .finally(() => dataSource.subscribers.pop());
    },
    not: numbersAreText(),
  },

  'a logger cannot change the tenant on the way to the driver': {
    attempt: ({ dataSource, repo }) => {
      const { logger } = dataSource;
      const noop = (): void => undefined;
      Object.assign(dataSource, {
        logger: {
          logQuery: (_: string, parameters?: unknown[]) => swap(parameters),
          logQueryError: noop,
          logQuerySlow: noop,
        },
      });
      return repo(Ticket)
        .findBy({ points: 2 })
        .finally(() => Object.assign(dataSource, { logger }));
    },
    not: numbersAreText(),
  },

  'a reference is checked when the statement is sent as a stream': {
    attempt: async ({ dataSource }) => {
      const [sql, parameters] = dataSource
        .createQueryBuilder()
        .insert()
        .into(Note)
        .values({ organizationId: 1, body: 'planted', ticketId: foreign.ticket })
        .getQueryAndParameters();
      const runner = dataSource.createQueryRunner();
      try {
        const stream = await runner.stream(sql, parameters);
        await new Promise<unknown>((resolve, reject) =>
          stream
            .on('data', () => undefined)
            .on('end', () => resolve(undefined))
            .on('error', reject),
        );
      } finally {
        await runner.release();
      }
    },
    not: { ...postgres('its streams need a package that is not installed'), sqljs: 'it has no streams' },
  },

  'a statement that was made for another tenant is not sent for this one': {
    attempt: async (world) => {
      const { sql, parameters } = await made(world.dataSource.manager);
      return world.dataSource.query(sql, parameters);
    },
    not: {},
  },
});

async function made(manager: EntityManager): Promise<{ sql: string; parameters: unknown[] }> {
  const { GLOBEX, tenancy } = await import('../../support/world.js');
  return tenancy.run(GLOBEX, () => {
    const [sql, parameters] = manager
      .createQueryBuilder(Ticket, 't')
      .where('t.points > :zero', { zero: 0 })
      .getQueryAndParameters();
    return { sql, parameters };
  });
}

function swap(parameters: unknown[] | undefined): void {
  parameters?.forEach((value, i) => {
    if (value === 1) parameters[i] = 2;
  });
}

function postgres(reason: string): SpecialAttempt['not'] {
  return { postgres: reason, postgres15: reason };
}

function numbersArePassed(reason: string): SpecialAttempt['not'] {
  return { ...postgres(reason), mariadb: reason };
}

function numbersAreText(): SpecialAttempt['not'] {
  return { sqljs: 'numbers are written into the text there' };
}
