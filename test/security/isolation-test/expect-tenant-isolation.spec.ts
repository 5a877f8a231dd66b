import { afterEach, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { Tenancy } from 'nestjs-muck';
import { expectTenantIsolation, TenantIsolationError } from 'nestjs-muck/testing';
import type { IsolationReport, TestTenant } from 'nestjs-muck/testing';
import { DataSource } from 'typeorm';
import { adaptersToTest, createApplication } from '../../support/adapters.js';
import type { Adapter } from '../../support/adapters.js';
import { describeEach } from '../../support/describe-each.js';
import { detach } from '../../support/detach.js';
import { createDatabase, databasesToTest } from '../../support/databases.js';
import type { DatabaseKind, TestDatabase } from '../../support/databases.js';
import {
  carelessApplication,
  Comment,
  configure,
  Coupon,
  MISTAKES,
  Organization,
  Ticket,
} from './careless-application.js';
import type { Mistake } from './careless-application.js';

const TENANTS: readonly [TestTenant, TestTenant] = [
  { name: 'acme', scope: { organizationId: 1 }, headers: { Authorization: 'Bearer token-of-acme' } },
  { name: 'globex', scope: { organizationId: 2 }, headers: { Authorization: 'Bearer token-of-globex' } },
];

let app: INestApplication;
let database: TestDatabase;
afterEach(async () => {
  await app.close();
  await database.drop();
});

async function open(kind: DatabaseKind, adapter: Adapter, mistakes: readonly Mistake[] = []): Promise<void> {
  database = await createDatabase(kind);
  app = await createApplication(carelessApplication(database.options, new Set(mistakes)), { adapter, configure });
  await app.get(Tenancy).forEach([{ organizationId: 1 }, { organizationId: 2 }], async ({ organizationId: id }) => {
    await app
      .get(DataSource)
      .getRepository(Organization)
      .insert({ id, name: `Organization ${id}` });
  });
}

async function seed({ name, scope }: TestTenant): Promise<void> {
  const { manager } = app.get(DataSource);
  for (const [n, status] of ['open', 'open', 'closed'].entries()) {
    const ticket = await manager.save(Ticket, { ...scope, subject: `Ticket ${n} of ${name}`, status });
    await manager.save(Comment, { text: `Comment on ${n} of ${name}`, ticketId: ticket.id });
    await manager.save(Coupon, { ...scope, code: `${name}-coupon-${n}` });
  }
}

/** @returns the report, whether something crossed or not */
async function run(): Promise<IsolationReport> {
  try {
    return await expectTenantIsolation(app, { tenants: TENANTS, seed, print: () => undefined });
  } catch (error) {
    if (error instanceof TenantIsolationError) return error.report;
    throw error;
  }
}

describe.each(databasesToTest())('the isolation test of an application without mistakes on %s', (kind) => {
  it.each(adaptersToTest())('finds nothing on %s, and tries every route', async (adapter) => {
    await open(kind, adapter);
    const report = await run();
    expect(report.findings).toEqual([]);
    expect(report.notTried).toEqual([]);
    expect(report.routes).toHaveLength(19);
    for (const route of report.routes)
      expect([route, report.count(route, 'write') + report.count(route, 'list')]).not.toEqual([route, 0]);
  });
});

// One of the mistakes opens the database once more.
describeEach(
  databasesToTest()
    .filter((kind) => kind !== 'sqljs')
    .slice(0, 1),
  'TEST_DATABASES names SQLite alone, whose database exists once for each DataSource',
)('the isolation test finds, on %s:', (kind) => {
  const cases = Object.entries(MISTAKES) as [Mistake, (typeof MISTAKES)[Mistake]][];

  it.each(cases)('%s', async (mistake, [route, attempt]) => {
    await open(kind, adaptersToTest()[0], [mistake]);
    const { findings } = await run();
    expect(findings).toContainEqual(expect.objectContaining({ route, attempt }));
    const found = findings.find((finding) => finding.route === route && finding.attempt === attempt)!;
    expect(found.request).toMatch(new RegExp(`^${route.split(' ')[0]} /api/v1/`));
    expect(found.response).toMatch(/^\d{3}/);
    expect(`${found.request}${found.response}${found.proof}`).not.toContain('token-of');
  });
});

it('the isolation test finds that enforcement was taken off the DataSource', async () => {
  await open(databasesToTest()[0], adaptersToTest()[0]);
  detach(app.get(DataSource));
  const failing = expectTenantIsolation(app, { tenants: TENANTS, seed, print: () => undefined });
  await expect(failing).rejects.toThrow(TenantIsolationError);
  await failing.catch(({ report }: TenantIsolationError) => {
    // The routes of `@Crud` fail, since nothing answers for their statements; all others are reached.
    const found = report.findings.map(({ route, attempt }) => `${attempt} ${route}`);
    expect(found).toEqual(
      expect.arrayContaining([
        'list GET /api/v1/dashboard',
        'list GET /api/v1/exports/tickets',
        'inference GET /api/v1/tickets-summary',
        'filter GET /api/v1/search',
        'read GET /api/v1/tickets/:id/history',
        'write POST /api/v1/tickets/close-all',
        'reference POST /api/v1/tickets/move-comments',
      ]),
    );
    expect(String(report)).toContain('CROSSED');
  });
});
