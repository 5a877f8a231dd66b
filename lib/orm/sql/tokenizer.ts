import { StatementRefusedError } from '../../errors/statement-refused.error.js';

/** The dialect whose quoting rules apply. */
export type SqlDialect = 'postgres' | 'mysql' | 'sqlite';

/** A token of SQL text. Comments and white space are not tokens. */
export interface SqlToken {
  readonly kind: 'word' | 'name' | 'literal' | 'punctuation';
  /**
   * Lower case for a word; the unquoted, lower-case identifier for a name. Empty for a literal that cannot be a table's
   * name.
   */
  readonly text: string;
  /** A word or name as the database compares it: in its original case if the database is case-sensitive there. */
  readonly exact: string;
  readonly start: number;
  readonly end: number;
}

/** The result of {@link tokenize}. */
export interface TokenizeResult {
  readonly tokens: readonly SqlToken[];
  readonly comments: readonly string[];
  /**
   * True if the text contains something that could hide SQL from the tokenizer, or that databases interpret
   * differently.
   */
  readonly isAmbiguous: boolean;
}

/** White space in every database. Databases treat Unicode's other spaces as part of a name. */
const SPACE = /[ \t\n\r\f\v]+/y;
const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;
const NUMBER = /0x[\da-f]+|\d+(?:\.\d*)?(?:e[+-]?\d+)?/iy;
const PUNCTUATION = /[()[\],.;:=<>+\-*/%!?|&^~@#$]/y;

/**
 * Splits SQL text into tokens, conservatively. It refuses text whose meaning depends on a setting of the database (a
 * backslash before a quote), and reports other ambiguous text.
 *
 * @throws StatementRefusedError if a quote or comment does not end, or its end depends on a setting
 */
export function tokenize(sql: string, dialect: SqlDialect): TokenizeResult {
  return new Tokenizer(sql, dialect).read();
}

/** Checks whether a token can be an identifier. */
export function isIdentifier({ kind }: SqlToken): boolean {
  return kind === 'word' || kind === 'name';
}

/** Checks whether the token at `i` is this punctuation, not a name or literal with the same text. */
export function isPunctuationAt(tokens: readonly SqlToken[], i: number, sign: string): boolean {
  return tokens[i]?.kind === 'punctuation' && tokens[i].text === sign;
}

/**
 * Checks whether the token at `i` is a keyword: a word that is not a column (after a dot), a parameter (after a colon)
 * or an alias (after AS).
 */
export function isKeywordAt(tokens: readonly SqlToken[], i: number): boolean {
  if (tokens[i].kind !== 'word') return false;
  const before = tokens[i - 1];
  if (before === undefined) return true;
  if (before.kind === 'punctuation') return !/[.:]/.test(before.text);
  // An AS that is itself a parameter or column does not count. FROM, JOIN and INTO always count as keywords, so that no
  // list of tables is missed.
  return !(before.text === 'as' && isKeywordAt(tokens, i - 1)) || /^(?:from|join|into)$/.test(tokens[i].text);
}

class Tokenizer {
  private readonly tokens: SqlToken[] = [];
  private readonly comments: string[] = [];
  private hidesSql = false;
  private at = 0;

  constructor(
    private readonly sql: string,
    private readonly dialect: SqlDialect,
  ) {}

  read(): TokenizeResult {
    while (this.at < this.sql.length) this.readOne();
    return { tokens: this.tokens, comments: this.comments, isAmbiguous: this.hidesSql };
  }

  private readOne(): void {
    const { sql, dialect } = this;
    const char = sql[this.at];
    const space = this.match(SPACE);
    if (space !== undefined) this.at += space.length;
    else if (this.opensLineComment()) this.readLineComment();
    else if (sql.startsWith('/*', this.at)) this.readBlockComment();
    else if (char === "'") {
      this.readQuoted(char, 'literal');
    } else if (char === '"' || char === '`') this.readQuoted(char, 'name');
    else if (char === '[' && dialect === 'sqlite') this.readBracketed();
    else this.readPlain(char);
  }

  private readPlain(char: string): void {
    const word = this.match(WORD);
    const number = this.match(NUMBER);
    if (word !== undefined) {
      // U&"…" spells a name by code points.
      this.hidesSql ||= word.toLowerCase() === 'u' && this.sql[this.at + 1] === '&';
      this.push('word', word.length, word.toLowerCase(), this.dialect === 'mysql' ? word : word.toLowerCase());
    } else if (number !== undefined) {
      this.push('literal', number.length, number);
      // Some databases read the following letters as a word, others as part of the number.
      this.hidesSql ||= this.match(WORD) !== undefined;
    } else {
      // $tag$ quotes a text. The meaning of a backslash, a brace or a control character depends on the database.
      this.hidesSql ||= char === '$' ? !/\d/.test(this.sql.charAt(this.at + 1)) : this.match(PUNCTUATION) === undefined;
      this.push('punctuation', 1, char);
    }
  }

  private opensLineComment(): boolean {
    const { sql, at, dialect } = this;
    if (sql[at] === '#') return dialect === 'mysql';
    if (!sql.startsWith('--', at)) return false;
    const next = sql[at + 2];
    return dialect !== 'mysql' || next === undefined || next <= ' ';
  }

  private readLineComment(): void {
    const end = this.sql.indexOf('\n', this.at);
    const comment = this.sql.slice(this.at, end === -1 ? undefined : end);
    // PostgreSQL also ends a comment at a carriage return.
    this.hidesSql ||= comment.includes('\r');
    this.comments.push(comment);
    this.at += comment.length;
  }

  private readBlockComment(): void {
    const end = this.endOfBlockComment();
    const comment = this.sql.slice(this.at, end);
    this.hidesSql ||= /^\/\*M?!/.test(comment);
    this.comments.push(comment);
    this.at = end;
  }

  private endOfBlockComment(): number {
    let depth = 1;
    let at = this.at + 2;
    while (depth > 0) {
      const close = this.sql.indexOf('*/', at);
      if (close === -1) throw refused('a comment is not closed');
      // Only PostgreSQL nests comments.
      const open = this.dialect === 'postgres' ? this.sql.indexOf('/*', at) : -1;
      const opensFirst = open !== -1 && open < close;
      depth += opensFirst ? 1 : -1;
      at = (opensFirst ? open : close) + 2;
    }
    return at;
  }

  private readQuoted(quote: string, kind: 'name' | 'literal'): void {
    const end = this.endOfQuote(quote);
    const text = this.sql.slice(this.at + 1, end - 1);
    // SQLite accepts a string as a table's name; to the other databases it is a value.
    const isName = kind === 'name' || this.dialect === 'sqlite';
    const name = isName ? text.replaceAll(quote + quote, quote) : '';
    this.push(kind, end - this.at, name.toLowerCase(), this.dialect === 'sqlite' ? name.toLowerCase() : name);
  }

  private readBracketed(): void {
    const end = this.sql.indexOf(']', this.at);
    if (end === -1) throw refused('a name in square brackets is not closed');
    this.push('name', end + 1 - this.at, this.sql.slice(this.at + 1, end).toLowerCase());
  }

  private endOfQuote(quote: string): number {
    let at = this.at + 1;
    for (;;) {
      const close = this.sql.indexOf(quote, at);
      if (close === -1) throw refused('a quote is not closed');
      // Whether a backslash escapes the quote depends on the database's settings, so the end of the quote is ambiguous.
      // In SQLite a backslash never escapes.
      if (this.dialect !== 'sqlite' && this.followsOddBackslashes(close)) throw refused('a backslash precedes a quote');
      if (this.sql[close + 1] !== quote) return close + 1;
      at = close + 2;
    }
  }

  private followsOddBackslashes(close: number): boolean {
    let count = 0;
    // Ends at the opening quote at the latest.
    while (this.sql[close - 1 - count] === '\\') count += 1;
    return count % 2 === 1;
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    return pattern.exec(this.sql)?.[0];
  }

  private push(kind: SqlToken['kind'], length: number, text: string, exact = text): void {
    this.tokens.push({ kind, text, exact, start: this.at, end: this.at + length });
    this.at += length;
  }
}

function refused(reason: string): StatementRefusedError {
  return new StatementRefusedError(reason, 'Pass values as parameters.');
}
