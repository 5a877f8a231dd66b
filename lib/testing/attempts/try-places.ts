import { compareResponses } from '../http/compare-responses.js';
import type { Exchange } from '../http/test-client.js';
import type { AttemptKind } from '../isolation-report.js';
import { FIRST, SECOND } from '../isolation-session.js';
import type { Attempt, IsolationSession } from '../isolation-session.js';
import { replaceAt, toText } from '../requests/route-cases.js';
import type { Place } from '../requests/route-cases.js';
import type { RouteTarget } from './route-target.js';

/**
 * Names rows of the second tenant at each place of a request: in the path, the query, the body. The response must be
 * that of a row which does not exist, and nothing of the second tenant may change.
 */
export async function tryPlaces(session: IsolationSession, target: RouteTarget): Promise<void> {
  const inPath = target.places.filter(({ part }) => part === 'params');
  if (inPath.length > 1) await tryTogether(session, target, inPath);
  for (const place of target.places) {
    if (place.isUnique) await tryUnique(session, target, place);
    else await tryTogether(session, target, [place]);
  }
}

/** Names rows of the second tenant at some places at once. */
async function tryTogether(session: IsolationSession, target: RouteTarget, places: readonly Place[]): Promise<void> {
  const { route, own } = target;
  const attempt = attemptOf(session, target, places);
  const send = (values: (place: Place) => unknown): Promise<Exchange> =>
    session.send(
      FIRST,
      route,
      replaceAt(
        own,
        places.map((place) => [place, values(place)] as const),
      ),
    );
  session.report.addAttempt(route.label, attempt.kind);
  const isComparable = places.every(({ missing }) => missing !== undefined);
  const missing = isComparable ? await send((place) => place.missing![0]) : undefined;
  if (missing !== undefined) await session.judgeRows(attempt, missing);
  const foreign = await send(({ foreign: value }) => value);
  const isFound = session.judgeMarks(attempt, foreign);
  if ((await session.judgeRows(attempt, foreign)) || isFound || missing === undefined) return;
  const differences = await differencesOf(places, foreign, missing, () => send((place) => place.missing![1]));
  if (differences.length === 0) return;
  const [{ place, one, other }] = differences;
  session.addFinding(
    attempt,
    foreign,
    `For a row that does not exist, ${place} is ${other}; for the row of ${session.tenants[SECOND].name} it is ${one}.`,
  );
}

async function differencesOf(
  places: readonly Place[],
  foreign: Exchange,
  missing: Exchange,
  again: () => Promise<Exchange>,
): Promise<ReturnType<typeof compareResponses>> {
  const echoes = (value: (place: Place) => unknown): string[] =>
    places.map((place) => {
      const named = value(place);
      return Array.isArray(named) ? named.map(toText).join(',') : toText(named);
    });
  const between = [...echoes((place) => place.foreign), ...echoes((place) => place.missing![0])];
  const found = compareResponses(foreign.response, missing.response, { echoes: between });
  if (found.length === 0) return [];
  // What also differs between two missing rows tells nothing: a timestamp, the id of a new row.
  const second = await again();
  const others = [...between, ...echoes((place) => place.missing![1])];
  const noise = new Set(
    compareResponses(missing.response, second.response, { echoes: others }).map(({ place }) => place),
  );
  return compareResponses(foreign.response, missing.response, { echoes: between, noise });
}

/** Writes a value that is unique among the second tenant's rows: it must be as free as any other value. */
async function tryUnique(session: IsolationSession, target: RouteTarget, place: Place): Promise<void> {
  const { route, own } = target;
  if (place.missing === undefined) return;
  const attempt: Attempt = {
    route,
    kind: 'inference',
    what: `${place.path.at(-1)} as in a row of ${session.tenants[SECOND].name}`,
  };
  session.report.addAttempt(route.label, attempt.kind);
  const free = await session.send(FIRST, route, replaceAt(own, [[place, place.missing[0]]]));
  const taken = await session.send(FIRST, route, replaceAt(own, [[place, place.foreign]]));
  if (await session.judgeRows(attempt, taken)) return;
  if (session.judgeMarks(attempt, taken) || taken.response.status === free.response.status) return;
  session.addFinding(
    attempt,
    taken,
    `With a value that no row has, the status is ${free.response.status}: the unique key spans tenants.`,
  );
}

function attemptOf(session: IsolationSession, { route }: RouteTarget, places: readonly Place[]): Attempt {
  const kind = kindOf(route.method, route.crud?.relation, places);
  const names = places.map(({ part, path }) => (part === 'params' ? `:${path[0]}` : path.join('.')));
  return { route, kind, what: `${names.join(' and ')} of ${session.tenants[SECOND].name}` };
}

function kindOf(method: string, relation: string | undefined, places: readonly Place[]): AttemptKind {
  const [{ part, path }] = places;
  if (part === 'body') return 'reference';
  if (part === 'query') return 'filter';
  if (method === 'GET') return 'read';
  return relation !== undefined && path[0] === 'linkedId' && places.length === 1 ? 'reference' : 'write';
}
