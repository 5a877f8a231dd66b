import { describe, expect, it } from '@jest/globals';
import { isIdentifier, isKeywordAt, tokenize } from '../../../../lib/orm/sql/tokenizer.js';
import type { SqlDialect, SqlToken } from '../../../../lib/orm/sql/tokenizer.js';

/*
 * What the reader makes of a text, token by token. A reading is written as the tokens with spaces between them: word, "name", 'literal' and
 * any sign; behind a slash what the database tells apart, where that is not the text; in braces a comment; HIDES where SQL could hide.
 */

type Reading = string | Partial<Record<SqlDialect, string>>;

const DIALECTS: readonly SqlDialect[] = ['postgres', 'mysql', 'sqlite'];
const QUOTES = { word: '', name: '"', literal: "'", punctuation: '' };

function written({ kind, text, exact }: SqlToken): string {
  const quote = QUOTES[kind];
  const [read, told] = [text, exact].map((one) => `${quote}${one}${quote}`);
  return read === told ? read : `${read}/${told}`;
}

function reading(sql: string, dialect: SqlDialect): string {
  try {
    const { tokens, comments, isAmbiguous } = tokenize(sql, dialect);
    return [
      ...tokens.map(written),
      ...comments.map((comment) => `{${comment}}`),
      ...(isAmbiguous ? ['HIDES'] : []),
    ].join(' ');
  } catch (error) {
    return `refused: ${(error as Error).message}`;
  }
}

const NO_END = expect.stringMatching(/^refused: .*is not closed/) as unknown as string;
const BACKSLASH = expect.stringMatching(/^refused: .*backslash/) as unknown as string;

