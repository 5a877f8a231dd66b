import type { Exchange } from '../http/test-client.js';
import type { RouteCase } from '../requests/route-cases.js';
import type { ApplicationRoute } from '../routes/application-route.js';

/** A route with a request of the first tenant that succeeds. */
export interface RouteTarget extends RouteCase {
  readonly route: ApplicationRoute;
  /** The response to that request; undefined for a route whose own request is sent last, as a deletion. */
  readonly control: Exchange | undefined;
}
