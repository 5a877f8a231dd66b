/** Longer than any response of this API takes; a connection that says nothing for so long is treated as lost. */
const PATIENCE_MS = 30_000;

/** The server, or a proxy in front of it, cannot serve the request now. */
const OUTAGES = [502, 503, 504];

/** A response with another status than 2xx, or none at all. */
export class ApiError extends Error {
  /**
   * @param {number} status 0: there was no response
   * @param {{ detail: string, field?: string }[]} problems what is wrong, and with which field of the body
   */
  constructor(status, problems) {
    super(problems.map(({ detail }) => detail).join(' '));
    this.status = status;
    this.problems = problems;
  }

  /** Whether the same request may well succeed later. */
  get isOutage() {
    return this.status === 0 || OUTAGES.includes(this.status);
  }
}

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
 * @throws {ApiError} if there is no response
 * @throws {DOMException} AbortError, if `signal` is aborted, also after the response has come
 */
export async function exchange({ method, path, token, body, version, headers = {}, signal }) {
  const sent = { Accept: 'application/json, application/problem+json', ...headers };
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
    throw new ApiError(0, [{ detail: 'The server does not respond.' }]);
  }
}

/**
 * As {@link exchange}, for responses that are expected to be fine.
 *
 * @returns {Promise<{ data: any, version: string | null }>} `version` is the row's ETag
 * @throws {ApiError} for any other status than 2xx
 */
export async function ask(request) {
  const { status, headers, text } = await exchange(request);
  // What is not JSON comes from something between here and the API.
  const isJson = /\bjson\b/.test(headers.get('Content-Type') ?? '');
  const data = isJson && text !== '' ? JSON.parse(text) : undefined;
  if (status < 200 || status > 299) throw new ApiError(status, problemsIn(status, data));
  if (!isJson && text !== '') throw new ApiError(502, problemsIn(502));
  return { data, version: headers.get('ETag') };
}

/** What the API says, or what it means where it only gives a word. */
function problemsIn(status, { errors, message } = {}) {
  if (Array.isArray(errors)) return errors.map(({ detail, pointer }) => ({ detail, field: pointer?.split('/')[1] }));
  // One text for each problem, which begins with the field's name.
  if (Array.isArray(message)) return message.map((detail) => ({ detail, field: /^\w+/.exec(detail)?.[0] }));
  return [{ detail: MEANINGS[status] ?? 'That did not work. Please try again.' }];
}

const MEANINGS = {
  401: 'Please sign in.',
  403: 'You may not do this.',
  404: 'There is no such thing here.',
  409: 'That is taken already.',
  412: 'Another user has changed this meanwhile.',
  502: 'The server is not available.',
  503: 'The server is not available.',
  504: 'The server is not available.',
};
