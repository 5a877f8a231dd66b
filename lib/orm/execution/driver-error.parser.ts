import { QueryFailedError } from 'typeorm';
import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';

/** Why a database refused a statement. An exclusion constraint counts as a unique one: another row is in the way. */
export type DatabaseErrorKind = 'unique' | 'foreign-key' | 'not-null' | 'data' | 'other';

/** What a database's error says about its cause, without values. */
export interface DatabaseError {
  readonly kind: DatabaseErrorKind;
  /** The name of the violated constraint or index; undefined if the database does not name one. */
  readonly constraint: string | undefined;
  /** The table of the constraint, without its schema; only PostgreSQL names it. */
  readonly table: string | undefined;
  /** The names of the columns that the error names, as in the database. */
  readonly columns: readonly string[];
}

/** The properties of a driver's error that are read. */
interface DriverError {
  readonly code?: string | number;
  readonly errno?: number;
  readonly constraint?: string;
  /** PostgreSQL: `Key (organization_id, email)=(1, a@b.example) already exists.` */
  readonly detail?: string;
  readonly table?: string;
  /** PostgreSQL: the column of a NOT NULL violation. */
  readonly column?: string;
  readonly message: string;
}

/** The kind of an error by PostgreSQL's code; class 22 is about data, 54000 about a value too long for its index. */
const POSTGRES_KINDS: readonly (readonly [RegExp, DatabaseErrorKind])[] = [
  [/^(?:23505|23P01)$/, 'unique'],
  // Since PostgreSQL 18, RESTRICT has a code of its own.
  [/^(?:23503|23001)$/, 'foreign-key'],
  [/^23502$/, 'not-null'],
  [/^(?:22...|54000)$/, 'data'],
];
/** By the error number of MySQL and MariaDB. */
const MYSQL_KINDS: ReadonlyMap<number | undefined, DatabaseErrorKind> = new Map([
  [1062, 'unique'],
  ...[1216, 1217, 1451, 1452].map((errno) => [errno, 'foreign-key'] as const),
  ...[1048, 1364].map((errno) => [errno, 'not-null'] as const),
  ...[1264, 1265, 1292, 1366, 1406, 1525].map((errno) => [errno, 'data'] as const),
]);
/** By SQLite's message. SQLite stores any value in any column, so no error is about data. */
const SQLITE_KINDS: readonly (readonly [RegExp, DatabaseErrorKind])[] = [
  [/UNIQUE constraint failed/, 'unique'],
  [/FOREIGN KEY constraint failed/, 'foreign-key'],
  [/NOT NULL constraint failed/, 'not-null'],
];

/**
 * Reads the error of a driver. It is the only place that knows the codes and messages of the databases.
 *
 * @returns undefined if no statement failed
 */
export function parseDriverError(failure: unknown): DatabaseError | undefined {
  if (!(failure instanceof QueryFailedError)) return undefined;
  const error = failure.driverError as DriverError;
  const kind = kindOf(error);
  return { kind, constraint: constraintOf(error), table: error.table, columns: namedColumns(kind, error) };
}

function kindOf({ code, errno, message }: DriverError): DatabaseErrorKind {
  const told =
    POSTGRES_KINDS.find(([pattern]) => typeof code === 'string' && pattern.test(code)) ??
    SQLITE_KINDS.find(([pattern]) => pattern.test(message));
  return told?.[1] ?? MYSQL_KINDS.get(errno) ?? 'other';
}

/** `Duplicate entry … for key 'ticket.subject'`, or `CONSTRAINT `fk_name` FOREIGN KEY`, on MySQL. */
function constraintOf({ constraint, message }: DriverError): string | undefined {
  return (
    constraint ?? /for key '(?:[^'.]*\.)?([^'.]+)'$/.exec(message)?.[1] ?? /CONSTRAINT `([^`]+)`/.exec(message)?.[1]
  );
}

function namedColumns(kind: DatabaseErrorKind, { column, detail, message }: DriverError): readonly string[] {
  switch (kind) {
    case 'unique':
    case 'foreign-key':
      return columnsOfDetail(detail) ?? columnsOfList(/UNIQUE constraint failed: (.+)/.exec(message)?.[1]);
    case 'not-null': {
      const named = column ?? /(?:Column|Field) '([^']+)'/.exec(message)?.[1];
      return named === undefined ? columnsOfList(/NOT NULL constraint failed: (.+)/.exec(message)?.[1]) : [named];
    }
    case 'data':
    case 'other':
      return [];
  }
}

/** Parses the detail of a PostgreSQL error, also columns inside an expression: `Key (lower(email::text))=(…)`. */
function columnsOfDetail(detail: string | undefined): string[] | undefined {
  // The message is translated, but the format of the key is not.
  const key = detail?.match(/\((.+?)\)=\(/)?.[1];
  return key?.match(/"(?:[^"]|"")+"|[^\W\d]\w*/g)?.map((name) => name.replace(/^"|"$/g, '').replaceAll('""', '"'));
}

/** Parses a list of column names: `ticket.subject, ticket.number`. */
function columnsOfList(list: string | undefined): string[] {
  return list?.split(', ').map((name) => name.slice(name.indexOf('.') + 1)) ?? [];
}

/** Returns the columns of an entity that an error names; a name that is no column of the entity is left out. */
export function columnsNamedBy({ columns }: DatabaseError, metadata: EntityMetadata): readonly ColumnMetadata[] {
  return columns.map((name) => metadata.findColumnWithDatabaseName(name)).filter((column) => column !== undefined);
}

/**
 * Returns the columns of the violated unique key: by the name of a constraint that the entity declares, otherwise by
 * the columns in the error. Tables that TypeORM did not create have constraints of other names.
 *
 * @param metadata the entity that was written
 * @returns empty if the error does not identify the columns
 */
export function violatedColumns(error: DatabaseError, metadata: EntityMetadata): readonly ColumnMetadata[] {
  const { constraint, table } = error;
  if (table !== undefined && table !== metadata.tableName) return [];
  const declared = [...metadata.uniques, ...metadata.indices].find(({ name }) => name === constraint);
  if (declared !== undefined) return declared.columns;
  const named = columnsNamedBy(error, metadata);
  return named.length > 0 || constraint === undefined ? named : columnsOfKeyName(constraint, metadata);
}

/**
 * Returns the columns of a MySQL key by its name. MySQL names the primary key PRIMARY, and an unnamed unique key after
 * its first column: `email`, `email_2`.
 */
function columnsOfKeyName(name: string, metadata: EntityMetadata): readonly ColumnMetadata[] {
  if (name === 'PRIMARY') return metadata.primaryColumns;
  const first = name.replace(/_\d+$/, '');
  const keys = [...metadata.uniques, ...metadata.indices.filter(({ isUnique }) => isUnique)].filter(({ columns }) =>
    [name, first].includes(columns[0]?.databaseName),
  );
  return keys.length === 1 ? keys[0].columns : [];
}
