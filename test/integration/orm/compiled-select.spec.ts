import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { UnscopedOptions } from 'nestjs-muck';
import { DataSource } from 'typeorm';
import type { EntitySubscriberInterface, SelectQueryBuilder } from 'typeorm';
import { CompiledSelect } from '../../../lib/orm/compiled-select.js';
import { createDatabase, databasesToTest } from '../../support/databases.js';
import { describeEach } from '../../support/describe-each.js';
import { DESK_ENTITIES, Member, Photo, Ticket } from '../../support/desk.js';
import { ACME, ACME_TICKETS, foreign, GLOBEX, own, tenancy, World } from '../../support/world.js';

describe.each(databasesToTest())('a statement that is planned once on %s', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await World.open(kind, true);
  });
  afterEach(async () => world.reset(await world.look()));
  afterAll(() => world.close());

  const tickets = (where?: string): CompiledSelect =>
    new CompiledSelect({
      dataSource: world.dataSource,
      build: () => {
        const select = world.dataSource.createQueryBuilder(Ticket, 't').select('t.id', 'id');
        if (where !== undefined) select.where(where);
        return select.orderBy('t.id');
      },
    });
  const ids = (rows: readonly Readonly<Record<string, unknown>>[]): number[] => rows.map(({ id }) => Number(id));

  it('reads the rows of the tenant that runs it, whichever tenant planned it', async () => {
    const statement = tickets();
    for (let time = 0; time < 4; time += 1) {
      expect(ids(await tenancy.run(ACME, () => statement.run({})))).toEqual([1, 2, 3]);
      expect(ids(await tenancy.run(GLOBEX, () => statement.run({})))).toEqual([9001, 9002, 9003]);
    }
  });

  it('keeps tenants apart that run it at once', async () => {
    const statement = tickets('t.points >= :points');
    const runs = Array.from({ length: 40 }, async (_, i) => {
      const rows = ids(await tenancy.run(i % 2 === 0 ? ACME : GLOBEX, () => statement.run({ points: 2 })));
      expect(rows).toEqual(i % 2 === 0 ? [2, 3] : [9002, 9003]);
    });
    await Promise.all(runs);
  });

  it('throws outside of a scope, planned in one or not', async () => {
    const statement = tickets();
    await expect(statement.run({})).rejects.toThrow('There is no tenant scope');
    await tenancy.run(ACME, () => statement.run({}));
    await expect(statement.run({})).rejects.toThrow('There is no tenant scope');
  });

  it('reads all rows in a section over all tenants, and own ones after it', async () => {
    const statement = tickets();
    await tenancy.run(ACME, async () => {
      expect(await tenancy.unscoped('counts', () => statement.run({}))).toHaveLength(2 * ACME_TICKETS);
      expect(await statement.run({})).toHaveLength(ACME_TICKETS);
      const other = await tenancy.unscoped('members', { entities: [Member] }, () => statement.run({}));
      expect(other).toHaveLength(ACME_TICKETS);
    });
  });

  it('reads own rows in a section for another entity whose class has the same name', async () => {
    const statement = tickets();
    const elsewhere = { Ticket: class Ticket {} };
    expect(elsewhere.Ticket.name).toBe(Ticket.name);
    await tenancy.run(ACME, async () => {
      const inSection = (...entities: UnscopedOptions['entities']): Promise<number> =>
        tenancy.unscoped('looks', { entities }, async () => (await statement.run({})).length);
      expect(await inSection(Ticket)).toBe(2 * ACME_TICKETS);
      expect(await inSection(elsewhere.Ticket)).toBe(ACME_TICKETS);
      expect(await inSection('Ticket', 'Member')).toBe(2 * ACME_TICKETS);
      expect(await inSection('Ticket","Member')).toBe(ACME_TICKETS);
      expect(await inSection('Ticket,Member')).toBe(ACME_TICKETS);
    });
  });

  it('is refused in what outlives a section', async () => {
    const statement = tickets();
    let late: Promise<unknown> | undefined;
    await tenancy.unscoped('counts', async () => {
      await statement.run({});
      late = new Promise((resolve) => setTimeout(resolve, 20)).then(() => statement.run({}));
      late.catch(() => undefined);
    });
    await expect(late).rejects.toThrow('has ended');
  });

  it('takes no tenant from its caller', async () => {
    const statement = tickets();
    const text = tenancy.run(ACME, () => world.dataSource.createQueryBuilder(Ticket, 't').getQuery());
    const [, parameter] = /:(muck\w+)/.exec(text)!;
    expect(ids(await tenancy.run(ACME, () => statement.run({ [parameter]: 2 })))).toEqual([1, 2, 3]);
  });

  it('does not run with a parameter left unset: it would take the value of the planning tenant', async () => {
    const statement = new CompiledSelect({
      dataSource: world.dataSource,
      build: () =>
        world.dataSource.createQueryBuilder(Ticket, 't').select('t.id', 'id').where('t.id = :id', { id: own.ticket }),
    });
    await tenancy.run(ACME, async () => {
      await expect(statement.run({})).rejects.toThrow();
      expect(await statement.run({ id: foreign.ticket })).toEqual([]);
    });
  });

  it('belongs to the transaction that it is given, and to none of another scope', async () => {
    const statement = tickets();
    const rolledBack = tenancy.run(ACME, () =>
      world.dataSource.transaction(async (manager) => {
        await manager.insert(Ticket, { orderNumber: 77, subject: 'acme ticket in a transaction' });
        expect(await statement.run({}, manager)).toHaveLength(ACME_TICKETS + 1);
        await tenancy.run(GLOBEX, () => statement.run({}, manager));
      }),
    );
    await expect(rolledBack).rejects.toThrow('Use one transaction per scope');
    expect(await tenancy.run(ACME, () => statement.run({}))).toHaveLength(ACME_TICKETS);
  });

  it('reads one kind of several in a table', async () => {
    const statement = new CompiledSelect({
      dataSource: world.dataSource,
      build: () => world.dataSource.createQueryBuilder(Photo, 'p').select('p.name', 'name'),
    });
    expect(await tenancy.run(ACME, () => statement.run({}))).toEqual([{ name: 'acme photo' }]);
  });

  it('is logged, and subscribers hear of it', async () => {
    const statement = tickets('t.points = :points');
    const heard: string[] = [];
    const sent = await world.sent(() => tenancy.run(ACME, () => statement.run({ points: 1 })));
    expect(sent).toEqual([expect.stringContaining('SELECT')]);
    const ear: EntitySubscriberInterface = { beforeQuery: ({ query }) => void heard.push(query) };
    world.dataSource.subscribers.push(ear);
    try {
      expect(ids(await tenancy.run(ACME, () => statement.run({ points: 1 })))).toEqual([1]);
    } finally {
      world.dataSource.subscribers.pop();
    }
    expect(heard).toEqual(sent);
  });
});

