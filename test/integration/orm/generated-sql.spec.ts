import { beforeAll, describe, expect, it } from '@jest/globals';
import { TenantScopeViolationError } from 'nestjs-muck';
import { EntityNotFoundError } from 'typeorm';
import type { DataSource, EntityTarget, ObjectLiteral, SelectQueryBuilder, UpdateEvent } from 'typeorm';
import { promises } from '../../support/attack.js';
import { DESK_ENTITIES, Document, Label, Note, Ticket } from '../../support/desk.js';
import { unconnected } from '../../support/unconnected.js';
import { ACME, foreign, own, tenancy } from '../../support/world.js';

/*
 * What builders make of statements that are out of the ordinary: the text where nothing needs to be sent, and rows where it is.
 */

const inAcme = <R>(fn: () => R): R => tenancy.run(ACME, fn);

describe('the text of a select', () => {
  let dataSource: DataSource;
  let mysql: DataSource;
  beforeAll(async () => {
    dataSource = await unconnected('postgres', DESK_ENTITIES);
    mysql = await unconnected('mysql', DESK_ENTITIES);
  });
  const tickets = (of = dataSource): SelectQueryBuilder<Ticket> => of.getRepository(Ticket).createQueryBuilder('t');

  it('limits the rows that link two tables, unless those are exempt', () => {
    const text = (): string => tickets().innerJoin('t.labels', 'l').getQuery();
    const limited = 'JOIN "ticket_labels_label" "t_l" ON EXISTS (SELECT 1 FROM "ticket" "muck_parent_1"';
    expect(inAcme(text)).toContain(limited);
    const exempt = tenancy.unscoped('repairs links', { entities: ['ticket_labels_label'] }, () => inAcme(text));
    expect(inAcme(() => tenancy.unscoped('repairs links', { entities: ['ticket_labels_label'] }, text))).toMatch(
      /JOIN "ticket_labels_label" "t_l" ON "t_l"\."ticketId"="t"\."id"/,
    );
    expect(exempt).toContain(limited);
    expect(exempt.split('JOIN "ticket_labels_label"')).toHaveLength(2);
  });

  it('has the predicate alone where nothing else is asked', () => {
    const notes = dataSource.getRepository(Note).createQueryBuilder('n');
    expect(inAcme(() => notes.getQuery())).toMatch(/ WHERE "n"\."organizationId" = :\w+$/);
  });

  it('is the same however often it is made, and follows the scope that it is made in', () => {
    const builder = tickets().innerJoin(Note, 'n', 'n.ticketId = t.id');
    const text = (): string => builder.getQuery();
    const first = inAcme(text);
    expect(first).toMatch(/JOIN "note" "n" ON "n"\."organizationId" = :\w+ AND \(\("n"\."ticketId" = "t"\."id"\)\)/);
    expect(inAcme(text)).toBe(first);
    expect(tenancy.unscoped('reads all', text)).toMatch(/JOIN "note" "n" ON \("n"\."ticketId" = "t"\."id"\) WHERE/);
  });

  it('is refused where a link is joined in a way that is not known', () => {
    const builder = tickets().innerJoin('t.labels', 'l');
    Object.assign(builder, { createTableLockExpression: () => ' WITH (NOLOCK)' });
    expect(() => inAcme(() => builder.getQuery())).toThrow('ticket_labels_label is not at the expected position');
  });

  it('is distinct on columns of entities only, whatever else it selects from', () => {
    const text = (column: string): string =>
      inAcme(() =>
        dataSource
          .createQueryBuilder()
          .select('s.one')
          .from('(SELECT 1 AS one)', 's')
          .addFrom(Ticket, 't')
          .addFrom(Note, 'n')
          .distinctOn([column])
          .getQuery(),
      );
    expect(text('t.subject')).toContain('DISTINCT ON ("t"."subject")');
    expect(text('"t"."subject"')).toContain('DISTINCT ON ("t"."subject")');
    expect(() => text('s.one')).toThrow('distinctOn() takes mapped columns only');
  });

  it('is read by the rules of its database', () => {
    const having = (of: DataSource): string =>
      inAcme(() => tickets(of).select('t.status').groupBy('t.status').having('MAX(t.points) > 1 # 1').getQuery());
    expect(having(dataSource)).toContain('HAVING MAX("t"."points") > 1 # 1');
    expect(() => having(mysql)).toThrow('a having clause contains a comment');
    expect(() => inAcme(() => tickets(mysql).innerJoin(Label, 'l', '1 = 1 # 1'))).toThrow(
      'a join condition contains a comment',
    );
  });

  it('has an alias that cannot be mistaken for anything else', () => {
    expect(() => inAcme(() => dataSource.createQueryBuilder(Ticket, 't"').getQuery())).toThrow(
      'an alias contains other characters than letters',
    );
  });
});

