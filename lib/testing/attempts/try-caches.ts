import { compareResponses } from '../http/compare-responses.js';
import { FIRST, SECOND } from '../isolation-session.js';
import type { Attempt, IsolationSession } from '../isolation-session.js';
import type { Observation } from './observation.js';
import type { RouteTarget } from './route-target.js';

/**
 * Looks for responses of one tenant that a cache gives to another: after the second tenant's request for the same
 * path, by its entity tag, and by permission to shared caches.
 *
 * @param observation the second tenant's own request
 */
export async function tryCaches(
  session: IsolationSession,
  target: RouteTarget,
  observation: Observation,
): Promise<void> {
  const { route, own, control } = target;
  const [first, second] = session.tenants;
  const attempt = (what: string): Attempt => {
    session.report.addAttempt(route.label, 'cache');
    return { route, kind: 'cache', what };
  };
  session.judgeMarks(attempt(`${second.name} after ${first.name}`), observation.exchange, FIRST);
  const again = await session.send(FIRST, route, own);
  session.judgeMarks(attempt(`${first.name} after ${second.name}`), again);

  // Its own request once more, so that a cache holds the second tenant's response when the first one asks.
  const latest = await session.send(SECOND, route, observation.parts);
  const { etag } = latest.response.headers;
  const ownTag = (control ?? again).response.headers.etag;
  const isSameBody = compareResponses(again.response, latest.response).every(({ place }) => !place.startsWith('body'));
  if (etag !== undefined && !isSameBody) {
    const tagged = attempt('entity tags');
    if (again.response.headers.etag === etag)
      session.addFinding(tagged, again, `${second.name} gets the same entity tag for another body.`);
    const conditional = await session.send(FIRST, route, own, ({ headers }) => {
      headers['if-none-match'] = etag;
    });
    if (conditional.response.status === 304 && ownTag !== etag)
      session.addFinding(
        attempt(`If-None-Match with the entity tag of ${second.name}`),
        conditional,
        `The entity tag of ${first.name} is ${ownTag ?? 'none'}, so its copy is not the current one.`,
      );
  }
  const policy = String(again.response.headers['cache-control'] ?? '');
  const mayBeShared = /(?:^|,)\s*(?:public|s-maxage=[1-9])/i.test(policy);
  const sharing = attempt('permission to shared caches');
  if (mayBeShared) session.judgeMarks({ ...sharing, what: `Cache-Control: ${policy}` }, again, FIRST);
}
