import { InsertQueryBuilder } from 'typeorm';
import type { QueryBuilder } from 'typeorm';
import { attacks, crossedIf } from '../../support/attack.js';
import { Document, Label, Note, Ticket } from '../../support/desk.js';
import { foreign, GLOBEX, own, tenancy } from '../../support/world.js';
import type { World } from '../../support/world.js';

const POSTGRES_ONLY = {
  sqljs: 'only PostgreSQL writes in a common table expression',
  mariadb: 'only PostgreSQL writes in a common table expression',
};

/** Tries a write with something that changes its answer after so many reads. */
async function afterReads(
  write: (changes: (before: unknown, after: unknown) => unknown) => Promise<unknown>,
): Promise<unknown> {
  const outcomes: unknown[] = [];
  for (let honest = 12; honest >= 0; honest -= 1) {
    let reads = 0;
    try {
      outcomes.push(await write((before, after) => (reads++ < honest ? before : after)));
    } catch (error) {
      outcomes.push((error as Error).name);
    }
  }
  return outcomes;
}

attacks('G-05 an SQL expression among the values of an update', {
  'sets its own column only, not the tenant': ({ repo, dataSource }) =>
    repo(Ticket).update(
      { id: own.ticket },
      { orderNumber: () => `7000, ${dataSource.driver.escape('organizationId')} = 2` },
    ),

  'sets its own column only, not a reference': ({ repo, dataSource }) =>
    repo(Note).update(
      { id: own.note },
      { body: () => `'planted', ${dataSource.driver.escape('ticketId')} = ${foreign.ticket}` },
    ),

  'sets its own column only, when it is what a number is raised by': ({ repo, dataSource }) => {
    const by = {
      [Symbol.toPrimitive]: (hint: string) =>
        hint === 'number' ? 1 : `7000, ${dataSource.driver.escape('organizationId')} = 2`,
    };
    return repo(Ticket).increment({ id: own.ticket }, 'orderNumber', by as unknown as number);
  },

  'ends where the statement ends': {
    attempt: ({ repo }) =>
      repo(Label)
        .createQueryBuilder()
        .update()
        .set({ name: () => "'taken'\0" })
        .execute(),
    not: {
      postgres: 'it takes no zero byte',
      postgres15: 'it takes no zero byte',
      mariadb: 'it takes no zero byte',
    },
  },
});

attacks('G-05 values that answer differently when they are read again', {
  'do not move a row to another tenant': ({ repo }) =>
    afterReads((changes) =>
      repo(Ticket).update(
        { id: own.otherTicket },
        {
          orderNumber: 7000,
          get organizationId() {
            return changes(1, 2) as number;
          },
        },
      ),
    ),

  'do not change a reference after it was checked': ({ repo }) =>
    afterReads((changes) =>
      repo(Note).update(
        { id: own.note },
        {
          get ticketId() {
            return changes(own.ticket, foreign.ticket) as number;
          },
        },
      ),
    ),

  'do not change a reference of a new row after it was checked': ({ repo }) =>
    afterReads((changes) =>
      repo(Note).insert({
        organizationId: 1,
        body: 'planted',
        get ticketId() {
          return changes(own.ticket, foreign.ticket) as number;
        },
      }),
    ),

  'do not change a reference that is an object after it was checked': ({ repo }) =>
    afterReads((changes) =>
      repo(Note).insert({
        organizationId: 1,
        body: 'planted',
        ticket: {
          get id() {
            return changes(own.ticket, foreign.ticket) as number;
          },
        } as Ticket,
      }),
    ),

  'do not become an SQL expression': ({ repo, dataSource }) =>
    afterReads((changes) =>
      repo(Ticket).update(
        { id: own.otherTicket },
        {
          get orderNumber() {
            return changes(7001, () => `7000, ${dataSource.driver.escape('organizationId')} = 2`) as number;
          },
        },
      ),
    ),

  'do not change a link after it was checked': async ({ dataSource }) =>
    afterReads((changes) =>
      dataSource
        .createQueryBuilder()
        .relation(Ticket, 'labels')
        .of(own.otherTicket)
        .add({
          get id() {
            return changes(own.label, foreign.label);
          },
        }),
    ),
});

