/** One error in a request and its location. */
export interface ProblemDetail {
  /** A text for people. It names the field or parameter. */
  readonly message: string;
  /** A code for programs: `required`, `unique`, or the name of a rule. Problem details only. */
  readonly code?: string;
  /** The path of the field in the body, its parts joined with dots. Problem details only. */
  readonly field?: string;
  /** The name of the query parameter. Problem details only. */
  readonly parameter?: string;
  /** The index of the element, if the body is a list. */
  readonly element?: number;
}

/** What all error responses have. */
interface Problem<Kind extends string, Status extends number = number> {
  readonly kind: Kind;
  readonly status: Status;
  /** A text for people; the texts of `errors` if there are some. */
  readonly message: string;
  /** The errors of the request; empty if the response names none. */
  readonly errors: readonly ProblemDetail[];
}

/** An error response that says when to repeat the request. */
interface Retryable {
  /** The seconds to wait before the request is repeated; undefined if the response does not say. */
  readonly retryAfter?: number;
}

/**
 * An error response, in Nest's format or as problem details (RFC 9457). `kind` narrows it:
 *
 * - `invalid` (400, 422): the query or the body has errors; nothing was written.
 * - `unauthenticated` (401): sign in again.
 * - `forbidden` (403)
 * - `not-found` (404): there is no such row for this tenant.
 * - `conflict` (409): a unique value is taken, other rows still reference the row, or a concurrent write has won.
 * - `precondition-failed` (412): the row has changed since it was read.
 * - `precondition-required` (428): the request needs `If-Match`.
 * - `too-many-requests` (429) and `unavailable` (502, 503, 504): repeat the request later.
 * - `other`: e.g. 413, 415 or 500.
 */
export type ApiProblem =
  | Problem<'invalid', 400 | 422>
  | Problem<'unauthenticated', 401>
  | Problem<'forbidden', 403>
  | Problem<'not-found', 404>
  | Problem<'conflict', 409>
  | Problem<'precondition-failed', 412>
  | Problem<'precondition-required', 428>
  | (Problem<'too-many-requests', 429> & Retryable)
  | (Problem<'unavailable', 502 | 503 | 504> & Retryable)
  | Problem<'other'>;

/** The kind of a problem. */
export type ProblemKind = ApiProblem['kind'];

const KINDS: Readonly<Record<number, ProblemKind>> = {
  400: 'invalid',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  409: 'conflict',
  412: 'precondition-failed',
  422: 'invalid',
  428: 'precondition-required',
  429: 'too-many-requests',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
};

/** Returns the kind of an error status. */
export function kindOf(status: number): ProblemKind {
  return KINDS[status] ?? 'other';
}
