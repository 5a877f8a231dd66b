import type { INestApplication } from '@nestjs/common';
import { IsolationSession } from './isolation-session.js';
import type { IsolationOptions } from './isolation-options.js';
import type { IsolationReport } from './isolation-report.js';
import { exploreRoutes } from './routes/explore-routes.js';
import { runIsolation } from './run-isolation.js';
import { TenantIsolationError } from './tenant-isolation.error.js';

/**
 * Tests that no request of one tenant reaches rows of another.
 *
 * Finds the routes of all controllers, creates rows of two tenants, and tries on each route to read, list, filter,
 * include, write and reference rows of the second tenant as the first, to be taken for the second, and to find out
 * whether its rows exist. Prints a table of routes and attempts.
 *
 * Needs a database of its own: rows of the first tenant are changed and deleted, and each writing request is followed
 * by a comparison of all rows. Works in every test runner, with Express and Fastify; an application that does not
 * listen yet listens on a free port.
 *
 * @param app the application, with the pipes, guards and prefix that it has in production
 * @param options tenants, seed, and what cannot be found out
 * @returns the report: what was tried, and what was not tried and why
 * @throws TenantIsolationError with request, response and proof of each attempt that succeeded
 * @example
 * await expectTenantIsolation(app, {
 *   tenants: [
 *     { name: 'acme', scope: { organizationId: 1 }, headers: { authorization: `Bearer ${ada}` } },
 *     { name: 'globex', scope: { organizationId: 2 }, headers: { authorization: `Bearer ${grace}` } },
 *   ],
 *   seed: ({ name }) => tickets.save([{ subject: `first of ${name}` }, { subject: `second of ${name}` }]),
 *   exclude: { 'POST /invitations': 'sends e-mail' },
 * });
 */
export async function expectTenantIsolation(
  app: INestApplication,
  options: IsolationOptions,
): Promise<IsolationReport> {
  const session = await IsolationSession.open(app, options);
  try {
    await runIsolation(session, exploreRoutes(app));
  } finally {
    session.close();
  }
  const { report } = session;
  (options.print ?? printTable)(report.toString());
  if (report.findings.length > 0) throw new TenantIsolationError(report);
  return report;
}

function printTable(table: string): void {
  process.stdout.write(`${table}\n`);
}
