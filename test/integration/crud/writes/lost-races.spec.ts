import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, Post, UseGuards } from '@nestjs/common';
import { Crud, CrudController, CrudService, InjectCrud, MuckModule, Tenancy, TenantScoped } from 'nestjs-muck';
import type { CrudHooks, HookContext } from 'nestjs-muck';
import { Column, DataSource, Entity, PrimaryGeneratedColumn, QueryFailedError } from 'typeorm';
import type { EntitySubscriberInterface } from 'typeorm';
import { adaptersToTest } from '../../../support/adapters.js';
import { TestGuard } from '../../../support/crud-desk.js';
import { databasesToTest } from '../../../support/databases.js';
import { describeEach } from '../../../support/describe-each.js';
import { openScopedApplication } from '../../../support/scoped-application.js';
import type { ScopedApplication } from '../../../support/scoped-application.js';
import { patchForTransactions, transactional } from '../../../support/transactional-library.js';

/*
 * Writes that lose a race with a concurrent transaction. A trigger makes as many lose as a test says, because it counts
 * with a sequence, which no rollback resets; the last tests let two real transactions meet.
 */

@Entity('account')
@TenantScoped()
class Account {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: 0 }) balance!: number;
  @Column({ type: 'simple-json', nullable: true }) marks!: string[] | null;
}

@Entity('entry')
@TenantScoped()
class Entry {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() text!: string;
}

const calls: string[] = [];
/** What happens after an update has locked its row, and before it locks another one. */
const meantime: { happens?: (() => Promise<void>) | undefined } = {};

class Bookkeeping implements CrudHooks<Account> {
  async beforeCreate(account: Account, { manager }: HookContext): Promise<void> {
    calls.push('before');
    account.marks?.push('seen');
    await manager.insert(Entry, { text: 'created' });
  }

  async beforeUpdate(account: Account, { manager }: HookContext): Promise<void> {
    calls.push('before');
    await meantime.happens?.();
    if (account.balance === 100) await manager.update(Account, { balance: 7 }, { balance: 101 });
  }

  createCommitted(): void {
    calls.push('committed');
  }
}

@Injectable()
class OnceHooks extends Bookkeeping {}

@Injectable()
class RepeatableHooks extends Bookkeeping {
  readonly retry = true;
}

@Controller('accounts')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Account, { also: ['createMany'] })
class AccountsController extends CrudController<Account> {}

@Controller('once')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Account, { hooks: [OnceHooks] })
class OnceController extends CrudController<Account> {}

@Controller('repeatable')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Account, { hooks: [RepeatableHooks] })
class RepeatableController extends CrudController<Account> {}

/** Not a resource: application code that writes by itself. */
@Controller('by-hand')
@TenantScoped()
@UseGuards(TestGuard)
class ByHandController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly tenancy: Tenancy,
    @InjectCrud(Account) readonly accounts: CrudService<Account>,
  ) {}

  @Post('single')
  async single(): Promise<void> {
    await this.dataSource.getRepository(Account).insert({ balance: 1 });
  }

  @Post('transaction')
  async transaction(): Promise<void> {
    await this.dataSource.transaction((manager) => manager.insert(Account, { balance: 1 }));
  }

  @Post('raw-transaction')
  async rawTransaction(): Promise<void> {
    const runner = this.dataSource.createQueryRunner();
    await this.tenancy.unscoped('a test', async () => {
      try {
        await runner.query(begins);
        await runner.manager.insert(Account, { organizationId: 1, balance: 1 });
      } finally {
        await runner.query('ROLLBACK');
        await runner.release();
      }
    });
  }

  @Get('reading')
  async reading(): Promise<void> {
    await this.transaction();
  }
}

let begins = 'BEGIN';

const listeners: string[] = [];

class AccountSubscriber implements EntitySubscriberInterface<Account> {
  listenTo(): typeof Account {
    return Account;
  }

  afterInsert(): void {
    listeners.push('inserted');
  }
}

const others = databasesToTest().filter((database) => database !== 'sqljs');
const places = [
  ...adaptersToTest().map((adapter) => ({ adapter, database: others[0] })),
  ...others.slice(1).map((database) => ({ adapter: adaptersToTest()[0], database })),
].filter(({ database }) => others.length > 0 && database !== undefined);

const TRIGGERS: Readonly<Record<'postgres' | 'mariadb', readonly string[]>> = {
  postgres: [
    'CREATE SEQUENCE attempt',
    'CREATE TABLE loss (number int, code text)',
    `CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       IF nextval('attempt') <= (SELECT number FROM loss) THEN
         RAISE EXCEPTION 'secret' USING ERRCODE = (SELECT code FROM loss);
       END IF;
       RETURN coalesce(NEW, OLD);
     END $$`,
    'CREATE TRIGGER lose BEFORE INSERT OR UPDATE OR DELETE ON account FOR EACH ROW EXECUTE FUNCTION lose()',
  ],
  mariadb: [
    'CREATE SEQUENCE attempt',
    'CREATE TABLE loss (number int, code text)',
    ...['INSERT', 'UPDATE', 'DELETE'].map(
      (event) => `CREATE TRIGGER lose_${event} BEFORE ${event} ON account FOR EACH ROW
        IF NEXTVAL(attempt) <= (SELECT number FROM loss)
        THEN SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'secret'; END IF`,
    ),
  ],
};

