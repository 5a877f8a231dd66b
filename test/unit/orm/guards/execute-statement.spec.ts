import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { StatementRefusedError, TenantScoped, UniqueConflictError, declareScope } from 'nestjs-muck';
import { Column, Entity, PrimaryGeneratedColumn, QueryFailedError, QueryResult, Unique } from 'typeorm';
import type { DataSource } from 'typeorm';
import { requireEnforcement } from '../../../../lib/orm/enforcement/enforcement.js';
import type { Enforcement } from '../../../../lib/orm/enforcement/enforcement.js';
import { execute } from '../../../../lib/orm/guards/execute-statement.js';
import type { Statement, StatementConnection } from '../../../../lib/orm/guards/execute-statement.js';
import { runInSave } from '../../../../lib/orm/writes/save-context.js';
import { isWriting, runAsUnitOfWork } from '../../../../lib/tenancy/context/tenant-context.js';
import { validateScope } from '../../../../lib/tenancy/context/tenant-scope.js';
import { DESK_ENTITIES } from '../../../support/desk.js';
import { unconnected } from '../../../support/unconnected.js';

/* How a statement is sent, and what happens around it. No database is there: the connections are the test's. */

declareScope({ organizationId: Number });

@Entity()
@TenantScoped()
@Unique('one_code', ['organizationId', 'code'])
class Ticket {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: '' }) code!: string;
}

const within = <R>(fn: () => R): R => runAsUnitOfWork(validateScope({ organizationId: 1 }), fn);

type Callback = (error: Error | undefined, result?: { rows: unknown[] }) => void;
/** A query as the pool's clients get it. */
interface Sent {
  readonly text: string;
  callback: Callback;
  prepare(connection: object): void;
}

/** A connection of a query runner that notes what it is told, and answers what the test says. */
class Connection implements StatementConnection {
  readonly told: string[] = [];
  readonly sent: string[] = [];
  isControlling = false;
  constructor(
    private readonly answer: (nth: number) => unknown,
    readonly isOutsideTransaction = true,
    private readonly client?: object,
  ) {}
  readonly runner = {
    isTransactionActive: false,
    connect: () => {
      this.told.push('connect');
      return Promise.resolve(this.client);
    },
  } as never;
  assertTransactionScope(): void {}
  noteWrite(): void {
    this.told.push('write');
  }
  noteRawStatement(): void {
    this.told.push('raw');
  }
  async send(text: string, _values: unknown, structured: boolean | undefined): Promise<unknown> {
    this.told.push('send');
    this.sent.push(structured === true ? `structured ${text}` : text);
    const given = this.answer(this.sent.length);
    if (given instanceof Error) throw given;
    return Promise.resolve(given);
  }
}

const failed = (driverError: object): QueryFailedError =>
  new QueryFailedError('a statement', [], Object.assign(new Error('of the driver'), driverError));
const DEADLOCKS = { mysql: { errno: 1213, code: 'ER_LOCK_DEADLOCK' }, postgres: { code: '40P01' } };

