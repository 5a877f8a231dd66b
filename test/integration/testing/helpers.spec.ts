import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Injectable, Logger, UseGuards } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Crud, CrudController, TenantScoped, TenantScopeInvalidError } from 'nestjs-muck';
import { asTenant, rollBack, withTenant } from 'nestjs-muck/testing';
import type { TestTenant } from 'nestjs-muck/testing';
import request from 'supertest';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { Repository } from 'typeorm';
import { adaptersToTest } from '../../support/adapters.js';
import { databasesToTest } from '../../support/databases.js';
import { openScopedApplication } from '../../support/scoped-application.js';
import type { ScopedApplication } from '../../support/scoped-application.js';

@Entity()
@TenantScoped()
class Parcel {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ length: 40 }) label!: string;
}

@Injectable()
class User implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const sent = context.switchToHttp().getRequest<{ headers: Record<string, string>; user?: object }>();
    sent.user = { organizationId: Number(sent.headers['x-organization']) };
    return true;
  }
}

@Controller('parcels')
@UseGuards(User)
@TenantScoped()
@Crud(Parcel)
class ParcelsController extends CrudController<Parcel> {}

const ACME: TestTenant = { name: 'acme', scope: { organizationId: 1 }, headers: { 'X-Organization': '1' } };
const GLOBEX: TestTenant = { name: 'globex', scope: { organizationId: 2 }, headers: { 'X-Organization': '2' } };

describe.each(databasesToTest())('the helpers of nestjs-muck/testing on %s', (database) => {
  let application: ScopedApplication;
  let parcels: Repository<Parcel>;
  beforeEach(async () => {
    Logger.overrideLogger(false);
    const [adapter] = adaptersToTest();
    application = await openScopedApplication({
      database,
      adapter,
      entities: [Parcel],
      controllers: [ParcelsController],
    });
    parcels = application.dataSource.getRepository(Parcel);
  });
  afterEach(() => application.close());

  const add = (tenant: TestTenant, label: string): request.Test =>
    asTenant(tenant, request(application.app.getHttpServer()).post('/parcels')).send({ label });
  const labelsOf = async ({ scope }: TestTenant): Promise<string[]> =>
    (await withTenant(scope, () => parcels.find())).map(({ label }) => label);

  it('a test that is rolled back leaves no row of any tenant, and gives its result', async () => {
    await add(ACME, 'kept').expect(201);
    const result = await rollBack(application.app, async () => {
      await add(ACME, 'mine').expect(201);
      await add(GLOBEX, 'theirs').expect(201);
      await withTenant(ACME.scope, () =>
        application.dataSource.transaction((manager) => manager.insert(Parcel, { label: 'nested' })),
      );
      expect(await labelsOf(ACME)).toEqual(['kept', 'mine', 'nested']);
      expect(await labelsOf(GLOBEX)).toEqual(['theirs']);
      return 'result';
    });
    expect(result).toBe('result');
    expect(await labelsOf(ACME)).toEqual(['kept']);
    expect(await labelsOf(GLOBEX)).toEqual([]);
  });

  it('a test that fails is rolled back, and its error is passed on', async () => {
    const failing = rollBack(application.app, async () => {
      await add(ACME, 'mine').expect(201);
      throw new Error('fails');
    });
    await expect(failing).rejects.toThrow('fails');
    expect(await labelsOf(ACME)).toEqual([]);
    await add(ACME, 'next').expect(201);
  });

  it('a nested transaction that fails is rolled back alone', async () => {
    await rollBack(application.app, async () => {
      await add(ACME, 'mine').expect(201);
      const nested = withTenant(ACME.scope, () =>
        application.dataSource.transaction(async (manager) => {
          await manager.insert(Parcel, { label: 'nested' });
          throw new Error('undo');
        }),
      );
      await expect(nested).rejects.toThrow('undo');
      expect(await labelsOf(ACME)).toEqual(['mine']);
    });
  });
});

describe('asTenant', () => {
  it('adds the headers to a copy of an object', () => {
    const init = { method: 'POST', headers: { accept: 'text/csv' } };
    expect(asTenant(ACME, init)).toEqual({ method: 'POST', headers: { accept: 'text/csv', 'X-Organization': '1' } });
    expect(init.headers).toEqual({ accept: 'text/csv' });
  });

  it('says which tenant has no headers', () => {
    expect(() => asTenant({ name: 'acme', scope: { organizationId: 1 } }, {})).toThrow(
      'the tenant acme has no headers',
    );
  });
});

it('withTenant refuses a scope with another key', () => {
  expect(() => withTenant({ regionId: 1 }, () => undefined)).toThrow(TenantScopeInvalidError);
});