const READINGS: Record<string, readonly (readonly [sql: string, reading: Reading])[]> = {
  'white space of every kind': [
    ['', ''],
    [' \t\n\r\f\v ', ''],
    ['a \t\n\r\f\vb  c', 'a b c'],
  ],
  'white space that only Unicode calls so, as part of a name': [['a\u00a0b\u2003c', 'a\u00a0b\u2003c']],
  'words without their capitals, unless those tell names apart': [
    ['SELECT aB_1', { mysql: 'select/SELECT ab_1/aB_1', postgres: 'select ab_1', sqlite: 'select ab_1' }],
    ['_a a$b ä Ω1', { postgres: '_a a$b ä ω1', sqlite: '_a a$b ä ω1', mysql: '_a a$b ä ω1/Ω1' }],
  ],
  'numbers as one literal each': [
    ['1 23 1.5 12.34 6. .5', "'1' '23' '1.5' '12.34' '6.' . '5'"],
    ['1e5 1e55 1E+5 2e-12 1.5e3 1.e3', "'1e5' '1e55' '1E+5' '2e-12' '1.5e3' '1.e3'"],
    ['0x1F 0XAB12', "'0x1F' '0XAB12'"],
    ['1-2 1e5+2', "'1' - '2' '1e5' + '2'"],
    ['(0)', "( '0' )"],
  ],
  'a number that runs into a word, where something could hide': [
    ['1or', { postgres: "'1' or HIDES", mysql: "'1' or HIDES", sqlite: "'1' or HIDES" }],
    ['1e', "'1' e HIDES"],
    ['0xfg', "'0xf' g HIDES"],
    ['0x', "'0' x HIDES"],
    ['1_000', "'1' _000 HIDES"],
    ['1 or', "'1' or"],
  ],
  'each sign on its own': [['()[],.;:=<>+-*/%!?|&^~@', { postgres: '( ) [ ] , . ; : = < > + - * / % ! ? | & ^ ~ @' }]],
  'signs that nothing is known of, where something could hide': [
    ['{', '{ HIDES'],
    ['}', '} HIDES'],
    ['\\', '\\ HIDES'],
    ['\0', '\0 HIDES'],
    ['\u0001', '\u0001 HIDES'],
    ['{ 1 }', "{ '1' } HIDES"],
  ],
  'a dollar as a placeholder only before a digit': [
    ['$1', "$ '1'"],
    ['$12', "$ '12'"],
    ['$', '$ HIDES'],
    ['$$ a $$', '$ $ a $ $ HIDES'],
    ['$a$ b $a$', '$ a$ b $ a$ HIDES'],
    ['$ 1', "$ '1' HIDES"],
  ],
  'a name that is spelt by code points, where something could hide': [
    ['U&"a"', { postgres: 'u & "a" HIDES', mysql: 'u/U & "a" HIDES', sqlite: 'u & "a" HIDES' }],
    ["u&'a'", { postgres: "u & '' HIDES", sqlite: "u & 'a' HIDES" }],
    ['u & "a"', 'u & "a"'],
    ['v&"a"', 'v & "a"'],
    ['uu&"a"', 'uu & "a"'],
  ],
  'quoted names without their quotes': [
    ['"a" `b`', '"a" "b"'],
    ['"A b" `C`', { sqlite: '"a b" "c"', postgres: '"a b"/"A b" "c"/"C"', mysql: '"a b"/"A b" "c"/"C"' }],
    ['"a""b" `c``d` "e`f"', '"a"b" "c`d" "e`f"'],
    ['""', '""'],
    ['"a""" "b"', '"a"" "b"'],
    ['"a"."b"', '"a" . "b"'],
    ['"a\'b"', '"a\'b"'],
  ],
  'names in square brackets, to SQLite alone': [
    ['[A b] c', { sqlite: '"a b" c', postgres: '[ a b ] c', mysql: '[ a/A b ] c' }],
    ['a [b] c', { sqlite: 'a "b" c' }],
    ['[a]]', { sqlite: '"a" ]' }],
    ["[a'b]", { sqlite: '"a\'b"' }],
    ['a[1]', { postgres: "a [ '1' ]", sqlite: 'a "1"' }],
    ['a ] [b', { sqlite: NO_END, postgres: 'a ] [ b' }],
  ],
  'strings, whose text could name a table to SQLite alone': [
    ["'Ab'", { postgres: "''", mysql: "''", sqlite: "'ab'" }],
    ["'a''b' c", { postgres: "'' c", mysql: "'' c", sqlite: "'a'b' c" }],
    ["'' a", "'' a"],
    ["'a''' 'b'", { sqlite: "'a'' 'b'", postgres: "'' ''" }],
    ["'--' '/*' '#' '$$'", { postgres: "'' '' '' ''", sqlite: "'--' '/*' '#' '$$'" }],
    ["x'1f'", { postgres: "x ''", sqlite: "x '1f'" }],
    ['\'"\' "\'"', { postgres: `'' "'"`, sqlite: `'"' "'"` }],
  ],
  'quotes that do not end': [
    ["'a", NO_END],
    ["a '", NO_END],
    ["'a''", NO_END],
    ['"a', NO_END],
    ['`a``', NO_END],
    ['"a\'', NO_END],
  ],
  'a backslash before a quote, by the setting of a server, but never to SQLite': [
    ["'\\'", { postgres: BACKSLASH, mysql: BACKSLASH, sqlite: "'\\'" }],
    ["'a\\' b", { postgres: BACKSLASH, mysql: BACKSLASH, sqlite: "'a\\' b" }],
    ["'a\\\\'", { postgres: "''", mysql: "''", sqlite: "'a\\\\'" }],
    ["'\\\\\\'", { postgres: BACKSLASH, mysql: BACKSLASH, sqlite: "'\\\\\\'" }],
    ["'\\a'", { postgres: "''", mysql: "''" }],
    ["'a\\'' b'", { postgres: BACKSLASH, mysql: BACKSLASH, sqlite: "'a\\' b'" }],
    ["'a''\\'", { postgres: BACKSLASH, mysql: BACKSLASH }],
    ['"\\"', { postgres: BACKSLASH, mysql: BACKSLASH, sqlite: '"\\"' }],
    ['`a\\`', { mysql: BACKSLASH }],
  ],
  'comments up to the end of the line': [
    ['a -- b', 'a {-- b}'],
    ['a -- b\nc', 'a c {-- b}'],
    ['a --', 'a {--}'],
    ['--\na', 'a {--}'],
    ['-- \' " /*\na', 'a {-- \' " /*}'],
    ['- -a', '- - a'],
  ],
  'two hyphens, to MySQL a comment only before white space': [
    ['a --b', { postgres: 'a {--b}', sqlite: 'a {--b}', mysql: 'a - - b' }],
    ['a --\tb', 'a {--\tb}'],
    ['a --!', { postgres: 'a {--!}', mysql: 'a - - !' }],
  ],
  'a hash, to MySQL a comment': [['a # b\nc', { mysql: 'a c {# b}', postgres: 'a # b c', sqlite: 'a # b c' }]],
  'a carriage return in a comment, where something could hide': [['-- a\rb\nc', 'c {-- a\rb} HIDES']],
  'comments between signs': [
    ['a/* b */c', 'a c {/* b */}'],
    ['/**/a', 'a {/**/}'],
    ['/*/ a */b', 'b {/*/ a */}'],
    ['a /*/ */', 'a {/*/ */}'],
    ['/* \' */ a /* " */', 'a {/* \' */} {/* " */}'],
    ['a * / b', 'a * / b'],
  ],
  'comments in comments, to PostgreSQL alone': [
    ['/* a /* b */ c', { postgres: NO_END, mysql: 'c {/* a /* b */}', sqlite: 'c {/* a /* b */}' }],
    ['/* a /* b */ c */ d', { postgres: 'd {/* a /* b */ c */}', mysql: 'c * / d {/* a /* b */}' }],
    ['/*/**/*/ a', { postgres: 'a {/*/**/*/}' }],
    ['/* a */ b /* c */', { postgres: 'b {/* a */} {/* c */}' }],
  ],
  'comments that do not end': [
    ['/* a', NO_END],
    ['a /*/', NO_END],
    ['/*', NO_END],
  ],
  'comments that MySQL and MariaDB run': [
    ['/*! a */', '{/*! a */} HIDES'],
    ['/*M! a */', '{/*M! a */} HIDES'],
    ['/*!50000 a */', '{/*!50000 a */} HIDES'],
    ['/* ! */', '{/* ! */}'],
    ['/* a /*! */', { mysql: '{/* a /*! */}', sqlite: '{/* a /*! */}' }],
  ],
  'what hides, wherever it stands': [
    ["{ 'a' b 1 /* c */ -- d", { postgres: "{ '' b '1' {/* c */} {-- d} HIDES" }],
    ['1or /* a */ $1 u\n-- b\nc', { postgres: "'1' or $ '1' u c {/* a */} {-- b} HIDES" }],
  ],
};

