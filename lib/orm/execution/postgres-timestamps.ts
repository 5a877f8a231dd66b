/** Parses the texts that PostgreSQL sends into JavaScript values. */
export interface TypeParsers {
  getTypeParser(type: number, format: string): TypeParser;
}

/** Parses a text. */
export type TypeParser = (text: string) => unknown;

/** PostgreSQL's OID of `timestamp with time zone`. */
const TIMESTAMPTZ = 1184;

/**
 * Returns type parsers that read timestamps as ISO strings: creating a Date for each takes longer than the rest of a
 * row. A timestamp that is not in UTC still becomes a Date, and a custom parser of the application is kept.
 *
 * @example
 * timestamptzToIso(client).getTypeParser(1184, 'text')('2026-01-31 12:34:56.789+00'); // '2026-01-31T12:34:56.789Z'
 */
export function timestamptzToIso(parsers: TypeParsers): TypeParsers {
  const parser = parsers.getTypeParser(TIMESTAMPTZ, 'text');
  const toIso = isoTimestamp(parser);
  if (toIso === undefined) return parsers;
  const parse = (text: string): unknown => toIso(text) ?? parser(text);
  return {
    getTypeParser: (type, format) =>
      type === TIMESTAMPTZ && format === 'text' ? parse : parsers.getTypeParser(type, format),
  };
}

/**
 * Returns how a timestamp is read as an ISO string.
 *
 * @param parser of timestamps with time zone
 * @returns undefined for a custom parser of the application. The result is undefined for a timestamp that is not in UTC
 */
export function isoTimestamp(parser: TypeParser): ((text: string) => string | undefined) | undefined {
  return isDefaultDateParser(parser) ? (text) => (isUtc(text) ? jsonInstant(text) : undefined) : undefined;
}

const SAMPLES = ['2026-01-31 12:34:56.789+00', '0099-12-31 23:59:59.9999+00', '2026-06-01 00:00:00+00'];

function isDefaultDateParser(parser: TypeParser): boolean {
  return SAMPLES.every((text) => {
    const value = parser(text);
    return value instanceof Date && value.toJSON() === jsonInstant(text);
  });
}

/** Matches `2026-01-31 12:34:56.789012+00`. Years before 1 and after 9999, and infinity, have another format. */
function isUtc(text: string): boolean {
  return text.endsWith('+00') && text[4] === '-';
}

/** Converts a UTC timestamp to ISO format. Like a Date, it truncates to milliseconds. */
function jsonInstant(text: string): string {
  const fraction = text.slice(20, -3).slice(0, 3).padEnd(3, '0');
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${fraction}Z`;
}
