import { kindOf } from './api-problem.js';
import type { ApiProblem } from './api-problem.js';
import { isErrorStatus, isProblemBody, isRecord, parseProblemBody } from './problem-body.js';

/** A response of fetch, as far as errors need it. */
export interface ResponseLike {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
}

/** An error status with its body and its headers, if they are known. */
interface ErrorResponse {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: unknown;
}

/**
 * The value of the header `Accept` that requests errors as problem details, which name the field of each error. Other
 * responses stay JSON.
 */
export const ACCEPT_PROBLEM_DETAILS = 'application/json, application/problem+json';

/**
 * Returns the problem that a value tells of. The value may be
 *
 * - the result of a generated client: `{ error, response }` of openapi-fetch and Hey API, `{ status, data, headers }`
 *   of orval
 * - what a client has thrown: an {@link ApiError}, an error of Axios or of a mutator with such a `response`
 * - the body of an error response, in Nest's format or as problem details
 *
 * `Retry-After` is in the headers only, and therefore unknown if the value is a body.
 *
 * @returns undefined for a successful result and for other errors, such as a lost connection
 * @example
 * const { data, error, response } = await api.POST('/api/support-tickets', { body });
 * const problem = problemOf({ error, response });
 * if (problem?.kind === 'conflict') showTaken(problem.errors);
 */
export function problemOf(value: unknown): ApiProblem | undefined {
  if (!isRecord(value)) return undefined;
  if (isProblem(value['problem'])) return value['problem'];
  const found = errorResponseIn(value);
  return found && describe(found);
}

/**
 * Reads the problem of a response of fetch.
 *
 * @param response its body must not have been read
 * @returns undefined if the response is successful; its body is then unread
 * @example
 * const response = await fetch('/api/support-tickets/1');
 * const problem = await readProblem(response);
 * if (problem !== undefined) throw new ApiError(problem);
 */
export async function readProblem(
  response: ResponseLike & { text(): Promise<string> },
): Promise<ApiProblem | undefined> {
  const { status, headers } = response;
  return isErrorStatus(status) ? describe({ status, headers, body: parseJson(await response.text()) }) : undefined;
}

function isProblem(value: unknown): value is ApiProblem {
  return isRecord(value) && typeof value['kind'] === 'string' && isErrorStatus(value['status']);
}

function errorResponseIn(value: Readonly<Record<string, unknown>>): ErrorResponse | undefined {
  const { response, error, status, data, headers } = value;
  if (isRecord(response) && isErrorStatus(response['status'])) {
    // Axios has the body in its response, clients of fetch have it beside theirs.
    const body = 'error' in value ? error : response['data'];
    return { status: response['status'], body, headers: response['headers'] };
  }
  if (isErrorStatus(status) && 'data' in value) return { status, body: data, headers };
  const body = [value, error].find(isProblemBody);
  return body === undefined ? undefined : { status: parseProblemBody(body).status!, body };
}

function describe({ status, body, headers }: ErrorResponse): ApiProblem {
  const { message, errors } = parseProblemBody(body);
  const kind = kindOf(status);
  const retryAfter =
    kind === 'too-many-requests' || kind === 'unavailable' ? secondsOf(headerOf(headers, 'Retry-After')) : undefined;
  const problem = {
    kind,
    status,
    message: message ?? (errors.map((error) => error.message).join('; ') || `HTTP status ${status}`),
    errors,
    ...(retryAfter !== undefined && { retryAfter }),
  };
  // Safe cast: `kind` is that of the status.
  return problem as ApiProblem;
}

/** Returns a header of fetch, or of a plain object as Axios has it. */
function headerOf(headers: unknown, name: string): string | undefined {
  if (!isRecord(headers)) return undefined;
  const { get } = headers as { readonly get?: unknown };
  const value: unknown = typeof get === 'function' ? get.call(headers, name) : headers[name.toLowerCase()];
  return typeof value === 'string' ? value : undefined;
}

/** Parses `Retry-After`: a number of seconds, or a date. */
function secondsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - Date.now()) / 1000));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A proxy's page, or no body.
    return undefined;
  }
}