describe('the reader of SQL reads', () => {
  const rows = Object.entries(READINGS).flatMap(([what, cases]) =>
    cases.flatMap(([sql, readings]) =>
      DIALECTS.flatMap((dialect) => {
        const expected = typeof readings === 'string' || !isPerDialect(readings) ? readings : readings[dialect];
        return expected === undefined ? [] : [[what, dialect, sql, expected] as const];
      }),
    ),
  );

  it.each(rows)('%s (%s): %j', (_, dialect, sql, expected) => {
    expect(reading(sql, dialect)).toEqual(expected);
  });

  it('where each token begins and ends', () => {
    const sql = `SELECT "a""b", 'c''d' /* e */, 1.5 -- f\n FROM [g h]`;
    expect(tokenize(sql, 'sqlite').tokens.map(({ start, end }) => sql.slice(start, end))).toEqual([
      'SELECT',
      '"a""b"',
      ',',
      "'c''d'",
      ',',
      '1.5',
      'FROM',
      '[g h]',
    ]);
  });

  it('nothing as an identifier but words and names', () => {
    const { tokens } = tokenize(`a "b" 'c' 1 ,`, 'sqlite');
    expect(tokens.filter(isIdentifier).map(({ text }) => text)).toEqual(['a', 'b']);
  });
});

/** An expectation of Jest is an object too. */
function isPerDialect(reading: Partial<Record<SqlDialect, string>>): boolean {
  return DIALECTS.some((dialect) => dialect in reading);
}

describe('a word is a keyword', () => {
  it.each([
    ['at the beginning', 'where', 'where'],
    ['behind another word, name or value', `a where "b" where 'c' where 1 where`, 'a where where where where'],
    ['behind a bracket or comma', '( where ) where , where', 'where where where'],
    ['not as a column', 'a.where', 'a'],
    ['not as a parameter', 'a = :where', 'a'],
    ['not as an alias', 'a as where', 'a as'],
    ['behind a column called as', 'a.as where', 'a where'],
    ['behind an alias called as', 'a as as where', 'a as where'],
    ['behind a name or value called as', `"as" where 'as' where`, 'where where'],
    ['behind a name with a point or colon in it', `"a.b" where 'a:b' where`, 'where where'],
    ['even behind AS, where it opens a list of tables', 'as from as join as into', 'as from as join as into'],
    ['not behind AS for a part of such a word', 'as fromage as xfrom as joined as xjoin', 'as as as as'],
    ['never as a name or value', `"where" 'where' 1 ,`, ''],
  ])('%s', (_, sql, expected) => {
    const { tokens } = tokenize(sql, 'sqlite');
    expect(tokens.flatMap(({ text }, i) => (isKeywordAt(tokens, i) ? [text] : [])).join(' ')).toBe(expected);
  });
});
