/** Longest name of a client that an answer repeats. */
const MAX_ECHO = 64;

/** A name that came from a client, short enough to be repeated. */
export function quoted(name: string): string {
  return `'${truncateName(name)}'`;
}

/** A name that came from a client, cut to what an answer repeats. */
export function truncateName(name: string): string {
  return name.length > MAX_ECHO ? `${name.slice(0, MAX_ECHO)}…` : name;
}
