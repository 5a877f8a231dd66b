const TOKEN = 'support-desk-token';
const EMAIL = 'support-desk-email';

/** One user's session: everything that is loaded for it is its own, and ends with it. */
export class Session {
  #end = new AbortController();
  #token;

  /**
   * @param {string} email
   * @param {string} token
   */
  constructor(email, token) {
    this.email = email.trim().toLowerCase();
    this.#token = token;
  }

  get token() {
    return this.#token;
  }

  /** Aborted when the user signs out. */
  get signal() {
    return this.#end.signal;
  }

  /** Continues with another access token of the same user. @param {string} token */
  renew(token) {
    this.#token = token;
    this.keep();
  }

  /** Keeps the session for as long as the tab is open, over reloads. */
  keep() {
    sessionStorage.setItem(TOKEN, this.#token);
    sessionStorage.setItem(EMAIL, this.email);
  }

  end() {
    sessionStorage.clear();
    this.#end.abort();
  }
}

/** @returns {Session | undefined} the session that this tab has kept */
export function keptSession() {
  const [email, token] = [sessionStorage.getItem(EMAIL), sessionStorage.getItem(TOKEN)];
  return email === null || token === null ? undefined : new Session(email, token);
}

/**
 * @param {import('./request.js').ask} ask
 * @param {string} email
 * @param {string} password
 * @param {AbortSignal} [signal]
 * @returns {Promise<string>} an access token
 */
export async function tokenFor(ask, email, password, signal) {
  const login = { method: 'POST', path: 'auth/login', body: { email, password }, signal };
  try {
    return (await ask(login)).data.accessToken;
  } catch (error) {
    throw error.status === 401 ? error.saying('The address or the password is wrong.') : error;
  }
}
