import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { TypeORMError } from 'typeorm';
import type {
  DataSource,
  EntityManager,
  EntitySubscriberInterface,
  Logger,
  QueryRunner,
  ReplicationMode,
} from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { afterCommit, noteWrittenThrough } from '../../../../lib/orm/execution/commit-callbacks.js';
import { requireEnforcement } from '../../../../lib/orm/enforcement/enforcement.js';
import {
  executeOnPostgres,
  canBypassQueryRunner,
  canSendPreludes,
} from '../../../../lib/orm/execution/postgres-executor.js';
import { PreparedStatementNames } from '../../../../lib/orm/execution/prepared-statement-names.js';
import { CompiledSelect } from '../../../../lib/orm/compiled-select.js';
import { currentContext } from '../../../../lib/tenancy/context/tenant-context.js';
import { DESK_ENTITIES, Photo, Ticket } from '../../../support/desk.js';
import { unconnected } from '../../../support/unconnected.js';
import { ACME, GLOBEX, tenancy } from '../../../support/world.js';

/* Selects that go straight to a connection of PostgreSQL. The connections here only write down what they are sent, and answer as told. */

interface SentQuery {
  readonly text: string;
  readonly values: unknown[];
  readonly name: string | undefined;
  readonly callback: (error: Error | undefined, result: { rows: object[] }) => void;
  readonly _result: { readonly _types?: typeof pg.types };
}

const ROWS = [{ id: 1 }];
const PLAIN = { text: 'SELECT 1 FROM news WHERE id = $1', values: [7] };
const NAMED = { ...PLAIN, name: 'muck_name' };

/** A connection: it answers each query with what is next in `answers`, or with a row. */
class Connection extends EventEmitter {
  readonly queries: SentQuery[] = [];
  readonly answers: (Error | undefined)[] = [];
  readonly released: unknown[] = [];
  readonly getTypeParser = pg.types.getTypeParser;
  /** Called before an answer is given. */
  meanwhile: () => void = () => undefined;

  query(query: SentQuery): void {
    this.queries.push(query);
    const error = this.answers.shift();
    setImmediate(() => {
      this.meanwhile();
      query.callback(error, { rows: error === undefined ? ROWS : [] });
    });
  }
}

/** A pool of one connection. */
class Pool {
  readonly connection = new Connection();
  /** What the pool says instead of giving its connection. */
  failure: Error | undefined;
  /** The scopes in which connections were asked for. */
  readonly scopes: unknown[] = [];

  connect(done: (error: Error | undefined, client: unknown, release: (error?: Error) => void) => void): void {
    this.scopes.push(currentContext()?.scope);
    const release = (error?: Error): void => void this.connection.released.push(error);
    setImmediate(() => done(this.failure, this.failure ? undefined : this.connection, release));
  }
}

const failure = (code?: string): Error => Object.assign(new Error('what the server says of globex'), { code });

