import { compareResponses } from './http/compare-responses.js';
import type { Exchange } from './http/test-client.js';
import { FIRST, SECOND } from './isolation-session.js';
import type { IsolationSession } from './isolation-session.js';
import { tryAnonymous } from './attempts/try-anonymous.js';
import { tryCaches } from './attempts/try-caches.js';
import { tryFilters, variantsOf } from './attempts/try-lists.js';
import { tryPlaces } from './attempts/try-places.js';
import type { Observation } from './attempts/observation.js';
import type { RouteTarget } from './attempts/route-target.js';
import { tryTenantClaims } from './attempts/try-tenant-claims.js';
import type { RequestParts } from './requests/route-cases.js';
import type { ApplicationRoute } from './routes/application-route.js';

/** Writing methods in the order in which they are tried: rows are deleted last. */
const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE'];

/** Seeds both tenants and makes all attempts on the routes. */
export async function runIsolation(session: IsolationSession, routes: readonly ApplicationRoute[]): Promise<void> {
  const tried = routes.filter((route) => isTried(session, route));
  const reading = tried.filter(({ method }) => method === 'GET' || method === 'HEAD');
  await session.seed(FIRST);
  await session.readRows();
  const before = session.options.seed === undefined ? [] : await observe(session, reading, FIRST);
  await session.seed(SECOND);
  await session.readRows();
  session.learnMarks(before.map(({ exchange }) => exchange));
  if (session.options.seed === undefined)
    session.report.addNotTried(
      '(all)',
      'without seed, responses before and after the rows of the second tenant cannot be compared',
      'inference',
    );
  await compareWorlds(session, before);

  const second = await observe(session, reading, SECOND);
  for (const route of reading) await tryReading(session, route, second);
  // Rows below others go first, so that a deletion does not take the rows of a later attempt.
  const deepestFirst = [...tried].sort((one, other) => depthOf(other) - depthOf(one));
  for (const method of METHODS)
    for (const route of deepestFirst) if (route.method === method) await tryWriting(session, route);
  for (const route of tried.filter(({ method }) => !METHODS.includes(method) && method !== 'GET' && method !== 'HEAD'))
    session.report.addNotTried(route.label, `${route.method} is not tried`);
  await compareAfterWrites(session, second);
}

function depthOf({ path }: ApplicationRoute): number {
  return path.split('/').length;
}

function isTried({ options, report }: IsolationSession, route: ApplicationRoute): boolean {
  report.addRoute(route.label);
  const { exclude = {} } = options;
  const name = route.controller.name;
  const why = exclude[route.label] ?? exclude[`${name}.${route.handler}`] ?? exclude[name];
  if (why !== undefined) report.excluded.push({ route: route.label, why });
  else if (route.isStream) report.addNotTried(route.label, 'is a stream of events, which does not end');
  else if (route.parameters.some(({ source }) => source === 'file'))
    report.addNotTried(route.label, 'takes an uploaded file');
  else return true;
  return false;
}

/** Returns the first request of a tenant to a route that succeeds. */
async function findTarget(
  session: IsolationSession,
  route: ApplicationRoute,
  isNoted = true,
): Promise<RouteTarget | undefined> {
  const cases = session.cases();
  const candidates = cases.of(route, session.options.routes?.[route.label] ?? {});
  let last: Exchange | undefined;
  for (const candidate of candidates) {
    const control = await session.send(FIRST, route, candidate.own);
    if (control.response.status < 400) {
      if (isNoted)
        for (const { what, why } of candidate.untried) session.report.addNotTried(route.label, `${what}: ${why}`);
      return { route, ...candidate, control };
    }
    last = control;
    // A refusal of the whole route does not depend on the row.
    if ([401, 403, 429].includes(control.response.status)) break;
  }
  if (!isNoted) return undefined;
  if (last === undefined) {
    for (const { what, why } of cases.untried) session.report.addNotTried(route.label, `${what}: ${why}`);
  } else if (route.crossTenant !== undefined && [401, 403].includes(last.response.status)) {
    session.report.addAttempt(route.label, 'tenant');
  } else {
    session.report.addNotTried(route.label, whyFailed(session, route, last));
  }
  return undefined;
}

function whyFailed({ tenants }: IsolationSession, { label }: ApplicationRoute, { response }: Exchange): string {
  const { name } = tenants[FIRST];
  const text = response.body.toString('utf8').replaceAll(/\s+/g, ' ').slice(0, 140);
  const status = `${name}'s own request gets ${response.status}: ${text}`;
  if (response.status === 401 || response.status === 403)
    return `${status}. Exclude the route, or use a tenant that may request it`;
  return `${status}. Give what it needs in routes: { '${label}': … }`;
}

