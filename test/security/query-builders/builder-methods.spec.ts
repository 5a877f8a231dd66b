import { expect } from '@jest/globals';
import { ReferenceUnknownError, TenantScopeViolationError } from 'nestjs-muck';
import { EntityNotFoundError } from 'typeorm';
import type { DataSource, RelationQueryBuilder } from 'typeorm';
import { promises } from '../../support/attack.js';
import { Document, News, Note, ParcelSchema, Ticket, Translation, Verdict, Watcher } from '../../support/desk.js';
import { ACME, foreign, GLOBEX, own, tenancy } from '../../support/world.js';

promises('G-05 a builder', {
  'that inserts into named columns stamps the tenant all the same': ({ dataSource, repo }) =>
    tenancy.run(ACME, async () => {
      await dataSource.createQueryBuilder().insert().into(Note, ['body']).values({ body: 'new' }).execute();
      expect(await repo(Note).findOneByOrFail({ body: 'new' })).toMatchObject({ organizationId: 1 });
    }),
  'that inserts over all tenants into named columns takes the tenant that is named': ({ dataSource, repo }) =>
    tenancy.unscoped('imports', async () => {
      const insert = (values: object): Promise<unknown> =>
        dataSource.createQueryBuilder().insert().into(Note, ['body']).values(values).execute();
      await insert({ organizationId: 2, body: 'imported' });
      expect(await repo(Note).findOneByOrFail({ body: 'imported' })).toMatchObject({ organizationId: 2 });
      await expect(insert({ body: 'imported' })).rejects.toThrow(TenantScopeViolationError);
    }),
  'that inserts and is run twice writes the values as they are by then': ({ repo }) =>
    tenancy.run(ACME, async () => {
      const note = { body: 'first' };
      const insert = repo(Note).createQueryBuilder().insert().values(note).updateEntity(false);
      await insert.execute();
      note.body = 'second';
      await insert.execute();
      expect(await repo(Note).countBy([{ body: 'first' }, { body: 'second' }])).toBe(2);
      expect(await repo(Note).countBy({ body: 'second' })).toBe(1);
    }),
  'that updates and is run twice writes the values as they are by then': ({ repo }) =>
    tenancy.run(ACME, async () => {
      const values = { body: 'first' };
      const update = repo(Note).createQueryBuilder().update().set(values).where({ id: own.note });
      await update.execute();
      values.body = 'second';
      await update.execute();
      expect(await repo(Note).findOneByOrFail({ id: own.note })).toMatchObject({ body: 'second' });
    }),
  'that inserts and is run in another scope writes there': async ({ repo }) => {
    const insert = repo(Note).createQueryBuilder().insert().values({ body: 'new' }).updateEntity(false);
    await tenancy.run(ACME, () => insert.execute());
    await tenancy.run(GLOBEX, () => insert.execute());
    for (const scope of [ACME, GLOBEX])
      expect(await tenancy.run(scope, () => repo(Note).countBy({ body: 'new' }))).toBe(1);
  },
  'shows its text without sending it': ({ repo, sent }) => {
    const texts = (): string[] => [
      repo(Note).createQueryBuilder().insert().values({ organizationId: 1, body: 'x' }).getQuery(),
      repo(Note).createQueryBuilder().update().set({ body: 'x' }).where({ id: 1 }).getQuery(),
      repo(Note).createQueryBuilder().delete().where({ id: 1 }).getQuery(),
    ];
    return sent(async () => {
      const scoped = tenancy.run(ACME, texts);
      expect(scoped.map((text) => text.split(' ', 1)[0])).toEqual(['INSERT', 'UPDATE', 'DELETE']);
      expect(tenancy.unscoped('shows', texts)).toHaveLength(3);
      return Promise.resolve();
    }).then((statements) => expect(statements).toEqual([]));
  },
  'that inserts or updates does not take the key of another row for its own': ({ repo, kind }) =>
    tenancy.run(ACME, async () => {
      await repo(Note).insert({ body: 'counts on' });
      const ticket = { orderNumber: 1001, subject: 'changed', ...(kind === 'mariadb' && { id: own.ticket }) };
      const result = await repo(Ticket)
        .createQueryBuilder()
        .insert()
        .values(ticket)
        .orUpdate(['subject'], ['organizationId', 'orderNumber'])
        .execute()
        .catch(() => ({ identifiers: [] }));
      for (const key of result.identifiers)
        expect([undefined, own.ticket]).toContain((key as { id: unknown } | undefined)?.id);
      expect([undefined, own.ticket]).toContain((ticket as { id?: number }).id);
    }),
  'that inserts or ignores does not take the key of another row for its own': ({ repo, kind }) =>
    tenancy.run(ACME, async () => {
      if (kind === 'mariadb') return;
      await repo(Note).insert({ body: 'counts on' });
      const ticket = { orderNumber: 1001, subject: 'ignored' };
      await repo(Ticket)
        .createQueryBuilder()
        .insert()
        .values(ticket)
        .orIgnore()
        .execute()
        .catch(() => undefined);
      expect([undefined, own.ticket]).toContain((ticket as { id?: number }).id);
    }),
  'writes to a table without an entity': ({ dataSource, repo }) =>
    tenancy.run(ACME, async () => {
      await dataSource.createQueryBuilder().insert().into('typeorm_metadata').values({ type: 'x' }).execute();
      await dataSource.createQueryBuilder().delete().from('typeorm_metadata').where('1 = 0').execute();
      await dataSource.createQueryBuilder().update('typeorm_metadata').set({ type: 'x' }).where('1 = 0').execute();
      expect(await repo(Ticket).count()).toBeGreaterThan(0);
    }),
});

