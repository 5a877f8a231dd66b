/** The entry point `nestjs-muck/testing`. */
export { expectTenantIsolation } from './expect-tenant-isolation.js';
export type { IsolationOptions } from './isolation-options.js';
export type { AttemptKind, IsolationFinding, IsolationReport, NotTried } from './isolation-report.js';
export type { RequestPart, RouteHints } from './requests/route-cases.js';
export { rollBack } from './roll-back.js';
export type { TenantRows } from './rows/tenant-rows.js';
export { TenantIsolationError } from './tenant-isolation.error.js';
export { asTenant } from './test-tenant.js';
export type { HeaderHolder, HeaderSetter, TestRequest, TestTenant } from './test-tenant.js';
export { withTenant } from './with-tenant.js';