describe('the text of a write', () => {
  let dataSource: DataSource;
  beforeAll(async () => {
    dataSource = await unconnected('postgres', DESK_ENTITIES);
  });
  const insert = (entity: EntityTarget<ObjectLiteral>, values: object): string =>
    dataSource.createQueryBuilder().insert().into(entity).values(values).getQuery();

  it('without a table is what TypeORM says of it', () => {
    const builder = dataSource.createQueryBuilder().insert().values({ body: 'x' });
    expect(() => inAcme(() => builder.getQuery())).toThrow('Entity where values should be inserted is not specified');
  });

  it('limits the rows of its table by their own name, whatever the builder calls them', () => {
    const notes = dataSource.getRepository(Note).createQueryBuilder('n');
    for (const builder of [notes.clone().update().set({ body: 'x' }), notes.clone().delete()])
      expect(inAcme(() => builder.getQuery())).toMatch(/^[^=]*"note"[^.]* WHERE "note"\."organizationId" = :\w+$/);
  });

  it('takes the current tenant in each form of its number', () => {
    for (const organizationId of [1, 1n, '1'])
      expect(inAcme(() => insert(Note, { organizationId, body: 'x' }))).toContain('INSERT INTO "note"');
    for (const organizationId of [2, 2n, '2', true, [1], { id: 1 }])
      expect(() => inAcme(() => insert(Note, { organizationId, body: 'x' }))).toThrow(TenantScopeViolationError);
  });

  it('leaves a key to the database that is given as none', () => {
    for (const id of [undefined, null])
      expect(inAcme(() => insert(Note, { id, body: 'x' }))).toMatch(/^INSERT INTO "note"\(/);
    expect(() => inAcme(() => insert(Note, { id: 1, body: 'x' }))).toThrow(EntityNotFoundError);
  });

  it('says whose the row is where no scope does', () => {
    const unscoped = (values: object): string => tenancy.unscoped('imports', () => insert(Note, values));
    expect(unscoped({ organizationId: 2, body: 'x' })).toContain('INSERT INTO "note"');
    for (const organizationId of [undefined, null])
      expect(() => unscoped({ organizationId, body: 'x' })).toThrow('has no tenant: set ');
  });
});

promises('a builder that is out of the ordinary', {
  'reads nothing without a table': ({ dataSource, sent }) =>
    inAcme(async () => {
      const statements = await sent(() =>
        expect(dataSource.createQueryBuilder().leftJoin(Ticket, 't').getMany()).rejects.toThrow('Alias is not set'),
      );
      expect(statements).toEqual([]);
    }),
  'loads a relation whose row the scope cannot see, in either way, and leaves its key alone when the entity is saved':
    async ({ plant, repo }) => {
      await tenancy.unscoped('old bad data', () =>
        plant(Note, { organizationId: 1, body: 'astray', ticketId: foreign.ticket }),
      );
      const { id } = await inAcme(() => repo(Note).findOneByOrFail({ body: 'astray' }));
      for (const relationLoadStrategy of ['join', 'query'] as const) {
        await inAcme(async () => {
          const note = await repo(Note).findOneOrFail({
            where: { id },
            relations: { ticket: true },
            relationLoadStrategy,
          });
          expect(note.ticket).toBeNull();
          await repo(Note).save(Object.assign(note, { body: `loaded by ${relationLoadStrategy}` }));
          expect(await repo(Note).findOneByOrFail({ id })).toMatchObject({
            body: `loaded by ${relationLoadStrategy}`,
            ticketId: foreign.ticket,
          });
        });
      }
    },
  'takes a relation for one that is none where a listener says so': async ({ dataSource, repo }) => {
    const subscriber = { listenTo: () => Note, afterLoad: (note: Note) => void Object.assign(note, { ticket: null }) };
    dataSource.subscribers.push(subscriber as never);
    try {
      await inAcme(async () => {
        const note = await repo(Note).findOneByOrFail({ id: own.note });
        expect(note.ticketId).not.toBeNull();
        await repo(Note).save(Object.assign(note, { body: 'changed' }));
      });
    } finally {
      dataSource.subscribers.pop();
    }
    const after = await inAcme(() => repo(Note).findOneByOrFail({ id: own.note }));
    expect(after).toMatchObject({ body: 'changed', ticketId: null });
  },
  'saves no row that has gone in the meantime, and leaves it to TypeORM over all tenants': async ({
    dataSource,
    repo,
  }) => {
    const save = async (): Promise<void> => {
      const { id } = await repo(Note).save({ organizationId: 1, body: 'goes' });
      await repo(Note).save({ id, body: 'gone' });
    };
    const beforeUpdate = ({ manager, entity }: UpdateEvent<Note>): Promise<unknown> =>
      manager.delete(Note, { id: entity!['id'] as number });
    dataSource.subscribers.push({ listenTo: () => Note, beforeUpdate });
    try {
      await expect(inAcme(save)).rejects.toThrow(EntityNotFoundError);
      await expect(tenancy.unscoped('imports', save)).resolves.toBeUndefined();
    } finally {
      dataSource.subscribers.pop();
    }
  },
  'adds nothing to rows that are none': ({ repo }) =>
    inAcme(async () => {
      const notes = (of: unknown): Promise<void> =>
        repo(Ticket).createQueryBuilder().relation('notes').of(of).add(own.note);
      for (const none of [[null], [undefined], [own.ticket, null]])
        await expect(notes(none)).rejects.toThrow(EntityNotFoundError);
    }),
  'makes no key for a query cache where there is none': async ({ dataSource, repo }) => {
    const id = Object.assign(Buffer.from('x'), {
      toJSON: () => {
        throw new Error('its value was written down');
      },
    });
    const cache = dataSource.queryResultCache;
    dataSource.queryResultCache = undefined;
    try {
      const found = await inAcme(() => repo(Document).createQueryBuilder('d').where('d.title = :id', { id }).getMany());
      expect(found).toEqual([]);
    } finally {
      dataSource.queryResultCache = cache;
    }
  },
  'changes a table of no entity while rows are saved': async ({ dataSource, repo, escape }) => {
    const changed: (number | undefined)[] = [];
    const subscriber = {
      listenTo: () => Note,
      beforeUpdate: async () => {
        const update = dataSource.createQueryBuilder().update('journal').set({ text: 'x' }).callListeners(false);
        changed.push((await update.execute()).affected);
      },
    };
    await tenancy.unscoped('sets up', () => dataSource.query(`CREATE TABLE journal (${escape('text')} varchar(9))`));
    dataSource.subscribers.push(subscriber as never);
    try {
      await inAcme(() => repo(Note).save({ id: own.note, body: 'changed' }));
      expect(changed).toEqual([0]);
    } finally {
      dataSource.subscribers.pop();
      await tenancy.unscoped('clears up', () => dataSource.query('DROP TABLE journal'));
    }
  },
});
