import { ACCEPT_PROBLEM_DETAILS, readProblem } from '/assets/client/index.js';

/** Longer than any response of this API takes; a connection that says nothing for so long is treated as lost. */
const PATIENCE_MS = 30_000;

/** What to say where the API only gives a word. */
const MEANINGS = {
  unauthenticated: 'Please sign in.',
  forbidden: 'You may not do this.',
  'not-found': 'There is no such thing here.',
  conflict: 'That is taken already.',
  'precondition-failed': 'Another user has changed this meanwhile.',
  unavailable: 'The server is not available.',
  other: 'That did not work. Please try again.',
};

/** @typedef {import('nestjs-muck/client').ApiProblem} ApiProblem */

/** A response with another status than 2xx, or none at all. */
export class RequestError extends Error {
  /** @param {ApiProblem} problem its status is 0 if there was no response */
  constructor(problem) {
    super(problem.errors.length > 0 ? problem.message : (MEANINGS[problem.kind] ?? problem.message));
    this.problem = { ...problem, message: this.message };
  }

  get status() {
    return this.problem.status;
  }

  /** Whether the same request may well succeed later. */
  get isOutage() {
    return this.problem.kind === 'unavailable';
  }

  /** A row that is gone, as one that another user has changed. */
  asChanged() {
    return new RequestError({ ...this.problem, kind: 'precondition-failed', status: 412 });
  }

  /** The same error in other words. @param {string} message */
  saying(message) {
    return new RequestError({ ...this.problem, message, errors: [{ message }] });
  }
}

const NO_RESPONSE = new RequestError({ kind: 'unavailable', status: 0, message: '', errors: [] });

/** @param {unknown} error whether it only says that the user has gone on to something else */
export function isAbort(error) {
  return error instanceof DOMException && error.name === 'AbortError';
}

/**
 * Sends one request to the API.
 *
 * @param {{ method: string, path: string, token?: string | null, body?: unknown, version?: string | null, headers?: Record<string, string>,
 *   signal?: AbortSignal }} request `path` is below `/api`; `version` is the ETag of the row that is changed: if the row has another one by
 *   now, nothing is changed (412)
 * @returns {Promise<{ status: number, headers: Headers, text: string }>} whatever the status is
 * @throws {RequestError} if there is no response
 * @throws {DOMException} AbortError, if `signal` is aborted, also after the response has come
 */
export async function exchange({ method, path, token, body, version, headers = {}, signal }) {
  const sent = { Accept: ACCEPT_PROBLEM_DETAILS, ...headers };
  if (token) sent['Authorization'] = `Bearer ${token}`;
  if (body !== undefined) sent['Content-Type'] = 'application/json';
  if (version) sent['If-Match'] = version;
  const patience = AbortSignal.timeout(PATIENCE_MS);
  try {
    const response = await fetch(`/api/${path}`, {
      method,
      headers: sent,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: signal === undefined ? patience : AbortSignal.any([signal, patience]),
    });
    const text = await response.text();
    signal?.throwIfAborted();
    return { status: response.status, headers: response.headers, text };
  } catch {
    signal?.throwIfAborted();
    throw NO_RESPONSE.saying('The server does not respond.');
  }
}

/**
 * As {@link exchange}, for responses that are expected to be fine.
 *
 * @returns {Promise<{ data: any, version: string | null }>} `version` is the row's ETag
 * @throws {RequestError} for any other status than 2xx
 */
export async function ask(request) {
  const { status, headers, text } = await exchange(request);
  const problem = await readProblem({ status, headers, text: () => Promise.resolve(text) });
  if (problem !== undefined) throw new RequestError(problem);
  // What is not JSON comes from something between here and the API.
  if (text !== '' && !/\bjson\b/.test(headers.get('Content-Type') ?? '')) throw NO_RESPONSE;
  return { data: text === '' ? undefined : JSON.parse(text), version: headers.get('ETag') };
}