attacks('G-05 a row that is inserted', {
  'belongs to its tenant when the name of its table tells more than a name': {
    attempt: ({ repo }) =>
      repo(Note)
        .createQueryBuilder('x"(body,"organizationId")SELECT \'planted\',$1+1 --')
        .insert()
        .values({ organizationId: 1, body: () => "'own'" })
        .execute(),
    not: { sqljs: 'its inserts have no alias', mariadb: 'its inserts have no alias' },
  },

  'belongs to its tenant when a builder of another one is shown on the way': {
    attempt: async ({ dataSource, repo }) => {
      const noise = (): void =>
        void dataSource.createQueryBuilder().insert().into(Note).values({ organizationId: 1, body: 'own' }).getQuery();
      const posing = {
        hasCommonTableExpressions: () => false,
        getParameters: () => ({}),
        getQuery: () => {
          noise();
          return `INSERT INTO "note" ("organizationId", "body") VALUES (2, 'planted') RETURNING 1`;
        },
      } as unknown as QueryBuilder<Note>;
      return repo(Ticket).createQueryBuilder('t').addCommonTableExpression(posing, 'x').getMany();
    },
    not: POSTGRES_ONLY,
  },

  'belongs to its tenant when it is made while another one is written': async ({ dataSource }) => {
    let made: [string, unknown[]] | undefined;
    const make = (): string => {
      made ??= new InsertQueryBuilder<Note>(dataSource)
        .insert()
        .into(Note)
        .values({ organizationId: 2, body: 'planted' })
        .getQueryAndParameters();
      return "'own'";
    };
    dataSource
      .createQueryBuilder()
      .insert()
      .into(Note)
      .values({ organizationId: 1, body: make })
      .getQueryAndParameters();
    return dataSource.query(...made!);
  },
});

attacks('G-05 an auto-increment key', {
  'cannot be probed by giving it to an own row': async (world) =>
    crossedIf((await taken(world, foreign.note)) && !(await taken(world, 7777))),

  'cannot be taken before the database gives it to another tenant': {
    attempt: async ({ repo }) => {
      // Globex's newest note has the highest number, and the next one goes to the next writer.
      await repo(Note).update({ id: own.note }, { id: foreign.note + 3 });
      return tenancy.run(GLOBEX, async () => {
        const written = await repo(Note)
          .insert({ body: 'next', organizationId: 2 })
          .then(
            () => true,
            () => false,
          );
        await repo(Note).delete({ body: 'next' });
        return crossedIf(!written);
      });
    },
    not: { sqljs: 'its counter stays above the rows', mariadb: 'its counter stays above the rows' },
  },
});

/** Whether a number is refused to an own row because it is in use. */
async function taken({ repo, dataSource }: World, id: number): Promise<boolean> {
  const runner = dataSource.createQueryRunner();
  await runner.startTransaction();
  try {
    await runner.manager.withRepository(repo(Note)).update({ id: own.note }, { id });
    return false;
  } catch (error) {
    return /unique|duplicate|exist|conflict|taken/i.test(`${(error as Error).name} ${(error as Error).message}`);
  } finally {
    await runner.rollbackTransaction();
    await runner.release();
  }
}

attacks('G-12 an exemption for some entities', {
  'does not connect their rows with rows of others that are not exempt': ({ repo }) =>
    tenancy.unscoped('imports notes', { entities: [Note] }, () =>
      repo(Note).insert({ organizationId: 1, body: 'planted', ticketId: foreign.ticket }),
    ),

  'does not move their rows to others that are not exempt by an update': ({ repo }) =>
    tenancy.unscoped('moves notes', { entities: [Note] }, () =>
      repo(Note).update({ id: own.note }, { ticketId: foreign.ticket }),
    ),

  'does not write through a common statement to what is not exempt': ({ repo }) =>
    tenancy.unscoped('renames labels', { entities: [Label] }, () =>
      repo(Label).save({ id: own.label, organizationId: 1, name: 'own', tickets: [{ id: foreign.ticket }] }),
    ),

  'does not outlive a statement that was made in it': async ({ repo, dataSource }) => {
    const [sql, parameters] = tenancy.unscoped('makes a statement', () =>
      repo(Ticket).createQueryBuilder('t').getQueryAndParameters(),
    );
    return tenancy.unscoped('reads labels', { entities: [Label] }, () => dataSource.query(sql, parameters));
  },

  'does not free documents that are upserted into a foreign key': ({ repo }) =>
    tenancy.unscoped('imports labels', { entities: [Label] }, () =>
      repo(Document).upsert({ id: foreign.document, organizationId: 1, title: 'taken' }, ['id']),
    ),
});
