import { DateUtils } from 'typeorm/util/DateUtils.js';
import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import { isIdentifier, tokenize } from './tokenizer.js';
import type { SqlDialect, SqlToken } from './tokenizer.js';

/** A statement with the driver's placeholders, and their values in order. */
export type BoundStatement = [sql: string, values: unknown[]];

/** A statement taken apart at its parameters. */
export interface ParameterizedSql {
  /** The text before, between and after the parameters. */
  readonly texts: readonly string[];
  readonly parameters: readonly { readonly name: string; readonly isList: boolean }[];
}

const PARAMETER = /:(\.\.\.)?([A-Za-z0-9_.]+)/y;
/** What a placeholder would be read together with; to the drivers of MySQL `??` is a name. */
const JOINS_NAME = /[\w$.?\u0080-\uffff]/;

/**
 * Takes a statement apart at its named parameters, where they stand as code. In quotes, names and comments they are text: TypeORM replaces them there too,
 * and some databases do not count a placeholder there, so that all later values move one place.
 *
 * @throws StatementRefusedError when a placeholder of the driver's stands in the text: it would take another one's value
 */
export function parseNamedParameters(sql: string, dialect: SqlDialect): ParameterizedSql {
  const { tokens } = tokenize(sql, dialect);
  const texts: string[] = [];
  const parameters: ParameterizedSql['parameters'][number][] = [];
  let from = 0;
  tokens.forEach((token, i) => {
    if (isPlaceholder(token, tokens[i + 1], dialect)) {
      throw new StatementRefusedError('it contains a placeholder of the driver', 'Name the parameter: :name.');
    }
    // A cast, `::uuid`, is no parameter.
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
 * Puts the driver's placeholders in.
 *
 * @param valueOf the value of a parameter; undefined for a name that is none, which stays as it stands
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
    // A placeholder is a word of its own, whatever stands beside it.
    sql = `${sql}${JOINS_NAME.test(sql.at(-1) ?? '') ? ' ' : ''}${placed}${JOINS_NAME.test(text[0] ?? '') ? ' ' : ''}${text}`;
  });
  return [sql, values];
}

/** A statement whose placeholders have been put in once, for any values. */
export interface PositionalSql {
  readonly sql: string;
  /** The parameters, in the order of their numbers. */
  readonly names: readonly string[];
}

/**
 * Puts the driver's placeholders in, whatever the values will be.
 *
 * @returns undefined for a statement with a list of parameters, whose text depends on how many there are
 */
export function toPositional(template: ParameterizedSql, dialect: SqlDialect): PositionalSql | undefined {
  if (template.parameters.some(({ isList }) => isList)) return undefined;
  const names = template.parameters.map(({ name }) => name);
  const [sql] = bindParameters(template, dialect, () => ({ value: null }));
  // PostgreSQL's placeholders are numbered, so that one serves a name wherever it stands.
  return { sql, names: dialect === 'postgres' ? [...new Set(names)] : names };
}

function placeList(value: unknown, name: string, place: (value: unknown) => string): string {
  if (!Array.isArray(value)) throw new StatementRefusedError(`the parameter :...${name} is no list`, 'Give an array.');
  // Nothing is in an empty list: NULL equals nothing.
  return value.length === 0 ? 'NULL' : Array.from(value as unknown[], place).join(', ');
}

/**
 * A value as the driver takes it.
 *
 * @throws StatementRefusedError for one that would be pasted as text
 */
export function toDriverValue(value: unknown, dialect: SqlDialect): unknown {
  if (typeof value === 'function') {
    throw new StatementRefusedError('a parameter is a function, whose text would be pasted in', 'Give a value.');
  }
  if (dialect !== 'sqlite') return value;
  // As TypeORM's drivers for SQLite do: it has neither type.
  if (typeof value === 'boolean') return Number(value);
  return value instanceof Date ? DateUtils.mixedDateToUtcDatetimeString(value) : value;
}

function isPlaceholder({ kind, text }: SqlToken, next: SqlToken | undefined, dialect: SqlDialect): boolean {
  if (kind !== 'punctuation') return false;
  // To PostgreSQL a question mark is an operator.
  if (text === '?') return dialect !== 'postgres';
  return text === '$' && next !== undefined && !isIdentifier(next);
}
