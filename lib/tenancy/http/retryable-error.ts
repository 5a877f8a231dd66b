import { ConflictException, ServiceUnavailableException } from '@nestjs/common';
import type { ArgumentsHost, HttpException } from '@nestjs/common';
import type { HttpAdapter } from './cache-headers.js';
import { withOrigin } from './http-exception.mapper.js';
import { isReadingRequest } from '../context/writing-request.js';

/**
 * Why the same request may succeed later: the database cannot be reached or has no time, or a concurrent transaction
 * has won.
 */
export type RetryableKind = 'unavailable' | 'race';

/** Returns the kind of an error of the database; undefined for an error that would recur, or is of another source. */
export type RetryableClassifier = (error: unknown) => RetryableKind | undefined;

let classify: RetryableClassifier = () => undefined;

/** Registers the classifier. The ORM layer, which knows the databases, calls it once. */
export function registerRetryableClassifier(classifier: RetryableClassifier): void {
  classify = classifier;
}

/** After how many seconds a client may try again: a deadlock is over at once, and a start takes little longer. */
const RETRY_AFTER = '1';

const OUTAGE = 'The service is temporarily unavailable. Try again.';

/**
 * Maps an error of the database that may not recur to an HTTP exception, and sets `Retry-After`. A write that lost a
 * race with a concurrent one is a 409, everything else a 503.
 *
 * @returns undefined for any other error, and outside of HTTP
 */
export function toRetryableException(
  error: unknown,
  host: ArgumentsHost,
  adapter: HttpAdapter,
): HttpException | undefined {
  const kind = host.getType() === 'http' ? classify(error) : undefined;
  if (kind === undefined) return undefined;
  const response = host.switchToHttp().getResponse<unknown>();
  if (adapter.isHeadersSent(response) !== true) adapter.setHeader(response, 'Retry-After', RETRY_AFTER);
  if (kind === 'race' && !isReadingRequest(host)) {
    return withOrigin(new LostRaceException(error), error);
  }
  return withOrigin(new ServiceUnavailableException(OUTAGE, { cause: error }), error);
}

/** A 409 for a write that a concurrent one has won against. The code of its problem details tells it from others. */
class LostRaceException extends ConflictException {
  readonly problems = [{ detail: LOST_RACE, code: 'concurrent' }] as const;

  constructor(cause: unknown) {
    super([LOST_RACE], { cause });
  }
}

const LOST_RACE = 'the request conflicts with a concurrent one, try again';
