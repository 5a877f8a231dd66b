import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Body, Controller, Injectable, Post, UseGuards } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import type { CommittedContext, CrudHooks } from 'nestjs-muck';
import { Column, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { adaptersToTest } from '../../../support/adapters.js';
import { databasesToTest } from '../../../support/databases.js';
import { openScopedApplication } from '../../../support/scoped-application.js';
import type { ScopedApplication } from '../../../support/scoped-application.js';
import { patchForTransactions, transactional } from '../../../support/transactional-library.js';

/*
 * When the Committed hooks run of writes that are part of a transaction of the application.
 */

@Entity()
@TenantScoped()
class Payment {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ length: 40 }) text!: string;
}

/** What has happened, in its order. */
const log: string[] = [];

@Injectable()
class Receipts implements CrudHooks<Payment> {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  createCommitted(payment: Payment, { scope }: CommittedContext) {
    return this.note('created', payment, scope);
  }
  updateCommitted(payment: Payment, { scope }: CommittedContext) {
    return this.note('updated', payment, scope);
  }
  removeCommitted({ text }: Payment): void {
    log.push(`removed ${text}`);
  }

  private async note(what: string, { id, text }: Payment, scope: unknown) {
    // In the scope of the write, and on another connection than its own.
    const stored = await this.dataSource.getRepository(Payment).findOneBy({ id });
    log.push(`${what} ${text} for ${JSON.stringify(scope)}${stored?.text === text ? '' : ', which is not stored'}`);
  }
}

@Injectable()
class User implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    context.switchToHttp().getRequest<{ user: object }>().user = { organizationId: 3 };
    return true;
  }
}

interface Plan {
  readonly texts: string[];
  readonly by: 'dataSource' | 'library';
  readonly fails?: 'outer' | 'inner' | 'statement';
}

@Controller('payments')
@UseGuards(User)
@TenantScoped()
@Crud(Payment, { hooks: [Receipts] })
class PaymentsController extends CrudController<Payment> {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {
    super();
  }

  @Post('together')
  async together(@Body() { texts, by, fails }: Plan): Promise<object> {
    const run = <R>(fn: () => Promise<R>): Promise<R> =>
      by === 'library' ? transactional(this.dataSource, fn) : this.dataSource.transaction(fn);
    await run(async () => {
      for (const text of texts) await this.service.create({ text });
      if (fails === 'outer') throw new Error('The outer transaction fails.');
      if (fails === 'inner') {
        await run(async () => {
          await this.service.create({ text: 'undone' });
          throw new Error('The savepoint fails.');
        }).catch(() => undefined);
        await run(() => this.service.create({ text: 'released' }));
      }
      if (fails === 'statement') {
        const failing = this.dataSource.manager.getRepository(Payment).insert({ text: null as never });
        await failing.catch(() => undefined);
      }
      log.push('ends');
    });
    log.push('committed');
    return {};
  }

  @Post('changed')
  async changed(@Body() { id, fails }: { id: number; fails: boolean }): Promise<object> {
    await transactional(this.dataSource, async () => {
      await this.service.update(id, { text: 'changed' });
      await this.service.replace(id, { text: 'replaced' });
      await this.service.remove(id);
      if (fails) throw new Error('The outer transaction fails.');
    });
    return {};
  }
}

describe.each(databasesToTest())('on %s', (kind) => {
  let application: ScopedApplication;
  beforeAll(async () => {
    application = await openScopedApplication({
      database: kind,
      adapter: adaptersToTest()[0],
      entities: [Payment],
      controllers: [PaymentsController],
      providers: [Receipts],
    });
    patchForTransactions(application.dataSource);
  });
  afterAll(() => application.close());
  beforeEach(() => void log.splice(0));

  const post = async (url: string, body: object): Promise<{ status: number; body: { id: number } }> => {
    const { status, text } = await application.transport.send({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status, body: JSON.parse(text) as { id: number } };
  };
  const stored = (): Promise<string[]> =>
    application.tenancy.run({ organizationId: 3 }, async () =>
      (await application.dataSource.getRepository(Payment).find({ order: { id: 'ASC' } })).map(({ text }) => text),
    );
  const created = (text: string): string => `created ${text} for {"organizationId":3}`;

  // On databases with a pool the DataSource's own transaction has a connection of its own, and the service's writes are no part of it.
  const ways = kind === 'sqljs' ? (['library', 'dataSource'] as const) : (['library'] as const);

  describe.each(ways)('in a transaction of the %s', (by) => {
    it('createCommitted does not run for rows that the transaction undoes', async () => {
      const before = await stored();
      expect(await post('/payments/together', { texts: ['a', 'b'], by, fails: 'outer' })).toMatchObject({
        status: 500,
      });
      expect(log).toEqual([]);
      expect(await stored()).toEqual(before);
    });

    it('createCommitted runs for each row after the commit of the transaction, in the scope of the write', async () => {
      expect(await post('/payments/together', { texts: ['c', 'd'], by })).toMatchObject({ status: 201 });
      expect(log).toEqual(['ends', created('c'), created('d'), 'committed']);
    });

    it('createCommitted does not run for a row whose savepoint is undone, and runs for those around it', async () => {
      expect(await post('/payments/together', { texts: ['e'], by, fails: 'inner' })).toMatchObject({ status: 201 });
      expect(log).toEqual(['ends', created('e'), created('released'), 'committed']);
      expect(await stored()).not.toContain('undone');
    });

    it('createCommitted runs only if the database has committed a transaction whose failed statement was ignored', async () => {
      await post('/payments/together', { texts: ['f'], by, fails: 'statement' });
      const isStored = (await stored()).includes('f');
      // PostgreSQL answers a COMMIT after an error by a ROLLBACK, and no error.
      expect(isStored).toBe(!kind.startsWith('postgres'));
      expect(log).toEqual(['ends', ...(isStored ? [created('f')] : []), 'committed']);
    });
  });

  it('the hooks of updates and removals wait for the transaction, too', async () => {
    const { body } = await post('/payments', { text: 'g' });
    expect(log.splice(0)).toEqual([created('g')]);
    expect(await post('/payments/changed', { id: body.id, fails: true })).toMatchObject({ status: 500 });
    expect(log).toEqual([]);
    expect(await post('/payments/changed', { id: body.id, fails: false })).toMatchObject({ status: 201 });
    expect(log).toEqual([expect.stringMatching(/^updated changed .* not stored$/), 'removed replaced']);
  });

  it('a write outside of the open transaction of another query runner is committed by itself', async () => {
    if (kind === 'sqljs') return expect(application.dataSource.driver.options.type).toBe('sqljs');
    const runner = application.dataSource.createQueryRunner();
    await runner.startTransaction();
    expect(await post('/payments', { text: 'h' })).toMatchObject({ status: 201 });
    expect(log).toEqual([created('h')]);
    await runner.rollbackTransaction();
    await runner.release();
    expect(log).toEqual([created('h')]);
  });
});
