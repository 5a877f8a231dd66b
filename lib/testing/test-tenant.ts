import type { TenantScope } from '../tenancy/context/tenant-scope.js';

/** A request of a test before it is sent. `authenticate` of a {@link TestTenant} changes it. */
export interface TestRequest {
  readonly method: string;
  /** The path without the query. */
  path: string;
  readonly query: Record<string, string>;
  /** Header names in lower case. */
  readonly headers: Record<string, string>;
  /** The JSON body; undefined for none. */
  body?: unknown;
}

/** A tenant of a test: the rows that belong to it, and how its requests are authenticated. */
export interface TestTenant {
  /** Name in reports. */
  readonly name: string;
  /** The scope that the application's resolver returns for its requests. */
  readonly scope: TenantScope;
  /** Headers of its requests, e.g. `{ authorization: 'Bearer …' }`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Changes each of its requests: for signatures, cookies of a session, tokens that expire. Runs after `headers`. */
  readonly authenticate?: (request: TestRequest) => void | Promise<void>;
}

/** A request with a `set` method for headers, as supertest and superagent have. */
export interface HeaderSetter {
  set(name: string, value: string): unknown;
}

/** A request that is an object with headers: of `fetch`, `app.inject()`, axios. */
export interface HeaderHolder {
  readonly headers?: Readonly<Record<string, unknown>>;
}

/**
 * Authenticates a request as a tenant, by the tenant's `headers`.
 *
 * @param tenant the tenant
 * @param request a request of supertest, or an object with `headers`
 * @returns the request of supertest itself; of an object, a copy with the headers
 * @throws TypeError if the tenant has only `authenticate`, because that function takes a {@link TestRequest}
 * @example
 * await asTenant(acme, request(app.getHttpServer()).get('/tickets')).expect(200);
 * await fetch(url, asTenant(acme, { method: 'POST', body }));
 */
export function asTenant<R extends HeaderSetter | HeaderHolder>(tenant: TestTenant, request: R): R {
  if (tenant.headers === undefined) throw new TypeError(`asTenant: the tenant ${tenant.name} has no headers.`);
  if ('set' in request && typeof request.set === 'function') {
    for (const [name, value] of Object.entries(tenant.headers)) request.set(name, value);
    return request;
  }
  return { ...request, headers: { ...('headers' in request ? request.headers : {}), ...tenant.headers } };
}

/** Adds what authenticates a request as a tenant. */
export async function authenticate(tenant: TestTenant, request: TestRequest): Promise<void> {
  for (const [name, value] of Object.entries(tenant.headers ?? {})) request.headers[name.toLowerCase()] = value;
  await tenant.authenticate?.(request);
}