promises('G-12 a section over all tenants for entities without a class', {
  'exempts those that it names': ({ repo }) =>
    tenancy.run(ACME, async () => {
      const count = (): Promise<number> => repo(ParcelSchema).count();
      expect(await tenancy.unscoped('counts', { entities: ['parcel'] }, count)).toBe(2);
      expect(await tenancy.unscoped('counts', { entities: ['Ticket'] }, count)).toBe(1);
    }),
  'does not send in it what was made in one for another': ({ dataSource, repo, withRunner }) =>
    tenancy.run(ACME, () =>
      withRunner(async (runner) => {
        const [sql, parameters] = tenancy.unscoped('makes', { entities: ['parcel'] }, () =>
          repo(ParcelSchema).createQueryBuilder('p').getQueryAndParameters(),
        );
        expect(dataSource.isInitialized).toBe(true);
        const send = (entities: string[]): Promise<unknown> =>
          tenancy.unscoped('sends', { entities }, () => runner.query(sql, parameters));
        await expect(send(['Ticket'])).rejects.toThrow('it uses the table of parcel in raw SQL');
        await expect(send(['parcel'])).resolves.toHaveLength(2);
      }),
    ),
  'leaves nothing behind that lets a raw SQL query through afterwards': ({ dataSource }) =>
    tenancy.run(ACME, async () => {
      const byHand = (): Promise<unknown> => dataSource.query('SELECT text FROM parcel');
      expect(await tenancy.unscoped('reads', { entities: ['parcel'] }, byHand)).toHaveLength(2);
      await expect(byHand()).rejects.toThrow('it uses the table of parcel in raw SQL');
    }),
});

promises('G-03 the text of a query', {
  'carries the predicates of all tables in its FROM': ({ repo }) =>
    tenancy.run(ACME, async () => {
      const pairs = await repo(Ticket).createQueryBuilder('t').addFrom(Note, 'n').where('n.ticketId = t.id').getCount();
      expect(pairs).toBe(3);
    }),
  'keeps a deleted row out of a join whose condition holds an OR': ({ repo }) =>
    tenancy.run(ACME, async () => {
      await repo(Ticket).softDelete(own.ticket);
      const found = await repo(Note)
        .createQueryBuilder('n')
        .innerJoin('n.ticket', 't', 't.id = :id OR 1 = 0', { id: own.ticket })
        .getCount();
      expect(found).toBe(0);
    }),
  'is not made with an alias that holds a quote or a bracket': ({ repo }) =>
    tenancy.run(ACME, async () => {
      for (const alias of ["o'b", 'a"b', 'a)b', 'a b'])
        expect(() => repo(Ticket).createQueryBuilder(alias).getQuery()).toThrow(
          'an alias contains other characters than letters',
        );
      expect(repo(Ticket).createQueryBuilder('té_1$.x-y').getQuery()).toContain('WHERE');
      return Promise.resolve();
    }),
  'is not made with the marks of a comment in its comment': ({ repo }) =>
    tenancy.run(ACME, async () => {
      for (const comment of ['a */ b', 'a /* b'])
        expect(() => repo(Ticket).createQueryBuilder('t').comment(comment).getQuery()).toThrow('comment delimiters');
      expect(await repo(Ticket).createQueryBuilder('t').comment('for the list').getCount()).toBe(3);
    }),
  'is not made with anything between its tables and its conditions': ({ repo }) =>
    tenancy.run(ACME, async () => {
      const query = repo(Ticket).createQueryBuilder('t');
      Object.assign(query, { createTimeTravelQuery: () => " AS OF SYSTEM TIME '-1s'" });
      expect(() => query.getQuery()).toThrow('its text has SQL before the conditions');
      return Promise.resolve();
    }),
  'is not sent with a common table expression that is named like a tenant-scoped table': ({ repo }) =>
    tenancy.run(ACME, () =>
      expect(
        repo(Note).createQueryBuilder('n').addCommonTableExpression('SELECT 1 AS id', 'TICKET').getMany(),
      ).rejects.toThrow('a common table expression has the name of the table of Ticket'),
    ),
});

