import { QueryFailedError } from 'typeorm';
import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import { columnOfParameter } from './parameter-column.js';

/**
 * Why a database refused a statement. An exclusion constraint counts as a unique one: another row is in the way.
 * `unavailable` says that the same statement may succeed later: a deadlock, a timeout, a server that stops or starts.
 */
export type DatabaseErrorKind = 'unique' | 'foreign-key' | 'not-null' | 'check' | 'data' | 'unavailable' | 'other';

/** What a database's error says about its cause, without values. */
export interface DatabaseError {
  readonly kind: DatabaseErrorKind;
  /** The name of the violated constraint or index; undefined if the database does not name one. */
  readonly constraint: string | undefined;
  /** The table of the constraint, without its schema; only PostgreSQL names it. */
  readonly table: string | undefined;
  /** The names of the columns that the error names, as in the database. */
  readonly columns: readonly string[];
  /** Foreign keys: true if the written row refers to none, false if others refer to it; undefined if it is not told. */
  readonly isMissingReference: boolean | undefined;
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
  /** PostgreSQL: `unnamed portal parameter $3 = '...'` for a text that is none of the parameter's type. */
  readonly where?: string;
  /** The number of that parameter, if the text was removed. */
  readonly parameter?: number;
  readonly message: string;
}

/** The kind of an error by PostgreSQL's code; class 22 is about data, 54000 about a value too long for its index. */
const POSTGRES_KINDS: readonly (readonly [RegExp, DatabaseErrorKind])[] = [
  [/^(?:23505|23P01)$/, 'unique'],
  // Since PostgreSQL 18, RESTRICT has a code of its own.
  [/^(?:23503|23001)$/, 'foreign-key'],
  [/^23502$/, 'not-null'],
  [/^23514$/, 'check'],
  [/^(?:22...|54000)$/, 'data'],
  // Serialization failure and deadlock, lock and statement timeout, shutdown and start, too many connections, and a
  // lost connection.
  [/^(?:40001|40P01|55P03|57014|57P0[123]|53300|08...)$/, 'unavailable'],
];
/** By the error number of MySQL and MariaDB. */
const MYSQL_KINDS: ReadonlyMap<number | undefined, DatabaseErrorKind> = new Map([
  [1062, 'unique'],
  ...[1216, 1217, 1451, 1452].map((errno) => [errno, 'foreign-key'] as const),
  ...[1048, 1364].map((errno) => [errno, 'not-null'] as const),
  ...[3819, 4025].map((errno) => [errno, 'check'] as const),
  // Too many connections, shutdown, lock timeout, deadlock, statement timeout, and a lost connection.
  ...[1040, 1053, 1205, 1213, 1969, 2006, 2013, 3024].map((errno) => [errno, 'unavailable'] as const),
  ...[1264, 1265, 1292, 1366, 1406, 1416, 1525].map((errno) => [errno, 'data'] as const),
]);
/** By SQLite's message. SQLite stores any value in any column, so no error is about data. */
const SQLITE_KINDS: readonly (readonly [RegExp, DatabaseErrorKind])[] = [
  [/UNIQUE constraint failed/, 'unique'],
  [/FOREIGN KEY constraint failed/, 'foreign-key'],
  [/NOT NULL constraint failed/, 'not-null'],
  [/CHECK constraint failed/, 'check'],
  [/^(?:SQLITE_BUSY|SQLITE_LOCKED|database (?:table )?is locked)/, 'unavailable'],
];

/**
 * Reads the error of a driver. It is the only place that knows the codes and messages of the databases.
 *
 * @returns undefined if neither a statement nor a connection failed
 */
