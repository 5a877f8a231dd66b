import type { Exchange } from '../http/test-client.js';
import type { RequestParts } from '../requests/route-cases.js';
import type { ApplicationRoute } from '../routes/application-route.js';

/** A request whose response may not depend on another tenant's rows. */
export interface Observation {
  readonly route: ApplicationRoute;
  readonly parts: RequestParts;
  readonly exchange: Exchange;
  /** Places that also differ between two equal requests. */
  readonly noise: ReadonlySet<string>;
}
