/** Matches a surrogate without its pair. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Characters that no column stores as they are: PostgreSQL rejects NUL, and a lone surrogate is no character. */
export function hasUnstorableText(text: string): boolean {
  return text.includes('\0') || LONE_SURROGATE.test(text);
}

/**
 * Describes the first such character in a value, also within lists and objects.
 *
 * @returns the rest of a sentence about the value; undefined if there is none
 */
export function unstorableText(value: unknown): string | undefined {
  // Grows while it is walked, so that neither recursion nor an object that contains itself matters.
  const values = new Set([value]);
  for (const one of values) {
    if (typeof one === 'string' && hasUnstorableText(one)) return describe(one);
    if (typeof one !== 'object' || one === null || ArrayBuffer.isView(one)) continue;
    for (const entry of Object.entries(one)) for (const part of entry) values.add(part);
  }
  return undefined;
}

function describe(text: string): string {
  return text.includes('\0')
    ? 'must not contain the character NUL (U+0000)'
    : 'must not contain a surrogate without its pair';
}