promises('G-02 rows that all tenants share', {
  'are read and written outside of a scope': async ({ repo }) => {
    expect(await repo(News).count()).toBe(1);
    await repo(News).insert({ text: 'more' });
    expect(await repo(News).count()).toBe(2);
  },
});

const relationOf =
  (dataSource: DataSource) =>
  (name: string): RelationQueryBuilder<Ticket> =>
    dataSource.createQueryBuilder().relation<Ticket>(Ticket, name);

const missing = (work: Promise<unknown>): Promise<void> => expect(work).rejects.toThrow(EntityNotFoundError);

promises('G-06 setting a relation', {
  'of a row of another tenant is an error': ({ dataSource }) =>
    tenancy.run(ACME, async () => {
      const relation = relationOf(dataSource);
      await missing(relation('assignee').of(foreign.ticket).set(own.member));
      await missing(relation('assignee').of([own.ticket, foreign.ticket]).set(null));
      await missing(relation('labels').of(foreign.ticket).add(own.label));
      await missing(relation('labels').of({ id: foreign.ticket }).remove(own.label));
    }),
  'to rows of another tenant that hold the key is an error': ({ dataSource }) =>
    tenancy.run(ACME, async () => {
      const relation = relationOf(dataSource);
      await missing(relation('notes').of(own.ticket).add(foreign.note));
      await missing(relation('notes').of(own.ticket).add([own.note, foreign.note]));
      await missing(relation('verdict').of(own.otherTicket).set(foreign.verdict));
    }),
  'that the row itself holds the key of names the reference that is unknown': ({ dataSource }) =>
    tenancy.run(ACME, () =>
      expect(relationOf(dataSource)('assignee').of(own.ticket).set(foreign.member)).rejects.toThrow(
        ReferenceUnknownError,
      ),
    ),
  'takes nothing for no row: it lets go, or finds none': ({ dataSource, repo }) =>
    tenancy.run(ACME, async () => {
      const relation = relationOf(dataSource);
      await relation('notes').of(own.ticket).remove(own.note);
      expect(await repo(Note).findOneByOrFail({ id: own.note })).toMatchObject({ ticketId: null });
      await missing(relation('assignee').of([null]).set(own.member));
      // A verdict needs its ticket, and that is what is said.
      await expect(relation('verdict').of(own.ticket).set(null)).rejects.toThrow(TenantScopeViolationError);
    }),
  'is done for own rows, given by key or as a row, and for none': ({ dataSource, repo }) =>
    tenancy.run(ACME, async () => {
      const relation = relationOf(dataSource);
      await relation('assignee').of({ id: own.ticket }).set(null);
      await relation('notes').of(own.otherTicket).add({ id: own.note });
      await relation('notes').of(own.otherTicket).add([]);
      await relation('labels').of([]).add(own.label);
      expect(await repo(Ticket).findOneByOrFail({ id: own.ticket })).toMatchObject({ assigneeId: null });
      expect(await repo(Note).findOneByOrFail({ id: own.note })).toMatchObject({ ticketId: own.otherTicket });
    }),
  'over all tenants is done for rows of each': ({ dataSource, repo }) =>
    tenancy.unscoped('repairs', async () => {
      await dataSource.createQueryBuilder().relation(Ticket, 'assignee').of(foreign.ticket).set(null);
      expect(await repo(Ticket).findOneByOrFail({ id: foreign.ticket })).toMatchObject({ assigneeId: null });
    }),
  'looks on the connection of the builder, and gives back one of its own': ({ dataSource, withRunner }) =>
    tenancy.run(ACME, async () => {
      await withRunner(async (runner) => {
        await runner.startTransaction();
        await runner.manager.createQueryBuilder().relation(Ticket, 'assignee').of(own.ticket).set(null);
        expect(runner.isReleased).toBe(false);
        await runner.rollbackTransaction();
      });
      const released: boolean[] = [];
      const createQueryRunner = dataSource.createQueryRunner.bind(dataSource);
      Object.assign(dataSource, {
        createQueryRunner: (...args: Parameters<typeof createQueryRunner>) => {
          const runner = createQueryRunner(...args);
          const release = runner.release.bind(runner);
          const at = released.push(false) - 1;
          return Object.assign(runner, { release: () => ((released[at] = true), release()) });
        },
      });
      try {
        await dataSource.createQueryBuilder().relation(Ticket, 'assignee').of(own.ticket).set(null);
        await missing(dataSource.createQueryBuilder().relation(Ticket, 'assignee').of(foreign.ticket).set(null));
      } finally {
        Reflect.deleteProperty(dataSource, 'createQueryRunner');
      }
      expect(released.length).toBeGreaterThan(1);
      expect(released).toEqual(released.map(() => true));
    }),
});

