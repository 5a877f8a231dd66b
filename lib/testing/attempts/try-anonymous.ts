import { FIRST, SECOND } from '../isolation-session.js';
import type { Attempt, IsolationSession } from '../isolation-session.js';
import type { RouteTarget } from './route-target.js';

/** Sends a request without credentials: the response must show no tenant's rows. */
export async function tryAnonymous(session: IsolationSession, { route, own }: RouteTarget): Promise<void> {
  const attempt: Attempt = { route, kind: 'anonymous', what: 'no credentials' };
  session.report.addAttempt(route.label, attempt.kind);
  const exchange = await session.send(undefined, route, own);
  if (!session.judgeMarks(attempt, exchange, FIRST)) session.judgeMarks(attempt, exchange, SECOND);
}
