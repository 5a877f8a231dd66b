import type { RouteHints } from './requests/route-cases.js';
import type { TestTenant } from './test-tenant.js';

/** Options of {@link expectTenantIsolation}. */
export interface IsolationOptions {
  /** Two tenants: the first one tries to reach rows of the second. */
  readonly tenants: readonly [TestTenant, TestTenant];
  /**
   * Creates rows of a tenant; runs in its scope, first for the first tenant. Responses to the first tenant must not
   * change when the rows of the second are created, so it writes no shared rows. Without it, the rows that are stored
   * already are used, and inference by comparing is not tried.
   */
  readonly seed?: (tenant: TestTenant) => unknown;
  /** Values for routes that need them, by method and path: `{ 'POST /tickets/merge': { body: (rows) => … } }`. */
  readonly routes?: Readonly<Record<string, RouteHints>>;
  /**
   * Routes that are not requested, with the reason: routes that send e-mail or call other services, and public ones.
   * By method and path, or the name of a controller with or without its method:
   * `{ 'MailController.send': 'sends e-mail' }`.
   */
  readonly exclude?: Readonly<Record<string, string>>;
  /** Receives the table. Default: writes it to the standard output. */
  readonly print?: (table: string) => void;
}