describe('a select that goes straight to a connection of PostgreSQL', () => {
  let dataSource: DataSource;
  let pool: Pool;
  let log: unknown[][];
  const open = async (options: object = {}): Promise<void> => {
    log = [];
    const note =
      (event: string) =>
      (...given: unknown[]): void =>
        void log.push([event, ...given]);
    const logger = {
      logQuery: note('sent'),
      logQueryError: note('failed'),
      logQuerySlow: note('slow'),
    } as Partial<Logger>;
    dataSource = await unconnected('postgres', DESK_ENTITIES, { logger, ...options });
    pool = new Pool();
    Object.assign(dataSource.driver, { master: pool });
  };
  beforeEach(() => open());

  const select = (statement: Parameters<typeof executeOnPostgres>[1] = PLAIN, runner?: QueryRunner) =>
    executeOnPostgres(
      requireEnforcement(dataSource),
      statement,
      runner && { runner, isOutsideTransaction: !runner.isTransactionActive },
    );
  const thrownBy = (promise: Promise<unknown>): Promise<Error> =>
    promise.then(
      () => new Error('nothing was thrown'),
      (error: Error) => error,
    );
  const events = (): unknown[] => log.map(([event]) => event);
  /** The runner of a transaction, on a connection of its own. */
  const inTransaction = (connection: Connection, isTransactionActive = true): QueryRunner =>
    Object.assign(dataSource.createQueryRunner('master'), {
      isTransactionActive,
      connect: () => Promise.resolve(connection),
    });

  it('is answered with the rows, and gives the connection back', async () => {
    expect(await select(NAMED)).toBe(ROWS);
    expect(pool.connection.queries).toEqual([
      expect.objectContaining({ text: PLAIN.text, values: [7], name: 'muck_name' }),
    ]);
    expect(pool.connection.released).toEqual([undefined]);
    expect(await select()).toBe(ROWS);
    expect(pool.connection.queries[1].name).toBeUndefined();
    expect(log).toEqual([
      ['sent', PLAIN.text, [7], undefined],
      ['sent', PLAIN.text, [7], undefined],
    ]);
  });

  it('gives timestamps as they are in JSON where that is wanted, and else as ever', async () => {
    const { connection } = pool;
    for (const isForJson of [true, false, undefined, true]) await select({ ...PLAIN, isForJson });
    const parsed = connection.queries.map(({ _result }) =>
      (_result._types ?? pg.types).getTypeParser(1184, 'text')('2026-01-31 12:34:56+00'),
    );
    const [text, date] = ['2026-01-31T12:34:56.000Z', new Date('2026-01-31T12:34:56Z')];
    expect(parsed).toEqual([text, date, date, text]);
    // Made once for a connection.
    expect(connection.queries[3]._result._types).toBe(connection.queries[0]._result._types);
  });

  it('leaves timestamps alone where the bindings read rows themselves', async () => {
    class NativeQuery {
      constructor(
        readonly text: string,
        readonly values: unknown[],
        readonly callback: SentQuery['callback'],
      ) {}
    }
    Object.assign(dataSource.driver, { postgres: { Query: NativeQuery } });
    expect(await select({ ...PLAIN, isForJson: true })).toBe(ROWS);
    expect(Object.keys(pool.connection.queries[0])).toEqual(['text', 'values', 'callback', 'name']);
  });

  it('opens a connection outside of the scope that it is needed in', async () => {
    await tenancy.run(ACME, () => select());
    expect(pool.scopes).toEqual([undefined]);
  });

  it('listens once to each connection, and gives back one that is lost with the reason', async () => {
    for (let time = 0; time < 3; time += 1) await select();
    expect(pool.connection.listenerCount('error')).toBe(1);
    const lost = new Error('lost');
    pool.connection.meanwhile = () => pool.connection.emit('error', lost);
    pool.connection.answers.push(lost);
    await expect(select()).rejects.toThrow('lost');
    expect(pool.connection.released).toEqual([undefined, undefined, undefined, lost]);
  });

  it('says as it is that there is no connection, since nothing was sent', async () => {
    pool.failure = failure('53300');
    expect(await thrownBy(tenancy.run(ACME, () => select(NAMED)))).toBe(pool.failure);
    expect(events()).toEqual(['sent']);
    expect(pool.connection.queries).toEqual([]);
    Object.assign(dataSource.driver, { master: undefined });
    const error = await thrownBy(select());
    expect(error).toBeInstanceOf(TypeORMError);
    expect(error).toMatchObject({ name: 'TypeORMError', message: 'Driver not Connected' });
  });

  it('fails as that of a query runner does, and in a scope without the values of rows', async () => {
    pool.connection.answers.push(failure('22P02'), failure('22P02'));
    const masked = await thrownBy(tenancy.run(ACME, () => select()));
    expect(masked).toMatchObject({ name: 'QueryFailedError', query: PLAIN.text, parameters: [7] });
    expect(masked.message).toBe('The database could not process a value.');
    expect(await thrownBy(select())).toMatchObject({ message: 'what the server says of globex' });
    expect(log).toEqual([
      ['sent', PLAIN.text, [7], undefined],
      ['failed', expect.objectContaining({ code: '22P02' }), PLAIN.text, [7], undefined],
      ['sent', PLAIN.text, [7], undefined],
      ['failed', expect.objectContaining({ code: '22P02' }), PLAIN.text, [7], undefined],
    ]);
    expect(pool.connection.released).toEqual([undefined, undefined]);
  });

  it('keeps the words of an error that tells of no row', async () => {
    pool.connection.answers.push(failure('42P01'));
    const error = await thrownBy(tenancy.run(ACME, () => select()));
    expect(error).toMatchObject({ name: 'QueryFailedError', message: 'what the server says of globex' });
  });

  it.each(['0A000', '26000', '42P05'])('is sent again without its name when that is stale: %s', async (code) => {
    const { prepared } = requireEnforcement(dataSource);
    const name = prepared.nameFor(PLAIN.text);
    pool.connection.answers.push(failure(code));
    expect(await select({ ...PLAIN, name })).toBe(ROWS);
    expect(pool.connection.queries.map((query) => query.name)).toEqual([name, undefined]);
    expect(prepared.nameFor(PLAIN.text)).not.toBe(name);
    expect(events()).toEqual(['sent', 'sent']);
  });

  it('is sent again with preludes that are parsed anew', async () => {
    const { prepared } = requireEnforcement(dataSource);
    const prelude = { text: "SELECT set_config('a', $1, true)", values: ['1'] };
    const names = [prepared.nameFor(PLAIN.text), prepared.nameFor(prelude.text)];
    pool.connection.answers.push(failure('26000'));
    await select({ ...PLAIN, name: names[0], preludes: [{ ...prelude, name: names[1] }] });
    const sent = pool.connection.queries as unknown as { parts: { name: unknown; preludes: object[] } }[];
    expect(sent.map(({ parts }) => [parts.name, parts.preludes])).toEqual([
      [names[0], [{ ...prelude, name: names[1] }]],
      [undefined, [prelude]],
    ]);
    for (const [i, { text }] of [PLAIN, prelude].entries()) expect(prepared.nameFor(text)).not.toBe(names[i]);
  });

  it('is refused with preludes by native bindings, which would send it without their settings', async () => {
    expect(canSendPreludes(requireEnforcement(dataSource))).toBe(true);
    Object.assign(dataSource.driver, { postgres: { Query: function NativeQuery() {} } });
    expect(canSendPreludes(requireEnforcement(dataSource))).toBe(false);
    const error = await thrownBy(select({ ...PLAIN, preludes: [{ text: 'SELECT 1', values: [] }] }));
    expect(error.message).toContain('cannot send preludes');
    expect(pool.connection.queries).toEqual([]);
    expect(pool.connection.released).toEqual([undefined]);
  });

  it('is not sent again for another error, nor without a name', async () => {
    const { prepared } = requireEnforcement(dataSource);
    const name = prepared.nameFor(PLAIN.text);
    for (const code of ['42P01', '', undefined]) {
      pool.connection.answers.push(failure(code));
      await expect(select({ ...PLAIN, name })).rejects.toThrow('globex');
    }
    pool.connection.answers.push(failure('0A000'), failure('26000'));
    await expect(select()).rejects.toThrow('globex');
    expect(pool.connection.queries).toHaveLength(4);
    expect(prepared.nameFor(PLAIN.text)).toBe(name);
  });

  it('runs on the connection of its transaction, and leaves it there', async () => {
    const own = new Connection();
    const runner = inTransaction(own);
    expect(await select(NAMED, runner)).toBe(ROWS);
    expect(own.queries).toEqual([expect.objectContaining({ text: PLAIN.text, values: [7], name: 'muck_name' })]);
    expect(own.released).toEqual([]);
    expect(own.listenerCount('error')).toBe(0);
    expect(pool.scopes).toEqual([]);
    expect(log).toEqual([['sent', PLAIN.text, [7], runner]]);
  });

  it('is not sent again in a transaction, which an error has ended, but its name is forgotten', async () => {
    const own = new Connection();
    const runner = inTransaction(own);
    const { prepared } = requireEnforcement(dataSource);
    const name = prepared.nameFor(PLAIN.text);
    own.answers.push(failure('26000'));
    await expect(select({ ...PLAIN, name }, runner)).rejects.toThrow('globex');
    expect(own.queries).toHaveLength(1);
    expect(prepared.nameFor(PLAIN.text)).not.toBe(name);
    const idle = inTransaction(own, false);
    own.answers.push(failure('26000'));
    expect(await select(NAMED, idle)).toBe(ROWS);
    expect(own.queries.map((query) => query.name)).toEqual([name, 'muck_name', undefined]);
    expect(log.map(([event, , , third, fourth]) => [event, fourth ?? third])).toEqual([
      ['sent', runner],
      ['failed', runner],
      ['sent', idle],
      ['sent', idle],
    ]);
  });

  it('that fails in a transaction undoes it, so that nothing was committed', async () => {
    const committed: string[] = [];
    for (const answer of [failure('42P01'), undefined]) {
      const own = new Connection();
      const runner = Object.assign(dataSource.createQueryRunner('master'), {
        connect: () => Promise.resolve(own),
        query: () => Promise.resolve(),
      });
      await runner.startTransaction();
      const write = (): Promise<void> => Promise.resolve(noteWrittenThrough(runner, undefined));
      await afterCommit(write, () => Promise.resolve(void committed.push(answer?.message ?? 'without a failure')));
      own.answers.push(answer);
      await select(PLAIN, runner).catch(() => undefined);
      await runner.commitTransaction();
      await runner.release();
    }
    expect(committed).toEqual(['without a failure']);
  });

  it('is refused by a query runner that is released', async () => {
    const runner = inTransaction(new Connection());
    Object.assign(runner, { isReleased: true });
    expect(await thrownBy(select(PLAIN, runner))).toMatchObject({ name: 'QueryRunnerAlreadyReleasedError' });
    expect(log).toEqual([]);
  });

  describe('that may take a while', () => {
    const { now } = Date;
    let time: number;
    let asked: number;
    beforeEach(() => {
      time = 1000;
      asked = 0;
      Date.now = () => {
        asked += 1;
        return time;
      };
    });
    afterEach(() => {
      Date.now = now;
    });

    it('is logged as slow when it takes longer than is allowed', async () => {
      await open({ maxQueryExecutionTime: 50 });
      for (const taken of [49, 50, 51]) {
        pool.connection.meanwhile = () => (time += taken);
        await select();
      }
      expect(log.filter(([event]) => event === 'slow')).toEqual([['slow', 51, PLAIN.text, [7], undefined]]);
      const runner = inTransaction(pool.connection);
      await select(PLAIN, runner);
      expect(log.at(-1)).toEqual(['slow', 51, PLAIN.text, [7], runner]);
    });

    it('is never logged as slow, and not timed, where nothing is said of it', async () => {
      pool.connection.meanwhile = () => (time += 1e6);
      asked = 0;
      await select();
      expect([asked, events()]).toEqual([0, ['sent']]);
      await open({ maxQueryExecutionTime: 0 });
      pool.connection.meanwhile = () => (time += 1e6);
      await select();
      expect(events()).toEqual(['sent']);
    });
  });

  describe('where there are replicas', () => {
    const { random } = Math;
    afterEach(() => {
      Math.random = random;
    });
    let replicas: Pool[];
    const openReplicated = async (defaultMode?: ReplicationMode): Promise<void> => {
      await open({ replication: { master: {}, slaves: [{}, {}], ...(defaultMode && { defaultMode }) } });
      replicas = [new Pool(), new Pool()];
      Object.assign(dataSource.driver, { slaves: replicas });
    };
    const asked = (): number[] => [pool, ...replicas].map(({ scopes }) => scopes.length);

    it('asks any of them', async () => {
      await openReplicated();
      for (const chance of [0, 0.49, 0.51, 0.99]) {
        Math.random = () => chance;
        await select();
      }
      expect(asked()).toEqual([0, 2, 2]);
    });

    it('asks the primary where the DataSource wants that', async () => {
      await openReplicated('master');
      await select();
      expect(asked()).toEqual([1, 0, 0]);
    });

    it('asks the primary where reads and writes are not told apart', async () => {
      Object.assign(dataSource.driver as PostgresDriver, { slaves: [new Pool()] });
      await select();
      expect(pool.scopes).toHaveLength(1);
    });
  });

  describe('that is planned once', () => {
    const tickets = (cut?: number | 'slots'): CompiledSelect =>
      new CompiledSelect({
        dataSource,
        build: () => dataSource.createQueryBuilder(Ticket, 't').select('t.id', 'id').where('t.points = :points'),
        ...(cut !== undefined && { limit: cut }),
      });
    const names = (connection = pool.connection): (string | undefined)[] => connection.queries.map(({ name }) => name);

    it('is sent with the tenant that runs it, in the places of PostgreSQL', async () => {
      const statement = tickets();
      for (const scope of [ACME, GLOBEX]) {
        expect(await tenancy.run(scope, () => statement.run({ points: 5 }))).toBe(ROWS);
      }
      const [first, second] = pool.connection.queries;
      expect(first.text).toBe(second.text);
      expect(first.text).toMatch(/^SELECT "t"\."id" AS "id" FROM "ticket" "t" WHERE .*"organizationId" = \$\d/);
      expect(first.text).not.toMatch(/:| LIMIT /);
      expect([first.values, second.values].map((values) => [...values].sort())).toEqual([
        [1, 5],
        [2, 5],
      ]);
    });

    it('gives Dates unless JSON is wanted', async () => {
      const statement = tickets();
      await tenancy.run(ACME, async () => {
        await statement.run({ points: 5 });
        await statement.run({ points: 5 }, undefined, true);
      });
      const parsed = pool.connection.queries.map(({ _result }) =>
        (_result._types ?? pg.types).getTypeParser(1184, 'text')('2026-01-31 12:34:56+00'),
      );
      expect(parsed).toEqual([new Date('2026-01-31T12:34:56Z'), '2026-01-31T12:34:56.000Z']);
    });

    it('is cut where it is told to be', async () => {
      await tenancy.run(ACME, () => tickets(3).run({ points: 5 }));
      await tenancy.run(ACME, () => tickets('slots').run({ points: 5, limit: 6, offset: 7 }));
      const [fixed, open] = pool.connection.queries;
      expect(fixed.text).toMatch(/ LIMIT 3$/);
      expect(open.text).toMatch(/ LIMIT \$\d OFFSET \$\d$/);
      expect(open.values.slice(-2)).toEqual([6, 7]);
    });

    it('gets a name from its third run on, in each access context for itself', async () => {
      const statement = tickets();
      for (let time = 0; time < 4; time += 1) await tenancy.run(ACME, () => statement.run({ points: 5 }));
      const name = names()[2];
      expect(name).toMatch(/^muck_[0-9a-f]{32}$/);
      expect(names()).toEqual([undefined, undefined, name, name]);
      await tenancy.unscoped('counts', () => statement.run({ points: 5 }));
      expect(names()[4]).toBeUndefined();
    });

    it('gets no name where statements are not to be kept', async () => {
      const extras = [{ preparedStatements: false }, { preparedStatements: true }, {}, undefined];
      for (const extra of extras) {
        await open(extra === undefined ? {} : { extra });
        const statement = tickets();
        for (let time = 0; time < 3; time += 1) await tenancy.run(ACME, () => statement.run({ points: 5 }));
        expect(names().filter((name) => name !== undefined)).toHaveLength(extra?.preparedStatements === false ? 0 : 1);
      }
      requireEnforcement(dataSource).prepared.disable();
      const statement = tickets();
      for (let time = 0; time < 3; time += 1) await tenancy.run(ACME, () => statement.run({ points: 5 }));
      expect(names().at(-1)).toBeUndefined();
    });

    it('belongs to the transaction that it is given, and to none of another scope', async () => {
      const own = new Connection();
      const manager = dataSource.createEntityManager(inTransaction(own));
      const statement = tickets();
      expect(await tenancy.run(ACME, () => statement.run({ points: 5 }, manager))).toBe(ROWS);
      const other = tenancy.run(GLOBEX, () => statement.run({ points: 5 }, manager));
      await expect(other).rejects.toThrow('Use one transaction per scope');
      expect([own.queries.length, pool.connection.queries.length]).toEqual([1, 0]);
    });

    it('reads one kind of several in a table, on a query runner: how many kinds there are decides its text', async () => {
      const statement = new CompiledSelect({
        dataSource,
        build: () => dataSource.createQueryBuilder(Photo, 'p').select('p.name', 'name'),
      });
      expect(await tenancy.run(ACME, () => statement.run({}))).toBeDefined();
      expect(pool.connection.queries[0].values).toContain('Photo');
    });

    it('is sent with a placeholder for each value of a list', async () => {
      const statement = new CompiledSelect({
        dataSource,
        build: () => dataSource.createQueryBuilder(Ticket, 't').select('t.id', 'id').where('t.points IN (:...points)'),
      });
      for (const points of [[5], [6, 7]]) await tenancy.run(ACME, () => statement.run({ points }));
      expect(pool.connection.queries.map(({ values }) => [...values].sort())).toEqual([
        [1, 5],
        [1, 6, 7],
      ]);
    });

    it('does not run with a parameter left unset', async () => {
      const statement = tickets();
      const run = (slots: object): Promise<unknown> =>
        tenancy.run(ACME, () => statement.run(slots as Readonly<Record<string, unknown>>));
      await expect(run({})).rejects.toThrow('its parameter points has no value');
      await expect(run(Object.create({ points: 5 }) as object)).rejects.toThrow('its parameter points has no value');
      await expect(run({ points: undefined })).resolves.toBe(ROWS);
      expect(pool.connection.queries).toHaveLength(1);
    });
  });
});

