import { describe, expect, it } from '@jest/globals';
import {
  bindParameters,
  toDriverValue,
  toPositional,
  parseNamedParameters,
} from '../../../../lib/orm/sql/parameter-binding.js';
import type { SqlDialect } from '../../../../lib/orm/sql/tokenizer.js';

/* Where a statement's named parameters stand, and what the driver is given in their place. */

const DIALECTS: readonly SqlDialect[] = ['postgres', 'mysql', 'sqlite'];

/** A template with its parameters in braces. */
function templateOf(sql: string, dialect: SqlDialect): string {
  const { texts, parameters } = parseNamedParameters(sql, dialect);
  expect(texts).toHaveLength(parameters.length + 1);
  return texts
    .map((text, i) => {
      const parameter = parameters[i];
      return parameter === undefined ? text : `${text}{${parameter.isList ? '...' : ''}${parameter.name}}`;
    })
    .join('');
}

describe('a parameter', () => {
  it.each([
    ['is a colon and a name', 'a = :b', 'a = {b}'],
    ['may stand alone', ':b', '{b}'],
    ['may have points, digits and capitals in its name', ':a.B_1 + :2c', '{a.B_1} + {2c}'],
    ['may be a list', 'IN (:...a)', 'IN ({...a})'],
    ['may stand beside others', ':a,:b :...c', '{a},{b} {...c}'],
    ['may touch what is before it', 'a:b 1:c', 'a{b} 1{c}'],
    ['is none as a cast', 'a::uuid', 'a::uuid'],
    ['is none as a cast of a parameter', ':a::uuid', '{a}::uuid'],
    ['is none among three colons', ':::a', ':::a'],
    ['is none with a space before its name', ': a', ': a'],
    ['is none without a name', 'a:', 'a:'],
    ['is none with two points', ':..-a', '{..}-a'],
    ['is none in a text', "':a' ''':b'", "':a' ''':b'"],
    ['is none in a name', '":a" `:b`', '":a" `:b`'],
    ['is none that is a colon in quotes', `":"a ':'b`, `":"a ':'b`],
    ['is none in a comment', '/* :a */ :b -- :c', '/* :a */ {b} -- :c'],
  ])('%s: %s', (_, sql, template) => {
    for (const dialect of DIALECTS) expect(templateOf(sql, dialect)).toBe(template);
  });

  it('is none in square brackets, where these are quotes', () => {
    expect(templateOf('a[:b] [?]', 'sqlite')).toBe('a[:b] [?]');
    expect(templateOf('a[:b]', 'postgres')).toBe('a[{b}]');
  });
});

describe('a placeholder of the driver', () => {
  it.each<[string, string, readonly SqlDialect[]]>([
    ['a question mark, but to PostgreSQL', 'a = ?', ['mysql', 'sqlite']],
    ['a question mark behind a parameter', ':a = ?', ['mysql', 'sqlite']],
    ['a number behind a dollar', 'a = $1', DIALECTS],
    ['a dollar before what is no name', 'a = $-', DIALECTS],
    ['not a name behind a dollar', 'a = $b', []],
    ['not a dollar at the end', 'a = $', []],
    ['not in quotes', `a = '?' "?" '$1' "$1"`, []],
    ['not a quoted sign before a number', `'$' 1 "$" 1 '?' "?"`, []],
    ['not in a comment', '/* ? $1 */', []],
  ])('is refused in a statement: %s', (_, sql, refusing) => {
    for (const dialect of DIALECTS) {
      const read = () => parseNamedParameters(sql, dialect);
      if (refusing.includes(dialect)) expect(read).toThrow(/placeholder of the driver/);
      else expect(read).not.toThrow();
    }
  });
});

