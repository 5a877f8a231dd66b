/** Maximum length of a client-supplied name in a response. */
const MAX_ECHO = 64;

/** Returns a client-supplied name in quotes, truncated. */
export function quoteName(name: string): string {
  return `'${truncateName(name)}'`;
}

/** Truncates a client-supplied name for a response. */
export function truncateName(name: string): string {
  return name.length > MAX_ECHO ? `${name.slice(0, MAX_ECHO)}…` : name;
}
