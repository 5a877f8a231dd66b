import { session } from './session.js';

/** A response with another status than 2xx. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {{ detail: string, field?: string }[]} problems what is wrong, and with which field of the body
   */
  constructor(status, problems) {
    super(problems.map(({ detail }) => detail).join(' '));
    this.status = status;
    this.problems = problems;
  }
}

/**
 * Sends a request to the API, as the signed-in user.
 *
 * @param {string} method
 * @param {string} path below `/api`
 * @param {{ body?: unknown, version?: string, signal?: AbortSignal }} options `version` is the ETag of what is changed: if it is
 *   another one by now, nothing is changed (412)
 * @returns {Promise<{ data: any, version: string | null }>}
 * @throws {ApiError}
 */
export async function ask(method, path, { body, version, signal } = {}) {
  const headers = { Accept: 'application/json, application/problem+json' };
  if (session.token !== null) headers['Authorization'] = `Bearer ${session.token}`;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (version) headers['If-Match'] = version;
  const answer = await fetch(`/api/${path}`, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    signal,
  }).catch((error) => {
    throw error.name === 'AbortError' ? error : new ApiError(0, [{ detail: 'The server is not available.' }]);
  });
  const text = await answer.text();
  const data = text === '' ? undefined : JSON.parse(text);
  if (answer.ok) return { data, version: answer.headers.get('ETag') };
  throw new ApiError(answer.status, problemsIn(answer.status, data));
}

/** What the API says, or what it means where it says a word only. */
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
};
