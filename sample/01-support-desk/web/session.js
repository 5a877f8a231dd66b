const TOKEN = 'support-desk-token';
const EMAIL = 'support-desk-email';

/** Who has signed in, for as long as the tab is open. */
export const session = {
  /** @returns {string | null} the access token */
  get token() {
    return sessionStorage.getItem(TOKEN);
  },
  get email() {
    return sessionStorage.getItem(EMAIL);
  },
  begin(token, email) {
    sessionStorage.setItem(TOKEN, token);
    sessionStorage.setItem(EMAIL, email.trim().toLowerCase());
  },
  end() {
    sessionStorage.clear();
  },
};