describeEach(
  places.map(({ adapter, database }) => [adapter, database] as const),
  'TEST_DATABASES names SQLite alone, which has no races',
)('a lost race, on %s and %s', (adapter, database) => {
  const family = database === 'mariadb' ? 'mariadb' : 'postgres';
  let application: ScopedApplication;
  let id: number;
  const asAdmin = <R>(work: (dataSource: DataSource) => Promise<R>): Promise<R> =>
    application.tenancy.unscoped('a test', () => work(application.dataSource));
  const run = (...texts: string[]): Promise<void> =>
    asAdmin(async (dataSource) => {
      for (const text of texts) await dataSource.query(text);
    });
  const rows = <R>(text: string): Promise<R[]> => asAdmin((dataSource) => dataSource.query<R[]>(text));
  /** Makes the next `number` writes of an account lose. */
  const lose = (number: number, code = '40001'): Promise<void> =>
    run(
      family === 'mariadb' ? 'ALTER SEQUENCE attempt RESTART 1' : 'ALTER SEQUENCE attempt RESTART',
      `UPDATE loss SET number = ${number}, code = '${code}'`,
    );
  /** How many writes have reached the table. */
  const attempts = async (): Promise<number> => {
    const text = family === 'mariadb' ? 'NEXTVAL(attempt)' : "nextval('attempt')";
    const [{ next }] = await rows<{ next: string }>(`SELECT ${text} AS next`);
    return Number(next) - 1;
  };
  const send = async (
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    url: string,
    body?: object,
    headers = {},
  ) => {
    const answer = await application.transport.send({
      method,
      url,
      headers: { 'x-user': '1', ...(body && { 'content-type': 'application/json' }), ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { ...answer, body: answer.text === '' ? undefined : (JSON.parse(answer.text) as Record<string, unknown>) };
  };

  beforeAll(async () => {
    begins = family === 'mariadb' ? 'START TRANSACTION' : 'BEGIN';
    application = await openScopedApplication({
      adapter,
      database,
      entities: [Account, Entry],
      controllers: [AccountsController, OnceController, RepeatableController, ByHandController],
      providers: [OnceHooks, RepeatableHooks],
      imports: [MuckModule.forFeature([Account])],
    });
    await run(...TRIGGERS[family], "INSERT INTO loss VALUES (0, '')");
  });
  afterAll(() => application?.close());
  beforeEach(async () => {
    await lose(0);
    ({ id } = (await send('POST', '/accounts', { balance: 1 })).body as unknown as Account);
    calls.length = 0;
  });

  it('of a single write is repeated three times', async () => {
    const writes = [
      ['POST', '/accounts', { balance: 2 }, 201],
      ['PATCH', `/accounts/${id}`, { balance: 3 }, 200],
      ['PUT', `/accounts/${id}`, { balance: 4 }, 200],
      ['DELETE', `/accounts/${id}`, undefined, 204],
    ] as const;
    for (const [method, url, body, status] of writes) {
      await lose(3);
      expect([method, (await send(method, url, body)).status]).toEqual([method, status]);
      expect(await attempts()).toBe(4);
    }
    await lose(3, '40P01');
    expect((await send('POST', '/by-hand/single')).status).toBe(201);
  });

  it('is a 409 after that, as a problem document on request, and nothing is stored', async () => {
    await lose(4);
    const { status, headers, body, text } = await send('PATCH', `/accounts/${id}`, { balance: 2 });
    expect([status, headers['retry-after'], body]).toEqual([
      409,
      '1',
      { statusCode: 409, error: 'Conflict', message: ['the request conflicts with a concurrent one, try again'] },
    ]);
    expect(text).not.toMatch(/secret|update/i);
    expect(await attempts()).toBe(4);
    await lose(4);
    const problem = await send('POST', '/accounts', { balance: 99 }, { accept: 'application/problem+json' });
    expect([problem.status, problem.headers['content-type'], problem.body]).toEqual([
      409,
      expect.stringContaining('application/problem+json'),
      expect.objectContaining({
        status: 409,
        detail: expect.stringContaining('try again'),
        errors: [{ detail: expect.stringContaining('try again'), code: 'concurrent' }],
      }),
    ]);
    expect((await send('GET', `/accounts/${id}`)).body).toMatchObject({ balance: 1 });
    expect((await send('GET', '/accounts?balance=99')).body).toMatchObject({ total: 0 });
  });

  it('of a list without hooks is repeated as a whole', async () => {
    await lose(2);
    expect((await send('POST', '/accounts/bulk', [{ balance: 50 }, { balance: 50 }])).status).toBe(201);
    expect((await send('GET', '/accounts?balance=50')).body).toMatchObject({ total: 2 });
  });

  it('of a transaction is repeated if its hooks allow it, with fresh values', async () => {
    const before = (await rows(`SELECT * FROM entry`)).length;
    await lose(2);
    const created = await send('POST', '/repeatable', { balance: 60, marks: ['given'] });
    expect([created.status, created.body]).toEqual([201, expect.objectContaining({ marks: ['given', 'seen'] })]);
    expect(calls).toEqual(['before', 'before', 'before', 'committed']);
    expect(await rows(`SELECT * FROM entry`)).toHaveLength(before + 1);
    expect((await send('GET', '/accounts?balance=60')).body).toMatchObject({ total: 1 });
  });

  it('of a transaction whose hooks say nothing is a 409 at once', async () => {
    await lose(1);
    const created = await send('POST', '/once', { balance: 61 });
    expect([created.status, calls, await attempts()]).toEqual([409, ['before'], 1]);
    expect((await send('GET', '/accounts?balance=61')).body).toMatchObject({ total: 0 });
  });

  it('inside a transaction of the application is not repeated', async () => {
    for (const route of ['transaction', 'raw-transaction']) {
      await lose(1);
      expect([route, (await send('POST', `/by-hand/${route}`)).status, await attempts()]).toEqual([route, 409, 1]);
    }
    const { accounts } = application.app.get<{ accounts: CrudService<Account> }>(ByHandController);
    const joined = patchForTransactions(application.dataSource);
    for (const write of [() => accounts.create({ balance: 1 }), () => accounts.createMany([{ balance: 1 }])]) {
      await lose(1);
      const failed: unknown = await application.tenancy.run({ organizationId: 1 }, () =>
        transactional<unknown>(joined, write).catch((error: unknown) => error),
      );
      expect(failed).toBeInstanceOf(QueryFailedError);
      expect(await attempts()).toBe(1);
    }
  });

  it('of a reading request is a 503', async () => {
    await lose(1);
    const { status, headers } = await send('GET', '/by-hand/reading');
    expect([status, headers['retry-after']]).toEqual([503, '1']);
  });

  describe('with a subscriber', () => {
    const subscriber = new AccountSubscriber();
    beforeEach(() => {
      listeners.length = 0;
      application.dataSource.subscribers.push(subscriber);
    });
    afterEach(() => void application.dataSource.subscribers.splice(0));

    it('is repeated for a single statement, but not for a transaction that the subscriber is part of', async () => {
      await lose(1);
      expect((await send('POST', '/accounts', { balance: 1 })).status).toBe(201);
      expect(listeners).toEqual(['inserted']);
      await lose(1);
      expect((await send('POST', '/repeatable', { balance: 1 })).status).toBe(409);
    });
  });

  const isWaiting = async (): Promise<boolean> => {
    const [{ waiting }] = await rows<{ waiting: string }>(
      family === 'mariadb'
        ? `SELECT count(*) AS waiting FROM information_schema.processlist
             WHERE db = DATABASE() AND info LIKE 'UPDATE%account%'`
        : `SELECT count(*) AS waiting FROM pg_stat_activity
             WHERE wait_event_type = 'Lock' AND datname = current_database()`,
    );
    return Number(waiting) > 0;
  };

  it.each([
    ['repeatable', 200, 2],
    ['once', 409, 1],
  ])('of a deadlock of two transactions, at /%s, is a %i after %i attempts', async (path, status, tries) => {
    const { id: other } = (await send('POST', '/accounts', { balance: 7 })).body as unknown as Account;
    const runner = application.dataSource.createQueryRunner();
    try {
      await asAdmin(async () => {
        await runner.startTransaction();
        // PostgreSQL ends the transaction that looks for a deadlock first, MariaDB the one that has written less.
        if (family === 'postgres') await runner.query("SET LOCAL deadlock_timeout = '10min'");
        for (let n = 0; n < 20; n += 1) await runner.manager.insert(Entry, { organizationId: 1, text: 'heavy' });
        await runner.manager.update(Account, { id: other }, { balance: 8 });
      });
      let incremented: Promise<unknown> | undefined;
      meantime.happens = async () => {
        meantime.happens = undefined;
        incremented = asAdmin(() => runner.manager.increment(Account, { id }, 'balance', 1));
        while (!(await isWaiting()));
      };
      const answer = send('PATCH', `/${path}/${id}`, { balance: 100 });
      // The one that lost has given its row back; if it was not the request, this fails.
      while (incremented === undefined) await new Promise(setImmediate);
      await incremented;
      await asAdmin(() => runner.commitTransaction());
      expect([(await answer).status, calls]).toEqual([status, Array<string>(tries).fill('before')]);
      expect((await send('GET', `/accounts/${id}`)).body).toMatchObject({ balance: status === 200 ? 100 : 2 });
    } finally {
      if (runner.isTransactionActive) await asAdmin(() => runner.rollbackTransaction());
      await runner.release();
    }
  });
});
