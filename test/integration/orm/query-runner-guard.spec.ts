import { EventEmitter } from 'node:events';
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SharedRowError, TenantScoped } from 'nestjs-muck';
import {
  Column,
  Entity,
  EntityNotFoundError,
  PrimaryGeneratedColumn,
  QueryFailedError,
  QueryResult,
  Tree,
  TreeChildren,
  TreeParent,
} from 'typeorm';
import type { DataSource, QueryRunner } from 'typeorm';
import { requireEnforcement } from '../../../lib/orm/enforcement/enforcement.js';
import { runInSave } from '../../../lib/orm/writes/save-context.js';
import type { VerifiedPlan } from '../../../lib/orm/enforcement/enforcement.js';
import { execute } from '../../../lib/orm/guards/execute-statement.js';
import type { StatementConnection } from '../../../lib/orm/guards/execute-statement.js';
import { connectionOf, guardRunner } from '../../../lib/orm/guards/query-runner.guard.js';
import { currentScope, isWriting, runAsUnitOfWork } from '../../../lib/tenancy/context/tenant-context.js';
import { validateScope } from '../../../lib/tenancy/context/tenant-scope.js';
import { databasesToTest } from '../../support/databases.js';
import { DESK_ENTITIES, Member, News, Ticket } from '../../support/desk.js';
import { unconnected } from '../../support/unconnected.js';
import { ACME, GLOBEX, tenancy } from '../../support/world.js';

/*
 * The gate of a query runner on its own: behind it stands a runner that only notes what comes through, and under which scope.
 */

interface Arrival {
  readonly method: string;
  readonly args: readonly unknown[];
  readonly scope: unknown;
}

/** What is used of a query of `pg`. */
interface PostgresQuery {
  readonly text: string;
  readonly values: readonly unknown[];
  readonly callback: (error: unknown, result: unknown) => void;
}

const DIALECTS = ['postgres', 'mysql', 'sqljs'] as const;
type Kind = (typeof DIALECTS)[number];

/** A query runner that reaches no database. */
class Runner {
  readonly arrivals: Arrival[] = [];
  rows: Readonly<Record<string, unknown>>[] = [{ id: 1 }];
  readonly readable = new EventEmitter();
  isTransactionActive = false;
  transactionDepth = 0;
  isReleased = false;
  failure: Error | undefined;
  /** Sends the statement that controls a transaction, as TypeORM's runners do. */
  control = (_sql: string): Promise<unknown> => Promise.resolve();

  constructor(readonly dataSource: DataSource) {}

  query(...args: unknown[]): Promise<unknown> {
    return this.answer('query', args, this.rows);
  }
  stream(...args: unknown[]): Promise<unknown> {
    return this.answer('stream', args, this.readable);
  }
  connect(): Promise<unknown> {
    this.note('connect', []);
    return Promise.resolve({
      query: ({ text, values, callback }: PostgresQuery) => {
        this.note('client', [text, values]);
        callback(this.failure, { rows: this.rows });
      },
    });
  }
  async startTransaction(...args: unknown[]): Promise<void> {
    this.note('startTransaction', args);
    await this.control('START TRANSACTION');
    this.isTransactionActive = true;
  }
  async commitTransaction(): Promise<void> {
    this.note('commitTransaction', []);
    await this.control('COMMIT');
    this.isTransactionActive = false;
  }
  async rollbackTransaction(): Promise<void> {
    this.note('rollbackTransaction', []);
    await this.control('ROLLBACK');
    this.isTransactionActive = false;
  }

  release(): Promise<void> {
    return Promise.resolve();
  }

  private note(method: string, args: readonly unknown[]): void {
    this.arrivals.push({ method, args, scope: currentScope() });
  }

  private answer(method: string, args: readonly unknown[], value: unknown): Promise<unknown> {
    this.note(method, args);
    return this.failure === undefined ? Promise.resolve(value) : Promise.reject(this.failure);
  }
}