export function parseDriverError(failure: unknown): DatabaseError | undefined {
  if (typeof failure === 'object' && failure !== null && connectionErrors.has(failure))
    return {
      kind: 'unavailable',
      constraint: undefined,
      table: undefined,
      columns: [],
      isMissingReference: undefined,
    };
  if (!(failure instanceof QueryFailedError)) return undefined;
  const error = failure.driverError as DriverError;
  const kind = kindOf(error);
  return {
    kind,
    constraint: constraintOf(error),
    table: error.table,
    columns: namedColumns(kind, error, failure.query),
    isMissingReference: MISSING_REFERENCES.get(error.errno),
  };
}

/** MySQL and MariaDB: a written row refers to none, or other rows refer to it. */
const MISSING_REFERENCES: ReadonlyMap<number | undefined, boolean> = new Map([
  [1216, true],
  [1452, true],
  [1217, false],
  [1451, false],
]);

/**
 * Returns the number of the parameter whose text PostgreSQL could not read. Other contexts, as of triggers, quote SQL
 * before a number.
 */
export function refusedParameter({ where, parameter }: Partial<DriverError>): number | undefined {
  const told = /^[^"'\n]*?\$(\d+)/.exec(where ?? '')?.[1];
  return told === undefined ? parameter : Number(told);
}

const connectionErrors = new WeakSet<object>();

/** Records that an error is one of opening a connection: nothing else tells it from an error of another server. */
export function noteConnectionError(error: unknown): void {
  if (typeof error === 'object' && error !== null) connectionErrors.add(error);
}

function kindOf(error: DriverError): DatabaseErrorKind {
  const { code, errno, message } = error;
  // The types of extensions have codes of their own.
  if (refusedParameter(error) !== undefined) return 'data';
  const told =
    POSTGRES_KINDS.find(([pattern]) => typeof code === 'string' && pattern.test(code)) ??
    SQLITE_KINDS.find(([pattern]) => pattern.test(message));
  return told?.[1] ?? MYSQL_KINDS.get(errno) ?? 'other';
}

/**
 * PostgreSQL names the constraint. MySQL: `Duplicate entry … for key 'ticket.subject'`, or `CONSTRAINT `fk` FOREIGN
 * KEY`. SQLite names those of CHECK.
 */
function constraintOf({ constraint, message }: DriverError): string | undefined {
  if (constraint !== undefined) return constraint;
  const told = CONSTRAINT_NAMES.map((pattern) => pattern.exec(message)).find((match) => match !== null);
  return told?.[1];
}

const CONSTRAINT_NAMES = [
  /for key '(?:[^'.]*\.)?([^'.]+)'$/,
  /CONSTRAINT `([^`]+)`/,
  /^Check constraint '([^']+)'/,
  /CHECK constraint failed: (\w+)$/,
];

function namedColumns(kind: DatabaseErrorKind, error: DriverError, query: string): readonly string[] {
  const { column, detail, message } = error;
  switch (kind) {
    case 'foreign-key': {
      const [, key = ''] = /FOREIGN KEY \(((?:`[^`]+`(?:, )?)+)\)/.exec(message) ?? [];
      return columnsOfDetail(detail) ?? [...key.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
    }
    case 'data': {
      const named = column ?? columnOfData(error, query);
      return named === undefined ? [] : [named];
    }
    case 'unique':
      return columnsOfDetail(detail) ?? columnsOfList(/UNIQUE constraint failed: (.+)/.exec(message)?.[1]);
    case 'not-null': {
      const named = column ?? /(?:Column|Field) '([^']+)'/.exec(message)?.[1];
      return named === undefined ? columnsOfList(/NOT NULL constraint failed: (.+)/.exec(message)?.[1]) : [named];
    }
    case 'check':
    case 'unavailable':
    case 'other':
      return [];
  }
}

/** MySQL and MariaDB name the column, after the value: `… for column `desk`.`ticket`.`ip` at row 1`. */
function columnOfData(error: DriverError, query: string): string | undefined {
  const parameter = refusedParameter(error);
  return parameter === undefined
    ? /.* for column (?:`[^`]*`\.){0,2}[`']([^`']+)[`'] at row \d+$/s.exec(error.message)?.[1]
    : columnOfParameter(query, parameter);
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