describe('a statement', () => {
  let postgres: DataSource;
  let mysql: DataSource;
  let enforcement: Enforcement;
  /** Who was asked for a connection, and the queries. */
  const pools: string[] = [];
  const queries: Sent[] = [];
  let answer: (query: Sent) => void;

  const client = {
    on: () => undefined,
    getTypeParser: () => String,
    query: (query: Sent) => {
      queries.push(query);
      answer(query);
    },
  };
  const poolOf = (name: string): object => ({
    connect: (done: (error: undefined, given: object, release: () => void) => void) => {
      pools.push(name);
      done(undefined, client, () => undefined);
    },
  });

  beforeAll(async () => {
    postgres = await unconnected('postgres', [Ticket]);
    mysql = await unconnected('mysql', [Ticket]);
    enforcement = requireEnforcement(postgres);
    Object.assign(postgres.driver, { isReplicated: true, master: poolOf('primary'), slaves: [poolOf('replica')] });
    Object.assign(postgres.options, { replication: { defaultMode: 'slave' } });
  });
  beforeEach(() => {
    pools.length = queries.length = 0;
    answer = (query) => query.callback(undefined, { rows: [{ id: 1 }] });
  });

  const predicateOf = (dataSource: DataSource, rows: 'own' | 'visible'): string => {
    const { policies } = requireEnforcement(dataSource);
    const metadata = dataSource.getMetadata(Ticket);
    return policies.predicateSql(metadata, policies.table(metadata), rows);
  };
  const tableOf = ({ driver }: DataSource): string => driver.escape('ticket');
  const plannedRead = (): Statement => {
    const text = `SELECT 1 FROM ${tableOf(postgres)} WHERE ${predicateOf(postgres, 'visible')}`;
    return { text: 'a planned read', values: [], plan: enforcement.verifyPlan(text, 'a planned read') };
  };
  const plannedWrite = (dataSource = postgres, values: unknown[] = []): Statement => {
    const text = `DELETE FROM ${tableOf(dataSource)} WHERE ( ${predicateOf(dataSource, 'own')} )`;
    const metadata = dataSource.getMetadata(Ticket);
    const plan = requireEnforcement(dataSource).verifyWrite(text, 'a planned write', metadata, undefined);
    return { text: 'a planned write', values, plan };
  };
  /** A statement of a builder. */
  const built = (dataSource: DataSource, sql: string): Statement => {
    const [text, values] = requireEnforcement(dataSource).bindVerified(sql, {});
    return { text, values };
  };
  const insertOfTwo = (): Statement => {
    const insert = postgres.createQueryBuilder().insert().into(Ticket);
    // As `execute()` does.
    insert.expressionMap.extraReturningColumns = [...postgres.getMetadata(Ticket).primaryColumns];
    const [text, values] = insert.values([{ code: 'a' }, { code: 'b' }]).getQueryAndParameters();
    return { text, values };
  };

  describe('that was planned', () => {
    it('reads from a replica, and writes on the primary', async () => {
      await within(async () => {
        expect(await execute(plannedRead(), enforcement, undefined)).toEqual([{ id: 1 }]);
        expect(isWriting()).toBe(false);
      });
      await within(async () => {
        expect(await execute(plannedWrite(), enforcement, undefined)).toEqual([{ id: 1 }]);
        expect(isWriting()).toBe(true);
      });
      expect([pools, queries.map(({ text }) => text)]).toEqual([
        ['replica', 'primary'],
        ['a planned read', 'a planned write'],
      ]);
    });

    it('goes to the client of its transaction, whose write is noted there', async () => {
      const connection = new Connection(() => [], false, client);
      await within(async () => {
        await execute(plannedRead(), enforcement, connection);
        expect(connection.told).toEqual(['connect']);
        await execute(plannedWrite(), enforcement, connection);
        expect(connection.told).toEqual(['connect', 'write', 'connect']);
        expect(isWriting()).toBe(false);
      });
      expect([pools, connection.sent, queries.length]).toEqual([[], [], 2]);
    });

    it('gives a structured result if asked for one', async () => {
      const result = await within(() => execute(plannedRead(), enforcement, undefined, true));
      expect(result).toBeInstanceOf(QueryResult);
      expect(result).toMatchObject({ raw: [{ id: 1 }], records: [{ id: 1 }], affected: 1 });
    });

    it('has no values that are SQL on MySQL, where it writes', async () => {
      const text = { toSqlString: () => 'DROP TABLE ticket' };
      const connection = new Connection(() => []);
      await within(async () => {
        const sent = execute(plannedWrite(mysql, [text]), requireEnforcement(mysql), connection);
        await expect(sent).rejects.toBeInstanceOf(StatementRefusedError);
        await execute(plannedWrite(mysql, ['text']), requireEnforcement(mysql), connection);
        await execute(plannedWrite(postgres, [text]), enforcement, undefined);
      });
      expect(connection.told).toEqual(['write', 'send']);
    });

    it('tells a unique key by its properties, with a connection and without', async () => {
      const violation = Object.assign(new Error('duplicate'), {
        code: '23505',
        constraint: 'one_code',
        table: 'ticket',
      });
      answer = (query) => query.callback(violation);
      for (const connection of [undefined, new Connection(() => [], false, client)]) {
        const write = within(() => execute(plannedWrite(), enforcement, connection));
        await expect(write).rejects.toBeInstanceOf(UniqueConflictError);
        const read = within(() => execute(plannedRead(), enforcement, connection));
        await expect(read).rejects.toBeInstanceOf(QueryFailedError);
      }
      answer = (query) => query.callback(Object.assign(new Error('full'), { code: '53100' }));
      await expect(within(() => execute(plannedWrite(), enforcement, undefined))).rejects.toBeInstanceOf(
        QueryFailedError,
      );
    });

    it('follows the setting of the scope, which is another one within a transaction', async () => {
      const asked: boolean[] = [];
      const prelude = { text: 'the setting', values: ['1'] };
      const current = (inTransaction: boolean): typeof prelude => {
        asked.push(inTransaction);
        return prelude;
      };
      Object.defineProperty(enforcement, 'sessionPrelude', { value: { current }, configurable: true });
      try {
        await within(() => execute(plannedRead(), enforcement, undefined));
        await within(() => execute(plannedRead(), enforcement, new Connection(() => [], false, client)));
      } finally {
        Reflect.deleteProperty(enforcement, 'sessionPrelude');
      }
      await within(() => execute(plannedRead(), enforcement, undefined));
      expect(asked).toEqual([false, true]);
      expect(queries.map(textsOf)).toEqual([
        ['the setting', 'a planned read'],
        ['the setting', 'a planned read'],
        ['a planned read'],
      ]);
    });
  });

  it('that is raw SQL on the rows of tenants is sent where row-level security limits it', async () => {
    const raw = { text: 'SELECT id FROM ticket', values: [] };
    const ask = (): Promise<unknown> => within(() => execute(raw, enforcement, new Connection(() => ['sent'])));
    await expect(ask()).rejects.toBeInstanceOf(StatementRefusedError);
    Object.defineProperty(enforcement, 'sessionPrelude', { value: {}, configurable: true });
    try {
      expect(await ask()).toEqual(['sent']);
    } finally {
      Reflect.deleteProperty(enforcement, 'sessionPrelude');
    }
  });

  describe('that lost a race', () => {
    it('is repeated three times, where a builder or a plan has made it and no transaction is open', async () => {
      await within(async () => {
        const by = requireEnforcement(mysql);
        for (const statement of [built(mysql, 'SELECT 1'), plannedWrite(mysql)]) {
          const lost = new Connection(() => failed(DEADLOCKS.mysql));
          await expect(execute(statement, by, lost)).rejects.toBeInstanceOf(QueryFailedError);
          expect(lost.sent).toHaveLength(4);
          const won = new Connection((nth) => (nth < 3 ? failed(DEADLOCKS.mysql) : ['won']));
          expect(await execute(statement, by, won)).toEqual(['won']);
          const inside = new Connection(() => failed(DEADLOCKS.mysql), false);
          await expect(execute(statement, by, inside)).rejects.toBeInstanceOf(QueryFailedError);
          expect(inside.sent).toHaveLength(1);
        }
      });
    });

    it.each<[what: string, fail: object, statement: () => Statement]>([
      ['raw SQL', DEADLOCKS.mysql, () => ({ text: 'SELECT 1', values: [] })],
      ['another error', { code: 'ER_BAD_FIELD_ERROR', errno: 1054 }, () => built(mysql, 'SELECT 1')],
    ])('is not repeated for %s', async (_, fail, statement) => {
      const connection = new Connection(() => failed(fail));
      const sent = within(() => execute(statement(), requireEnforcement(mysql), connection));
      await expect(sent).rejects.toBeInstanceOf(QueryFailedError);
      expect(connection.sent).toHaveLength(1);
    });

    it('is not repeated where TypeORM has written it for a tree', async () => {
      const desk = await unconnected('mysql', DESK_ENTITIES);
      const text =
        'INSERT INTO `topic_closure` (`id_ancestor`, `id_descendant`) ' +
        'SELECT `id_ancestor`, ? FROM `topic_closure` WHERE `id_descendant` = ?';
      const connection = new Connection(() => failed(DEADLOCKS.mysql));
      const by = requireEnforcement(desk);
      // Its nodes are not looked up.
      Object.assign(by.policies, { effective: () => undefined });
      const sent = within(() => runInSave(() => execute({ text, values: [7, 8] }, by, connection)));
      await expect(sent).rejects.toBeInstanceOf(QueryFailedError);
      expect(connection.sent).toEqual([text]);
    });
  });

  describe('that inserts rows', () => {
    it.each<[what: string, give: () => unknown, expected: unknown]>([
      ['rows', () => [{ id: 2 }, { id: 1 }], [{ id: 1 }, { id: 2 }]],
      ['a structured result', () => resultOf([{ id: 2 }, { id: 1 }]), resultOf([{ id: 1 }, { id: 2 }])],
      ['a structured result without rows', () => resultOf(undefined), resultOf(undefined)],
      ['nothing', () => undefined, undefined],
      ['something else', () => ({ raw: [{ id: 2 }, { id: 1 }] }), { raw: [{ id: 2 }, { id: 1 }] }],
    ])('returns them in their order, as %s', async (_, give, expected) => {
      const result = await within(() => execute(insertOfTwo(), enforcement, new Connection(give)));
      expect(result).toEqual(expected);
    });
  });

  describe('that is observed', () => {
    const told: unknown[] = [];
    const observation = {
      connected: () => void told.push('connected'),
      end: (error: unknown) => void told.push(error),
    };
    const observe = async (fn: () => Promise<unknown>, is = true): Promise<unknown> => {
      told.length = 0;
      const begin = (): typeof observation | undefined => (is ? observation : undefined);
      enforcement.observer = { begin, planned: () => undefined, refused: (error) => void told.push(error) };
      try {
        return await within(fn);
      } finally {
        enforcement.observer = undefined;
      }
    };

    it('has a connection before it is sent, and an end', async () => {
      const connection = new Connection(() => ['sent']);
      const raw = { text: 'SELECT 1', values: [] };
      expect(await observe(() => execute(raw, enforcement, connection))).toEqual(['sent']);
      expect([told, connection.told]).toEqual([
        ['connected', undefined],
        ['raw', 'connect', 'send'],
      ]);
      expect(await observe(() => execute(plannedRead(), enforcement, undefined))).toEqual([{ id: 1 }]);
      expect(told).toEqual(['connected', undefined]);
    });

    it('ends with its error', async () => {
      const error = failed({ code: '42601' });
      const raw = { text: 'SELECT 1', values: [] };
      const sent = observe(() => execute(raw, enforcement, new Connection(() => error)));
      await expect(sent).rejects.toBe(error);
      expect(told).toEqual(['connected', error]);
    });

    it('is told of when it is refused', async () => {
      const sent = observe(() =>
        execute({ text: 'DROP TABLE ticket', values: [] }, enforcement, new Connection(String)),
      );
      await expect(sent).rejects.toBeInstanceOf(StatementRefusedError);
      expect(told).toEqual([expect.any(StatementRefusedError)]);
    });

    it('is sent without acquiring a connection first where nothing is recorded', async () => {
      const connection = new Connection(() => ['sent']);
      expect(await observe(() => execute({ text: 'SELECT 1', values: [] }, enforcement, connection), false)).toEqual([
        'sent',
      ]);
      expect([told, connection.told]).toEqual([[], ['raw', 'send']]);
    });
  });
});

function resultOf(raw: unknown): QueryResult {
  return Object.assign(new QueryResult(), { raw });
}

/** The texts that a query sends. */
function textsOf(query: Sent): string[] {
  const texts: string[] = [];
  const note = ({ text }: { readonly text?: string }): void => void (text !== undefined && texts.push(text));
  const connection = { parsedStatements: {}, submittedNamedStatements: {}, parse: note };
  query.prepare({
    ...connection,
    bind: () => undefined,
    execute: () => undefined,
    describe: () => undefined,
    flush: () => undefined,
    sync: () => undefined,
  });
  return texts;
}