/** Sends the own requests of a tenant to reading routes, each twice, to find out what differs by itself. */
async function observe(
  session: IsolationSession,
  routes: readonly ApplicationRoute[],
  tenant: number,
): Promise<Observation[]> {
  const observations: Observation[] = [];
  for (const route of routes) {
    const target = tenant === FIRST ? await findTarget(session, route, false) : await findOwn(session, route);
    if (target === undefined) continue;
    const all = tenant === FIRST ? [target.own, ...variantsOf(target)] : [target.own];
    for (const parts of all) {
      const exchange = await session.send(tenant, route, parts);
      const again = await session.send(tenant, route, parts);
      const noise = new Set(compareResponses(exchange.response, again.response).map(({ place }) => place));
      observations.push({ route, parts, exchange, noise });
    }
  }
  return observations;
}

/** Returns the second tenant's own request to a route, if it succeeds. */
async function findOwn(session: IsolationSession, route: ApplicationRoute): Promise<RouteTarget | undefined> {
  for (const candidate of session
    .cases()
    .swapped()
    .of(route, session.options.routes?.[route.label] ?? {})) {
    const control = await session.send(SECOND, route, candidate.own);
    if (control.response.status < 400) return { route, ...candidate, control };
  }
  return undefined;
}

/** Repeats requests that were sent before the second tenant had rows: the responses must be the same. */
async function compareWorlds(session: IsolationSession, before: readonly Observation[]): Promise<void> {
  for (const { route, parts, exchange, noise } of before) {
    const now = await session.send(FIRST, route, parts);
    const isInclude = 'include' in parts.query && route.crud !== undefined;
    const kind = isInclude ? 'include' : 'list';
    session.report.addAttempt(route.label, kind);
    session.report.addAttempt(route.label, 'inference');
    const isFound = session.judgeMarks({ route, kind, what: describeQuery(parts) }, now);
    const [difference] = compareResponses(exchange.response, now.response, { noise });
    if (isFound || difference === undefined) continue;
    session.addFinding(
      { route, kind: 'inference', what: describeQuery(parts) },
      now,
      `Before ${session.tenants[SECOND].name} had these rows, ${difference.place} was ${difference.one}; now it is ${difference.other}.`,
    );
  }
}

async function tryReading(
  session: IsolationSession,
  route: ApplicationRoute,
  second: readonly Observation[],
): Promise<void> {
  const target = await findTarget(session, route);
  if (target === undefined) return;
  const own = second.find((observation) => observation.route === route);
  session.report.addAttempt(route.label, 'list');
  session.judgeMarks(
    { route, kind: 'list', what: `the own request of ${session.tenants[FIRST].name}` },
    target.control!,
  );
  if (session.options.seed === undefined)
    for (const parts of variantsOf(target)) {
      const kind = 'include' in parts.query ? 'include' : 'list';
      session.report.addAttempt(route.label, kind);
      session.judgeMarks({ route, kind, what: describeQuery(parts) }, await session.send(FIRST, route, parts));
    }
  await tryPlaces(session, target);
  await tryFilters(session, target);
  await tryTenantClaims(session, target, own?.exchange);
  if (own !== undefined) await tryCaches(session, target, own);
  await tryAnonymous(session, target);
  await session.judgeRows({ route, kind: 'write', what: 'reading' }, target.control!);
}

async function tryWriting(session: IsolationSession, route: ApplicationRoute): Promise<void> {
  if (route.method !== 'DELETE') {
    const target = await findTarget(session, route);
    if (target === undefined) return;
    session.report.addAttempt(route.label, 'write');
    const attempt = { route, kind: 'write', what: `the own request of ${session.tenants[FIRST].name}` } as const;
    if (!(await session.judgeRows(attempt, target.control!))) session.judgeMarks(attempt, target.control!);
    await tryPlaces(session, target);
    await tryTenantClaims(session, target, undefined);
    return;
  }
  const cases = session.cases();
  const [first] = cases.of(route, session.options.routes?.[route.label] ?? {});
  if (first === undefined) {
    for (const { what, why } of cases.untried) session.report.addNotTried(route.label, `${what}: ${why}`);
    return;
  }
  // The own row is deleted after the attempts, so that they meet it.
  await tryPlaces(session, { route, ...first, control: undefined });
  const target = await findTarget(session, route);
  if (target === undefined) return;
  session.report.addAttempt(route.label, 'write');
  await session.judgeRows({ route, kind: 'write', what: 'an own row' }, target.control!);
}

/** Repeats the second tenant's requests after all writes of the first: the responses must be the same. */
async function compareAfterWrites(session: IsolationSession, second: readonly Observation[]): Promise<void> {
  if (session.report.findings.some(({ attempt }) => ['write', 'reference', 'tenant'].includes(attempt))) return;
  for (const { route, parts, exchange, noise } of second) {
    const now = await session.send(SECOND, route, parts);
    session.report.addAttempt(route.label, 'inference');
    const [difference] = compareResponses(exchange.response, now.response, { noise });
    if (difference === undefined) continue;
    session.addFinding(
      {
        route,
        kind: 'inference',
        what: `${session.tenants[SECOND].name} after the writes of ${session.tenants[FIRST].name}`,
      },
      now,
      `Before them, ${difference.place} was ${difference.one}; now it is ${difference.other}.`,
    );
  }
}

function describeQuery({ query }: RequestParts): string {
  const text = new URLSearchParams(query).toString();
  return text === '' ? 'the own request' : `?${text}`;
}
