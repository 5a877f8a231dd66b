/** Longest name of a client that an answer repeats. */
const MAX_ECHO = 64;

/** A name that came from a client, short enough to be repeated. */
export function quoted(name: string): string {
  return `'${shortened(name)}'`;
}

/** A name that came from a client, cut to what an answer repeats. */
export function shortened(name: string): string {
  return name.length > MAX_ECHO ? `${name.slice(0, MAX_ECHO)}…` : name;
}
