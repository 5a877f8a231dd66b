import { StatementRefusedError } from '../../errors/statement-refused.error.js';

/** Which rules of quoting a text is read by. */
export type SqlDialect = 'postgres' | 'mysql' | 'sqlite';

/** A piece of SQL text. Comments and white space make none. */
export interface SqlToken {
  readonly kind: 'word' | 'name' | 'literal' | 'punctuation';
  /** Lower case for a word; the unquoted, lower-case identifier for a name; a literal's only where it could name a table. */
  readonly text: string;
  /** A word or name as the database tells it from others: with its capitals where they count. */
  readonly exact: string;
  readonly start: number;
  readonly end: number;
}

/** What {@link tokenize} found. */
export interface TokenizeResult {
  readonly tokens: readonly SqlToken[];
  readonly comments: readonly string[];
  /** Whether there is something in which SQL can hide from this reader, or that databases read in different ways. */
  readonly isAmbiguous: boolean;
}

/** White space to every database. What else Unicode calls so is part of a name to them. */
const SPACE = /[ \t\n\r\f\v]+/y;
const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;
const NUMBER = /0x[\da-f]+|\d+(?:\.\d*)?(?:e[+-]?\d+)?/iy;
const PUNCTUATION = /[()[\],.;:=<>+\-*/%!?|&^~@#$]/y;

/**
 * Reads SQL text into tokens, conservatively: what the databases read differently depending on a setting (a backslash before a
 * quote) is refused, and what cannot be read for certain is reported.
 *
 * @throws StatementRefusedError when a quote or comment does not end, or ends at different places depending on a setting
 */
export function tokenize(sql: string, dialect: SqlDialect): TokenizeResult {
  return new Tokenizer(sql, dialect).read();
}

/** Whether a token can name something. */
export function isIdentifier({ kind }: SqlToken): boolean {
  return kind === 'word' || kind === 'name';
}

/** Whether the token at `i` is this sign, not a name or text that reads like it. */
export function isPunctuationAt(tokens: readonly SqlToken[], i: number, sign: string): boolean {
  return tokens[i]?.kind === 'punctuation' && tokens[i].text === sign;
}

/** A word is a keyword unless it is a column (behind a point), a parameter (behind a colon) or an alias (behind AS). */
export function isKeywordAt(tokens: readonly SqlToken[], i: number): boolean {
  if (tokens[i].kind !== 'word') return false;
  const before = tokens[i - 1];
  if (before === undefined) return true;
  if (before.kind === 'punctuation') return !/[.:]/.test(before.text);
  // A parameter or column may be called so too; and what opens a list of tables is read as that, alias or not.
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
      // Some databases take what follows for a word of its own, others for part of the number.
      this.hidesSql ||= this.match(WORD) !== undefined;
    } else {
      // $tag$ quotes; a backslash, a brace or a control character means different things to different databases.
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
    // PostgreSQL ends a comment at a carriage return too.
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
      if (close === -1) throw refused('a comment does not end');
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
    // SQLite takes a string for a table's name where it expects one; to the others it is a value.
    const isName = kind === 'name' || this.dialect === 'sqlite';
    const name = isName ? text.replaceAll(quote + quote, quote) : '';
    this.push(kind, end - this.at, name.toLowerCase(), this.dialect === 'sqlite' ? name.toLowerCase() : name);
  }

  private readBracketed(): void {
    const end = this.sql.indexOf(']', this.at);
    if (end === -1) throw refused('a name in square brackets does not end');
    this.push('name', end + 1 - this.at, this.sql.slice(this.at + 1, end).toLowerCase());
  }

  private endOfQuote(quote: string): number {
    let at = this.at + 1;
    for (;;) {
      const close = this.sql.indexOf(quote, at);
      if (close === -1) throw refused('a quote does not end');
      // Whether a backslash escapes the quote depends on the database's settings: what ends here for one reader goes on for another.
      // To SQLite it never does.
      if (this.dialect !== 'sqlite' && this.followsOddBackslashes(close))
        throw refused('a backslash stands before a quote');
      if (this.sql[close + 1] !== quote) return close + 1;
      at = close + 2;
    }
  }

  private followsOddBackslashes(close: number): boolean {
    let count = 0;
    // They end at the opening quote at the latest.
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