describe('G-09 the gate in front of a query runner', () => {
  const dataSources = {} as Record<Kind, DataSource>;
  let behind: Runner;
  let runner: QueryRunner;

  beforeAll(async () => {
    expect(databasesToTest()).not.toEqual([]);
    for (const kind of DIALECTS) dataSources[kind] = await unconnected(kind, DESK_ENTITIES);
  });

  const open = (kind: Kind): void => {
    behind = new Runner(dataSources[kind]);
    runner = behind as unknown as QueryRunner;
    guardRunner(runner, requireEnforcement(dataSources[kind]));
  };
  beforeEach(() => open('sqljs'));

  const methods = (): string[] => behind.arrivals.map(({ method }) => method);
  const acme = <R>(fn: () => R): R => tenancy.run(ACME, fn);
  const globex = <R>(fn: () => R): R => tenancy.run(GLOBEX, fn);
  /** What a query builder makes in Acme's scope. */
  const issue = (kind: Kind = 'sqljs'): [string, unknown[]] =>
    acme(() => dataSources[kind].createQueryBuilder(Ticket, 't').select('t.id').getQueryAndParameters());
  const issueInsert = (): [string, unknown[]] =>
    acme(() =>
      dataSources.sqljs
        .createQueryBuilder()
        .insert()
        .into(Ticket)
        .values({ orderNumber: 1, subject: 'x' })
        .getQueryAndParameters(),
    );
  const BY_HAND = 'SELECT * FROM "ticket"';

  it('is put up once', async () => {
    const { query } = runner;
    guardRunner(runner, requireEnforcement(dataSources.sqljs));
    expect(runner.query).toBe(query);
    await runner.query('SELECT 1');
    expect(methods()).toEqual(['query']);
  });

  describe('lets through', () => {
    it('what a builder has issued, with the values as they were then and not as they are', async () => {
      const [sql, parameters] = issue();
      await acme(() => runner.query(sql, parameters, true));
      expect(behind.arrivals).toEqual([{ method: 'query', args: [sql, [...parameters], true], scope: ACME }]);
      expect(behind.arrivals[0].args[1]).not.toBe(parameters);
      expect(Object.isFrozen(behind.arrivals[0].args[1])).toBe(true);
    });

    it('what touches no rows of tenants, as it is', async () => {
      const parameters = [1];
      await acme(() => runner.query('SELECT ? FROM "news"', parameters));
      expect(behind.arrivals[0].args).toEqual(['SELECT ? FROM "news"', parameters, undefined]);
      expect(behind.arrivals[0].args[1]).toBe(parameters);
    });

    it('nothing that was issued to another runner, changed, or given another text', async () => {
      const [sql, parameters] = issue();
      await expect(globex(() => runner.query(sql, parameters))).rejects.toThrow('in raw SQL');
      await expect(acme(() => runner.query(`${sql} OR 1 = 1`, parameters))).rejects.toThrow('in raw SQL');
      await expect(acme(() => runner.query(sql, [...parameters]))).rejects.toThrow('in raw SQL');
      await expect(acme(() => runner.query(sql))).rejects.toThrow('in raw SQL');
      await expect(acme(() => runner.query(BY_HAND, parameters))).rejects.toThrow('in raw SQL');
      await expect(runner.query(sql, parameters)).rejects.toThrow('There is no tenant scope');
      for (const change of [
        () => void (parameters[0] = 2),
        () => void (parameters[0] = String(ACME.organizationId)),
        () => void (parameters.length = 0),
        () => void parameters.push(2),
      ]) {
        const before = [...parameters];
        change();
        await expect(acme(() => runner.query(sql, parameters))).rejects.toThrow('in raw SQL');
        parameters.splice(0, parameters.length, ...before);
      }
      expect(behind.arrivals).toEqual([]);
      await acme(() => runner.query(sql, parameters));
      expect(methods()).toEqual(['query']);
    });

    it('nothing that was issued by another DataSource, though its tables are called alike', async () => {
      const other = await unconnected('sqljs', DESK_ENTITIES);
      const [sql, parameters] = acme(() => other.createQueryBuilder(Ticket, 't').getQueryAndParameters());
      await expect(acme(() => runner.query(sql, parameters))).rejects.toThrow('in raw SQL');
      expect(behind.arrivals).toEqual([]);
    });

    it('nothing that is no text', async () => {
      for (const sql of [{ text: 'SELECT 1' }, undefined, { toString: () => 'SELECT 1' }, ['SELECT 1']]) {
        await expect(acme(() => runner.query(sql as never))).rejects.toThrow('it is not a string');
        await expect(acme(() => runner.stream(sql as never))).rejects.toThrow('it is not a string');
      }
      expect(behind.arrivals).toEqual([]);
    });

    it('no error with a value in it, and none about another tenant', async () => {
      behind.failure = new QueryFailedError('SELECT', [], new Error('malformed JSON: globex'));
      const [sql, parameters] = issue();
      await expect(acme(() => runner.query(sql, parameters))).rejects.toThrow('could not process a value');
      const unique = new Error('UNIQUE constraint failed: ticket.orderNumber, ticket.organizationId');
      behind.failure = new QueryFailedError('INSERT', [], unique);
      const [insert, values] = issueInsert();
      await expect(acme(() => runner.query(insert, values))).rejects.toMatchObject({
        name: 'UniqueConflictError',
        properties: ['orderNumber'],
      });
      const write = acme(() => runner.query('INSERT INTO "news" ("text") VALUES (?)', ['x']));
      await expect(write).rejects.toMatchObject({ name: 'UniqueConflictError', entity: 'row', properties: [] });
    });
  });

  describe('keeps a transaction to one scope', () => {
    const refused = 'Use one transaction per scope';
    const SQL = 'SELECT 1';

    it('whichever runner began it', async () => {
      await acme(() => runner.startTransaction());
      await acme(() => runner.query(SQL));
      await expect(globex(() => runner.query(SQL))).rejects.toThrow(refused);
      expect(() => globex(() => connectionOf(runner).assertTransactionScope())).toThrow(refused);
      await acme(() => runner.commitTransaction());
      await globex(() => runner.query(SQL));
      expect(() => globex(() => connectionOf(runner).assertTransactionScope())).not.toThrow();
      expect(methods()).toEqual(['startTransaction', 'query', 'commitTransaction', 'query']);
    });

    it('and another scope that begins one inside it does not take it over', async () => {
      await acme(() => runner.startTransaction());
      await globex(() => runner.startTransaction());
      await expect(globex(() => runner.query(SQL))).rejects.toThrow(refused);
      await acme(() => runner.query(SQL));
    });

    it('the first one, where it was begun outside any', async () => {
      await runner.startTransaction();
      await runner.query(SQL);
      await acme(() => runner.query(SQL));
      await expect(globex(() => runner.query(SQL))).rejects.toThrow(refused);
      await runner.query(SQL);
    });

    it('and the next transaction to its own', async () => {
      await acme(() => runner.startTransaction());
      await acme(() => runner.rollbackTransaction());
      await globex(() => runner.startTransaction());
      await globex(() => runner.query(SQL));
      await expect(acme(() => runner.query(SQL))).rejects.toThrow(refused);
      await globex(() => runner.rollbackTransaction());
      await runner.startTransaction();
      await acme(() => runner.query(SQL));
    });

    it('unless the transaction is shared, for as long as it is', async () => {
      await acme(() => runner.startTransaction());
      await tenancy.shareTransaction(runner, 'a test', () => globex(() => runner.query(SQL)));
      await expect(globex(() => runner.query(SQL))).rejects.toThrow(refused);
      expect(methods()).toEqual(['startTransaction', 'query']);
    });

    it('a statement of another runner that joins the transaction is refused in another scope', async () => {
      const { connection } = requireEnforcement(dataSources.sqljs);
      connection!.guard(runner);
      const other = new Runner(dataSources.sqljs) as unknown as QueryRunner;
      guardRunner(other, requireEnforcement(dataSources.sqljs));
      await acme(async () => {
        await runner.startTransaction();
        await other.query(SQL);
        await expect(globex(() => other.query(SQL))).rejects.toThrow(refused);
        await runner.rollbackTransaction();
      });
    });

    it('and streams too', async () => {
      await acme(() => runner.startTransaction());
      await expect(globex(() => runner.stream(SQL))).rejects.toThrow(refused);
    });

    it('and refuses a runner without a guard, whose transaction it cannot know', () => {
      const bare = new Runner(dataSources.sqljs) as unknown as QueryRunner;
      expect(() => acme(() => connectionOf(bare))).toThrow('its query runner was not created by the DataSource');
    });
  });

  it('lets only that runner control transactions meanwhile', async () => {
    behind.control = (sql) => runner.query(sql);
    await acme(async () => {
      await expect(runner.query('START TRANSACTION')).rejects.toThrow('START');
      await runner.startTransaction('READ COMMITTED');
      expect(behind.arrivals[0].args).toEqual(['READ COMMITTED']);
      await expect(runner.query('COMMIT')).rejects.toThrow('COMMIT');
      await runner.commitTransaction();
      await runner.startTransaction();
      await runner.rollbackTransaction();
      for (const sql of ['START TRANSACTION', 'COMMIT', 'ROLLBACK']) {
        await expect(runner.query(sql)).rejects.toThrow(/neither reads nor writes rows/);
      }
    });
    const sent = behind.arrivals.filter(({ method }) => method === 'query').map(({ args }) => args[0]);
    expect(sent).toEqual(['START TRANSACTION', 'COMMIT', 'START TRANSACTION', 'ROLLBACK']);
  });

  it('lets no runner control transactions after one that failed', async () => {
    behind.control = () => Promise.reject(new Error('lost'));
    await acme(async () => {
      await expect(runner.startTransaction()).rejects.toThrow('lost');
      await expect(runner.commitTransaction()).rejects.toThrow('lost');
      await expect(runner.rollbackTransaction()).rejects.toThrow('lost');
      await expect(runner.query('COMMIT')).rejects.toThrow(/neither reads nor writes rows/);
    });
  });

  it('knows whether a transaction is open', async () => {
    await acme(async () => {
      await expect(runner.query('SAVEPOINT a')).rejects.toThrow(/neither reads nor writes rows/);
      await runner.startTransaction();
      await runner.query('SAVEPOINT a');
    });
  });

  it('opens connections outside every scope', async () => {
    await acme(() => runner.connect());
    expect(behind.arrivals).toEqual([{ method: 'connect', args: [], scope: undefined }]);
  });

  describe('a unit of work', () => {
    /** Whether a unit of work of Acme writes after it has done this. */
    const writesAfter = (act: () => Promise<unknown>): Promise<boolean> =>
      runAsUnitOfWork(validateScope(ACME), async () => {
        await act();
        return isWriting();
      });

    it.each(['SELECT 1', '  select 1', '\n\tSelect "text" FROM "news"'])('does not write by %j', async (sql) => {
      expect(await writesAfter(() => runner.query(sql))).toBe(false);
    });

    it.each(['UPDATE "news" SET "text" = (SELECT 1)', 'DELETE FROM "news"', 'WITH a AS (SELECT 1) SELECT * FROM a'])(
      'writes by %j',
      async (sql) => expect(await writesAfter(() => runner.query(sql))).toBe(true),
    );

    it('writes by the insert of a query builder, and not by its select', async () => {
      const [select, keys] = issue();
      expect(await writesAfter(() => runner.query(select, keys))).toBe(false);
      const [insert, values] = issueInsert();
      expect(await writesAfter(() => runner.query(insert, values))).toBe(true);
    });

    it('does not write by a transaction that it begins and commits', async () => {
      behind.control = (sql) => runner.query(sql);
      const isWritten = await writesAfter(async () => {
        await runner.startTransaction();
        await runner.commitTransaction();
      });
      expect(isWritten).toBe(false);
      expect(methods()).toEqual(['startTransaction', 'query', 'commitTransaction', 'query']);
    });
  });

  describe('outside of every scope', () => {
    it('sends the write of a query builder to an entity without tenants', async () => {
      const [sql, parameters] = dataSources.sqljs
        .createQueryBuilder()
        .update(News)
        .set({ text: 'x' })
        .getQueryAndParameters();
      await runner.query(sql, parameters);
      expect(methods()).toEqual(['query']);
    });
  });

  describe('of streams', () => {
    it('passes what was issued, whose events run where it is read', async () => {
      const [sql, parameters] = issue();
      const [onEnd, onError] = [() => undefined, () => undefined];
      const readable = await acme(() => runner.stream(sql, parameters, onEnd, onError));
      expect(behind.arrivals).toEqual([
        { method: 'stream', args: [sql, [...parameters], onEnd, onError], scope: ACME },
      ]);
      expect(behind.arrivals[0].args[1]).not.toBe(parameters);
      const heard: unknown[] = [];
      readable.on('data', (row: unknown) => heard.push(row, currentScope()));
      const emit = (): unknown => behind.readable.emit('data', 'row');
      emit();
      runAsUnitOfWork(validateScope(GLOBEX), emit);
      expect(heard).toEqual(['row', ACME, 'row', ACME]);
    });

    it('refuses writes, and what names a table in raw SQL', async () => {
      const [sql, parameters] = issueInsert();
      await expect(acme(() => runner.stream(sql, parameters))).rejects.toThrow('a write is sent as a stream');
      await expect(acme(() => runner.stream(BY_HAND))).rejects.toThrow('in raw SQL');
      expect(behind.arrivals).toEqual([]);
    });
  });

  describe('of MySQL refuses values that bring SQL', () => {
    beforeEach(() => open('mysql'));
    const sql = { toSqlString: () => '1 = 1' };
    const nested = (depth: number, wrap: (value: unknown) => unknown, value: unknown = sql): unknown =>
      depth === 0 ? value : nested(depth - 1, wrap, wrap(value));
    const list = (value: unknown): unknown => ['a', value];
    const set = (value: unknown): unknown => new Set([value]);
    const object = (value: unknown): unknown => ({ a: 1, value });
    const map = (value: unknown): unknown => new Map([['key', value]]);

    it.each([
      ['as they are', sql],
      [
        'as those of a class',
        new (class {
          toSqlString(): string {
            return '1';
          }
        })(),
      ],
      ['on a date', Object.assign(new Date(), sql)],
      ['on bytes', Object.assign(Buffer.from('a'), sql)],
      ['in a list', list(sql)],
      ['in a set', set(sql)],
      ['in an object', object(sql)],
      ['in a map', map(sql)],
      ['in an object of lists of maps', object(list(map(sql)))],
      ...[7, 8, 9, 10, 30].flatMap((depth): [string, unknown][] => [
        [`in ${depth} lists`, nested(depth, list)],
        [`in ${depth} sets`, nested(depth, set)],
      ]),
      ['in 7 objects', nested(7, object)],
    ])('%s', async (_where, value) => {
      await expect(acme(() => runner.query('SELECT ? FROM news', [value]))).rejects.toThrow(/Pass a plain value/);
      await expect(acme(() => runner.stream('SELECT ? FROM news', [value]))).rejects.toThrow(/Pass a plain value/);
      expect(behind.arrivals).toEqual([]);
      open('sqljs');
      await acme(() => runner.query('SELECT ? FROM news', [value]));
      expect(methods()).toEqual(['query']);
    });

    it('and rejects with an error, whatever a value throws', async () => {
      const value = {
        get toSqlString(): unknown {
          // eslint-disable-next-line @typescript-eslint/only-throw-error
          throw 'not now';
        },
      };
      const error: unknown = await acme(() => runner.query('SELECT ?', [value])).catch((thrown: unknown) => thrown);
      expect(error).toEqual(new Error('not now'));
      expect(behind.arrivals).toEqual([]);
    });

    it('and no plain ones', async () => {
      const circle: Record<string, unknown> = { a: 1 };
      circle['circle'] = circle;
      const values = [
        null,
        undefined,
        1,
        1n,
        'toSqlString',
        true,
        new Date(),
        Buffer.from('x'),
        [1, [2]],
        new Set([1]),
        new Map([[1, 2]]),
        { toSqlString: 1 },
        circle,
        nested(8, list, 1),
        nested(20, object, 1),
      ];
      for (const value of values) await acme(() => runner.query('SELECT ? FROM news', [value]));
      await acme(() => runner.query('SELECT 1 FROM news'));
      expect(behind.arrivals).toHaveLength(values.length + 1);
    });
  });

  describe('looks up the nodes that a tree of PostgreSQL connects', () => {
    beforeEach(() => open('postgres'));
    const HANG =
      'INSERT INTO "topic_closure" ("id_ancestor", "id_descendant") SELECT "id_ancestor", $1 FROM "topic_closure" WHERE "id_descendant" = $2';
    const hang = (nodes: unknown[]): Promise<unknown> => runInSave(() => runner.query(HANG, nodes));

    it('and connects own ones by its runner', async () => {
      behind.rows = [{ c0: 1 }, { c0: 2 }];
      await acme(() => hang([1, 2]));
      expect(methods()).toEqual(['connect', 'client', 'query']);
      expect(behind.arrivals[2]).toMatchObject({ args: [HANG, [1, 2]], scope: ACME });
    });

    it('and connects none of another tenant', async () => {
      behind.rows = [];
      await expect(acme(() => hang([1, 9001]))).rejects.toThrow(EntityNotFoundError);
      expect(methods()).not.toContain('query');
    });

    it('but for code that works over all tenants', async () => {
      behind.rows = [];
      await acme(() => tenancy.unscoped('moves', () => hang([1, 9001])));
      expect(methods()).toEqual(['query']);
    });

    it('and takes the statement from no other runner', async () => {
      await expect(acme(() => runner.query(HANG, [1, 2]))).rejects.toThrow('in raw SQL');
      await expect(acme(() => runInSave(() => runner.query(HANG, [1])))).rejects.toThrow('in raw SQL');
      expect(behind.arrivals).toEqual([]);
    });
  });

  describe('of a tree whose nodes may be shared by all tenants', () => {
    @Entity()
    @Tree('closure-table')
    @TenantScoped({ nullMeans: 'shared' })
    class Genre {
      @PrimaryGeneratedColumn() id!: number;
      @Column({ type: Number, nullable: true }) organizationId!: number | null;
      @TreeParent() parent!: Genre | null;
      @TreeChildren() children!: Genre[];
    }
    const HANG =
      'INSERT INTO "genre_closure" ("id_ancestor", "id_descendant") SELECT "id_ancestor", ? FROM "genre_closure" WHERE "id_descendant" = ?';
    const own: unknown[] = [];

    /** Both nodes are visible. Those of `own` are the own ones of the tenant. */
    class GenreRunner extends Runner {
      override query(...args: unknown[]): Promise<unknown> {
        const [sql] = args as [string];
        const isOwnSelect = sql.match(/"organizationId" = /g)?.length === 2;
        this.rows = (isOwnSelect ? own : [1, 2]).map((c0) => ({ c0 }));
        return super.query(...args);
      }
    }
    const hang = (): Promise<unknown> => acme(() => runInSave(() => runner.query(HANG, [1, 2])));

    beforeEach(async () => {
      const dataSource = await unconnected('sqljs', [Genre]);
      behind = new GenreRunner(dataSource);
      runner = behind as unknown as QueryRunner;
      guardRunner(runner, requireEnforcement(dataSource));
      own.length = 0;
    });

    it('hangs an own node below a shared one', async () => {
      own.push(1);
      await hang();
      expect(behind.arrivals.at(-1)?.args[0]).toBe(HANG);
    });

    it('refuses to hang a shared node', async () => {
      await expect(hang()).rejects.toThrow(SharedRowError);
      expect(behind.arrivals.map(({ args }) => args[0])).not.toContain(HANG);
    });
  });

  it('looks up the rows that a write references in the scope itself, also in a section for their entity', async () => {
    const insert = (): [string, unknown[]] =>
      dataSources.sqljs
        .createQueryBuilder()
        .insert()
        .into(Ticket)
        .values({ orderNumber: 1, subject: 'x', assigneeId: 5 })
        .getQueryAndParameters();
    behind.rows = [{ c0: 5 }];
    await acme(() =>
      tenancy.unscoped('looks at members', { entities: [Member] }, () => {
        const [sql, parameters] = insert();
        return runner.query(sql, parameters);
      }),
    );
    expect(behind.arrivals.map(({ args }) => args[0])).toEqual([
      expect.stringMatching(/FROM "member" .*"organizationId" = /),
      expect.stringMatching(/^INSERT INTO "ticket"/),
    ]);
  });

  describe('of PostgreSQL', () => {
    beforeEach(() => open('postgres'));

    it('sends selects straight to the connection, and answers as a runner does', async () => {
      const [sql, parameters] = issue('postgres');
      expect(await acme(() => runner.query(sql, parameters))).toEqual([{ id: 1 }]);
      const result: unknown = await acme(() => runner.query(sql, parameters, true));
      expect(result).toBeInstanceOf(QueryResult);
      expect(result).toEqual({ raw: [{ id: 1 }], records: [{ id: 1 }], affected: 1 });
      expect(methods()).toEqual(['connect', 'client', 'connect', 'client']);
      expect(behind.arrivals[1].args).toEqual([sql, [...parameters]]);
      expect(behind.arrivals[1].args[1]).not.toBe(parameters);
      expect(behind.arrivals[0].scope).toBeUndefined();
    });

    it('sends everything else by its runner', async () => {
      const [update, parameters] = acme(() =>
        dataSources.postgres.createQueryBuilder().update(News).set({ text: 'x' }).getQueryAndParameters(),
      );
      await acme(() => runner.query(update, parameters));
      await acme(() => runner.query('SELECT 1 FROM "news"'));
      expect(methods()).toEqual(['query', 'query']);
    });

    it('holds selects to the scope of the transaction, and to the runner that they were issued to', async () => {
      const [sql, parameters] = issue('postgres');
      await expect(globex(() => runner.query(sql, parameters))).rejects.toThrow('in raw SQL');
      await globex(() => runner.startTransaction());
      await expect(acme(() => runner.query(sql, parameters))).rejects.toThrow('Use one transaction per scope');
      expect(methods()).toEqual(['startTransaction']);
    });

    describe('sends a planned select', () => {
      /** Plans the select of every ticket's id in the current access context. */
      const planned = (kind: Kind): { text: string; plan: VerifiedPlan } => {
        const dataSource = dataSources[kind];
        const named = dataSource.createQueryBuilder(Ticket, 't').select('t.id').getQuery();
        const [text] = dataSource.driver.escapeQueryWithParameters(named, {});
        return { text, plan: requireEnforcement(dataSource).verifyPlan(named, text) };
      };
      const send = (plan: VerifiedPlan, text: string, connection?: StatementConnection): Promise<unknown> =>
        execute({ text, values: ['acme'], plan }, requireEnforcement(dataSources.postgres), connection);

      it('with its text, in a context of its form, on its DataSource', async () => {
        const { text, plan } = acme(() => planned('postgres'));
        expect(await globex(() => send(plan, text, connectionOf(runner)))).toEqual([{ id: 1 }]);
        expect(methods()).toEqual(['connect', 'client']);
      });

      it('without a query runner where subscribers to queries would need one, because it was given none', async () => {
        const { text, plan } = acme(() => planned('postgres'));
        const { subscribers } = dataSources.postgres;
        subscribers.push({ beforeQuery: () => undefined });
        try {
          await expect(acme(() => send(plan, text))).rejects.toThrow('Driver not Connected');
          await acme(() => send(plan, text, connectionOf(runner)));
        } finally {
          subscribers.pop();
        }
        expect(methods()).toEqual(['query']);
      });

      it('only with the text that was verified', async () => {
        const { text, plan } = acme(() => planned('postgres'));
        await expect(acme(() => send(plan, `${text} OR TRUE`))).rejects.toThrow('it was planned for another scope');
        await expect(acme(() => send(plan, `${text} OR TRUE`, connectionOf(runner)))).rejects.toThrow('in raw SQL');
        expect(methods()).toEqual([]);
      });

      it('only in an access context of the form that it was planned in', async () => {
        const { text, plan } = acme(() => tenancy.unscoped('counts', () => planned('postgres')));
        await expect(acme(() => send(plan, text))).rejects.toThrow('it was planned for another scope');
      });

      it('only on the DataSource that it was planned for', async () => {
        const { text, plan } = acme(() => planned('sqljs'));
        await expect(acme(() => send(plan, text))).rejects.toThrow('it was planned for another scope');
      });
    });

    it('tells no value of a row that a select could not compute with', async () => {
      const [sql, parameters] = issue('postgres');
      behind.failure = Object.assign(new Error('invalid input: "globex"'), { code: '22P02' });
      await expect(acme(() => runner.query(sql, parameters))).rejects.toThrow('could not process a value');
    });
  });
});
