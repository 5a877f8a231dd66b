import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Injectable, Logger, UseGuards } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Crud, CrudController, TenantScoped, TenantScopeViolationError } from 'nestjs-muck';
import type { CrudHooks } from 'nestjs-muck';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { QueryRunner } from 'typeorm';
import { adaptersToTest } from '../../support/adapters.js';
import { databasesToTest } from '../../support/databases.js';
import { openScopedApplication } from '../../support/scoped-application.js';
import type { ScopedApplication } from '../../support/scoped-application.js';
import type { Message } from '../../support/transport.js';

/*
 * Tests of an application that run in one transaction, which is rolled back: docs/testing.md.
 */

@Entity()
@TenantScoped()
class Letter {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ length: 40 }) text!: string;
}

@Injectable()
class User implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; user?: object }>();
    request.user = { organizationId: Number(request.headers['x-organization']) };
    return true;
  }
}

const committed: string[] = [];

@Injectable()
class Post implements CrudHooks<Letter> {
  createCommitted({ text }: Letter): void {
    committed.push(text);
  }
}

@Controller('letters')
@UseGuards(User)
@TenantScoped()
@Crud(Letter, { hooks: [Post] })
class LettersController extends CrudController<Letter> {}

describe.each(databasesToTest())('on %s', (kind) => {
  let application: ScopedApplication;
  const warnings: unknown[] = [];
  beforeAll(async () => {
    const adapter = adaptersToTest()[0];
    application = await openScopedApplication({
      database: kind,
      adapter,
      entities: [Letter],
      controllers: [LettersController],
      providers: [Post],
    });
    const ignore = (): void => undefined;
    Logger.overrideLogger({ log: ignore, error: ignore, warn: (line: unknown) => void warnings.push(line) });
  });
  beforeEach(() => {
    warnings.length = 0;
    committed.splice(0);
  });
  afterAll(() => {
    Logger.overrideLogger(false);
    return application.close();
  });

  /** As docs/testing.md has it. */
  async function rolledBack(test: (runner: QueryRunner) => Promise<void>): Promise<void> {
    const { dataSource, tenancy } = application;
    const runner = dataSource.createQueryRunner();
    const release = runner.release.bind(runner);
    await runner.startTransaction();
    runner.release = () => Promise.resolve();
    dataSource.createQueryRunner = () => runner;
    try {
      await tenancy.shareTransaction(runner, 'a test that is rolled back', () => test(runner));
    } finally {
      Reflect.deleteProperty(dataSource, 'createQueryRunner');
      await runner.rollbackTransaction();
      await release();
    }
  }

  async function send(
    organization: number,
    method: Message['method'],
    url: string,
    body?: object,
  ): Promise<{ status: number; body: { id?: number; text?: string; items?: object[] } }> {
    const headers = { 'x-organization': String(organization), 'content-type': 'application/json' };
    const reply = await application.transport.send({
      method: method!,
      url,
      headers,
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: reply.status, body: (reply.text === '' ? {} : JSON.parse(reply.text)) as object };
  }

  it('requests of two tenants share the transaction of a test, each in its scope, and leave nothing behind', async () => {
    await rolledBack(async () => {
      const { status, body } = await send(1, 'POST', '/letters', { text: 'mine' });
      expect(status).toBe(201);
      expect(await send(2, 'POST', '/letters', { text: 'theirs' })).toMatchObject({ status: 201 });
      expect((await send(1, 'GET', '/letters')).body.items).toMatchObject([{ text: 'mine' }]);
      expect((await send(2, 'GET', '/letters')).body.items).toMatchObject([{ text: 'theirs' }]);
      expect(await send(2, 'GET', `/letters/${body.id}`)).toMatchObject({ status: 404 });
      expect(await send(2, 'PATCH', `/letters/${body.id}`, { text: 'taken' })).toMatchObject({ status: 404 });
      expect(await send(1, 'PATCH', `/letters/${body.id}`, { text: 'changed' })).toMatchObject({ status: 200 });
      expect(await send(1, 'GET', `/letters/${body.id}`)).toMatchObject({ status: 200, body: { text: 'changed' } });
    });
    for (const organization of [1, 2]) expect((await send(organization, 'GET', '/letters')).body.items).toEqual([]);
    // Nothing was committed.
    expect(committed).toEqual([]);
    expect(await send(3, 'POST', '/letters', { text: 'kept' })).toMatchObject({ status: 201 });
    expect(committed).toEqual(['kept']);
    expect(warnings).toContain('One transaction serves several tenants: a test that is rolled back');
  });

  it('a transaction that nothing shares, or nothing shares any more, belongs to one scope', async () => {
    const { dataSource, tenancy } = application;
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    const count = (organizationId: number): Promise<number> =>
      tenancy.run({ organizationId }, () => runner.manager.count(Letter));
    try {
      expect(await count(1)).toBe(0);
      await expect(count(2)).rejects.toThrow(TenantScopeViolationError);
      await tenancy.shareTransaction(runner, 'looks at both', async () => expect(await count(2)).toBe(0));
      await expect(count(2)).rejects.toThrow(TenantScopeViolationError);
      const failing = tenancy.shareTransaction(runner, 'fails', () => Promise.reject(new Error('fails')));
      await expect(failing).rejects.toThrow('fails');
      expect(() =>
        tenancy.shareTransaction(runner, 'fails at once', () => {
          throw new Error('at once');
        }),
      ).toThrow('at once');
      expect(tenancy.shareTransaction(runner, 'returns', () => 7)).toBe(7);
      await expect(count(2)).rejects.toThrow(TenantScopeViolationError);
    } finally {
      await runner.rollbackTransaction();
      await runner.release();
    }
  });

  it('sharing needs an open transaction that is not shared, and a reason', async () => {
    const { dataSource, tenancy } = application;
    const runner = dataSource.createQueryRunner();
    const share = (why: string): unknown => tenancy.shareTransaction(runner, why, () => undefined);
    expect(() => share('a test')).toThrow('needs a query runner with an open transaction');
    await runner.startTransaction();
    expect(() => share(' ')).toThrow("Say why: shareTransaction(queryRunner, 'a test that is rolled back', …).");
    tenancy.shareTransaction(runner, 'a test', () => expect(() => share('again')).toThrow('is shared already'));
    await runner.rollbackTransaction();
    await runner.release();
  });
});
