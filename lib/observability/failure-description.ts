import { QueryFailedError } from 'typeorm';
import { retryableKindOf } from '../orm/execution/driver-error.parser.js';
import { fingerprintOf } from '../orm/sql/statement-summary.js';
import { originOf } from '../tenancy/http/http-exception.mapper.js';

/** What may be told of an error: no value and no statement. */
export interface FailureDescription {
  /** The name of its class. */
  readonly error: string;
  /** The database's or the system's code. */
  readonly code: string | undefined;
  /** The fingerprint of the statement that failed. */
  readonly statement: string | undefined;
  /** The text of an error that is about the connection or the server; those texts contain no values. */
  readonly reason: string | undefined;
  /** Whether the error is one of the infrastructure: it does not tell the requests that meet it apart. */
  readonly isOutage: boolean;
}

/** Describes the error that ended a request, by the error that it was mapped from. */
export function describeFailure(thrown: unknown): FailureDescription {
  const origin = causeOf(thrown);
  const isOutage = retryableKindOf(origin) !== undefined;
  const driverError = origin instanceof QueryFailedError ? (origin.driverError as unknown) : origin;
  return {
    error: origin instanceof Error ? origin.constructor.name : typeof origin,
    code: codeOf(driverError),
    statement: origin instanceof QueryFailedError ? fingerprintOf(origin.query) : undefined,
    reason: isOutage && origin instanceof Error ? origin.message : undefined,
    isOutage,
  };
}

/** Returns the error of the database or of this package behind an exception. */
function causeOf(thrown: unknown): unknown {
  const origin = originOf(thrown);
  const cause = origin instanceof Error ? origin.cause : undefined;
  return cause instanceof Error && !(origin instanceof QueryFailedError) ? causeOf(cause) : origin;
}

function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' || typeof code === 'number' ? String(code) : undefined;
}