promises('G-01 a sub-query', {
  'gives its text with names for its parameters, and a whole query with placeholders': ({ repo }) =>
    tenancy.run(ACME, async () => {
      const whole = repo(Ticket).createQueryBuilder('t');
      const part = whole.subQuery().select('n.ticketId').from(Note, 'n');
      expect(whole.getSql()).not.toMatch(/:muck/);
      expect(part.getSql()).toMatch(/:muck/);
      expect(await whole.where(`t.id IN (${part.getSql()})`).getCount()).toBe(3);
    }),
});

promises('G-05 inserting rows that belong through a parent', {
  'is refused without one': ({ repo }) =>
    tenancy.run(ACME, async () => {
      await expect(repo(Verdict).insert({ summary: 'x' })).rejects.toThrow('gets its tenant from its parent');
      await expect(repo(Verdict).update(own.verdict, { ticketId: null as never })).rejects.toThrow(
        'gets its tenant from its parent',
      );
    }),
  'or updating them is refused: there is no column by which to tell whose row it would meet': ({ repo }) =>
    tenancy.run(ACME, () =>
      expect(
        repo(Watcher).upsert({ ticketId: own.ticket, memberId: own.member, reason: 'x' }, ['ticketId', 'memberId']),
      ).rejects.toThrow(/the entity has none|upserts on every unique key/),
    ),
});

promises('G-02 a write', {
  'over all tenants connects rows of one tenant': ({ repo }) =>
    tenancy.unscoped('repairs', async () => {
      await repo(Note).update(own.note, { ticketId: own.otherTicket });
      await repo(Note).update(foreign.note, { ticketId: foreign.otherTicket });
      expect(await repo(Note).findOneByOrFail({ id: foreign.note })).toMatchObject({ ticketId: foreign.otherTicket });
      await expect(repo(Note).update(own.note, { ticketId: foreign.ticket })).rejects.toThrow('rows of two tenants');
    }),
  'changes a row that belongs through a parent without naming that': ({ repo }) =>
    tenancy.run(ACME, async () => {
      await repo(Verdict).update(own.verdict, { summary: 'changed' });
      expect(await repo(Verdict).findOneByOrFail({ id: own.verdict })).toMatchObject({ summary: 'changed' });
    }),
  'changes a key that the application makes, and no auto-increment key': ({ repo }) =>
    tenancy.run(ACME, async () => {
      const id = '00000000-0000-4000-8000-000000000777';
      await repo(Document).update(own.document, { id });
      expect(await repo(Document).countBy({ id })).toBe(1);
      await repo(Translation).insert({ ticketId: own.ticket, language: 'fr', text: 'acme' });
      await repo(Translation).update({ ticketId: own.ticket, language: 'fr' }, { language: 'de' });
      expect(await repo(Translation).countBy({ language: 'de' })).toBe(1);
      await expect(repo(Note).update(own.note, { id: 777 })).rejects.toThrow('sets the auto-increment column id');
    }),
  'names its tenant by a plain value, or not at all': ({ repo }) =>
    tenancy.run(ACME, async () => {
      await repo(Note).insert({ organizationId: '1' as never, body: 'plain' });
      for (const organizationId of [() => '1', { toString: () => '1' }, [1], '2', null])
        await expect(repo(Note).update(own.note, { organizationId: organizationId as never })).rejects.toThrow(
          TenantScopeViolationError,
        );
    }),
});