describeEach(
  databasesToTest().filter((kind) => kind.startsWith('postgres')),
  'TEST_DATABASES names no PostgreSQL',
)('prepared statements on %s', (kind) => {
  const dataSources: DataSource[] = [];
  const drops: (() => Promise<void>)[] = [];
  afterAll(async () => {
    for (const dataSource of dataSources) await dataSource.destroy();
    for (const drop of drops) await drop();
  });
  /** On one connection, so that its prepared statements can be looked at. */
  const open = async (extra?: object): Promise<DataSource> => {
    const database = await createDatabase(kind);
    drops.push(() => database.drop());
    const dataSource = new DataSource({
      ...database.options,
      entities: DESK_ENTITIES,
      synchronize: true,
      poolSize: 1,
      extra,
    } as ConstructorParameters<typeof DataSource>[0]);
    await dataSource.initialize();
    dataSources.push(dataSource);
    await tenancy.run(ACME, () => dataSource.getRepository(Member).insert({ email: 'ann@example.com' }));
    return dataSource;
  };
  const members = (
    dataSource: DataSource,
    narrow: (select: SelectQueryBuilder<Member>) => unknown = () => undefined,
  ): CompiledSelect =>
    new CompiledSelect({
      dataSource,
      build: () => {
        const select = dataSource.createQueryBuilder(Member, 'm');
        narrow(select);
        return select;
      },
    });
  const run = (statement: CompiledSelect, slots: object = {}): Promise<readonly object[]> =>
    tenancy.run(ACME, () => statement.run(slots as Readonly<Record<string, unknown>>));
  const names = async (dataSource: DataSource): Promise<string[]> => {
    const sql = 'SELECT name FROM pg_prepared_statements';
    const rows = await tenancy.unscoped('looks on', () => dataSource.query<{ name: string }[]>(sql));
    return rows.map(({ name }) => name);
  };

  it('are kept under a name once they have been run a few times', async () => {
    const dataSource = await open();
    const statement = members(dataSource);
    await run(statement);
    expect(await names(dataSource)).toEqual([]);
    for (let i = 0; i < 4; i += 1) await run(statement);
    expect(await names(dataSource)).toEqual([expect.stringMatching(/^muck_[0-9a-f]{32}$/)]);
  });

  it('are bounded, however many shapes clients make', async () => {
    const dataSource = await open();
    for (let shape = 0; shape < 230; shape += 1) {
      const statement = members(dataSource, (select) => select.where(`${shape} >= m.id`));
      for (let i = 0; i < 3; i += 1) expect(await run(statement)).toHaveLength(shape > 0 ? 1 : 0);
    }
    expect(await names(dataSource)).toHaveLength(200);
  });

  it('can be switched off for a DataSource', async () => {
    const dataSource = await open({ preparedStatements: false });
    const statement = members(dataSource);
    for (let i = 0; i < 5; i += 1) expect(await run(statement)).toHaveLength(1);
    expect(await names(dataSource)).toEqual([]);
  });

  it('are made anew when a table has changed under them, or a pooler has dropped them', async () => {
    const dataSource = await open();
    const statement = members(dataSource, (select) => select.select('m.*'));
    for (let i = 0; i < 5; i += 1) await run(statement);
    await tenancy.unscoped('a migration', () => dataSource.query('ALTER TABLE "member" ADD COLUMN "nick" text'));
    expect(await run(statement)).toEqual([expect.objectContaining({ nick: null })]);
    for (let i = 0; i < 3; i += 1) expect(await run(statement)).toHaveLength(1);
    await tenancy.unscoped('as poolers do', () => dataSource.query('DEALLOCATE ALL'));
    expect(await run(statement)).toHaveLength(1);
  });

  it('tell of no value that the database could not compute with', async () => {
    const statement = members(await open(), (select) => select.where('CAST(m.email AS int) = :n'));
    for (let i = 0; i < 4; i += 1) {
      const error = await run(statement, { n: 1 }).catch((thrown: Error) => thrown);
      expect(error).toMatchObject({ name: 'QueryFailedError', message: expect.not.stringContaining('ann') });
    }
  });

  it('survive the loss of a connection: the lost one is not used again', async () => {
    const dataSource = await open();
    const statement = members(dataSource);
    for (let i = 0; i < 4; i += 1) await run(statement);
    const killer = members(dataSource, (select) => select.where('pg_terminate_backend(pg_backend_pid())'));
    await expect(run(killer)).rejects.toThrow('terminat');
    expect(await run(statement)).toHaveLength(1);
    expect(await names(dataSource)).toHaveLength(1);
  });
});
