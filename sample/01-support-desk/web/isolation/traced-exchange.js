import { ask, exchange } from '../net/request.js';

/**
 * A request, what came back, and what was sent to the database for it.
 *
 * @typedef {object} Traced
 * @property {import('./attempts.js').ApiRequest} request
 * @property {number} status
 * @property {string} text the body as it came
 * @property {any} body
 * @property {{ sql: string, parameters: unknown[], scope: Record<string, unknown> | null }[] | undefined} statements undefined if the server
 *   does not show them
 */

/**
 * Sends a request so that the server remembers its statements, and fetches them.
 *
 * @param {import('./attempts.js').ApiRequest} request
 * @param {{ token: string }} user
 * @param {AbortSignal} signal
 * @returns {Promise<Traced>}
 */
export async function tracedExchange(request, { token }, signal) {
  const name = crypto.randomUUID();
  const { status, text } = await exchange({ ...request, token, signal, headers: { 'X-Statements-For': name } });
  return { request, status, text, body: parsed(text), statements: await statementsOf(name, token, signal) };
}

async function statementsOf(name, token, signal) {
  try {
    return (await ask({ method: 'GET', path: `isolation/statements/${name}`, token, signal })).data;
  } catch (error) {
    if (error.status === 404) return undefined;
    throw error;
  }
}

function parsed(text) {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}