describe('a statement that is planned once, on a query runner', () => {
  const open = async () => {
    const dataSource = await unconnected('sqljs', DESK_ENTITIES);
    const log: unknown[][] = [];
    const runner = (name: string, error?: Error): QueryRunner =>
      ({
        query: (sql: string, parameters: unknown[]) => {
          log.push([name, sql, parameters]);
          return error === undefined ? Promise.resolve(ROWS) : Promise.reject(error);
        },
        release: () => Promise.resolve(log.push([name, 'is released'])),
      }) as unknown as QueryRunner;
    const statement = (where: string): CompiledSelect =>
      new CompiledSelect({
        dataSource,
        build: () => dataSource.createQueryBuilder(Ticket, 't').select('t.id', 'id').where(where),
      });
    const use = (made: QueryRunner): void => void Object.assign(dataSource, { createQueryRunner: () => made });
    return { log, runner, statement, use };
  };

  it('releases one that it has made, and leaves the transaction’s', async () => {
    const { log, runner, statement, use } = await open();
    use(runner('own'));
    const points = statement('t.points = :points');
    expect(await tenancy.run(ACME, () => points.run({ points: 5 }))).toBe(ROWS);
    expect(log).toEqual([
      ['own', expect.stringMatching(/"organizationId" = \? .*"points" = \?/), [1, 5]],
      ['own', 'is released'],
    ]);
    log.length = 0;
    const manager = { queryRunner: runner('transaction') } as unknown as EntityManager;
    expect(await tenancy.run(ACME, () => points.run({ points: 5 }, manager))).toBe(ROWS);
    expect(log.map(([name]) => name)).toEqual(['transaction']);
    log.length = 0;
    use(runner('own', new Error('fails')));
    await expect(tenancy.run(ACME, () => points.run({ points: 5 }))).rejects.toThrow('fails');
    expect(log.at(-1)).toEqual(['own', 'is released']);
  });

  it('takes parameters by any name', async () => {
    const { log, runner, statement, use } = await open();
    use(runner('own'));
    const named = statement('t.status = :discriminatorColumnValues');
    await tenancy.run(ACME, () => named.run({ discriminatorColumnValues: 'open' }));
    expect(log[0][2]).toEqual([1, 'open']);
    await expect(tenancy.run(ACME, () => named.run({}))).rejects.toThrow('has no value');
  });
});