describe('a statement is bound', () => {
  const values: Readonly<Record<string, unknown>> = { a: 'A', b: 'B', list: [1, 2], none: [], missing: undefined };
  const bound = (sql: string, dialect: SqlDialect) =>
    bindParameters(parseNamedParameters(sql, dialect), dialect, (name) =>
      name in values ? { value: values[name] } : undefined,
    );

  it.each<[string, string, string, string, unknown[], unknown[]?]>([
    ['without parameters', 'SELECT 1', 'SELECT 1', 'SELECT 1', []],
    ['with one', ':a', '$1', '?', ['A']],
    ['with several, in their order', 'x = :b AND y = :a', 'x = $1 AND y = $2', 'x = ? AND y = ?', ['B', 'A']],
    ['with one twice', ':a, :b, :a', '$1, $2, $1', '?, ?, ?', ['A', 'B'], ['A', 'B', 'A']],
    ['with a list', 'IN (:...list)', 'IN ($1, $2)', 'IN (?, ?)', [1, 2]],
    ['with a list twice', ':...list|:...list', '$1, $2|$3, $4', '?, ?|?, ?', [1, 2, 1, 2]],
    ['with a list and as one value', ':list, :...list', '$1, $2, $3', '?, ?, ?', [[1, 2], 1, 2]],
    ['with a list before the same as one value', ':...list, :list', '$1, $2, $3', '?, ?, ?', [1, 2, [1, 2]]],
    ['with an empty list, in which nothing is', 'IN (:...none)', 'IN (NULL)', 'IN (NULL)', []],
    ['with a value that is nothing', ':missing', '$1', '?', [undefined]],
    ['with names that are none', ':x :...y :a', ':x :...y $1', ':x :...y ?', ['A']],
    ['with a word before it', 'x:a', 'x $1', 'x ?', ['A']],
    ['with a number, dollar or point before it', '1:a, .:b', '1 $1, . $2', '1 ?, . ?', ['A', 'B']],
    ['with a letter of another script beside it', 'ä:a:b', 'ä $1 $2', 'ä ? ?', ['A', 'B']],
    ['with a quote or letter behind it', `:a"x" :bä`, `$1"x" $2 ä`, `?"x" ? ä`, ['A', 'B']],
    ['with signs beside it', '(:a)', '($1)', '(?)', ['A']],
    ['with a cast behind it', ':a::text', '$1::text', '?::text', ['A']],
  ])('%s: %s', (_, sql, numbered, marked, given, givenEach = given) => {
    expect(bound(sql, 'postgres')).toEqual([numbered, given]);
    expect(bound(sql, 'mysql')).toEqual([marked, givenEach]);
    expect(bound(sql, 'sqlite')).toEqual([marked, givenEach]);
  });

  it('not with a list that is none', () => {
    expect(() => bound(':...a', 'postgres')).toThrow(/:\.\.\.a is not an array/);
  });

  it.each([
    ['postgres', [':b, :a, :b', '$1, $2, $1', ['b', 'a']]],
    ['mysql', [':b, :a, :b', '?, ?, ?', ['b', 'a', 'b']]],
    ['sqlite', [':b, :a, :b', '?, ?, ?', ['b', 'a', 'b']]],
  ] as const)('once for any values (%s)', (dialect, [text, sql, names]) => {
    expect(toPositional(parseNamedParameters(text, dialect), dialect)).toEqual({ sql, names });
    expect(toPositional(parseNamedParameters(':a :...b', dialect), dialect)).toBeUndefined();
  });
});

describe('a value', () => {
  const noon = new Date(Date.UTC(2024, 1, 3, 12, 4, 5, 6));

  it.each(DIALECTS)('is no function (%s)', (dialect) => {
    expect(() => toDriverValue(() => '1', dialect)).toThrow(/is a function/);
  });

  it('that SQLite has no type for is given in one that it has', () => {
    expect(toDriverValue(true, 'sqlite')).toBe(1);
    expect(toDriverValue(false, 'sqlite')).toBe(0);
    expect(toDriverValue(noon, 'sqlite')).toBe('2024-02-03 12:04:05.006');
    expect(toDriverValue('a', 'sqlite')).toBe('a');
    expect(toDriverValue(null, 'sqlite')).toBeNull();
  });

  it.each(['postgres', 'mysql'] as const)('is given to the driver as it is (%s)', (dialect) => {
    for (const value of [true, noon, 'a', 1, null]) expect(toDriverValue(value, dialect)).toBe(value);
  });
});
