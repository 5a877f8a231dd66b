import { describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { timestamptzToIso } from '../../../../lib/orm/execution/postgres-timestamps.js';

describe('the type parsers of a connection', () => {
  const parserOf = (types: Parameters<typeof timestamptzToIso>[0]): ((text: string) => unknown) =>
    timestamptzToIso(types).getTypeParser(1184, 'text');

  it('give the text that a Date has in JSON', () => {
    const parse = parserOf(pg.types as never);
    expect(parse('2026-01-31 12:34:56.789012+00')).toBe('2026-01-31T12:34:56.789Z');
    expect(parse('0099-12-31 00:00:00.05+00')).toBe('0099-12-31T00:00:00.050Z');
    expect(parse('2026-01-31 12:34:56+00')).toBe('2026-01-31T12:34:56.000Z');
  });

  it('make Dates of what is not written in UTC, or not with a year of four digits', () => {
    const parse = parserOf(pg.types as never);
    expect(parse('2026-01-31 12:34:56-03:30')).toEqual(new Date('2026-01-31T16:04:56Z'));
    expect(parse('2026-01-31 12:34:56+01')).toEqual(new Date('2026-01-31T11:34:56Z'));
    expect(parse('12345-06-07 08:09:10+00')).toEqual(new Date('+012345-06-07T08:09:10Z'));
    expect(parse('0044-03-15 12:00:00+00 BC')).toEqual(new Date('-000043-03-15T12:00:00Z'));
    expect(parse('infinity')).toBe(Infinity);
  });

  it('are the application’s own where it has some', () => {
    const own = (text: string): string => `at ${text}`;
    const types = { getTypeParser: () => own };
    expect(parserOf(types)('2026-01-31 12:34:56+00')).toBe('at 2026-01-31 12:34:56+00');
    const shifted = (text: string): Date => new Date(Date.parse(text) + 1);
    expect(parserOf({ getTypeParser: () => shifted })('2026-01-31 12:34:56+00')).toBeInstanceOf(Date);
    // Only some of them are not what they say.
    const local = (text: string): unknown => (text.startsWith('0099') ? text : new Date(text));
    expect(parserOf({ getTypeParser: () => local })('2026-01-31 12:34:56+00')).toBeInstanceOf(Date);
  });

  it('are those for texts', () => {
    const types = {
      getTypeParser: (_: number, format: string) => (format === 'text' ? pg.types.getTypeParser(1184, 'text') : String),
    };
    expect(parserOf(types)('2026-01-31 12:34:56.789+00')).toBe('2026-01-31T12:34:56.789Z');
  });

  it('read all other types as ever', () => {
    const types = timestamptzToIso(pg.types as never);
    expect(types.getTypeParser(23, 'text')('7')).toBe(7);
    expect(types.getTypeParser(1114, 'text')('2026-01-31 12:34:56')).toBeInstanceOf(Date);
    expect(types.getTypeParser(1184, 'binary')).toBe(pg.types.getTypeParser(1184, 'binary'));
  });
});
