import { compareResponses } from '../http/compare-responses.js';
import type { Exchange } from '../http/test-client.js';
import { FIRST, SECOND } from '../isolation-session.js';
import type { Attempt, IsolationSession } from '../isolation-session.js';
import type { TestRequest } from '../test-tenant.js';
import type { RouteTarget } from './route-target.js';

const CREDENTIALS = new Set(['authorization', 'cookie']);

/** A way to name the second tenant in a request of the first. */
interface Claim {
  readonly what: string;
  readonly apply: (request: TestRequest) => void;
}

/**
 * Names the second tenant in headers, query and body of requests that are authenticated as the first.
 *
 * @param secondOwn the second tenant's response to its own request; undefined if there is none
 */
export async function tryTenantClaims(
  session: IsolationSession,
  { route, own, control }: RouteTarget,
  secondOwn: Exchange | undefined,
): Promise<void> {
  for (const { what, apply } of claimsOf(session, own.body)) {
    const attempt: Attempt = { route, kind: 'tenant', what };
    session.report.addAttempt(route.label, 'tenant');
    const exchange = await session.send(FIRST, route, own, apply);
    if (session.judgeMarks(attempt, exchange)) continue;
    if (route.method !== 'GET' && (await session.judgeRows(attempt, exchange))) continue;
    if (secondOwn === undefined || control === undefined || exchange.response.status >= 400) continue;
    const differsFromOwn = compareResponses(exchange.response, control.response).length > 0;
    if (differsFromOwn && compareResponses(exchange.response, secondOwn.response).length === 0)
      session.addFinding(attempt, exchange, `It is the response that ${session.tenants[SECOND].name} gets.`);
  }
}

function claimsOf(session: IsolationSession, body: unknown): Claim[] {
  const [first, second] = session.tenants;
  const scope = Object.entries(second.scope).map(([key, value]) => [key, String(value)] as const);
  const claims: Claim[] = [];
  const own = lowerCased(first.headers);
  for (const [name, value] of Object.entries(lowerCased(second.headers))) {
    const isOnlyCredential = Object.keys(own).length === 1 && name in own;
    if (CREDENTIALS.has(name) || own[name] === value || isOnlyCredential) continue;
    claims.push({ what: `${name} of ${second.name}`, apply: ({ headers }) => void (headers[name] = value) });
  }
  for (const name of session.headers.own.filter((header) => !(header in own)))
    for (const [, value] of scope)
      claims.push({ what: `${name}: ${value}`, apply: ({ headers }) => void (headers[name] = value) });
  const guesses = scope.flatMap(([key, value]) => headerNames(key).map((name) => [name, value] as const));
  claims.push({
    what: 'headers with the name of the scope key',
    apply: ({ headers }) => {
      for (const [name, value] of guesses) if (!(name in own)) headers[name] = value;
    },
  });
  for (const [key, value] of scope)
    claims.push({ what: `?${key}=${value}`, apply: ({ query }) => void (query[key] = value) });
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) {
    claims.push({
      what: `a body with ${scope.map(([key]) => key).join(', ')}`,
      apply: (request) => void (request.body = { ...body, ...second.scope }),
    });
  }
  return claims;
}

function headerNames(key: string): string[] {
  const kebab = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return [...new Set([`x-${kebab}`, kebab, `x-${kebab.replace(/-id$/, '')}`, 'x-tenant-id', 'x-tenant', 'x-org-id'])];
}

function lowerCased(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
