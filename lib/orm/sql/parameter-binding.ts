import { DateUtils } from '../../common/peer-internals.js';
import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import { isIdentifier, tokenize } from './tokenizer.js';
import type { SqlDialect, SqlToken } from './tokenizer.js';

/** A statement with the driver's placeholders, and their values in order. */
export type BoundStatement = [sql: string, values: unknown[]];

/** A statement split at its parameters. */
export interface ParameterizedSql {
  /** The text before, between and after the parameters. */
  readonly texts: readonly string[];
  readonly parameters: readonly { readonly name: string; readonly isList: boolean }[];
}

const PARAMETER = /:(\.\.\.)?([A-Za-z0-9_.]+)/y;
/** A character that would merge with an adjacent placeholder. For MySQL's drivers `??` is an identifier placeholder. */
const JOINS_NAME = /[\w$.?\u0080-\uffff]/;

/**
 * Splits a statement at its named parameters. In quotes, names and comments they are plain text. TypeORM replaces them
 * there too, and some databases do not count those placeholders, so that all later values would shift by one.
 *
 * @throws StatementRefusedError if the text contains a placeholder of the driver: it would take another parameter's
 * value
 */
export function parseNamedParameters(sql: string, dialect: SqlDialect): ParameterizedSql {
  const { tokens } = tokenize(sql, dialect);
  const texts: string[] = [];
  const parameters: ParameterizedSql['parameters'][number][] = [];
  let from = 0;
  tokens.forEach((token, i) => {
    if (isPlaceholder(token, tokens[i + 1], dialect)) {
      throw new StatementRefusedError(
        'it contains a placeholder of the driver, e.g. $1 or ?',
        'Use a named parameter: :name.',
      );
    }
    // A cast, e.g. `::uuid`, is not a parameter.
    if (sql[token.start - 1] === ':') return;
    PARAMETER.lastIndex = token.start;
    const found = PARAMETER.exec(sql);
    if (found === null) return;
    texts.push(sql.slice(from, token.start));
    parameters.push({ name: found[2], isList: found[1] !== undefined });
    from = PARAMETER.lastIndex;
  });
  texts.push(sql.slice(from));
  return { texts, parameters };
}

/**
 * Replaces the named parameters by the driver's placeholders.
 *
 * @param valueOf returns the value of a parameter; undefined for a name that is not a parameter and stays as it is
 * @throws StatementRefusedError for a value that would be pasted as text
 */
export function bindParameters(
  { texts, parameters }: ParameterizedSql,
  dialect: SqlDialect,
  valueOf: (name: string) => { readonly value: unknown } | undefined,
): BoundStatement {
  const values: unknown[] = [];
  const numbers = new Map<string, string>();
  const place = (value: unknown): string => {
    values.push(toDriverValue(value, dialect));
    return dialect === 'postgres' ? `$${values.length}` : '?';
  };
  let sql = texts[0];
  parameters.forEach(({ name, isList }, i) => {
    const given = valueOf(name);
    const text = texts[i + 1];
    if (given === undefined) {
      sql += `:${isList ? '...' : ''}${name}${text}`;
      return;
    }
    let placed = numbers.get(name);
    if (placed === undefined || isList || dialect !== 'postgres') {
      placed = isList ? placeList(given.value, name, place) : place(given.value);
      if (!isList) numbers.set(name, placed);
    }
    // Spaces keep a placeholder separate from adjacent characters.
    sql = `${sql}${JOINS_NAME.test(sql.at(-1) ?? '') ? ' ' : ''}${placed}${JOINS_NAME.test(text[0] ?? '') ? ' ' : ''}${text}`;
  });
  return [sql, values];
}

/** A statement with placeholders that suits any values. */
export interface PositionalSql {
  readonly sql: string;
  /** The parameters, in the order of their placeholders. */
  readonly names: readonly string[];
}

/**
 * Replaces the named parameters by the driver's placeholders, independently of the values.
 *
 * @returns undefined for a statement with a list parameter, whose text depends on the length of the list
 */
export function toPositional(template: ParameterizedSql, dialect: SqlDialect): PositionalSql | undefined {
  if (template.parameters.some(({ isList }) => isList)) return undefined;
  const names = template.parameters.map(({ name }) => name);
  const [sql] = bindParameters(template, dialect, () => ({ value: null }));
  // PostgreSQL's placeholders are numbered, so each name is bound once.
  return { sql, names: dialect === 'postgres' ? [...new Set(names)] : names };
}

function placeList(value: unknown, name: string, place: (value: unknown) => string): string {
  if (!Array.isArray(value))
    throw new StatementRefusedError(`the parameter :...${name} is not an array`, 'Pass an array.');
  // `IN ()` is invalid SQL; `IN (NULL)` matches no row.
  return value.length === 0 ? 'NULL' : Array.from(value as unknown[], place).join(', ');
}

/**
 * Returns a value in the form that the driver accepts.
 *
 * @throws StatementRefusedError for a value that would be pasted as text
 */
export function toDriverValue(value: unknown, dialect: SqlDialect): unknown {
  if (typeof value === 'function') {
    throw new StatementRefusedError(
      'a parameter is a function, and TypeORM would insert its result as SQL',
      'Set a value.',
    );
  }
  if (dialect !== 'sqlite') return value;
  // Converts like TypeORM's SQLite drivers: SQLite has no boolean and no date type.
  if (typeof value === 'boolean') return Number(value);
  return value instanceof Date ? DateUtils.mixedDateToUtcDatetimeString(value) : value;
}

function isPlaceholder({ kind, text }: SqlToken, next: SqlToken | undefined, dialect: SqlDialect): boolean {
  if (kind !== 'punctuation') return false;
  // In PostgreSQL a question mark is an operator.
  if (text === '?') return dialect !== 'postgres';
  return text === '$' && next !== undefined && !isIdentifier(next);
}
