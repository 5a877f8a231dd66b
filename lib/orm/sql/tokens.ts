import { StatementRefusedError } from '../../exceptions/statement-refused.error.js';

/** Which rules of quoting a text is read by. */
export type SqlDialect = 'postgres' | 'mysql' | 'sqlite';

/** A piece of SQL text. Comments and white space make none. */
export interface SqlToken {
  readonly kind: 'word' | 'name' | 'literal' | 'punctuation';
  /** Lower case for a word; the unquoted, lower-case identifier for a name; empty for a literal. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** What {@link readTokens} found. */
export interface SqlTokens {
  readonly tokens: readonly SqlToken[];
  /** Whether there is a comment, and therefore text that a reader of the statement may take for code. */
  readonly hasComment: boolean;
  /** Whether there is something in which SQL can hide from this reader: dollar quotes, executable comments, escaped names. */
  readonly hidesSql: boolean;
}

const INSTEAD = 'Pass values as parameters.';
const WORD = /[\p{L}_][\p{L}\p{N}_$]*/uy;
const NUMBER = /[\p{N}][\p{L}\p{N}_.]*/uy;
const DOLLAR_QUOTE = /\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy;

/**
 * Reads SQL text into tokens, conservatively: what the databases read differently depending on a setting (a backslash before a
 * quote) is refused, and what cannot be read (dollar quotes, executable comments) is reported.
 *
 * @throws StatementRefusedError when a quote or comment does not end, or ends at different places depending on a setting
 */
export function readTokens(sql: string, dialect: SqlDialect): SqlTokens {
  const tokens: SqlToken[] = [];
  let hasComment = false;
  let hidesSql = false;
  let at = 0;
  const push = (kind: SqlToken['kind'], end: number, text: string): void => {
    tokens.push({ kind, text, start: at, end });
    at = end;
  };
  while (at < sql.length) {
    const char = sql[at];
    const next = sql[at + 1];
    if (/\s/.test(char)) {
      at += 1;
    } else if ((char === '-' && next === '-') || (char === '#' && dialect === 'mysql')) {
      hasComment = true;
      const end = sql.indexOf('\n', at);
      at = end === -1 ? sql.length : end + 1;
    } else if (char === '/' && next === '*') {
      hasComment = true;
      hidesSql ||= dialect === 'mysql' && /^\/\*M?!/.test(sql.slice(at, at + 4));
      at = endOfComment(sql, at, dialect);
    } else if (char === "'" || (char === '"' && dialect === 'mysql')) {
      // In MySQL a double quote opens a string or, by setting, a name: as a name it would be read as a table below, so note both.
      const end = endOfQuote(sql, at, char);
      if (char === '"') push('name', end, unquote(sql.slice(at, end), char));
      else push('literal', end, '');
    } else if (char === '"' || char === '`') {
      const end = endOfQuote(sql, at, char);
      push('name', end, unquote(sql.slice(at, end), char));
    } else if (char === '[' && dialect === 'sqlite') {
      const end = sql.indexOf(']', at);
      if (end === -1) throw refused('a name in square brackets does not end');
      push('name', end + 1, sql.slice(at + 1, end).toLowerCase());
    } else if (char === '$' && dialect === 'postgres' && match(DOLLAR_QUOTE, sql, at) !== undefined) {
      hidesSql = true;
      const tag = match(DOLLAR_QUOTE, sql, at)!;
      const end = sql.indexOf(tag, at + tag.length);
      if (end === -1) throw refused('a dollar quote does not end');
      push('literal', end + tag.length, '');
    } else {
      const word = match(WORD, sql, at);
      if (word !== undefined) {
        // U&"…" spells a name by code points.
        hidesSql ||= word.toLowerCase() === 'u' && sql[at + 1] === '&' && (sql[at + 2] === '"' || sql[at + 2] === "'");
        push('word', at + word.length, word.toLowerCase());
        continue;
      }
      const number = match(NUMBER, sql, at);
      if (number !== undefined) push('literal', at + number.length, '');
      else push('punctuation', at + 1, char);
    }
  }
  return { tokens, hasComment, hidesSql };
}

function match(pattern: RegExp, sql: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(sql)?.[0];
}

function endOfComment(sql: string, start: number, dialect: SqlDialect): number {
  let depth = 1;
  let at = start + 2;
  while (depth > 0) {
    const close = sql.indexOf('*/', at);
    if (close === -1) throw refused('a comment does not end');
    // Only PostgreSQL nests comments.
    const open = dialect === 'postgres' ? sql.indexOf('/*', at) : -1;
    if (open !== -1 && open < close) {
      depth += 1;
      at = open + 2;
    } else {
      depth -= 1;
      at = close + 2;
    }
  }
  return at;
}

function endOfQuote(sql: string, start: number, quote: string): number {
  let at = start + 1;
  for (;;) {
    const close = sql.indexOf(quote, at);
    if (close === -1) throw refused('a quote does not end');
    if (sql[close + 1] === quote && !endsInOddBackslashes(sql, start, close)) {
      at = close + 2;
      continue;
    }
    // Whether a backslash escapes the quote depends on the database's settings: what ends here for one reader goes on for another.
    if (endsInOddBackslashes(sql, start, close)) throw refused('a backslash stands before a quote');
    return close + 1;
  }
}

function endsInOddBackslashes(sql: string, start: number, close: number): boolean {
  let count = 0;
  while (close - 1 - count > start && sql[close - 1 - count] === '\\') count += 1;
  return count % 2 === 1;
}

function unquote(text: string, quote: string): string {
  return text
    .slice(1, -1)
    .replaceAll(quote + quote, quote)
    .toLowerCase();
}

function refused(reason: string): StatementRefusedError {
  return new StatementRefusedError(reason, INSTEAD);
}
