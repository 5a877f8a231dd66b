/** How a router compares paths. */
export interface PathMatching {
  readonly caseSensitive: boolean;
  readonly ignoreTrailingSlash: boolean;
}

/** The parts of a path of Nest: a parameter, a wildcard, the start and the end of an optional group. */
const PARTS = /:[\p{ID_Start}$_][\p{ID_Continue}$]*|\*(?:[\p{ID_Start}$_][\p{ID_Continue}$]*)?|[{}]|[^:*{}]+/gu;
/** Characters that only some routers read as more than text. */
const SPECIAL = /[?+()[\]!\\:*]/;

/**
 * Compiles the path of a route.
 *
 * @param path in Nest's notation: `/tickets/:id`, `/files/*path`, `/reports{/:year}`
 * @returns undefined for a path in a notation of its router alone
 */
export function compilePathPattern(
  path: string,
  { caseSensitive, ignoreTrailingSlash }: PathMatching,
): RegExp | undefined {
  const parts = path.match(PARTS) ?? [];
  if (parts.join('') !== path) return undefined;
  const sources = parts.map(sourceOf);
  if (sources.includes(undefined)) return undefined;
  try {
    return new RegExp(`^${sources.join('')}${ignoreTrailingSlash ? '/?' : ''}$`, caseSensitive ? 'u' : 'iu');
  } catch {
    // A group without an end.
    return undefined;
  }
}

function sourceOf(part: string): string | undefined {
  if (part.startsWith(':')) return '[^/]+';
  if (part === '*') return '.*';
  if (part.startsWith('*')) return '.+';
  if (part === '{') return '(?:';
  if (part === '}') return ')?';
  return SPECIAL.test(part) ? undefined : part.replace(/[$^.|/-]/g, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
