import type { EntityMetadata, QueryRunner } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import { isIdentifier, isPunctuationAt, tokenize } from '../sql/tokenizer.js';
import type { SqlDialect, SqlToken } from '../sql/tokenizer.js';
import type { DatabaseError } from './driver-error.parser.js';
import type { KeyCatalog, KeyPart } from './key-catalog.js';

/** The database that an error comes from. */
export interface ErrorSource {
  readonly dialect: SqlDialect;
  readonly keys: KeyCatalog;
}

/** Returns the columns of an entity that an error names; a name that is no column of the entity is left out. */
export function columnsNamedBy({ columns }: DatabaseError, metadata: EntityMetadata): readonly ColumnMetadata[] {
  return columns.map((name) => metadata.findColumnWithDatabaseName(name)).filter((column) => column !== undefined);
}

/**
 * Returns the columns of the violated key. They are known if the entity declares a key of that name, or if the error
 * names columns of the entity only. Otherwise they are read from the database's catalogue: tables that TypeORM did not
 * create have keys of other names, and partitions have keys of their own.
 *
 * @param metadata the entity that was written
 * @param runner the query runner of the failed statement; undefined if it is released
 * @returns empty if the key is one of another table, or cannot be identified
 */
export async function violatedColumns(
  error: DatabaseError,
  metadata: EntityMetadata,
  { dialect, keys }: ErrorSource,
  runner: QueryRunner | undefined,
): Promise<readonly ColumnMetadata[]> {
  const { constraint, table, schema, isExpression } = error;
  const isOwnTable = table === undefined || table === metadata.tableName;
  const declared = [...metadata.uniques, ...metadata.indices].find(({ name }) => name === constraint);
  if (isOwnTable && declared !== undefined) return declared.columns;
  const named = columnsNamedBy(error, metadata);
  if (isOwnTable && !isExpression && named.length > 0 && named.length === error.columns.length) return named;
  if (constraint !== undefined) {
    const wanted = {
      name: constraint,
      table: table ?? metadata.tableName,
      schema: schema ?? schemaOf(metadata, dialect),
    };
    const key = await keys.find(wanted, runner);
    if (key !== undefined && key.table !== metadata.tableName) return [];
    const columns = key?.parts.flatMap((part) => columnsOfPart(part, metadata, dialect)) ?? [];
    if (columns.length > 0) return [...new Set(columns)];
  }
  if (!isOwnTable) return [];
  return named.length > 0 || constraint === undefined ? named : columnsOfKeyName(constraint, metadata);
}

/** On MySQL, a table may be in another database than the current one. */
function schemaOf({ schema, database }: EntityMetadata, dialect: SqlDialect): string | undefined {
  return dialect === 'mysql' ? database : schema;
}

/** Returns the column of a part of a key, or the columns that compute it. */
function columnsOfPart(
  { column, expression }: KeyPart,
  metadata: EntityMetadata,
  dialect: SqlDialect,
): readonly ColumnMetadata[] {
  const own = column === null ? undefined : metadata.findColumnWithDatabaseName(column);
  if (own !== undefined) return [own];
  const names = new Set(expression === null ? [] : namesIn(expression, dialect));
  return metadata.columns.filter(({ databaseName }) => names.has(databaseName.toLowerCase()));
}

/** Returns the identifiers of an expression in lower case, without functions and the types of casts. */
function namesIn(expression: string, dialect: SqlDialect): readonly string[] {
  const { tokens } = tokenize(expression, dialect);
  return (dialect === 'sqlite' ? firstBrackets(tokens) : tokens)
    .filter(
      (token, i, all) => isIdentifier(token) && !isPunctuationAt(all, i + 1, '(') && !isPunctuationAt(all, i - 1, ':'),
    )
    .map(({ text }) => text);
}

/** Returns the tokens in the first brackets. SQLite's text of an index continues with its WHERE. */
function firstBrackets(tokens: readonly SqlToken[]): readonly SqlToken[] {
  let depth = 0;
  const end = tokens.findIndex((_, i) => {
    if (isPunctuationAt(tokens, i, '(')) depth += 1;
    if (isPunctuationAt(tokens, i, ')')) depth -= 1;
    return depth === 0;
  });
  return tokens.slice(0, end + 1);
}

/**
 * Returns the columns of a MySQL key by its name, if the catalogue cannot be read. MySQL names the primary key PRIMARY,
 * and an unnamed unique key after its first column: `email`, `email_2`.
 */
function columnsOfKeyName(name: string, metadata: EntityMetadata): readonly ColumnMetadata[] {
  if (name === 'PRIMARY') return metadata.primaryColumns;
  const first = name.replace(/_\d+$/, '');
  const keys = [...metadata.uniques, ...metadata.indices.filter(({ isUnique }) => isUnique)].filter(({ columns }) =>
    [name, first].includes(columns[0]?.databaseName),
  );
  return keys.length === 1 ? keys[0].columns : [];
}
