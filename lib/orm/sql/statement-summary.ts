import { createHash } from 'node:crypto';
import { attempt } from '../../common/safe-read.js';
import { parseStatement } from './table-references.js';
import { StatementCache } from './statement-cache.js';
import { tokenize } from './tokenizer.js';
import type { SqlDialect, SqlToken } from './tokenizer.js';

/** What may be told of a statement: nothing of it is a value. */
export interface StatementSummary {
  /** Its first word in upper case, e.g. `SELECT`. */
  readonly operation: string;
  /** The first table; undefined if it names none. */
  readonly table: string | undefined;
  /** Operation and table, e.g. `SELECT support_ticket`. */
  readonly summary: string;
  /** The same for every statement that differs in values, and in the length of lists, alone. */
  readonly fingerprint: string;
  /** The text with `?` instead of each literal; undefined if it cannot be told what is a literal in it. */
  readonly text: string | undefined;
}

const summaries = {
  postgres: new StatementCache<StatementSummary>(),
  mysql: new StatementCache<StatementSummary>(),
  sqlite: new StatementCache<StatementSummary>(),
} satisfies Record<SqlDialect, unknown>;

/** Describes a statement without its values. */
export function summarizeStatement(sql: string, dialect: SqlDialect): StatementSummary {
  return summaries[dialect].getOrCreate(sql, () => summarize(sql, dialect));
}

/**
 * Returns a hash of a statement, the same in every process. Literals, placeholders and the length of lists make no
 * difference.
 */
export function fingerprintOf(sql: string): string {
  const normal = sql
    .replace(/'(?:[^']|'')*'/g, '?')
    .replace(/[$:]\d+|\b\d+(?:\.\d+)?\b/g, '?')
    .replace(/\?(?:\s*,\s*\?)+/g, '?')
    .replace(/\(\s*\?\s*\)(?:\s*,\s*\(\s*\?\s*\))+/g, '(?)')
    .replace(/\s+/g, ' ')
    .trim();
  return createHash('sha256').update(normal).digest('hex').slice(0, 12);
}

function summarize(sql: string, dialect: SqlDialect): StatementSummary {
  const fingerprint = fingerprintOf(sql);
  const parsed = attempt(() => tokenize(sql, dialect), undefined);
  const operation = /^\s*([a-z]+)/i.exec(sql)?.[1].toUpperCase() ?? 'SQL';
  if (parsed === undefined || parsed.isAmbiguous)
    return { operation, table: undefined, summary: operation, fingerprint, text: undefined };
  const table = parseStatement(parsed.tokens).mentions.at(0)?.table;
  const summary = table === undefined ? operation : `${operation} ${table}`;
  return { operation, table, summary, fingerprint, text: withoutLiterals(sql, parsed.tokens, dialect) };
}

/** Replaces literals. Comments are left out too, because they may contain anything. */
function withoutLiterals(sql: string, tokens: readonly SqlToken[], dialect: SqlDialect): string {
  let text = '';
  let end = 0;
  for (const token of tokens) {
    if (token.start > end && text !== '') text += ' ';
    text += isValue(token, sql, dialect) ? '?' : sql.slice(token.start, token.end);
    end = token.end;
  }
  return text;
}

function isValue({ kind, start }: SqlToken, sql: string, dialect: SqlDialect): boolean {
  // MySQL takes a text in double quotes for a string, depending on a setting.
  if (kind === 'name') return dialect === 'mysql' && sql[start] === '"';
  // `$1` is a placeholder.
  return kind === 'literal' && sql[start - 1] !== '$';
}
