import { showProgress } from '../ui/progress.js';
import { ask } from './request.js';

/** The API, as one user sees it. */
export class Api {
  #session;
  #renew;
  #renewing;

  /**
   * @param {import('./session.js').Session} session
   * @param {(session: import('./session.js').Session) => Promise<void>} renew gets the session another token; rejects if the user leaves
   */
  constructor(session, renew) {
    this.#session = session;
    this.#renew = renew;
  }

  /**
   * Reads. A view that is left, and a session that is over, take no response.
   *
   * @param {string} path
   * @param {AbortSignal} signal
   */
  read(path, signal) {
    return this.#ask({ method: 'GET', path, signal: AbortSignal.any([signal, this.#session.signal]) });
  }

  /**
   * Writes. Neither a view that is left nor a user who signs out aborts it, since the change has been asked for; after the session's end,
   * its response is thrown away.
   *
   * @param {string} method
   * @param {string} path
   * @param {{ body?: unknown, version?: string | null }} [options]
   */
  write(method, path, { body, version } = {}) {
    return this.#ask({ method, path, body, version });
  }

  /** A request that is refused because the token has run out has done nothing: it is sent again with the next one. */
  async #ask(request) {
    const { token } = this.#session;
    try {
      return await this.#send(request);
    } catch (error) {
      if (error.status !== 401) throw error;
    }
    if (this.#session.token === token) await this.#renewOnce();
    request.signal?.throwIfAborted();
    return this.#send(request);
  }

  async #send(request) {
    const { signal, token } = this.#session;
    try {
      return await showProgress(ask({ ...request, token }));
    } finally {
      signal.throwIfAborted();
    }
  }

  /** However many requests are refused at once, the user is asked once. */
  #renewOnce() {
    this.#renewing ??= this.#renew(this.#session).finally(() => (this.#renewing = undefined));
    return this.#renewing;
  }
}