describe('the names of statements', () => {
  const names = async (): Promise<PreparedStatementNames> =>
    new PreparedStatementNames(await unconnected('postgres', DESK_ENTITIES));

  it('are as many as a connection shall keep, and each is of one text', async () => {
    const prepared = await names();
    const given = Array.from({ length: 200 }, (_, i) => prepared.nameFor(`SELECT ${i}`));
    expect(new Set(given).size).toBe(200);
    expect(given).not.toContain(undefined);
    for (let i = 200; i < 203; i += 1) expect(prepared.nameFor(`SELECT ${i}`)).toBeUndefined();
    expect(prepared.nameFor('SELECT 0')).toBe(given[0]);
    prepared.evict('SELECT 0');
    expect(prepared.nameFor('SELECT 0')).toBeUndefined();
  });

  it('are not given twice to a text whose name is stale', async () => {
    const prepared = await names();
    const seen = new Set<string | undefined>();
    for (let time = 0; time < 3; time += 1) {
      seen.add(prepared.nameFor('SELECT 0'));
      prepared.evict('SELECT 0');
    }
    expect(seen.size).toBe(3);
  });
});

describe('selects go straight to a connection', () => {
  const directly = async (
    kind: Parameters<typeof unconnected>[0],
    ...subscribers: EntitySubscriberInterface[]
  ): Promise<boolean> => {
    const dataSource = await unconnected(kind, DESK_ENTITIES);
    dataSource.subscribers.push(...subscribers);
    return canBypassQueryRunner(requireEnforcement(dataSource));
  };

  it('on PostgreSQL, and on nothing else', async () => {
    expect(await directly('postgres')).toBe(true);
    for (const kind of ['mysql', 'sqljs'] as const) expect(await directly(kind)).toBe(false);
  });

  it('unless a library makes the query runners', async () => {
    const dataSource = await unconnected('postgres', DESK_ENTITIES);
    const createQueryRunner = dataSource.createQueryRunner.bind(dataSource);
    dataSource.createQueryRunner = (mode) => createQueryRunner(mode);
    expect(canBypassQueryRunner(requireEnforcement(dataSource))).toBe(false);
  });

  it('unless a subscriber wants to hear of statements', async () => {
    const hears = (event: 'beforeQuery' | 'afterQuery' | 'afterLoad'): EntitySubscriberInterface => ({
      [event]: () => undefined,
    });
    expect(await directly('postgres', hears('afterLoad'))).toBe(true);
    expect(await directly('postgres', hears('beforeQuery'))).toBe(false);
    expect(await directly('postgres', hears('afterLoad'), hears('afterQuery'))).toBe(false);
  });
});
